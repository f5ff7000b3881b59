"""The PMO benchmark: searches with one model for each task with several seeds, compared with published figures.

experiment.json                          the request; the same command resumes the experiment
run/                                     the run, unless one is given
searches/<task>-<method>-<seed>/         each search
results.jsonl                            one line per finished search
table.csv, table.json, table.md

Every score counts as an evaluation, including those of the starting molecules of a search.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae import files
from grae.errors import DataError, SettingsError
from grae.optimization import SearchSettings, target_named
from grae.optimization.strategies import STRATEGIES
from grae.reproduction.experiment import same_experiment
from grae.reproduction.pmo_table import Row, rows_of, write
from grae.reproduction.trained import train
from grae.targets.benchmarks.efficiency import EVERY, TOP, distinct_scores, top_auc
from grae.targets.benchmarks.names import LEARNED, PMO
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.origin import Build
    from grae.sequence import GrammarAutoencoder
    from grae.targets.target import Target

FORMAT = "grae pmo table 2"
GRAMMAR = "smiles"
DATA = "zinc250k"
BUDGET = 10_000
SEEDS = 3
RESULTS, SEARCHES = "results.jsonl", "searches"
RANDOM = "random"
"""The baseline: molecules drawn from the data set, as in PMO's screening; not the strategy of this name."""
DEFAULTS = ("mixed", "genetic", RANDOM)
STARTING = 10
"""The number of starting molecules, drawn from the data set, is the budget divided by this."""
ROUNDS = 100
"""The batch size of a search is its budget divided by this."""


@dataclass(frozen=True)
class _Experiment:
    """The common inputs of the searches.

    Attributes:
        folder: folder of the experiment.
        budget: number of evaluations of a search.
        texts: the molecules of the data set.
        model: returns the model, which is loaded or trained on first use.
        progress: whether a search shows its progress.
    """

    folder: Path
    budget: int
    texts: list[str]
    model: "Callable[[], GrammarAutoencoder]"
    progress: bool


def reproduce_pmo(
    folder: Path,
    *,
    budget: int = BUDGET,
    tasks: Sequence[str] | None = None,
    methods: Sequence[str] = DEFAULTS,
    seeds: int = SEEDS,
    run: Path | None = None,
    data: str = DATA,
    parameters: Mapping[str, Any] | None = None,
    time_budget: float | None = None,
    device: Any = "auto",
    build: "Build | None" = None,
    tell: Callable[[str], None] = lambda message: None,
    progress: bool = False,
) -> list[Row]:
    """Searches for each task with each method and seed, unless the folder holds the result.

    Tasks, methods and seeds may differ when the experiment is resumed; finished searches are kept. The table contains
    the requested ones.

    Args:
        folder: folder of the experiment.
        budget: number of evaluations of each search; there are published figures for 10,000 and 1,000.
        tasks: tasks of PMO; None for all whose classifiers are available.
        methods: strategies of `optimize`, or "random" for molecules drawn from the data set.
        seeds: number of searches per task and method, with seeds from 0.
        run: run of a trained model; None to train one on the data.
        data: the data set that starting molecules are drawn from and that a model is trained on.
        parameters: parameters of the trained model, as in `GrammarAutoencoder`.
        time_budget: minutes of training; None for the preset's.
        device: device of the model.
        build: builds the derivation store; see `datasets.origin.store_of`.
        tell: called with progress messages.
        progress: whether trainings and searches show their progress on standard error.

    Returns:
        The rows of the table; see `pmo_table.rows_of`.

    Raises:
        SettingsError: there is no such task or method, or a number is out of range.
        DataError: the data, or the classifier of a requested task, are not available.
        RunError: the folder holds another experiment, or cannot be written.
    """
    _check(budget, tasks, methods, seeds)
    chosen = _tasks(tasks, tell)
    same_experiment(
        folder,
        {
            "format": FORMAT,
            "budget": budget,
            "data": data,
            "run": None if run is None else str(run.absolute()),
            "parameters": None if run is not None else dict(parameters or {}),
        },
    )
    from functools import cache

    from grae.datasets import open_source
    from grae.grammar import load_grammar
    from grae.sequence import GrammarAutoencoder

    @cache
    def model() -> "GrammarAutoencoder":
        own = RunFolder(folder / "run") if run is None else RunFolder(run)
        if own.has(own.MODEL):
            return GrammarAutoencoder.load(own.path, device=device)
        tell(f"training on {data}")
        options = {"time_budget": time_budget, "device": device, "progress": progress, "random_state": 0}
        return train(own, GRAMMAR, data, {**options, **(parameters or {})}, build)

    texts: list[str] = list(dict.fromkeys(open_source(data, grammar=load_grammar(GRAMMAR)).texts()))
    experiment = _Experiment(folder, budget, texts, model, progress)
    done = {_key(row) for row in results(folder)}
    left = [
        (task, method, seed)
        for seed in range(seeds)
        for task in chosen
        for method in methods
        if (task, method, seed) not in done
    ]
    for number, (task, method, seed) in enumerate(left, start=1):
        tell(f"search {number} of {len(left)}: {task}, {method}, seed {seed}")
        began = time.monotonic()
        trial = _search(experiment, task, method, seed)
        row = {"task": task, "method": method, "seed": seed, **trial, "seconds": round(time.monotonic() - began, 1)}
        files.append_jsonl(folder / RESULTS, row)
        tell(f"  AUC of the top {TOP} {trial['auc']:.3f}, best {trial['best']:.3f} {trial['molecule']}")
    rows = rows_of(results(folder), chosen, methods, seeds)
    write(folder, rows, budget)
    return rows


def results(folder: Path) -> list[dict[str, Any]]:
    """One row per finished search.

    Raises:
        RunError: the file is damaged.
    """
    path = folder / RESULTS
    return files.read_jsonl(path) if path.is_file() else []


def _key(row: Mapping[str, Any]) -> tuple[str, str, int]:
    return row["task"], row["method"], row["seed"]


def _check(budget: int, tasks: Sequence[str] | None, methods: Sequence[str], seeds: int) -> None:
    if budget < STARTING * 2:
        raise SettingsError(f"a budget of {budget} evaluations", remedy=f"give at least {STARTING * 2}")
    if seeds < 1:
        raise SettingsError(f"{seeds} seeds", remedy="give at least 1")
    for task in tasks or ():
        if task not in PMO:
            raise SettingsError.unknown("task of pmo", task, PMO)
    for method in methods:
        if method not in (*STRATEGIES, RANDOM):
            raise SettingsError.unknown("method", method, {*STRATEGIES, RANDOM})


def _tasks(tasks: Sequence[str] | None, tell: Callable[[str], None]) -> list[str]:
    """The tasks, each once; if none are given, those without their classifier are skipped with a message."""
    if tasks is not None:
        for task in tasks:
            target_named(f"pmo:{task}")
        return list(dict.fromkeys(tasks))
    chosen = []
    for task in PMO:
        try:
            target_named(f"pmo:{task}")
        except DataError as error:
            if task not in LEARNED:
                raise
            tell(f"left out: {error.message}; {error.remedy}")
            continue
        chosen.append(task)
    return chosen


def _search(experiment: _Experiment, task: str, method: str, seed: int) -> dict[str, Any]:
    """Runs one search, and returns its figures."""
    target = target_named(f"pmo:{task}")
    order = np.random.default_rng(seed).permutation(len(experiment.texts)).tolist()
    if method == RANDOM:
        molecules, scores = _drawn(experiment, target, order)
    else:
        start = [experiment.texts[row] for row in order[: experiment.budget // STARTING]]
        molecules, scores = _searched(experiment, target, method, start, seed)
    molecules, scores = molecules[: experiment.budget], scores[: experiment.budget]
    if not len(scores):
        raise DataError(f"no molecule of {len(experiment.texts):,} could be scored", remedy="give a set of molecules")
    best = int(scores.argmax())
    return {
        "auc": top_auc(scores, experiment.budget),
        "auc1": top_auc(scores, experiment.budget, top=1),
        "top10": float(np.sort(scores)[-TOP:].mean()),
        "best": float(scores[best]),
        "molecule": molecules[best],
        "evaluations": len(scores),
    }


def _drawn(experiment: _Experiment, target: "Target", order: list[int]) -> tuple[list[str], np.ndarray]:
    """Molecules of the data set in the given order, until the budget is spent, and their scores."""
    evaluations: list[tuple[str | None, float | None]] = []
    molecules, scores = distinct_scores(evaluations)
    for first in range(0, len(order), EVERY):
        texts = [experiment.texts[row] for row in order[first : first + EVERY]]
        new = target.evaluate(texts)
        evaluations += _evaluations(texts, new)
        if len(evaluations) >= experiment.budget:
            molecules, scores = distinct_scores(evaluations)
            if len(molecules) >= experiment.budget:
                break
    else:
        molecules, scores = distinct_scores(evaluations)
    return molecules, scores


def _searched(
    experiment: _Experiment, target: "Target", strategy: str, start: list[str], seed: int
) -> tuple[list[str], np.ndarray]:
    """The starting molecules and those of the search, in the order of evaluation, and their scores."""
    from grae.optimization import optimize
    from grae.optimization.folder import SETTINGS
    from grae.optimization.start import ALL

    place = experiment.folder / SEARCHES / f"{target.name.partition(':')[2]}-{strategy}-{seed}"
    batch_size = max(1, experiment.budget // ROUNDS)
    rounds = -(-(experiment.budget - len(start)) // batch_size)
    result = optimize(
        experiment.model(),
        target,
        SearchSettings(strategy=strategy, rounds=rounds, batch_size=batch_size, start_limit=ALL, seed=seed),
        start=start,
        out=place,
        resume=(place / SETTINGS).is_file(),
        progress=experiment.progress,
    )
    starting = _evaluations(result.start.texts, result.start.scores)
    return distinct_scores([*starting, *((record.string, record.score) for record in result.records)])


def _evaluations(texts: Sequence[str], scores: np.ndarray) -> list[tuple[str | None, float | None]]:
    """Strings with their scores, None for NaN."""
    return [(text, None if np.isnan(score) else float(score)) for text, score in zip(texts, scores, strict=True)]
