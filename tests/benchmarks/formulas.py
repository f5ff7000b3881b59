"""Fitting the constants of formulas, compared with scipy's least squares: `tests/benchmarks/formulas.py`.

1,000 random formulas of 15 productions of `formulas.cfg` that a search admits, on 1,000 rows of two columns. scipy fits
each from the same start values by Levenberg-Marquardt (MINPACK), with the same program's derivatives, and keeps the
best fit. CPU time in one process, and wall time in two.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.optimize import least_squares

from grae.formulas import FormulaScorer, for_columns
from grae.formulas.constants import STARTS, start_values
from grae.formulas.program import Evaluation, Program
from grae.grammar import load_grammar
from grae.grammar.counting import DerivationCounter
from grae.optimization.symbolic.search import FormulaSearch

PRODUCTIONS = 15


def random_formulas(n: int, scorer: FormulaScorer, seed: int = 0) -> list[str]:
    """Random formulas of `PRODUCTIONS` productions that a search admits, all derivations equally likely."""
    grammar = for_columns(load_grammar("formulas"), scorer.names)
    search = FormulaSearch(grammar, scorer.program, scorer.variance, max_length=30, max_constants=8)
    counter = DerivationCounter(grammar, PRODUCTIONS)
    first = sum(counter.count(length) for length in range(PRODUCTIONS))
    rng, texts = np.random.default_rng(seed), []
    while len(texts) < n:
        text = grammar.unparse(counter.unrank(first + int(rng.random() * counter.count(PRODUCTIONS))))
        if search.admit(text, PRODUCTIONS):
            texts.append(text)
    return texts


def by_scipy(program: Program, columns: np.ndarray, y: np.ndarray) -> float:
    """Lowest mean squared error over all start values; NaN if none is finite."""
    on_rows = Evaluation(program, columns)

    def residuals(constants: np.ndarray) -> np.ndarray:
        return np.broadcast_to(on_rows.values(constants), y.shape) - y

    def derivatives(constants: np.ndarray) -> np.ndarray:
        return on_rows.jacobian(constants[None])[1][0].reshape(program.n_constants, -1).T

    if not program.n_constants:
        return float(np.square(residuals(np.zeros(0))).mean())
    errors = []
    for start in start_values(program.n_constants, STARTS):
        try:
            cost = least_squares(residuals, start, jac=derivatives, method="lm").cost  # pyright: ignore[reportArgumentType]
            errors.append(2 * cost / len(y))
        except (ValueError, np.linalg.LinAlgError):  # not finite at the start
            errors.append(np.nan)
    return float(np.nanmin(errors)) if np.isfinite(errors).any() else np.nan


def main() -> None:
    """Measures and prints times and errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formulas", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=1_000)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    x = np.random.default_rng(0).uniform(0.1, 2, (args.rows, 2))
    y = 2 * np.exp(-x[:, 0]) * x[:, 1] + np.sin(3 * x[:, 0])
    scorer, both = FormulaScorer.of(("x", "y"), x, y), FormulaScorer.of(("x", "y"), x, y, n_jobs=2)
    texts = random_formulas(args.formulas, scorer)
    programs = [scorer.program(text) for text in texts]
    print(f"{len(texts):,} formulas, {np.mean([program.n_constants for program in programs]):.1f} constants on average")
    both(texts[:200])  # warm-up: starts the processes
    began = time.perf_counter()
    both(texts)
    print(f"grae, two processes: {time.perf_counter() - began:.1f} s wall time")
    began = time.process_time()
    ours = np.array([scored.error for scored in scorer(texts)])
    seconds = time.process_time() - began
    began = time.process_time()
    with np.errstate(all="ignore"):
        theirs = np.array([by_scipy(program, scorer.columns, y) for program in programs])
    scipy_seconds = time.process_time() - began
    ratio = scipy_seconds / seconds
    print(f"grae, one process: {seconds:.1f} CPU s; scipy: {scipy_seconds:.1f} CPU s, {ratio:.1f} times as long")
    finite = np.isfinite(ours) & np.isfinite(theirs)
    alike = np.isclose(ours, theirs, rtol=1e-3, atol=1e-9) & finite
    better, worse = (ours < theirs) & finite & ~alike, (ours > theirs) & finite & ~alike
    print(f"errors: equal within 0.1 % {alike.sum():,}, lower by grae {better.sum():,}, by scipy {worse.sum():,}")
    print(f"not finite: grae {(~np.isfinite(ours)).sum():,}, scipy {(~np.isfinite(theirs)).sum():,}")


if __name__ == "__main__":
    main()
