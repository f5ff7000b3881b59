"""The paper's table of structured objects: all models trained and searched alike, in a folder that can be resumed.

experiment.json                        the request; the same command resumes the experiment
<objects>-<model>/                     the run of each model trained in the experiment
<objects>-<model>-<rules>/trial-<n>/   each search
trials.jsonl                           one line per finished search
table.csv, table.json, table.md, table.png
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae import files
from grae.autoencoder import model_named
from grae.errors import SettingsError
from grae.grammar import load_grammar
from grae.optimization import SearchSettings, target_named
from grae.optimization.folder import SETTINGS
from grae.optimization.scoring import Scorer
from grae.optimization.start import ALL, scored, training_strings
from grae.reproduction.duration import Pending, expected, in_words
from grae.reproduction.experiment import same_experiment
from grae.reproduction.published_average import average_of
from grae.reproduction.scales import Objects, Scale
from grae.reproduction.structured_table import BEST, Row, rows_of, write
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

FORMAT = "grae structured table 2"
TRIALS = "trials.jsonl"
MODELS = ("grae", "gvae", "gcvvae", "cvae")
ALSO_UNDER_RULES = ("grae",)
"""The models that are searched a second time under the rules of the language, if it has any."""
EXACT = 1e-9
"""Expressions with a lower score are the target itself, which is held out."""


@dataclass(frozen=True)
class _Experiment:
    """The common inputs of an experiment's parts.

    Attributes:
        folder: folder of the experiment.
        scale: size of the experiment.
        seed: seed of the strings, the networks and the searches.
        device: device of the models.
        tell: called with progress messages.
        progress: whether trainings and searches show their progress.
    """

    folder: Path
    scale: Scale
    seed: int
    device: Any
    tell: Callable[[str], None]
    progress: bool


def reproduce_structured(
    folder: Path,
    scale: Scale,
    *,
    objects: Sequence[str] | None = None,
    models: Sequence[str] = MODELS,
    runs: Mapping[tuple[str, str], Path] | None = None,
    seed: int = 0,
    device: Any = "auto",
    tell: Callable[[str], None] = lambda message: None,
    progress: bool = False,
    foresee: bool = False,
) -> list[Row]:
    """Trains and searches with each model, unless the folder holds the results.

    The target expression is removed from the published expressions, for training and from the starting strings. Strings
    are decoded as published, under the grammar alone and without forced completion; GRAE's molecules are also decoded
    under the language's rules.

    Args:
        folder: folder of the experiment.
        scale: size of the experiment.
        objects: names of objects of the scale; None for all.
        models: names of the models.
        runs: run folders of trained models, by objects and model, used instead of training; their searches start from
            their own training strings.
        seed: seed of the strings, the networks and the first search; each further search uses the next seed.
        device: device of the models.
        tell: called with progress messages.
        progress: whether to show the progress of trainings and searches on standard error.
        foresee: whether to estimate the duration first, which takes a minute or two.

    Returns:
        The rows of the table; see `structured_table.rows_of`.

    Raises:
        RunError: the folder holds another experiment, or cannot be written.
        SettingsError: there is no such model or objects.
        DataError: the data are not available.
    """
    chosen = list(scale.objects) if objects is None else list(objects)
    for name in chosen:
        if name not in scale.objects:
            raise SettingsError.unknown("objects", name, scale.objects)
    for name in models:
        if name not in MODELS:
            raise SettingsError.unknown("model", name, MODELS)
    runs = runs or {}
    requested = {
        "format": FORMAT,
        **{name: value for name, value in asdict(scale).items() if name not in ("objects", "trials", "words")},
        "objects": {name: asdict(scale.objects[name]) for name in chosen},
        "models": list(models),
        "runs": {" ".join(key): str(place.absolute()) for key, place in runs.items()},
        "seed": seed,
    }
    same_experiment(folder, requested)
    experiment = _Experiment(folder, scale, seed, device, tell, progress)
    asked_for = [(name, model) for name in chosen for model in models]
    if foresee:
        _foreseen(experiment, [_pending(experiment, *key, runs.get(key)) for key in asked_for])
    for name in chosen:
        for model in models:
            _searched(experiment, name, model, runs.get((name, model)))
            write(folder, rows_of(read_trials(folder)))
    return rows_of(read_trials(folder))


def read_trials(folder: Path) -> list[Row]:
    """The finished searches. Raises RunError: the file is damaged."""
    path = folder / TRIALS
    return files.read_jsonl(path, remedy="remove it; what the searches found is read again") if path.is_file() else []


def _under(objects: Objects, model: str) -> list[str]:
    """The rules under which a model can be searched."""
    has_rules = load_grammar(objects.grammar).language.automaton is not None
    return ["grammar", "semantic"] if has_rules and model in ALSO_UNDER_RULES else ["grammar"]


def _pending(experiment: _Experiment, name: str, model: str, run: Path | None) -> Pending:
    """The remaining work with a model."""
    done = {(row["objects"], row["model"], row["rules"], row["trial"]) for row in read_trials(experiment.folder)}
    trials = range(1, experiment.scale.trials + 1)
    searches = {
        rules: sum((name, model, rules, trial) not in done for trial in trials)
        for rules in _under(experiment.scale.objects[name], model)
    }
    own = RunFolder(experiment.folder / f"{name}-{model}")
    return Pending(name, model, run or (own.path if own.has(own.MODEL) else None), searches)


def _foreseen(experiment: _Experiment, pending: list[Pending]) -> None:
    """Reports the expected duration of the remaining work."""
    left = [one for one in pending if any(one.searches.values())]
    if not left:
        return
    experiment.tell("measuring how long it will take")
    texts = {
        name: _strings(experiment.scale.objects[name], experiment.seed)
        for name in dict.fromkeys(one.objects for one in left)
    }
    found = []
    for duration in expected(experiment.scale, texts, left, device=experiment.device):
        experiment.tell(str(duration))
        found.append(duration)
    experiment.tell(in_words(found))


def _searched(experiment: _Experiment, name: str, model: str, run: Path | None) -> None:
    """Runs all remaining searches with one model."""
    done = {(row["objects"], row["model"], row["rules"], row["trial"]) for row in read_trials(experiment.folder)}
    trials = range(1, experiment.scale.trials + 1)
    under = _under(experiment.scale.objects[name], model)
    if all((name, model, rules, trial) in done for rules in under for trial in trials):
        return experiment.tell(f"{name}, {model}: done before")
    fitted, texts = _taken(experiment, name, run) if run is not None else _trained(experiment, name, model)
    made = fitted.settings_
    if not _alike(made.model, model, made.preset, fitted.language_grammar_.language.name):
        raise SettingsError(
            f"{run} is a run of model {fitted.settings_.model!r}, not {model!r}", remedy="name its own model, or train"
        )
    if fitted.constraints_used() != "semantic":
        under = ["grammar"]
    for rules in under:
        for trial in trials:
            if (name, model, rules, trial) not in done:
                experiment.tell(f"{name}, {model}, rules of the {rules}: search {trial} of {len(trials)}")
                row = {"objects": name, "model": model, "rules": rules, "trial": trial}
                place = experiment.folder / f"{name}-{model}-{rules}" / f"trial-{trial}"
                found = _search(experiment, name, fitted, texts, rules, trial, place)
                files.append_jsonl(experiment.folder / TRIALS, row | found)


def _alike(one: str, other: str, preset: str, language: str) -> bool:
    """Whether two names denote the same model under a preset, as grae and rae-l2 do, except by default on molecules."""

    def parts(name: str) -> tuple[object, ...]:
        row = model_named(name)
        defaults = row.paper if preset == "paper" else row.ours_on(language)
        return row.bottleneck, row.regularizer, row.density, row.characters, defaults

    return parts(one) == parts(other)


def _trained(experiment: _Experiment, name: str, model: str) -> "tuple[GrammarAutoencoder, list[str]]":
    """A finished, resumed or new model, and its training strings."""
    from grae.sequence import GrammarAutoencoder

    what = experiment.scale.objects[name]
    texts = _strings(what, experiment.seed)
    run = RunFolder(experiment.folder / f"{name}-{model}")
    if run.has(run.MODEL):
        return GrammarAutoencoder.load(run.path, device=experiment.device), texts
    experiment.tell(f"{name}, {model}: training on {len(texts):,} strings")
    parameters: dict[str, Any] = {"random_state": experiment.seed, "device": experiment.device}
    parameters |= {"progress": experiment.progress, **what.parameters}
    fitted = GrammarAutoencoder(what.grammar, model=model, **parameters)
    return fitted.fit(texts, run=run.path, resume=run.has(run.CHECKPOINT), data={"data": what.data}), texts


def _taken(experiment: _Experiment, name: str, run: Path) -> "tuple[GrammarAutoencoder, list[str]]":
    """A model given by the user, and its training strings."""
    from grae.sequence import GrammarAutoencoder

    fitted = GrammarAutoencoder.load(run, device=experiment.device)
    return fitted, _without_target(training_strings(fitted), experiment.scale.objects[name].target)


def _strings(what: Objects, seed: int) -> list[str]:
    """The strings used from a data set, without the target itself."""
    from grae.datasets import open_source

    texts = list(dict.fromkeys(open_source(what.data).texts()))
    if what.strings != ALL and len(texts) > what.strings:
        rows = np.sort(np.random.default_rng(seed).choice(len(texts), what.strings, replace=False))
        texts = [texts[row] for row in rows]
    return _without_target(texts, what.target)


def _without_target(texts: list[str], target: str) -> list[str]:
    """Strings without those that solve a target with a known solution."""
    if target != "log-mse":
        return texts
    start = scored(texts, Scorer(target_named(target)), limit=ALL, n_jobs=-1)
    return [text for text, score in zip(start.texts, start.scores, strict=True) if not score < EXACT]


def _search(
    experiment: _Experiment,
    name: str,
    model: "GrammarAutoencoder",
    texts: list[str],
    rules: str,
    trial: int,
    place: Path,
) -> Row:
    """One search, resumed from its folder, and its results."""
    from grae.optimization import optimize

    scale, what = experiment.scale, experiment.scale.objects[name]
    result = optimize(
        model,
        what.target,
        SearchSettings(
            strategy="paper",
            rounds=scale.rounds,
            batch_size=scale.batch_size,
            start_limit=scale.start_limit,
            attempts=what.attempts,
            decoding={"constraints": rules},
            seed=experiment.seed + trial - 1,
        ),
        start=texts,
        out=place,
        resume=(place / SETTINGS).is_file(),
        progress=experiment.progress,
    )
    figures = result.to_dict(BEST)
    records = result.records.records
    return {
        "calls": result.calls,
        "points": float(np.mean([record.string is not None for record in records])),
        "decodings": result.decoded_valid,
        "average": average_of(result),
        "best": figures["found"],  # strings of the search only, as published
        "seconds": figures["seconds"],
    }
