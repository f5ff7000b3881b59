"""Measures with intervals, and causes of invalidity."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from grae.evaluation.measures import MEASURES
from grae.report.context import ReportContext
from grae.report.section import LeftOut, Section, rendered

TITLE = "Measures"
CAUSES = "Causes of invalidity"
HEADLINES = {
    "valid": "validity",
    "valid_without_constraints": "raw validity",
    "unique": "uniqueness",
    "novel": "novelty",
    "exact_reconstruction": "reconstruction accuracy",
}


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        name: name of the measure.
        value: its value.
        interval: 95 % interval, or None.
        of: sample size.
        means: definition.
        is_share: whether it is printed as a percentage.
        better: "high" or "low".
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    of: int | None
    means: str
    is_share: bool
    better: str


def headlines(context: ReportContext) -> list[Row]:
    """The measures at the head of the page."""
    evaluation = context.evaluation or {}
    return [_row(evaluation, name, means) for name, means in HEADLINES.items() if evaluation.get(name) is not None]


def section(context: ReportContext) -> Section | LeftOut:
    """A table of all measures by group."""
    evaluation = context.evaluation
    if evaluation is None:
        return LeftOut(TITLE, "this run was not evaluated")
    groups: dict[str, list[Row]] = {}
    for name, measure in MEASURES.items():
        if evaluation.get(name) is not None:
            means = evaluation["valid_means"] if name == "valid" else measure.means
            groups.setdefault(_title(measure.group, evaluation), []).append(_row(evaluation, name, means))
    why: dict[str, list[str]] = {}
    for name, reason in evaluation["left_out"].items():
        why.setdefault(reason, []).append(name)
    return Section("measures", TITLE, rendered("measures", groups=groups, n=evaluation["n"], left_out=why))


def causes(context: ReportContext) -> Section | LeftOut:
    """A bar chart of the causes of invalidity."""
    evaluation = context.evaluation
    if evaluation is None:
        return LeftOut(CAUSES, "this run was not evaluated")
    shares = [(cause, share["count"] / share["of"], share["count"]) for cause, share in evaluation["invalid"].items()]
    if not shares:
        return LeftOut(CAUSES, f"all {evaluation['n']:,} samples are valid")
    body = rendered(
        "causes",
        shares=shares,
        most=max(share for _, share, _ in shares),
        n=evaluation["n"],
        without="valid_without_constraints" in evaluation,
        kind=context.renderer.kind,
    )
    return Section("causes", CAUSES, body)


def _row(evaluation: Mapping[str, Any], name: str, means: str) -> Row:
    interval = evaluation["intervals"].get(name)
    return Row(
        name.replace("_", " "),
        evaluation[name],
        None if interval is None else (interval[0], interval[1]),
        evaluation["counts"].get(name, {}).get("of"),
        means,
        MEASURES[name].is_share,
        MEASURES[name].better,
    )


def _title(group: str, evaluation: Mapping[str, Any]) -> str:
    test = {"against the reference": "Test", "against the scaffold reference": "TestSF"}.get(group)
    about = evaluation["references"].get(test)
    return group if about is None else f"against {about['name']}, {about['n']:,} molecules"
