"""Evaluation of a run: its model and strings are loaded, measured, and the result is saved in its folder."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.errors import DataError, RunError
from grae.evaluation.benchmark import Comparison
from grae.evaluation.cache import VERSION
from grae.evaluation.evaluate import evaluate
from grae.evaluation.measures import Wanted
from grae.evaluation.request import EvalRequest, Sets, comparison_of, names_in
from grae.evaluation.results import keep_evaluation, kept_evaluation
from grae.evaluation.strings import Strings, digest
from grae.evaluation.work import Work
from grae.paths import MODEL_FILE
from grae.pretrained import comes_with_grae, written_to

if TYPE_CHECKING:
    from grae.datasets.origin import Build
    from grae.sequence import GrammarAutoencoder

Tell = Callable[[str], None]


def silent(message: str) -> None:
    """Drops a message."""


@dataclass(slots=True)
class LoadedRun:
    """A run with its strings.

    Attributes:
        place: its folder.
        model: what it trained.
        training: the strings that it was trained on; None if they are gone.
        held_out: its test strings; empty if they are gone.
        sets: those that the request names.
    """

    place: Path
    model: "GrammarAutoencoder"
    training: Strings | None = None
    held_out: list[str] = field(default_factory=list)
    sets: Sets = field(default_factory=Sets)


def evaluate_run(
    path: str | Path,
    request: EvalRequest | None = None,
    *,
    again: bool = True,
    work: Work | None = None,
    tell: Tell = silent,
) -> dict[str, Any]:
    """Samples from a run, measures the samples, reconstructs its held-out strings, and keeps the result in its folder.

    Args:
        path: the run's folder, or its name under `runs/`.
        request: what to measure.
        again: whether to measure even where the folder holds a result with the same settings.
        work: how to measure; by default with the request's seed and jobs.
        tell: called with what is missing or takes long.

    Returns:
        What `Evaluation.to_dict` gives.

    Raises:
        RunError, DataError, MissingExtraError, SettingsError: as `check_run`; or the folder cannot be written.
    """
    request = request or EvalRequest()
    return measure(open_run(path, request, tell=tell), request, again=again, work=work)


def check_run(path: str | Path, request: EvalRequest) -> Sets:
    """Makes sure, before torch is loaded, that a run can be evaluated as asked; opens the sets that are named.

    Args:
        path: the run's folder, or its name under `runs/`.
        request: what to measure.

    Raises:
        RunError: the run's configuration or its grammar is missing or damaged.
        DataError: what is named as training set or reference is not there.
        SettingsError: there is no such density or measure, or the run's decoder cannot keep the constraints.
        MissingExtraError: as `EvalRequest.check`.
    """
    from grae.sequence.configuration import check_decoding
    from grae.training.run_folder import RunFolder

    request.check()
    names = names_in(request.density)
    folder = RunFolder(path)
    return request.sets(
        check_decoding(folder, densities=names, constraints=request.constraints, completion=request.completion)
    )


def open_run(
    path: str | Path, request: EvalRequest | None = None, *, build: "Build | None" = None, tell: Tell = silent
) -> LoadedRun:
    """A run with its strings; where these are gone, without them and with a word about it.

    Args:
        path: the run's folder, or its name under `runs/`.
        request: names the device, the densities and the sets to compare with.
        build: as `datasets.origin.store_of` takes it.
        tell: called with what is missing.

    Raises:
        RunError: the run is damaged.
        DataError, SettingsError, MissingExtraError: as `check_run`.
    """
    from grae.datasets.origin import built, store_of, texts_of
    from grae.paths import place_named

    request, place, build = request or EvalRequest(), place_named(path), build or built
    sets = check_run(place, request)

    from grae.sequence.estimator import load

    model = load(place, device=request.device)  # pyright: ignore[reportArgumentType]
    run = LoadedRun(place, fit_missing_densities(model, place, request.density, build=build, tell=tell))
    run.sets = sets
    plain, split = model.language_grammar_, model.split_
    try:
        store = store_of(place, model.about_, plain, build=build)
        rows = digest(split.train.astype("<i8").tobytes().hex())
        key = digest(str(model.about_.get("sha256")), plain.fingerprint, rows)
        run.training = Strings(f"the training set of {place}", key, lambda: texts_of(plain, store, split.train))
        run.held_out = list(texts_of(plain, store, split.test))
    except (DataError, RunError) as error:
        tell(f"without the strings of its training, no reconstruction: {error}")
    run.training = sets.train or run.training
    return run


def measure(run: LoadedRun, request: EvalRequest, *, again: bool = True, work: Work | None = None) -> dict[str, Any]:
    """What an evaluation of an opened run found, as `evaluate_run` returns it."""
    molecules = run.model.language_grammar_.language.is_molecular
    comparison = comparison_of(request, run.sets, run.held_out if molecules else ())
    settings = _settings(run, request, comparison)
    evaluation = None if again else kept_evaluation(written_to(run.place), settings)
    if evaluation is None:
        evaluation = evaluate(
            run.model,
            training=run.training,
            held_out=run.held_out,
            comparison=comparison,
            n=request.n,
            density=request.density,
            temperature=request.temperature,
            constraints=request.constraints,
            completion=request.completion,
            measures=request.measures,
            work=work or Work(request.seed, request.jobs),
        ).to_dict()
        keep_evaluation(written_to(run.place), settings, evaluation)
    return evaluation


def fit_missing_densities(
    model: "GrammarAutoencoder",
    place: Path,
    requested: str | None,
    *,
    build: "Build | None" = None,
    tell: Tell = silent,
) -> "GrammarAutoencoder":
    """The model, after the densities that a comma list names were fitted to the codes of its training strings.

    Args:
        model: a run's.
        place: the run's folder, which keeps them, unless the model comes with grae.
        requested: names; None and "all" request none but those that are fitted.
        build: as `datasets.origin.store_of` takes it.
        tell: called with what is fitted.

    Raises:
        SettingsError: there is no such density.
        RunError, DataError: the training strings are not there any more, or the folder cannot be written.
    """
    missing = list(_missing(model, requested))
    if not missing:
        return model
    from grae.datasets.origin import built, store_of
    from grae.sequence.saved import write_densities
    from grae.training.run_folder import RunFolder

    plain = model.language_grammar_
    training = store_of(place, model.about_, plain, build=build or built).derivations[model.split_.train]
    for name in missing:
        tell(f"fitting the density {name!r} to the codes of {place}, once")
        model.fit_density(name, training)
        if not comes_with_grae(place):
            write_densities(RunFolder(place), model)
    return model


def _missing(model: "GrammarAutoencoder", requested: str | None) -> Iterable[str]:
    from grae.density.densities import DENSITIES

    for name in names_in(requested):
        DENSITIES.check(name)
        if name not in model.densities_:
            yield name


def _settings(run: LoadedRun, request: EvalRequest, comparison: Comparison) -> dict[str, Any]:
    """All that the result depends on, as JSON holds it."""
    from grae.datasets.readers import file_checksum
    from grae.version import __version__

    about: dict[str, Any] = {
        "grae": f"{__version__}, evaluation {VERSION}",
        "model": file_checksum(run.place / MODEL_FILE),
        "densities": file_checksum(run.place / "density.safetensors"),
        "n": request.n,
        "density": request.density or run.model.settings_.density,
        "temperature": request.temperature,
        "constraints": run.model.constraints_used(request.constraints),
        "seed": request.seed,
        "training": None if run.training is None else run.training.key,
        "held_out": digest(*run.held_out),
    }
    if request.completion == "none":
        about |= {"completion": "none", "constraints": "grammar"}
    if request.measures is not None:
        about["measures"] = sorted(Wanted.named(request.measures).names or ())
    if run.model.language_grammar_.language.is_molecular:
        from grae.chemistry import RDKIT_VERSION

        sets = (comparison.reference, comparison.scaffold_reference)
        keys = [None if strings is None else strings.key for strings in sets]
        about |= {"rdkit": RDKIT_VERSION, "references": keys, "fcd": comparison.takes_fcd}
    return about
