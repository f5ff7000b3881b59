"""Choices and help texts from the tables of grae, so that an added row appears in the commands."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from grae.lazy_imports import Table
from grae.optimization.mixed_parts import PROPOSERS
from grae.optimization.strategies import STRATEGIES

if TYPE_CHECKING:
    StrategyName = str
else:
    StrategyName = Literal[tuple(STRATEGIES)]


class Described(Protocol):
    """A row with a summary."""

    @property
    def summary(self) -> str:
        """Summary for help texts."""
        ...


def described(table: "Mapping[str, Described] | Table[Any]") -> str:
    """The names of a table's rows with their summaries."""
    summaries = table.summaries if isinstance(table, Table) else {name: row.summary for name, row in table.items()}
    return "; ".join(f"{name}: {summary}" for name, summary in summaries.items())


def described_groups() -> str:
    """The groups of proposers with their members."""
    summaries: dict[str, list[str]] = {}
    for row in PROPOSERS.values():
        if not row.beside_surrogate:
            summaries.setdefault(row.group, []).append(row.summary)
    return "; ".join(f"{group}: {' and '.join(of_group)}" for group, of_group in summaries.items())


def either(names: Iterable[str]) -> str:
    """Names in the form "a, b or c"."""
    *before, last = names
    return f"{', '.join(before)} or {last}" if before else last


def of_paces(what: Literal["rounds", "batch_size"]) -> str:
    """Defaults by strategy: the most common one, and the exceptions."""
    values = {name: getattr(row.pace, what) for name, row in STRATEGIES.items()}
    usual = next(iter(values.values()))
    return "; ".join([str(usual), *(f"{name} {value}" for name, value in values.items() if value != usual)])
