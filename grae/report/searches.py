"""Searches: best score over evaluations, and the best strings."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from grae.errors import GraeError
from grae.optimization.diversity import Diversity
from grae.optimization.objectives.front import Front
from grae.optimization.plots import draw_best_so_far, draw_curves_of, draw_front_of, draw_hypervolume_of
from grae.optimization.result import Best, diverse
from grae.optimization.stored import Search
from grae.report.context import ReportContext
from grae.report.formatting import decimal
from grae.report.plots import INK, LINES, MUTED, Plot
from grae.report.section import LeftOut, Section, rendered
from grae.targets.curves import FORMULA, formula_values

TITLE = "Searches"
SHOWN = 10
CURVES = 3
CURVE_TARGET = "log-mse"


def section(context: ReportContext) -> Section | LeftOut:
    """Each search with its progress and its best strings."""
    begun = [search for search in context.searches if len(search.history)]
    if not begun:
        return LeftOut(TITLE, "this run has no searches: run `grae optimize`")
    rows = [_row(context, number, search) for number, search in enumerate(begun)]
    return Section("searches", TITLE, rendered("searches", searches=rows, kind=context.renderer.kind))


def _row(context: ReportContext, number: int, search: Search) -> dict[str, object]:
    history = search.history
    rule, grammar = search.settings.get("diversity"), context.model.language_grammar_
    best = diverse(search.best, None if rule is None else Diversity(rule, grammar))
    scores = [record.score for record in history if record.score is not None]
    front = search.front
    plots = [] if front is not None else [_progress(number, search)]
    if front is not None:
        plots += [_front(number, search.name, front), _hypervolume(number, search.name, front)]
    if search.settings["target"].startswith(CURVE_TARGET):
        plots.append(_curves(context, number, search, best[:CURVES]))
    return {
        "name": search.name,
        "target": search.settings["target"],
        "direction": search.settings["direction"],
        "strategy": search.settings["strategy"],
        "template": search.settings.get("template"),
        "where": search.settings.get("where"),
        "diversity": search.settings.get("diversity"),
        "calls": len(history),
        "rounds": len({record.round for record in history}),
        "valid": sum(record.valid for record in history) / len(history),
        "average": float(np.mean(scores)) if scores else None,
        "plots": plots,
        "start": search.start_best,
        "improved": best[0].origin == "search" if best else False,
        "best": [_best(context, rank, one) for rank, one in enumerate(best[:SHOWN], start=1)] if front is None else [],
        "front": None if front is None else _table(context, front),
        "unbounded": bool(search.settings.get("unbounded", "logp" in search.settings["target"])),
    }


def _best(context: ReportContext, rank: int, one: Best) -> dict[str, object]:
    text = one.string
    return {
        "rank": rank,
        "score": one.score,
        "from_start": one.origin == "start",
        "picture": context.renderer.draw(text),
        "caption": context.renderer.caption(text),
        "size": _size(context, text),
        "text": text,
    }


def _table(context: ReportContext, front: Front) -> dict[str, object]:
    """The front as a table, evenly thinned if it is long."""
    return {
        "names": front.names,
        "maximized": front.maximized,
        "n": len(front.members),
        "reference": ", ".join(
            f"{name} {decimal(value)}" for name, value in zip(front.names, front.reference, strict=True)
        ),
        "begun": front.start_hypervolume,
        "hypervolume": front.hypervolume,
        "rows": [
            {
                "scores": one.scores,
                "origin": "start" if one.round is None else f"round {one.round + 1}",
                "picture": context.renderer.draw(one.string),
                "caption": context.renderer.caption(one.string),
                "size": _size(context, one.string),
                "text": one.string,
            }
            for one in front.thinned(SHOWN)
        ],
    }


def _size(context: ReportContext, text: str) -> str:
    return context.model.language_grammar_.language.described(text)


def _progress(number: int, search: Search) -> Markup:
    """A plot of the score of each evaluation, the best so far, and the best starting string."""
    plot = Plot(f"search-{number}")
    (axes,) = plot.axes
    history = search.history
    target, start = search.settings["target"], search.start_best
    draw_best_so_far(axes, history, target, start, line=LINES[0], dots=MUTED, begun=INK)
    scores = [record.score for record in history if record.score is not None]
    if search.settings["direction"] == "minimize" and scores and min(scores) >= 0:
        axes.set_ylim(bottom=0)
    return plot.svg(f"The best score so far of {search.name} against the evaluations")


def _front(number: int, name: str, front: Front) -> Markup:
    """A plot of the first two objectives and the Pareto front."""
    plot = Plot(f"front-{number}")
    (axes,) = plot.axes
    draw_front_of(axes, front, 0, 1, line=LINES[0], dots=MUTED, begun=MUTED)
    return plot.svg(f"The Pareto front of {name}, {len(front.members):,} strings")


def _hypervolume(number: int, name: str, front: Front) -> Markup:
    """A plot of the hypervolume over the evaluations."""
    plot = Plot(f"hypervolume-{number}")
    (axes,) = plot.axes
    draw_hypervolume_of(axes, front, line=LINES[0], begun=INK)
    return plot.svg(f"The hypervolume of {name} against the evaluations")


def _curves(context: ReportContext, number: int, search: Search, best: Sequence[Best]) -> Markup:
    """A plot of the curves of the best expressions and, if known, the target."""
    from grae.expressions import evaluate_text, points

    plot = Plot(f"curves-{number}")
    (axes,) = plot.axes
    x = points()
    values = np.array([evaluate_text(context.model.language_grammar_, one.string, x) for one in best])
    wanted = _wanted(search.settings["target"], x)
    draw_curves_of(axes, best, x, values, wanted, lines=LINES[: len(best)], below=INK)
    return plot.svg(f"The curves of the best expressions of {search.name}")


def _wanted(target: str, x: np.ndarray) -> np.ndarray | None:
    """The target curve; None if it was given as points in a file, which a search does not store."""
    formula = target.partition(" of ")[2] or FORMULA
    try:
        return formula_values(formula, x)
    except GraeError:
        return None
