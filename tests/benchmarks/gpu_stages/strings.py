"""Models of strings: the default model at a size suitable for a GPU, and the four published structured models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from grae.datasets import open_source
from grae.datasets.origin import record
from grae.datasets.store import DerivationStore, build_store
from grae.grammar import Grammar, codec, load_grammar
from grae.reproduction.structured import MODELS
from grae.reproduction.validity import published_validity
from grae.sequence import GrammarAutoencoder
from grae.training.device import resolve_device
from grae.training.run_folder import RunFolder

from . import compact
from .session import Session

DATA, SMALL_DATA, SMALL_STRINGS = "zinc250k", "wehi", 200
TEST = 0.02  # test fraction, as in `grae train`
MEASURING = 0.15  # fraction of the time, for encoding, densities, sampling and metrics
PREPARING = 30.0  # seconds for learning and applying motifs, within `fit`
MEASURED, SMALL_MEASURED = 5_000, 20
FCD_STRINGS = 10_000
POINTS, DRAWS = 200, 10  # codes per density, and decodings per code

DEFAULT: dict[str, Any] = {
    "latent_dim": 112,
    "noise": 0.3,
    "beta": 0.05,
    "batch_size": 1024,
    "architecture": {"encoder_hidden": 512, "hidden": 1024},
}
SMALL: dict[str, Any] = {
    "latent_dim": 8,
    "batch_size": 32,
    "motifs": 20,
    "architecture": {"embedding": 8, "encoder_hidden": 8, "hidden": 16},
}
PUBLISHED: dict[str, Any] = {"preset": "paper"}
SMALL_PUBLISHED: dict[str, Any] = {"preset": "paper", "batch_size": 50, "architecture": {"dense": 16, "hidden": 8}}


@dataclass(frozen=True)
class Strings:
    """The strings of a stage.

    Attributes:
        grammar: grammar of the strings.
        store: their derivations.
        about: their origin, as recorded by `grae train`.
    """

    grammar: Grammar
    store: DerivationStore
    about: dict[str, Any]

    def texts(self, rows: np.ndarray) -> list[str]:
        """The strings of these rows."""
        return codec.decode(self.grammar, self.store.derivations[rows])


def opened(
    session: Session, grammar: str, *, form: Any, max_length: int | None = None, most: int | None = None
) -> Strings:
    """ZINC250k under a grammar, or its first `most` strings; with --small, some molecules included in RDKit."""
    data = SMALL_DATA if session.small else DATA
    most = SMALL_STRINGS if session.small else most
    if most is not None:
        path = session.scratch / f"{data}-{most}.smi"
        texts = [text for _, text in zip(range(most), open_source(data).texts(), strict=False)]
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        data = str(path)
    source, plain = open_source(data), load_grammar(grammar)
    n_jobs = 1 if session.small else -1
    store = build_store(plain, source, form=form, max_length=max_length, n_jobs=n_jobs)
    session.tell("data", data=source.name, grammar=grammar, strings=len(store), **store.counts.model_dump(mode="json"))
    return Strings(plain, store, record(data, source, store, max_length=max_length))


def zinc(session: Session) -> None:
    """Trains a larger version of the default model on all of ZINC250k: reconstruction accuracy, raw validity, FCD."""
    strings = opened(session, "smiles", form="kekule")
    seconds = session.seconds(session.clock.left * (1 - MEASURING) - PREPARING)
    model = trained(session, "grae", strings, SMALL if session.small else DEFAULT, seconds)
    session.tell("measures", model="grae", **measures(session, model, strings, {"gmm": 0.0, "gaussian": 0.0}))


def paper_zinc(session: Session) -> None:
    """Trains the four published models one after the other, with equal time each."""
    from grae.autoencoder import model_named
    from grae.sequence.settings import preset_named

    names = session.models or MODELS
    grammar = load_grammar("smiles-gvae")
    limit = preset_named("paper", grammar, model_named("grae")).max_length
    strings = opened(session, grammar.name, form="as-written", max_length=limit)
    seconds = session.clock.left * (1 - MEASURING) / len(names)
    for done, name in enumerate(names):
        fits = session.clock.left * (1 - MEASURING) / (len(names) - done)  # less if evaluating the others took longer
        parameters = SMALL_PUBLISHED if session.small else PUBLISHED
        model = trained(session, name, strings, parameters, session.seconds(min(seconds, fits)))
        found = {**measures(session, model, strings, {}), **validity(session, model, strings)}
        session.state.setdefault("measures", {}).setdefault(name, []).append(found)
        session.write_state()
        session.tell("measures", model=name, **found)


def trained(
    session: Session, name: str, strings: Strings, parameters: Mapping[str, Any], seconds: float
) -> GrammarAutoencoder:
    """Trains a model, or resumes its training from an earlier call; its state is written even if interrupted.

    Args:
        session: the session.
        name: name of the model.
        strings: training data.
        parameters: parameters of the estimator; those of `session.given` override them.
        seconds: training time.
    """
    run = RunFolder(session.scratch / name)
    resumed = session.before is not None and compact.unpack(session.before, name, run.path)
    done = run.read_tensors(run.CHECKPOINT)[1]["position"] if resumed else {}
    options = {**parameters, **session.length(seconds, done), **session.given, "model": name, "test": TEST}
    options |= {"random_state": session.seed, "device": session.device}
    model = GrammarAutoencoder(strings.grammar, **options)
    session.tell("training", model=name, resumed=resumed, before=done.get("step", 0), seconds=seconds)
    try:
        model.fit(strings.store, run=run.path, resume=resumed, data=strings.about)
    finally:
        if run.has(run.CHECKPOINT):
            with session.clock.writing_down():
                kept = compact.pack(run.path, session.out, name, most_parts=4)
                session.write_state()
            session.tell("state", model=name, **kept)
    result = model.result_
    assert result is not None
    last = result.metrics[-1]
    rates = {"epochs": result.epochs, "steps": result.steps, "rows_per_second": last["rows_per_second"]}
    session.tell(
        "trained", model=name, **rates, parameters=size_of(model.network_), ended=result.ended, validation=result.best
    )
    return model


def measures(
    session: Session, model: GrammarAutoencoder, strings: Strings, densities: Mapping[str, float]
) -> dict[str, Any]:
    """Reconstruction accuracy on held-out strings, raw validity and uniqueness, and FCD with semantic constraints.

    Args:
        session: the session.
        model: a fitted model.
        strings: its training data.
        densities: densities to sample from, with the decoder's temperature for each.
    """
    n = SMALL_MEASURED if session.small else MEASURED
    held_out = strings.texts(model.split_.test[:n])
    found: dict[str, Any] = {"n": n, "exact": model.score(held_out)}
    if find_spec("rdkit") is None:
        return {**found, "left_out": "validity: rdkit is not installed"}
    for name, temperature in densities.items():
        raw = model.sample(n, density=name, temperature=temperature, constraints="grammar", raw=True)
        found[name] = {"temperature": temperature, **of_samples(raw)}
    if find_spec("fcd") is not None and model.constraints_used() == "semantic" and not session.small:
        found["fcd"] = fcd(session, model, strings)
    return found


def validity(session: Session, model: GrammarAutoencoder, strings: Strings) -> dict[str, Any]:
    """Validity by the published protocol, of decodings and of codes with several decodings each."""
    if find_spec("rdkit") is None:
        return {}
    rows = model.split_.train[:MEASURED]
    points, draws = (5, 2) if session.small else (POINTS, DRAWS)
    shares = published_validity(model, model.transform(strings.texts(rows)), points=points, draws=draws)
    return {share.codes: asdict(share) for share in shares}


def of_samples(texts: Sequence[str]) -> dict[str, Any]:
    """Validity, and uniqueness among the valid strings."""
    from grae.chemistry.reading import canonical_all

    forms = [form for form in canonical_all(texts) if form is not None]
    return {"valid": len(forms) / len(texts), "unique": len(set(forms)) / max(1, len(forms)), "examples": texts[:3]}


def fcd(session: Session, model: GrammarAutoencoder, strings: Strings) -> float:
    """Fréchet ChemNet distance of samples, with semantic constraints, to as many training strings."""
    from grae.chemistry.reading import canonical_all
    from grae.evaluation.chemnet import ChemNet
    from grae.frechet import Moments, frechet_distance

    n = min(FCD_STRINGS, len(model.split_.train))
    rows = np.random.default_rng(session.seed).choice(model.split_.train, n, replace=False)
    network = ChemNet(resolve_device(session.device))
    sides = (model.sample(n), strings.texts(np.sort(rows)))
    of_each = [
        Moments.of(network.activations([form for form in canonical_all(side) if form is not None])) for side in sides
    ]
    return frechet_distance(*of_each)


def opened_for_use(session: Session, folder: Path) -> list[str]:
    """Restores ordinary runs, for `grae evaluate` and `grae reproduce --runs`, from the output of an earlier call.

    Their data set is read on this machine, and encoded again if it is not in the cache.

    Returns:
        The names of the models.
    """
    names = []
    for first in sorted(folder.glob("*.0.part")):
        name = first.name.removesuffix(".0.part")
        run = RunFolder(session.out / name)
        compact.unpack(folder, name, run.path)
        config = run.read_json(run.CONFIG)
        about = config["data"]
        if "store" in about and Path(about["data"]).name == about["data"]:
            plain = load_grammar(config["language"]["name"])
            store = build_store(plain, open_source(about["data"]), form=about["form"], max_length=about["max_length"])
            config["data"] = {**about, "store": str(store.path.absolute())}
            run.write_json(run.CONFIG, config)
        session.tell("run", model=name, folder=run.path, complete=run.has(run.MODEL))
        names.append(name)
    return names


def size_of(network: torch.nn.Module) -> int:
    """Number of parameters of a network."""
    return sum(weight.numel() for weight in network.parameters())
