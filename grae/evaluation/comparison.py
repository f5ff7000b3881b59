"""Runs side by side: the settings in which they differ, and what was measured of each."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from grae.evaluation.measures import MEASURES
from grae.nested import flattened


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of each run.

    Attributes:
        name: of the measure.
        values: of each run; None where it was not measured.
        intervals: of 95 %, likewise.
        sizes: sample sizes, likewise.
        best: the runs with the best value; none where fewer than two have one.
    """

    name: str
    values: tuple[float | None, ...]
    intervals: tuple[tuple[float, float] | None, ...]
    sizes: tuple[int | None, ...]
    best: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Runs side by side.

    Attributes:
        runs: what each is called.
        settings: the values of each setting in which they differ, by its name; None where a run has no such setting.
        rows: the measures that any of them has.
    """

    runs: tuple[str, ...]
    settings: dict[str, tuple[Any, ...]]
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it, lists in the order of the runs."""
        return {
            "runs": list(self.runs),
            "settings": {name: list(values) for name, values in self.settings.items()},
            "measures": {
                row.name: {
                    "values": list(row.values),
                    "intervals": [None if interval is None else list(interval) for interval in row.intervals],
                    "of": list(row.sizes),
                    "best": [self.runs[place] for place in row.best],
                }
                for row in self.rows
            },
        }

    def to_csv(self) -> str:
        """As a table: one line per setting or measure, and for each run its value, interval and sample size."""
        text = io.StringIO()
        columns = [f"{run}{what}" for run in self.runs for what in ("", " low", " high", " of")]
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["kind", "name", *columns])
        for name, values in self.settings.items():
            table.writerow(["setting", name, *(cell for value in values for cell in (value, "", "", ""))])
        for row in self.rows:
            cells = zip(row.values, row.intervals, row.sizes, strict=True)
            flat = [cell for value, interval, of in cells for cell in (value, *(interval or ("", "")), of)]
            table.writerow(["measure", row.name, *("" if cell is None else cell for cell in flat)])
        return text.getvalue()


def side_by_side(
    runs: Sequence[str], settings: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]
) -> SideBySide:
    """Puts runs side by side.

    Args:
        runs: what each is called.
        settings: of each, nested as in config.json.
        found: of each, what `Evaluation.to_dict` gives.
    """
    flat = [flattened(flat_settings) for flat_settings in settings]
    names = dict.fromkeys(name for flat_settings in flat for name in flat_settings)
    values = {name: tuple(flat_settings.get(name) for flat_settings in flat) for name in names}
    differing = {name: each for name, each in values.items() if any(value != each[0] for value in each)}
    rows = [_row(name, found) for name in MEASURES]
    return SideBySide(
        tuple(runs), differing, tuple(row for row in rows if any(value is not None for value in row.values))
    )


def _row(name: str, found: Sequence[Mapping[str, Any]]) -> Row:
    values = tuple(some.get(name) for some in found)
    intervals = [some.get("intervals", {}).get(name) for some in found]
    there = [value for value in values if value is not None]
    best: tuple[int, ...] = ()
    if len(there) > 1:
        extreme = max(there) if MEASURES[name].better == "high" else min(there)
        best = tuple(place for place, value in enumerate(values) if value == extreme)
    return Row(
        name,
        values,
        tuple(None if interval is None else (interval[0], interval[1]) for interval in intervals),
        tuple(some.get("counts", {}).get(name, {}).get("of") for some in found),
        best,
    )
