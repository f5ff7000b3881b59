"""Plots of a search: best score over evaluations, best molecules, best curves."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from grae.files import atomic_write
from grae.grammar.language import Language
from grae.optimization.history import History
from grae.optimization.objectives.front import Front
from grae.optimization.result import Best, SearchResult
from grae.targets.curves import CurveTarget

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROGRESS, CURVES = "progress.png", "best-curves.png"
FRONT, HYPERVOLUME = "front.png", "hypervolume.png"
MOST_STRINGS = 15
MOST_CURVES = 3
DPI = 120


def draw(result: SearchResult, folder: Path) -> list[Path]:
    """Draws the plots of a search to PNG files in a folder, and returns their paths.

    Raises:
        RunError: a file cannot be written.
    """
    if not result.best or not result.calls:
        return []
    front = result.front
    if front is not None:
        drawn = [draw_front(front, folder / FRONT), draw_hypervolume(front, folder / HYPERVOLUME)]
        if result.language.draw is not None:
            place = folder / f"front-{result.language.plural}.png"
            shown = front.members[:MOST_STRINGS]
            legends = ["   ".join(f"{score:.3f}" for score in one.scores) for one in shown]
            result.language.draw([one.string for one in shown], place, legends)
            drawn.append(place)
        return drawn
    start = result.start.best(result.records.direction == "maximize")
    drawn = [draw_progress(result.records, result.target.name, folder / PROGRESS, None if start is None else start[1])]
    if result.language.draw is not None:
        place = folder / f"best-{result.language.plural}.png"
        drawn.append(draw_strings(result.best[:MOST_STRINGS], result.language, place))
    if isinstance(result.target, CurveTarget):
        drawn.append(draw_curves(result.best[:MOST_CURVES], result.target, folder / CURVES))
    return drawn


def draw_progress(records: History, name: str, path: Path, start: float | None = None) -> Path:
    """The best score so far over the evaluations, with each score as a dot.

    Args:
        records: the history.
        name: name of the target.
        path: the PNG file.
        start: the best score of the starting strings, drawn as a line.
    """
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    draw_best_so_far(axes, records, name, start, line="C0", dots="0.7", begun="0.4")
    axes.legend()
    return _save(figure, path)


def draw_best_so_far(
    axes: "Axes", records: History, name: str, start: float | None, *, line: str, dots: str, begun: str
) -> None:
    """The curve of a search in the given colors: each score as a dot, the best so far, and the best of the start.

    Args:
        axes: matplotlib axes.
        records: the history.
        name: name of the target.
        start: the best score of the starting strings.
        line: color of the best so far.
        dots: color of the scores.
        begun: color of the start's line.
    """
    calls = np.arange(1, len(records) + 1)
    scores = np.array([np.nan if record.score is None else record.score for record in records], np.float64)
    best = np.fmin if records.direction == "minimize" else np.fmax
    so_far = records.best_so_far if start is None else best(records.best_so_far, start)
    axes.plot(calls, scores, ".", color=dots, markersize=4, label="each evaluation")
    axes.step(calls, so_far, where="post", color=line, linewidth=1.6, label="best so far")
    if start is not None:
        axes.axhline(start, color=begun, linewidth=1, linestyle="--", label=f"best of the start, {start:.4g}")
    axes.set_xlabel("evaluations")
    axes.set_ylabel(f"{name} ({'lower' if records.direction == 'minimize' else 'higher'} is better)")


def draw_front(front: Front, path: Path) -> Path:
    """The scores of all evaluations, two objectives at a time, with the front as a line."""
    pairs = list(combinations(range(len(front.names)), 2))
    figure = Figure(figsize=(5.5 * len(pairs), 4.4) if len(pairs) <= 3 else (16.5, 8.8), layout="constrained")
    grid = figure.subplots(1 if len(pairs) <= 3 else 2, min(len(pairs), 3), squeeze=False)
    for axes, (x, y) in zip(grid.flat, pairs, strict=False):
        draw_front_of(axes, front, x, y, line="C0", dots="0.7", begun="0.85")
        axes.legend(fontsize="small")
    return _save(figure, path)


def draw_front_of(axes: "Axes", front: Front, x: int, y: int, *, line: str, dots: str, begun: str) -> None:
    """Two objectives of a front in the given colors: starting strings, evaluations, and the front."""
    axes.plot(front.begun[:, x], front.begun[:, y], ".", color=begun, markersize=2, label="the start")
    axes.plot(front.table[:, x], front.table[:, y], ".", color=dots, markersize=4, label="each evaluation")
    scores = np.array([one.scores for one in front.members]).reshape(-1, len(front.names))
    ordered = scores[np.argsort(scores[:, x], kind="stable")]
    joined = "o-" if len(front.names) == 2 else "o"
    axes.plot(ordered[:, x], ordered[:, y], joined, color=line, markersize=4, linewidth=1, label="Pareto front")
    axes.set_xlabel(f"{front.names[x]} ({'higher' if front.maximized[x] else 'lower'} is better)")
    axes.set_ylabel(f"{front.names[y]} ({'higher' if front.maximized[y] else 'lower'} is better)")


def draw_hypervolume(front: Front, path: Path) -> Path:
    """The hypervolume over the evaluations."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    draw_hypervolume_of(axes, front, line="C0", begun="0.4")
    return _save(figure, path)


def draw_hypervolume_of(axes: "Axes", front: Front, *, line: str, begun: str) -> None:
    """The hypervolume over the evaluations in the given colors, with that of the start."""
    volumes = front.hypervolumes
    axes.step(np.arange(1, len(volumes) + 1), volumes, where="post", color=line, linewidth=1.6, label="hypervolume")
    axes.axhline(front.start_hypervolume, color=begun, linewidth=1, linestyle="--", label="of the start")
    point = ", ".join(f"{name} {value:.4g}" for name, value in zip(front.names, front.reference, strict=True))
    axes.set_xlabel("evaluations")
    axes.set_ylabel("hypervolume")
    axes.legend(title=f"above {point}")


def draw_strings(best: Sequence[Best], language: Language, path: Path) -> Path:
    """The best strings drawn, with scores and properties, marking those from the start."""
    assert language.draw is not None
    legends = []
    for one in best:
        parts = [f"{one.score:.3f}", language.described(one.string, most=2), "(start)" if one.origin == "start" else ""]
        legends.append("   ".join(filter(None, parts)))
    language.draw([one.string for one in best], path, legends)
    return path


def draw_curves(best: Sequence[Best], target: CurveTarget, path: Path) -> Path:
    """The curves of the best expressions over the target's."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.add_subplot()
    order = np.argsort(target.x)
    values = target.curves([one.string for one in best])[:, order]
    draw_curves_of(
        axes, best, target.x[order], values, target.y[order], lines=[f"C{place}" for place in range(len(best))]
    )
    axes.legend(fontsize="small")
    return _save(figure, path)


def draw_curves_of(
    axes: "Axes",
    best: Sequence[Best],
    x: np.ndarray,
    values: np.ndarray,
    target: np.ndarray | None,
    *,
    lines: Sequence[str],
    below: str = "black",
) -> None:
    """Curves of expressions over the target's, in the target's range.

    Args:
        axes: matplotlib axes.
        best: the expressions.
        x: values of the variable, shape (K,), ascending.
        values: values of the expressions there, shape (len(best), K).
        target: values of the target there, shape (K,); None if unknown.
        lines: color of each expression.
        below: color of the target.
    """
    if target is not None:
        axes.plot(x, target, color=below, alpha=0.35, linewidth=4, label="target")
        margin = 0.3 * np.ptp(target)
        axes.set_ylim(target.min() - margin, target.max() + margin)
    for one, curve, color in zip(best, values, lines, strict=True):
        origin = "  (start)" if one.origin == "start" else ""
        axes.plot(x, curve, color=color, linewidth=1.2, label=f"{one.score:.3f}  {one.string}{origin}")
    axes.set_xlabel("x")


def _save(figure: Figure, path: Path) -> Path:
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
    return path
