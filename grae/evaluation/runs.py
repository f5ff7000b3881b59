"""Evaluation of a run: loads its model and strings, evaluates them, and stores the result in the run folder."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.density.densities import DENSITIES, names_in
from grae.errors import DataError, RunError
from grae.evaluation.benchmark import Comparison
from grae.evaluation.cache import VERSION
from grae.evaluation.evaluate import evaluate
from grae.evaluation.large import with_reconstruction
from grae.evaluation.large_runs import run_reconstruction, run_tally
from grae.evaluation.measures import Wanted
from grae.evaluation.planned import AT_ONCE
from grae.evaluation.request import EvalRequest, Sets, comparison_of
from grae.evaluation.results import keep_evaluation, kept_evaluation
from grae.evaluation.strings import Strings, digest
from grae.evaluation.tallied import evaluation_of
from grae.evaluation.work import Work
from grae.paths import MODEL_FILE
from grae.pretrained import written_to

if TYPE_CHECKING:
    from grae.datasets.origin import Build
    from grae.grammar.codec import Derivations
    from grae.sequence import GrammarAutoencoder

Tell = Callable[[str], None]


def silent(message: str) -> None:
    """Drops a message."""


@dataclass(slots=True)
class LoadedRun:
    """A loaded run with its strings.

    Attributes:
        place: run folder.
        model: the model.
        training: training strings; None if they are not available.
        held_out: test strings; empty if they are not available.
        sets: sets named in the request.
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
    """Samples from a run, evaluates the samples and the reconstruction of held-out strings, and stores the result.

    Args:
        path: run folder, or its name under `runs/`.
        request: settings of the evaluation.
        again: whether to evaluate even if the folder holds a result with the same settings.
        work: seed, worker count and progress callback; by default the request's seed and jobs.
        tell: called with messages on missing data and slow steps.

    Returns:
        `Evaluation.to_dict()`.

    Raises:
        RunError, DataError, MissingExtraError, SettingsError: as `check_run`; or the folder cannot be written.
    """
    request = request or EvalRequest()
    return measure(open_run(path, request, tell=tell), request, again=again, work=work)


def check_run(path: str | Path, request: EvalRequest) -> Sets:
    """Checks, before torch is imported, that a run can be evaluated as requested; opens the named sets.

    Args:
        path: run folder, or its name under `runs/`.
        request: settings of the evaluation.

    Raises:
        RunError: the run's configuration or its grammar is missing or damaged.
        DataError: a named training set or reference does not exist.
        SettingsError: there is no such density or measure, or the run cannot be decoded under the constraints.
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
    """Loads a run with its strings, or without them if they are not available.

    Args:
        path: run folder, or its name under `runs/`.
        request: device, densities and sets.
        build: as in `datasets.origin.store_of`.
        tell: called with messages on missing data.

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
        tell(f"its training strings are not available, so reconstruction accuracy is not measured: {error}")
    run.training = sets.train or run.training
    return run


def measure(run: LoadedRun, request: EvalRequest, *, again: bool = True, work: Work | None = None) -> dict[str, Any]:
    """Evaluates a loaded run; see `evaluate_run`."""
    comparison = run_comparison(run, request)
    settings = run_settings(run, request, comparison)
    evaluation = None if again else kept_evaluation(written_to(run.place), settings)
    if evaluation is None:
        work = work or Work(request.seed, request.jobs)
        if request.n > AT_ONCE:
            with run_tally(run, request, comparison, work=work) as tally:
                samples = evaluation_of(tally, run.model.language_grammar_.language.valid_means)
            measured = with_reconstruction(samples, run_reconstruction(run, request, work))
        else:
            measured = evaluate(
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
                work=work,
            )
        evaluation = measured.to_dict()
        keep_evaluation(written_to(run.place), settings, evaluation)
    return evaluation


def run_comparison(run: LoadedRun, request: EvalRequest) -> Comparison:
    """The references of a run's samples: the named sets, else its held-out strings."""
    molecules = run.model.language_grammar_.language.is_molecular
    return comparison_of(request, run.sets, run.held_out if molecules else ())


def fit_missing_densities(
    model: "GrammarAutoencoder",
    place: Path,
    requested: str | None,
    *,
    build: "Build | None" = None,
    tell: Tell = silent,
) -> "GrammarAutoencoder":
    """Fits missing requested densities to the codes of the training strings; returns the model.

    Args:
        model: model of the run.
        place: run folder, where they are stored, except for a pretrained model.
        requested: names, separated by commas; None and "all" stand for fitted ones only.
        build: as in `datasets.origin.store_of`.
        tell: called with messages.

    Raises:
        SettingsError: there is no such density.
        RunError, DataError: the training strings are not available, or the folder cannot be written.
    """
    names = names_in(requested)
    for name in names:
        DENSITIES.check(name)
    from grae.datasets.origin import built, store_of
    from grae.estimator.saved import fit_missing

    def training() -> "Derivations":
        store = store_of(place, model.about_, model.language_grammar_, build=build or built)
        return store.derivations[model.split_.train]

    fit_missing(model, place, names, training, tell)
    return model


def run_settings(run: LoadedRun, request: EvalRequest, comparison: Comparison) -> dict[str, Any]:
    """All that the result depends on, as JSON."""
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
