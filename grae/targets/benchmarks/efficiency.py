"""Sample efficiency of a search: the area under the curve of the best ten molecules, as defined by PMO.

Source: Gao et al., "Sample Efficiency Matters: A Benchmark for Practical Molecular Optimization" (NeurIPS Datasets and
Benchmarks 2022), and its published code (wenhao-gao/mol_opt, main/optimizer.py).
"""

from collections.abc import Iterable, Sequence

import numpy as np

from grae.chemistry import canonical_all
from grae.errors import SettingsError

TOP = 10
EVERY = 100


def distinct_scores(evaluations: Iterable[tuple[str | None, float | None]]) -> tuple[list[str], np.ndarray]:
    """The molecules of a history that count as evaluations: the valid ones, each at its first occurrence.

    Args:
        evaluations: SMILES and scores, in the order of evaluation; None if missing.

    Returns:
        The molecules' canonical SMILES, n of them, and their scores, (n,) float64.
    """
    known = [(text, score) for text, score in evaluations if text is not None and score is not None]
    first: dict[str, float] = {}
    for form, (_, score) in zip(canonical_all(text for text, _ in known), known, strict=True):
        if form is not None:
            first.setdefault(form, score)
    return list(first), np.array(list(first.values()), np.float64)


def top_auc(scores: Sequence[float] | np.ndarray, budget: int, *, top: int = TOP, every: int = EVERY) -> float:
    """The area under the curve of the mean score of the best molecules over the evaluations, divided by the budget.

    The curve is sampled every `every` evaluations and at the end, starts at 0, and is integrated by the trapezoidal
    rule; if a search ends before its budget, its last value is extended to the budget.

    Args:
        scores: scores of the distinct molecules, (n,), in the order of evaluation; those beyond the budget are ignored.
        budget: number of evaluations of a search.
        top: number of molecules in the mean; fewer while there are fewer.
        every: number of evaluations between samples of the curve.

    Returns:
        0 to 1 for scores from 0 to 1; 0 without molecules.

    Raises:
        SettingsError: a number is not positive.
    """
    if min(budget, top, every) < 1:
        raise SettingsError(f"a budget of {budget}, best {top}, every {every} evaluations", remedy="give at least 1")
    values = np.asarray(scores, np.float64)[:budget]
    if not len(values):
        return 0.0
    read = [*range(every, len(values), every), len(values)]
    means = [float(np.sort(values[:number])[-top:].mean()) for number in read]
    area = float(np.trapezoid([0.0, *means], [0, *read]))
    return (area + means[-1] * (budget - len(values))) / budget
