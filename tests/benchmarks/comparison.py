"""Side-by-side timing of two implementations, and the table of results."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

from rich.table import Table

Work = Callable[[], int]  # returns the number of items processed


class Rates(NamedTuple):
    """Items per second, medians over the rounds; the ratio is the median of the ratios per round."""

    ours: float
    other: float
    ratio: float


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: what is measured, and on what data.
        against: what grae is compared with.
        unit: unit of both values.
        ours: value of grae.
        other: value of the other implementation.
        ratio: factor by which grae is better; below 1, it is worse.
        aim: required minimum of the ratio; None if there is none.
    """

    what: str
    against: str
    unit: Literal["molecules/s", "bytes/molecule", "MB"]
    ours: float
    other: float
    ratio: float
    aim: float | None = None

    @classmethod
    def of_rates(cls, what: str, against: str, rates: Rates, aim: float | None = None) -> "Row":
        return cls(what, against, "molecules/s", rates.ours, rates.other, rates.ratio, aim)

    @classmethod
    def of_sizes(
        cls, what: str, against: str, unit: Literal["bytes/molecule", "MB"], ours: float, other: float
    ) -> "Row":
        return cls(what, against, unit, ours, other, other / ours)

    def as_json(self) -> dict[str, str | float | None]:
        return asdict(self)


def in_turns(ours: Work, other: Work, rounds: int) -> Rates:
    """Times both alternately, so that other load on the machine slows both.

    Warm-up is left to the caller.

    Args:
        ours: grae's side.
        other: the other side.
        rounds: number of repetitions.
    """
    rates = [(_rate(ours), _rate(other)) for _ in range(rounds)]
    return Rates(
        statistics.median(a for a, _ in rates),
        statistics.median(b for _, b in rates),
        statistics.median(a / b for a, b in rates),
    )


def _rate(work: Work) -> float:
    gc.collect()
    began = time.perf_counter()
    items = work()
    return items / (time.perf_counter() - began)


def table(rows: list[Row], title: str) -> Table:
    """Formats the comparisons as a terminal table."""
    shown = Table(title=title, title_justify="left", caption_justify="left")
    for column in ("", "against", "unit"):
        shown.add_column(column)
    for column in ("grae", "other", "ratio", "aim"):
        shown.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        met = row.aim is None or row.ratio >= row.aim
        ratio = f"{_figure(row.ratio)} x"
        shown.add_row(
            row.what,
            row.against,
            row.unit,
            _figure(row.ours),
            _figure(row.other),
            ratio if met else f"[red]{ratio}[/red]",
            "" if row.aim is None else f"{row.aim:g} x",
        )
    return shown


def _figure(value: float) -> str:
    """Three significant digits; from 100, an integer with thousands separators."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
