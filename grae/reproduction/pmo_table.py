"""PMO's table: measured areas under the curve, one row per task and method, compared with published figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grae.reproduction.experiment import Row, write_table
from grae.reproduction.pmo_published import BY_TASK, SUMS

SUM = "sum"
COLUMNS = ("task", "method", "seeds", "auc", "auc_deviation", "top10", "best", "molecule", "evaluations")


def rows_of(done: Sequence[Mapping[str, Any]], tasks: Sequence[str], methods: Sequence[str], seeds: int) -> list[Row]:
    """One row per task and method, and one per method with the sum over the tasks.

    Args:
        done: one row per search, with task, method, seed, auc, top10, best, molecule and evaluations.
        tasks: tasks of the table.
        methods: methods compared.
        seeds: number of seeds, from 0.

    Returns:
        Rows with `COLUMNS`: means over the seeds, the standard deviation of the areas (None for one seed), and the best
        molecule of all seeds. The deviation of a sum is that of the seeds' sums. "aucs" lists the area of each seed.
    """
    held = {(row["task"], row["method"], row["seed"]): row for row in done}
    rows: list[Row] = []
    for task in tasks:
        for method in methods:
            trials = [held[task, method, seed] for seed in range(seeds)]
            best = max(trials, key=lambda row: row["best"])
            areas = [row["auc"] for row in trials]
            rows.append(
                {
                    "task": task,
                    "method": method,
                    **_mean(areas),
                    "top10": float(np.mean([row["top10"] for row in trials])),
                    "best": best["best"],
                    "molecule": best["molecule"],
                    "evaluations": min(row["evaluations"] for row in trials),
                }
            )
    for method in methods:
        of_seeds = [sum(held[task, method, seed]["auc"] for task in tasks) for seed in range(seeds)]
        rows.append({"task": SUM, "method": method, **_mean(of_seeds), "tasks": len(tasks)})
    return rows


def write(folder: Path, rows: Sequence[Row], budget: int) -> None:
    """Writes the table as CSV, JSON and Markdown.

    Raises:
        RunError: a file cannot be written.
    """
    flat = [{name: row.get(name) for name in COLUMNS} for row in rows]
    write_table(folder, COLUMNS, list(rows), as_markdown(rows, budget), flat=flat)


def wide(rows: Sequence[Row], budget: int) -> tuple[list[str], list[list[str | None]]]:
    """The table in wide format: one line per task, one column per method, and the figures published by task."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    printed = BY_TASK.get(budget, {})
    tasks = [task for task in dict.fromkeys(row["task"] for row in rows) if task != SUM]
    held = {(row["task"], row["method"]): row for row in rows}
    lines: list[list[str | None]] = []
    for task in tasks:
        ours = [_cell(held[task, method]) for method in methods]
        lines.append([task, *ours, *(_number(known.get(task)) for known in printed.values())])
    if len(tasks) > 1:
        lines.append(
            [f"sum of {len(tasks)}", *(_cell(held[SUM, method]) for method in methods), *(None for _ in printed)]
        )
    both = [task for task in tasks if all(task in known for known in printed.values())]
    if printed and len(both) > 1:
        ours = [_number(sum(held[task, method]["auc"] for task in both)) for method in methods]
        lines.append(
            [
                f"sum of {len(both)} printed",
                *ours,
                *(_number(sum(known[t] for t in both)) for known in printed.values()),
            ]
        )
    return ["task", *methods, *(f"{name}, printed" for name in printed)], lines


def printed_sums(budget: int) -> tuple[list[str], list[list[str | None]]]:
    """The published sums over all 23 tasks at a budget, best first, with remarks if there are any."""
    printed = SUMS.get(budget, ())
    lines: list[list[str | None]] = [[one.method, f"{one.total:.2f}", one.remark or None] for one in printed]
    width = 3 if any(one.remark for one in printed) else 2
    return ["printed", "sum of 23", "remark"][:width], [line[:width] for line in lines]


def as_markdown(rows: Sequence[Row], budget: int) -> str:
    """Both tables."""
    seeds = max(row["seeds"] for row in rows)
    title = f"PMO, {budget:,} evaluations: area under the curve of the best ten, mean of {seeds} seeds ± deviation"
    parts = [title, _markdown(*wide(rows, budget))]
    heads, lines = printed_sums(budget)
    if lines:
        parts.append(_markdown(heads, lines))
    return "\n\n".join(parts) + "\n"


def _markdown(heads: Sequence[str], lines: Sequence[Sequence[str | None]]) -> str:
    shown = [heads, ["---"] * len(heads), *([cell or "" for cell in line] for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in shown)


def _mean(values: Sequence[float]) -> Row:
    return {
        "seeds": len(values),
        "auc": float(np.mean(values)),
        "auc_deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "aucs": list(values),
    }


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _cell(row: Row) -> str:
    deviation = row["auc_deviation"]
    return f"{row['auc']:.3f}" if deviation is None else f"{row['auc']:.3f} ± {deviation:.3f}"
