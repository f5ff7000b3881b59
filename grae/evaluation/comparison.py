"""Comparison of runs: the settings in which they differ, and their measures."""

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
        name: name of the measure.
        values: value of each run; None where it was not measured.
        intervals: 95 % interval of each run, or None.
        sizes: sample size of each run, or None.
        best: indices of the runs with the best value; empty where fewer than two have one.
    """

    name: str
    values: tuple[float | None, ...]
    intervals: tuple[tuple[float, float] | None, ...]
    sizes: tuple[int | None, ...]
    best: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """A comparison of runs.

    Attributes:
        runs: names of the runs.
        settings: values of each setting in which they differ, by its name; None where a run does not have it.
        rows: measures that any of them has.
    """

    runs: tuple[str, ...]
    settings: dict[str, tuple[Any, ...]]
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, object]:
        """The comparison as JSON, with lists in the order of the runs."""
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
        """The comparison as CSV: one line per setting or measure, with value, interval and sample size of each run."""
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
    runs: Sequence[str], settings: Sequence[Mapping[str, Any]], evaluations: Sequence[Mapping[str, Any]]
) -> SideBySide:
    """Compares runs.

    Args:
        runs: names of the runs.
        settings: settings of each run, nested as in config.json.
        evaluations: `Evaluation.to_dict()` of each run.
    """
    flat = [flattened(flat_settings) for flat_settings in settings]
    names = dict.fromkeys(name for flat_settings in flat for name in flat_settings)
    values = {name: tuple(flat_settings.get(name) for flat_settings in flat) for name in names}
    differing = {name: each for name, each in values.items() if any(value != each[0] for value in each)}
    rows = [_row(name, evaluations) for name in MEASURES]
    return SideBySide(
        tuple(runs), differing, tuple(row for row in rows if any(value is not None for value in row.values))
    )


def _row(name: str, evaluations: Sequence[Mapping[str, Any]]) -> Row:
    values = tuple(evaluation.get(name) for evaluation in evaluations)
    intervals = [evaluation.get("intervals", {}).get(name) for evaluation in evaluations]
    there = [value for value in values if value is not None]
    best: tuple[int, ...] = ()
    if len(there) > 1:
        extreme = max(there) if MEASURES[name].better == "high" else min(there)
        best = tuple(place for place, value in enumerate(values) if value == extreme)
    return Row(
        name,
        values,
        tuple(None if interval is None else (interval[0], interval[1]) for interval in intervals),
        tuple(evaluation.get("counts", {}).get(name, {}).get("of") for evaluation in evaluations),
        best,
    )
