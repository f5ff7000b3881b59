"""Plots of a search for formulas: the Pareto front, and the chosen formula with the data."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from grae.errors import shortened
from grae.files import atomic_write
from grae.formulas.data import Data
from grae.optimization.symbolic.front import Equation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FRONT, FIT = "front.png", "fit.png"
DPI = 120
CURVE = 400
WIDTH = 90  # characters per line of a title
LEAST = 1e-32


def draw(front: list[Equation], best: Equation, train: Data, test: Data | None, folder: Path) -> list[Path]:
    """Draws the front, and the chosen formula with the data, to PNG files in a folder, and returns their paths.

    Raises:
        RunError: a file cannot be written.
    """
    return [_front(front, best, folder / FRONT), _fit(best, train, test, folder / FIT)]


def _front(front: list[Equation], best: Equation, path: Path) -> Path:
    """Mean squared error over productions."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    errors = [max(one.mse, LEAST) for one in front]
    axes.step([one.complexity for one in front], errors, where="post", color="C0", linewidth=1)
    axes.plot([one.complexity for one in front], errors, "o", color="C0", label="best of its size")
    axes.plot([best.complexity], [max(best.mse, LEAST)], "o", color="C3", label="formula that predicts")
    _title(axes, best)
    axes.set_yscale("log")
    axes.set_xlabel("complexity (productions)")
    axes.set_ylabel("mean squared error")
    axes.legend()
    return _save(figure, path)


def _fit(best: Equation, train: Data, test: Data | None, path: Path) -> Path:
    """The curve and the data for one column; predictions over observations for several."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.add_subplot()
    parts = [(train, "0.5", "fitted to"), *([(test, "C1", "held out")] if test is not None else [])]
    if len(train.names) == 1:
        for part, color, label in parts:
            axes.plot(part.rows[:, 0], part.y, ".", color=color, label=label)
        x = np.linspace(train.rows.min(), train.rows.max(), CURVE)
        axes.plot(x, best.predict(x[:, None]), color="C3", label="formula")
        axes.set_xlabel(train.headings[0])
        axes.set_ylabel(train.y_name)
    else:
        for part, color, label in parts:
            axes.plot(part.y, best.predict(part.rows), ".", color=color, label=label)
        ends = [train.y.min(), train.y.max()]
        axes.plot(ends, ends, color="C3", linewidth=1, label="equal")
        axes.set_xlabel(f"{train.y_name}, observed")
        axes.set_ylabel(f"{train.y_name}, predicted")
    _title(axes, best)
    axes.legend()
    return _save(figure, path)


def _title(axes: "Axes", one: Equation) -> None:
    """The formula as a title, wrapped, with matplotlib's markup characters escaped."""
    axes.set_title("\n".join(wrap(shortened(str(one)), WIDTH)).replace("$", r"\$"), fontsize=9)


def _save(figure: Figure, path: Path) -> Path:
    with atomic_write(path) as unfinished:
        figure.savefig(unfinished, dpi=DPI, format="png")
    return path
