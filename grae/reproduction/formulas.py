"""Symbolic regression of published problems, with equal evaluations for `grae.FormulaRegressor` and gplearn.

results.jsonl    one line per problem, method and seed; resumed by the same command
table.csv, table.json, table.md
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grae import files
from grae.errors import MissingExtraError, SettingsError
from grae.reproduction.experiment import Row, same_experiment, write_table
from grae.reproduction.formula_problems import PROBLEMS, Problem

EVALUATIONS, SEEDS = 5000, 5
SOLVED = 0.999999
"""Held-out R2 above which a formula counts as exact."""
RESULTS = "results.jsonl"
GPLEARN_GENERATIONS = 10
"""gplearn scores its population once per generation, so the population size is a tenth of the evaluations."""


def reproduce_formulas(
    folder: Path,
    *,
    problems: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    seeds: int = SEEDS,
    evaluations: int = EVALUATIONS,
    n_jobs: int = 1,
    tell: Callable[[str], None] = lambda message: None,
) -> list[Row]:
    """Fits formulas to each problem with each method and seed, and writes the table.

    Args:
        folder: folder of the results; the same arguments resume it, and further problems, methods or seeds are added.
        problems: names of `PROBLEMS`, or of suites; by default all.
        methods: names of `METHODS`; by default all.
        seeds: number of runs of each; a seed determines the rows and all random choices of the method.
        evaluations: maximum number of formulas scored per run.
        n_jobs: number of parallel runs, as in joblib.
        tell: called with one line per run.

    Returns:
        One row per problem and method: the median of the held-out R2, the number of seeds in which it exceeds `SOLVED`,
        and the formula of the first seed.

    Raises:
        SettingsError: an unknown problem or method.
        MissingExtraError: gplearn is not installed.
    """
    from joblib import Parallel, delayed

    chosen = _problems(problems)
    names = list(METHODS) if methods is None else list(methods)
    for name in names:
        if name not in METHODS:
            raise SettingsError.unknown("method", name, METHODS)
    if "gplearn" in names:
        _gplearn()
    same_experiment(folder, {"evaluations": evaluations})
    path = folder / RESULTS
    known = files.read_jsonl(path) if path.is_file() else []
    done = {_key(one) for one in known}
    missing = [
        (problem, method, seed)
        for problem in chosen
        for method in names
        for seed in range(seeds)
        if (problem.name, method, seed) not in done
    ]
    work = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for result in filter(
        None, work(delayed(_run)(problem.name, method, seed, evaluations) for problem, method, seed in missing)
    ):
        files.append_jsonl(path, result)
        known.append(result)
        tell("{problem} {method} seed {seed}: R2 {r2:.9f} after {evaluations} evaluations, {formula}".format(**result))
    rows = [_row(problem, method, known, seeds) for problem in chosen for method in names]
    write_table(folder, list(rows[0]), rows, _markdown(rows, names, seeds, evaluations))
    return rows


def _problems(names: Sequence[str] | None) -> list[Problem]:
    if names is None:
        return list(PROBLEMS)
    known = {one.name for one in PROBLEMS} | {one.source for one in PROBLEMS}
    for name in names:
        if name not in known:
            raise SettingsError.unknown("problem", name, known)
    return [one for one in PROBLEMS if one.name in names or one.source in names]


def _key(result: Row) -> tuple[str, str, int]:
    return result["problem"], result["method"], result["seed"]


def _run(name: str, method: str, seed: int, evaluations: int) -> Row:
    """One fit; the held-out R2 is not clipped, and -1e308 stands for a formula that is not finite on a row."""
    problem = next(one for one in PROBLEMS if one.name == name)
    rows, y, test, expected = problem.sample(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        scored, formula, predicted = METHODS[method](problem, rows, y, test, seed, evaluations)
        error = float(np.square(predicted - expected).mean()) / float(np.var(expected))
    r2 = 1.0 - error if np.isfinite(error) else -1e308
    return {
        "problem": name,
        "method": method,
        "seed": seed,
        "r2": r2,
        "evaluations": scored,
        "formula": formula,
    }


def _grae(
    problem: Problem, rows: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int, evaluations: int
) -> tuple[int, str, np.ndarray]:
    """`grae.FormulaRegressor` with its defaults."""
    import pandas as pd

    from grae.optimization.symbolic.regressor import FormulaRegressor

    frames = [pd.DataFrame(part, columns=list(problem.names)) for part in (rows, test)]
    model = FormulaRegressor(evaluations=evaluations, random_state=seed).fit(frames[0], y)
    return model.n_evaluations_, str(model.equation_), model.predict(frames[1])


def _gplearn_fit(
    problem: Problem, rows: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int, evaluations: int
) -> tuple[int, str, np.ndarray]:
    """The `SymbolicRegressor` of gplearn with its defaults, except for mean squared error and the same operations."""
    population = max(1, evaluations // GPLEARN_GENERATIONS)
    model = _gplearn()(
        population_size=population,
        generations=GPLEARN_GENERATIONS,
        tournament_size=min(20, population),
        function_set=("add", "sub", "mul", "div", "sqrt", "log", "abs", "sin", "cos", *_further_functions()),
        metric="mse",
        feature_names=list(problem.names),
        random_state=seed,
    ).fit(rows, y)
    scored = population * len(model.run_details_["generation"])
    return scored, str(model._program), model.predict(test)


def _further_functions() -> list[Any]:
    """The operations that gplearn lacks, protected as it requires."""
    from gplearn.functions import make_function  # pyright: ignore[reportMissingImports]

    return [
        make_function(function=_exponential, name="exp", arity=1),
        make_function(function=np.tanh, name="tanh", arity=1),
        make_function(function=_power, name="pow", arity=2),
    ]


def _exponential(values: np.ndarray) -> np.ndarray:
    return np.exp(np.clip(values, -100, 100))


def _power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        values = np.power(np.abs(base), exponent)
    return np.where(np.isfinite(values), np.clip(values, -1e12, 1e12), 0.0)


def _gplearn() -> Any:
    try:
        from gplearn.genetic import SymbolicRegressor  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingExtraError("gplearn", "peers") from None
    return SymbolicRegressor


METHODS: dict[str, Callable[..., tuple[int, str, np.ndarray]]] = {"grae": _grae, "gplearn": _gplearn_fit}
"""The compared methods, by name."""


def _row(problem: Problem, method: str, known: Sequence[Row], seeds: int) -> Row:
    runs = sorted(
        (one for one in known if _key(one)[:2] == (problem.name, method) and one["seed"] < seeds),
        key=lambda one: one["seed"],
    )
    values = [one["r2"] for one in runs]
    median = float(np.median(values))
    return {
        "problem": problem.name,
        "formula": problem.formula,
        "method": method,
        "median_r2": median,
        "solved": median > SOLVED,
        "seeds_solved": sum(value > SOLVED for value in values),
        "median_evaluations": float(np.median([one["evaluations"] for one in runs])),
        "first": runs[0]["formula"],
    }


def _markdown(rows: Sequence[Row], methods: Sequence[str], seeds: int, evaluations: int) -> str:
    """The table as Markdown."""
    head = [
        "| problem | formula | method | median held-out R2 | seeds exact | median evaluations |",
        "|---|---|---|---|---|---|",
    ]
    lines = [
        f"| {row['problem']} | `{row['formula']}` | {row['method']} | {row['median_r2']:.9f} | "
        f"{row['seeds_solved']} of {seeds} | {row['median_evaluations']:g} |"
        for row in rows
    ]
    totals = [
        f"{method}: {sum(row['solved'] for row in rows if row['method'] == method)} of "
        f"{sum(row['method'] == method for row in rows)}"
        for method in methods
    ]
    words = f"Exact (held-out R2 > {SOLVED}, median of {seeds} seeds) within {evaluations:,} evaluations"
    return "\n".join([*head, *lines, "", f"{words}: {', '.join(totals)}.", ""])
