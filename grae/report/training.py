"""The training curves."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from grae.report.context import ReportContext
from grae.report.plots import Plot, line
from grae.report.section import LeftOut, Section, rendered

TITLE = "Training"
SHARES = {"exact": "reconstruction accuracy", "steps": "step accuracy under teacher forcing"}


def section(context: ReportContext) -> Section | LeftOut:
    """Loss and reconstruction accuracy on the validation set over epochs."""
    metrics = context.metrics
    if not metrics:
        return LeftOut(TITLE, "the run has no metrics of its training")
    last = metrics[-1]
    best = [record["epoch"] for record in metrics if record.get("best")]
    unit = "loss, nats per string" if context.model.settings_.reconstruction == "cross-entropy" else "loss"
    body = rendered(
        "training",
        plots=[plot for plot in (_loss(metrics, unit), _shares(metrics)) if plot is not None],
        epochs=last["epoch"],
        minutes=last["seconds"] / 60,
        rows_per_second=last.get("rows_per_second"),
        kept=best[-1] if best else None,
        kind=context.renderer.kind,
    )
    return Section("training", TITLE, body)


def _loss(metrics: Sequence[Mapping[str, Any]], unit: str) -> Markup:
    plot = Plot("loss")
    (axes,) = plot.axes
    for number, part in enumerate(("train", "validation")):
        known = [(record["epoch"], value) for record in metrics if (value := _value(record, part, "loss")) is not None]
        if known:
            epochs, values = zip(*known, strict=True)
            line(axes, epochs, values, number, "training" if part == "train" else part)
    values = [value for record in metrics if (value := _value(record, "validation", "loss")) is not None]
    if values and min(values) > 0 and max(values) > 20 * min(values):
        axes.set_yscale("log")
    epochs_across(axes)
    axes.set_ylabel(unit)
    return plot.svg("The loss in training and in validation against the epochs")


def _shares(metrics: Sequence[Mapping[str, Any]]) -> Markup | None:
    plot = Plot("shares")
    (axes,) = plot.axes
    drawn = 0
    for name, label in SHARES.items():
        known = [
            (record["epoch"], 100 * value)
            for record in metrics
            if (value := _value(record, "validation", name)) is not None
        ]
        if known:
            epochs, values = zip(*known, strict=True)
            line(axes, epochs, values, drawn, label)
            drawn += 1
    if not drawn:
        return None
    axes.set_ylim(0, 102)
    epochs_across(axes)
    axes.set_ylabel("of the validation, %")
    return plot.svg("Reconstruction and step accuracy on the validation set, against the epochs")


def epochs_across(axes: Axes) -> None:
    """Labels the axis of epochs, with integer ticks if there are several epochs."""
    axes.set_xlabel("epochs")
    low, high = axes.get_xlim()
    if high - low > 0.9:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _value(record: Mapping[str, Any], part: str, name: str) -> float | None:
    value = record.get(part, {}).get(name)
    return value if isinstance(value, int | float) and math.isfinite(value) else None
