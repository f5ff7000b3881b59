"""What `grae evaluate` and `grae compare` share: a run opened with its strings, measured, and the result kept."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, stages
from grae.errors import DataError, MissingExtraError, RunError

if TYPE_CHECKING:
    from grae.evaluation import Comparison, Strings
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints

HELD_OUT = "the run's held-out strings"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of an evaluation.

    Attributes:
        n: how many strings to sample.
        density: a name; None for the run's own.
        temperature: of the decoder.
        constraints: of the decoder; None for the run's own.
        seed: of samples and intervals.
        reference: a file or data set; None for the run's held-out strings.
        scaffold_reference: a file or data set.
        train: a file or data set; None for the run's training set.
        fcd: whether to take the Fréchet ChemNet distance; None for where the extra is installed.
        jobs: processes, as joblib counts them.
        device: where to compute.
        completion: of the decoder.
    """

    n: int = 1000
    density: str | None = None
    temperature: float = 0.0
    constraints: "Constraints | None" = None
    seed: int = 0
    reference: str | None = None
    scaffold_reference: str | None = None
    train: str | None = None
    fcd: bool | None = None
    jobs: int = -1
    device: str = "auto"
    completion: "Completion" = "forced"


@dataclass(slots=True)
class Opened:
    """A run with its strings.

    Attributes:
        place: its folder.
        model: what it trained.
        training: the strings that it was trained on; None if they are not there any more.
        held_out: those that it was not trained on, likewise.
    """

    place: Path
    model: "GrammarAutoencoder"
    training: "Strings | None" = None
    held_out: list[str] = field(default_factory=list)


def check_extra(fcd: bool | None) -> None:
    """Makes sure, before anything is computed, that what is asked for can be computed.

    Raises:
        MissingExtraError: the Fréchet ChemNet distance is asked for, and the extra is not installed.
    """
    from grae.evaluation.chemnet import has_fcd

    if fcd and not has_fcd():
        raise MissingExtraError("fcd", "fcd")


def opened(place: Path, asked: Asked) -> Opened:
    """A run; where its strings are gone, without them and with a word about it.

    Raises:
        RunError: the run is damaged.
        DataError: what is named as training set is not there.
    """
    import grae
    from grae.cli.densities import with_densities
    from grae.cli.strings import store_of, texts_of
    from grae.evaluation.strings import Strings, digest

    model = grae.load(place, device=asked.device)  # pyright: ignore[reportArgumentType]
    run = Opened(place, with_densities(model, place, asked.density))
    model, split = run.model, run.model.split_
    plain = model.language_grammar_
    try:
        store = store_of(place, model.about_, plain)
        rows = digest(split.train.astype("<i8").tobytes().hex())
        key = digest(str(model.about_.get("sha256")), plain.fingerprint, rows)
        run.training = Strings(f"the training set of {place}", key, lambda: texts_of(plain, store, split.train))
        run.held_out = list(texts_of(plain, store, split.test))
    except (DataError, RunError) as error:
        note(f"without the strings of its training, no reconstruction: {error}")
    if asked.train is not None:
        run.training = strings_named(asked.train)
    return run


def measured(run: Opened, asked: Asked, *, again: bool = True) -> dict[str, Any]:
    """What an evaluation of a run found, as JSON holds it; kept in the run's folder.

    Args:
        run: the run.
        asked: what to measure.
        again: whether to measure even where the folder holds a result with the same settings.

    Raises:
        RunError: the run's folder cannot be read or written.
    """
    from grae.evaluation import evaluate
    from grae.evaluation.results import keep_evaluation, kept_evaluation

    comparison = comparison_of(asked, run.held_out if run.model.language_grammar_.language == "molecules" else ())
    settings = _settings(run, asked, comparison)
    found = None if again else kept_evaluation(run.place, settings)
    if found is None:
        with stages(f"evaluating {run.place}") as work:
            found = evaluate(
                run.model,
                training=run.training,
                held_out=run.held_out,
                comparison=comparison,
                n=asked.n,
                density=asked.density,
                temperature=asked.temperature,
                constraints=asked.constraints,
                completion=asked.completion,
                work=work(asked.seed, asked.jobs),
            ).to_dict()
        keep_evaluation(run.place, settings, found)
    return found


def comparison_of(asked: Asked, held_out: "list[str] | tuple[()]" = ()) -> "Comparison":
    """What samples are compared with: what is named, else held-out strings.

    Raises:
        DataError: what is named is not there.
    """
    from grae.evaluation import Comparison, Strings

    reference = Strings.of_list(HELD_OUT, held_out) if held_out else None
    if asked.reference is not None:
        reference = strings_named(asked.reference)
    scaffolds = None if asked.scaffold_reference is None else strings_named(asked.scaffold_reference)
    return Comparison(reference, scaffolds, asked.fcd, _device(asked.device))


def strings_named(name: str) -> "Strings":
    """The strings of a file or a named data set.

    Raises:
        DataError: there is none of that name.
    """
    from grae.datasets import open_source
    from grae.evaluation import Strings

    return Strings.of_source(open_source(name))


def _settings(run: Opened, asked: Asked, comparison: "Comparison") -> dict[str, Any]:
    """All that the result depends on."""
    from grae import __version__
    from grae.datasets.readers import file_checksum
    from grae.evaluation.kept import VERSION
    from grae.evaluation.strings import digest

    molecules = run.model.language_grammar_.language == "molecules"
    about: dict[str, Any] = {
        "grae": f"{__version__}, evaluation {VERSION}",
        "model": file_checksum(run.place / "model.safetensors"),
        "densities": file_checksum(run.place / "density.safetensors"),
        "n": asked.n,
        "density": asked.density or run.model.settings_.density,
        "temperature": asked.temperature,
        "constraints": run.model.constraints_used(asked.constraints),
        "seed": asked.seed,
        "training": None if run.training is None else run.training.key,
        "held_out": digest(*run.held_out),
    }
    if asked.completion == "none":
        about |= {"completion": "none", "constraints": "grammar"}
    if molecules:
        from grae.chemistry import RDKIT_VERSION

        sets = (comparison.reference, comparison.scaffold_reference)
        keys = [None if strings is None else strings.key for strings in sets]
        about |= {"rdkit": RDKIT_VERSION, "references": keys, "fcd": comparison.takes_fcd}
    return about


def _device(name: str) -> str:
    from grae.training.device import resolve

    return str(resolve(name))  # pyright: ignore[reportArgumentType]
