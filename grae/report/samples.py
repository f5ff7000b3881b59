"""Samples of the model."""

import numpy as np

from grae.report.context import ReportContext
from grae.report.plots import LINES, Plot
from grae.report.section import LeftOut, Section, rendered

TITLE = "Samples"
DRAWN = 400
SHOWN = 20
BINS = 24


def section(context: ReportContext) -> Section | LeftOut:
    """The first distinct samples, and histograms of properties of samples and data."""
    model = context.model
    samples = model.sample(DRAWN, seed=context.seed)
    distinct = list(dict.fromkeys(samples))
    known, of_what = context.some_known(DRAWN), context.known[1]
    plots = [] if not known else _spreads(context, samples, known, of_what)
    cards = [(context.renderer.draw(text), context.renderer.caption(text), text) for text in distinct[:SHOWN]]
    body = rendered(
        "samples",
        cards=cards,
        plots=plots,
        n=len(samples),
        n_known=len(known),
        of_what=of_what,
        kind=context.renderer.kind,
        density=model.settings_.density,
        constraints=model.constraints_used(),
        seed=context.seed,
    )
    return Section("samples", TITLE, body)


def _spreads(context: ReportContext, samples: list[str], known: list[str], of_what: str) -> list[object]:
    """One plot per property, with histograms of samples and data."""
    plots: list[object] = []
    for number, quantity in enumerate(context.renderer.quantities):
        sets = [values[np.isfinite(values)] for values in (quantity.of(known), quantity.of(samples))]
        if not all(len(values) for values in sets):
            continue
        plot = Plot(f"spread-{number}", size=(3.1, 2.1))
        (axes,) = plot.axes
        low, high = np.percentile(np.concatenate(sets), [0.5, 99.5])
        edges = np.linspace(low, max(high, low + 1e-9), BINS + 1)
        for place, (values, label) in enumerate(zip(sets, (of_what, "samples"), strict=True)):
            heights, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
            axes.stairs(
                100 * heights / len(values),
                edges,
                fill=place == 0,
                alpha=0.35 if place == 0 else 1,
                color=LINES[place],
                linewidth=1.5,
                label=label,
            )
        axes.set_xlabel(quantity.name)
        axes.set_ylabel("%")
        plots.append(plot.svg(f"Histograms of {quantity.name}: {of_what} strings and samples"))
    return plots
