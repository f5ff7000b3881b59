"""Plots in the colors of the page: drawn by matplotlib, with colors replaced by CSS variables of the page."""

import io
import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, MUTED, GRID = "#010101", "#020202", "#030303"
LINES = ("#04040a", "#04040b", "#04040c", "#04040d")
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--rule)",
    **{colour: f"var(--line-{number})" for number, colour in enumerate(LINES, start=1)},
}
SIZE = (5.2, 3.0)  # inches of 72 units: legible on a phone
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


class Plot:
    """A figure to draw on, rendered as an `<svg>` element.

    Args:
        name: a name that is unique in the page.
        panels: number of axes side by side.
        size: width and height in inches.
    """

    def __init__(self, name: str, panels: int = 1, size: tuple[float, float] = SIZE) -> None:
        self.name = name
        with rc_context(_STYLE):
            self.figure = Figure(figsize=size, layout="constrained")
            self.axes: list[Axes] = [self.figure.add_subplot(1, panels, panel + 1) for panel in range(panels)]

    def svg(self, label: str) -> Markup:
        """The plot.

        Args:
            label: description for screen readers.
        """
        buffer = io.StringIO()
        with rc_context({**_STYLE, "svg.hashsalt": self.name}):
            for axes in self.axes:
                if axes.get_legend_handles_labels()[0]:
                    axes.legend()
            self.figure.savefig(buffer, format="svg", metadata={"Date": None})
        return _for_page(buffer.getvalue(), self.name, label)


def line(axes: Axes, x: Sequence[float], y: Sequence[float], number: int, label: str, *, style: str = "-") -> None:
    """Draws a line in the color with an index, from 0, with markers if there are few values."""
    axes.plot(
        x, y, style, color=LINES[number], linewidth=1.6, label=label, marker="o" if len(x) < 12 else "", markersize=3.5
    )


def _for_page(text: str, name: str, label: str) -> Markup:
    """Matplotlib's SVG document as an element of the page: without prolog and size, with unique ids."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    view = re.search(r'viewBox="([^"]+)"', text)
    assert view is not None
    head = Markup('<svg class="plot" role="img" aria-label="{}" viewBox="{}">').format(label, view[1])
    text = text[text.index(">") + 1 :]
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    text = re.sub(r' id="([^"]+)"', lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{name}-", text).replace("xlink:href", "href")
    text = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font: \1px var(--sans)", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    return head + Markup(re.sub(r"\n\s*", "\n", text))
