"""A search read from its folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from grae.optimization.folder import HISTORY, read_settings
from grae.optimization.history import History
from grae.optimization.objectives.front import Front
from grae.optimization.result import Best, best_of
from grae.optimization.start import Start
from grae.optimization.start_files import read_start


@dataclass(frozen=True)
class Search:
    """A stored search.

    Attributes:
        name: name of its folder.
        settings: contents of search.json.
        history: its evaluations.
        start: the starting strings; None if they were not stored.
    """

    name: str
    settings: Mapping[str, Any]
    history: History
    start: Start | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The search in a folder.

        Raises:
            RunError: the folder holds no search, or a damaged one.
        """
        settings = read_settings(folder)
        return cls(
            folder.name, settings, History.read(folder / HISTORY, settings["direction"]), read_start(folder, settings)
        )

    @property
    def best(self) -> list[Best]:
        """The best strings of the start and the search."""
        return best_of(self.start, self.history)

    @property
    def front(self) -> Front | None:
        """The Pareto front of start and search; None with a single objective, or if the start was not stored."""
        if self.start is None or self.start.units is None:
            return None
        return Front.of(self.start, self.history, self.start.units)

    @property
    def start_best(self) -> float | None:
        """The best score of the starting strings."""
        best = None if self.start is None else self.start.best(self.settings["direction"] == "maximize")
        return None if best is None else best[1]
