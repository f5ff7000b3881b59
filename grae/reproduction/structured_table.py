"""The table of structured objects: mean and standard error over each model's searches, with the published figures.

The paper reports as valid the fraction of a search's *points* of which at least one decoding is valid; the table also
has the fraction of all *decodings* that are valid. Averages and errors are computed as published: see
`published_average`; the error is the standard deviation with divisor n over the square root of n.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grae.files import atomic_write
from grae.optimization import target_named
from grae.reproduction.experiment import Row, write_table
from grae.reproduction.structured_published import NOTE, PUBLISHED

BEST = 3
DPI = 120
TARGETS = {"expressions": "log-mse", "molecules": "logp"}
COLUMNS = (
    "objects",
    "model",
    "rules",
    "trials",
    "calls",
    *("points", "points_error", "printed_points", "printed_points_error"),
    *("decodings", "decodings_error"),
    *("average", "average_error", "printed_average", "printed_average_error"),
    *("best", "printed_best"),
)


def rows_of(trials: Sequence[Row]) -> list[Row]:
    """One row per objects, model and rules, in the order of the searches.

    Each contains the number of trials and of target calls; the fraction of points with a valid decoding, the fraction
    of decodings that are valid and the average score, each as mean and standard error over the trials (None if too few
    have one); the best three strings of all trials with their scores; and the published figures, None if there are
    none. Published figures are for strings decoded under the grammar alone.
    """
    keys = dict.fromkeys((trial["objects"], trial["model"], trial["rules"]) for trial in trials)
    return [_row(key, [one for one in trials if (one["objects"], one["model"], one["rules"]) == key]) for key in keys]


def mean_and_error(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """The mean of the values that are not None, and its standard error as published (divisor n); None for too few."""
    there = [value for value in values if value is not None]
    mean = float(np.mean(there)) if there else None
    return mean, float(np.std(there)) / math.sqrt(len(there)) if len(there) > 1 else None


def _row(key: tuple[str, str, str], trials: Sequence[Row]) -> Row:
    objects, model, rules = key
    published = PUBLISHED.get(objects, {}).get(model) if rules == "grammar" else None
    points, points_error = mean_and_error([trial["points"] for trial in trials])
    decodings, decodings_error = mean_and_error([trial["decodings"] for trial in trials])
    average, average_error = mean_and_error([trial["average"] for trial in trials])
    lower = target_named(TARGETS[objects]).direction == "minimize"
    scores = {one["string"]: one["score"] for trial in trials for one in trial["best"]}
    best = sorted(scores.items(), key=lambda one: one[1] if lower else -one[1])[:BEST]
    return {
        "objects": objects,
        "model": model,
        "rules": rules,
        "trials": len(trials),
        "calls": sum(trial["calls"] for trial in trials),
        "points": points,
        "points_error": points_error,
        "printed_points": published and published.points[0],
        "printed_points_error": published and published.points[1],
        "decodings": decodings,
        "decodings_error": decodings_error,
        "average": average,
        "average_error": average_error,
        "printed_average": published and published.average[0],
        "printed_average_error": published and published.average[1],
        "best": [{"string": string, "score": score} for string, score in best],
        "printed_best": published and list(published.best),
    }


def write(folder: Path, rows: Sequence[Row]) -> None:
    """Writes the table as CSV, JSON, Markdown and a plot. Raises RunError: a file cannot be written."""
    flat = [{**row, "best": _scores(row["best"]), "printed_best": _numbers(row["printed_best"])} for row in rows]
    write_table(folder, COLUMNS, rows, as_markdown(rows), flat=flat)
    draw(rows, folder / "table.png")


def as_markdown(rows: Sequence[Row]) -> str:
    """The table, measured / published."""
    lines = [
        "| objects, ours / published | model | rules | valid points | valid decodings | average score | best three |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        points, average = (f"{cell(row, name)} / {cell(row, f'printed_{name}')}" for name in ("points", "average"))
        cells = [points, cell(row, "decodings"), average]
        cells.append(f"{_scores(row['best']) or '-'} / {_numbers(row['printed_best']) or '-'}")
        lines.append(f"| {row['objects']} | {row['model'].upper()} | {row['rules']} | {' | '.join(cells)} |")
    return "\n".join(lines) + f"\n\n{NOTE}\n"


def cell(row: Row, name: str) -> str:
    """A mean and its standard error in one cell."""
    value, error = row[name], row[f"{name}_error"]
    return "-" if value is None else f"{value:.2f}" if error is None else f"{value:.2f} ± {error:.2f}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Plots valid fractions and average scores with their standard errors, measured and published.

    Raises:
        RunError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    objects = list(dict.fromkeys(row["objects"] for row in rows))
    figure = Figure(figsize=(9, 3.2 * len(objects)), layout="constrained")
    grid: Any = figure.subplots(len(objects), 2, squeeze=False)
    for line, name in enumerate(objects):
        mine = [row for row in rows if row["objects"] == name]
        labels = [row["model"].upper() + ("\nwith rules" if row["rules"] == "semantic" else "") for row in mine]
        for axes, measure, title in zip(
            grid[line], ("points", "average"), ("valid points", "average score"), strict=True
        ):
            for shift, prefix, label in ((-0.1, "", "ours"), (0.1, "printed_", "published")):
                there = [(place, row) for place, row in enumerate(mine) if row[f"{prefix}{measure}"] is not None]
                axes.errorbar(
                    [place + shift for place, _ in there],
                    [row[f"{prefix}{measure}"] for _, row in there],
                    yerr=[row[f"{prefix}{measure}_error"] or 0.0 for _, row in there],
                    fmt="o",
                    capsize=3,
                    label=label,
                )
            axes.set_xticks(range(len(mine)), labels)
            axes.set_title(f"{name}: {title}", fontsize="medium")
        grid[line][0].set_ylim(-0.05, 1.05)
        grid[line][0].legend()
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def _scores(best: Sequence[Row]) -> str:
    return _numbers([one["score"] for one in best])


def _numbers(values: Sequence[float] | None) -> str:
    return ", ".join(f"{value:.2f}" for value in values or ())
