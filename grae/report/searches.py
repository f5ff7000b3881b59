"""Searches of the latent space: the best score against the calls, and the best strings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from markupsafe import Markup

from grae import files
from grae.errors import GraeError, RunError
from grae.optimization.curves import FORMULA, formula_values
from grae.optimization.folder import FORMAT, HISTORY, SETTINGS
from grae.optimization.history import REMEDY, History, Record
from grae.report.plots import INK, LINES, MUTED, Plot
from grae.report.section import LeftOut, Section, rendered
from grae.report.subject import Subject

TITLE = "Searches"
SHOWN = 10
CURVES = 3
CURVE_TARGET = "log-mse"


@dataclass(frozen=True)
class Search:
    """A search that was written down.

    Attributes:
        name: of its folder.
        settings: what search.json holds.
        history: its calls.
    """

    name: str
    settings: Mapping[str, Any]
    history: History

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The search in a folder.

        Raises:
            RunError: the folder holds none, or a damaged one.
        """
        place = folder / SETTINGS
        settings = files.read_json(place, remedy=REMEDY)
        if not isinstance(settings, dict) or settings.get("format") != FORMAT:
            raise RunError(f"{place} is no settings of a search (format {FORMAT!r})", remedy=REMEDY)
        return cls(folder.name, settings, History.read(folder / HISTORY, settings["direction"]))


def section(subject: Subject) -> Section | LeftOut:
    """Each search with its curve and its best."""
    begun = [search for search in subject.searches if len(search.history)]
    if not begun:
        return LeftOut(TITLE, "there is no search of this run: `grae optimize` makes one")
    told = [_told(subject, number, search) for number, search in enumerate(begun)]
    return Section("searches", TITLE, rendered("searches", searches=told, kind=subject.portraits.kind))


def _told(subject: Subject, number: int, search: Search) -> dict[str, object]:
    history = search.history
    scores = [record.score for record in history if record.score is not None]
    plots = [_progress(number, search)]
    if search.settings["target"].startswith(CURVE_TARGET):
        plots.append(_curves(subject, number, search))
    return {
        "name": search.name,
        "target": search.settings["target"],
        "direction": search.settings["direction"],
        "protocol": search.settings["protocol"],
        "calls": len(history),
        "rounds": len({record.round for record in history}),
        "valid": sum(record.valid for record in history) / len(history),
        "average": float(np.mean(scores)) if scores else None,
        "plots": plots,
        "best": [_best(subject, rank, record) for rank, record in enumerate(history.best[:SHOWN], start=1)],
        "unbounded": "logp" in search.settings["target"],
    }


def _best(subject: Subject, rank: int, record: Record) -> dict[str, object]:
    text = record.string or ""
    return {
        "rank": rank,
        "score": record.score,
        "picture": subject.portraits.draw(text),
        "caption": subject.portraits.caption(text),
        "size": _size(subject, text),
        "text": text,
    }


def _size(subject: Subject, text: str) -> str:
    if subject.model.language_grammar_.language != "molecules":
        return ""
    from grae.chemistry import properties

    found = properties(text)
    return "" if found is None else f"{found.heavy_atoms} heavy atoms"


def _progress(number: int, search: Search) -> Markup:
    """The best score so far, over the score of each call."""
    plot = Plot(f"search-{number}")
    (axes,) = plot.axes
    history = search.history
    calls = np.arange(1, len(history) + 1)
    scores = np.array([np.nan if record.score is None else record.score for record in history])
    axes.plot(calls, scores, ".", color=MUTED, markersize=3, label="each call")
    axes.step(calls, history.best_so_far, where="post", color=LINES[0], linewidth=1.8, label="best so far")
    if search.settings["direction"] == "minimize" and np.nanmin(scores) >= 0:
        axes.set_ylim(bottom=0)
    axes.set_xlabel("calls of the target")
    axes.set_ylabel(f"{search.settings['target']}, {_better(search)} is better")
    return plot.svg(f"The best score so far of {search.name} against the calls")


def _curves(subject: Subject, number: int, search: Search) -> Markup:
    """The curves of the best expressions, over the target's where its formula is known."""
    from grae.expressions import evaluate_text, points

    plot = Plot(f"curves-{number}")
    (axes,) = plot.axes
    x = points()
    wanted = _wanted(search.settings["target"], x)
    if wanted is not None:
        axes.plot(x, wanted, color=INK, alpha=0.3, linewidth=4, label="target")
        span = np.ptp(wanted)
        axes.set_ylim(wanted.min() - 0.3 * span, wanted.max() + 0.3 * span)
    for place, record in enumerate(search.history.best[:CURVES]):
        text = record.string or ""
        values = evaluate_text(subject.model.language_grammar_, text, x)
        axes.plot(x, values, color=LINES[place], linewidth=1.2, label=f"{record.score:.3f}  {text}")
    axes.set_xlabel("x")
    return plot.svg(f"The curves of the best expressions of {search.name}")


def _wanted(target: str, x: np.ndarray) -> np.ndarray | None:
    """The curve that was searched for; None of points from a file, which the search does not keep."""
    formula = target.partition(" of ")[2] or FORMULA
    try:
        return formula_values(formula, x)
    except GraeError:
        return None


def _better(search: Search) -> str:
    return "lower" if search.settings["direction"] == "minimize" else "higher"
