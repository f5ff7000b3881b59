"""Pictures of a search: its best score against the calls, its best molecules, its best curves."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from grae.chemistry import draw_grid, properties
from grae.files import replacing
from grae.optimization.curves import CurveTarget
from grae.optimization.history import History, Record
from grae.optimization.result import SearchResult

PROGRESS, MOLECULES, CURVES = "progress.png", "best-molecules.png", "best-curves.png"
MOST_MOLECULES = 15
MOST_CURVES = 3
DPI = 120


def draw(result: SearchResult, folder: Path) -> list[Path]:
    """Draws what there is to draw of a search into PNG files of a folder, and gives the files.

    Raises:
        RunError: a file cannot be written.
    """
    if not result.best:
        return []
    drawn = [draw_progress(result.records, result.target.name, folder / PROGRESS)]
    if result.target.language == "molecules":
        drawn.append(draw_molecules(result.best[:MOST_MOLECULES], folder / MOLECULES))
    if isinstance(result.target, CurveTarget):
        drawn.append(draw_curves(result.best[:MOST_CURVES], result.target, folder / CURVES))
    return drawn


def draw_progress(records: History, name: str, path: Path) -> Path:
    """The best score so far against the calls, with the score of each valid call as a dot."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    calls = np.arange(1, len(records) + 1)
    scores = np.array([np.nan if record.score is None else record.score for record in records])
    axes.plot(calls, scores, ".", color="0.7", markersize=4, label="each call")
    axes.step(calls, records.best_so_far, where="post", color="C0", label="best so far")
    axes.set_xlabel("calls")
    axes.set_ylabel(f"{name} ({'lower' if records.direction == 'minimize' else 'higher'} is better)")
    axes.legend()
    return _save(figure, path)


def draw_molecules(best: Sequence[Record], path: Path) -> Path:
    """The best molecules with their scores, heavy atoms and synthetic accessibility."""
    legends = []
    for record in best:
        found = properties(record.string)
        size = "" if found is None else f"   {found.heavy_atoms} heavy atoms, SA {found.sa:.2f}"
        legends.append(f"{record.score:.3f}{size}")
    return draw_grid([record.string for record in best], path, legends=legends)


def draw_curves(best: Sequence[Record], target: CurveTarget, path: Path) -> Path:
    """The curves of the best expressions over the target's."""
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.add_subplot()
    order = np.argsort(target.x)
    axes.plot(target.x[order], target.y[order], color="0.6", linewidth=3, label="target")
    texts = [record.string for record in best if record.string is not None]
    for record, values in zip(best, target.curves(texts), strict=True):
        axes.plot(target.x[order], values[order], linewidth=1, label=f"{record.score:.3f}  {record.string}")
    axes.set_xlabel("x")
    axes.legend(fontsize="small")
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)
    return path
