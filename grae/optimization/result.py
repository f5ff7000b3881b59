"""What came of a search: its history, and the statistics that the papers print."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.optimization.history import History, Record
from grae.optimization.start import Start
from grae.optimization.targets import Target

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A finished search.

    Attributes:
        target: what was searched for.
        records: the history.
        ended: why it ended: "rounds", or "no new strings" where the model gave none any more.
        seconds: what each part took in this session: "propose" with its parts "decode" and "surrogate"; "score";
            and "retrain", where the model was.
        start: what it started from; those scores are no calls.
    """

    target: Target
    records: History
    ended: str
    seconds: dict[str, float]
    start: Start

    @property
    def history(self) -> "pd.DataFrame":
        """A row for each call, in order; the columns are those of `Record`."""
        return self.records.frame()

    @property
    def calls(self) -> int:
        """How many points were scored; in the paper protocol repeated strings among them."""
        return len(self.records)

    @property
    def valid(self) -> float | None:
        """The share of them with a valid score; None of none."""
        return sum(record.valid for record in self.records) / self.calls if self.calls else None

    @property
    def decoded_valid(self) -> float | None:
        """The share of all decoded strings that were valid, scored or not; None of none."""
        attempts = sum(record.attempts for record in self.records)
        return sum(record.decoded_valid for record in self.records) / attempts if attempts else None

    @property
    def average(self) -> float | None:
        """The mean of the valid scores; None of none."""
        scores = [record.score for record in self.records if record.score is not None]
        return float(np.mean(scores)) if scores else None

    @property
    def best(self) -> list[Record]:
        """The valid records, best first, each string once."""
        return self.records.best

    def to_dict(self, most: int = 10) -> dict[str, Any]:
        """The statistics as JSON holds them, with at most so many of the best."""
        best = self.start.best(self.records.direction == "maximize")
        return {
            "target": self.target.name,
            "direction": self.target.direction,
            "calls": self.calls,
            "valid": self.valid,
            "average": self.average,
            "best": [{"string": record.string, "score": record.score} for record in self.best[:most]],
            "start": {
                "strings": len(self.start.texts),
                "of": self.start.of,
                "best": None if best is None else {"string": best[0], "score": best[1]},
            },
            "decoded_valid": self.decoded_valid,
            "errors": sum(record.error is not None for record in self.records),
            "ended": self.ended,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }
