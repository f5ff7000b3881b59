"""The Pareto front of a search with several objectives, and its hypervolume over the evaluations."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from grae.optimization.objectives.table import Units, nondominated

if TYPE_CHECKING:
    import pandas as pd

    from grae.optimization.history import Record
    from grae.optimization.start import Start


@dataclass(frozen=True, slots=True)
class Member:
    """A nondominated string.

    Attributes:
        string: the string.
        scores: score of each objective, as returned by its target.
        origin: "start" for a starting string, "search" for one that the search found.
        round: the round it was found in, from 0; None for a starting string.
    """

    string: str
    scores: tuple[float, ...]
    origin: Literal["start", "search"]
    round: int | None = None


@dataclass(frozen=True)
class Front:
    """The Pareto front of a search, and its hypervolume.

    Attributes:
        names: names of the objectives.
        maximized: whether higher is better, for each objective.
        reference: the reference point of the hypervolume: the medians of the starting strings.
        members: the front, best in the first objective first; each string once.
        table: the scores of each evaluation in order, (n, m) float64; NaN for strings that do not count.
        begun: the scores of the starting strings that count, (p, m).
    """

    names: tuple[str, ...]
    maximized: tuple[bool, ...]
    reference: tuple[float, ...]
    members: list[Member]
    table: np.ndarray
    begun: np.ndarray

    @classmethod
    def of(cls, start: "Start", records: "Iterable[Record]", units: Units) -> "Front":
        """The front of starting strings and evaluations; strings that do not fulfil the condition do not count."""
        records = list(records)
        assert start.objectives is not None
        counts = np.isfinite(start.objectives).all(axis=1)
        counts = counts if start.fulfilled is None else counts & start.fulfilled
        begun = start.objectives[counts]
        table = np.array([_scores(record, units) for record in records], np.float64).reshape(
            len(records), len(units.names)
        )
        texts = [start.texts[row] for row in np.flatnonzero(counts)]
        everything = [Member(text, tuple(row), "start") for text, row in zip(texts, begun.tolist(), strict=True)]
        everything += [
            Member(record.string, tuple(row), "search", record.round)
            for record, row in zip(records, table.tolist(), strict=True)
            if record.string is not None and np.isfinite(row).all()
        ]
        distinct = list({one.string: one for one in reversed(everything)}.values())[::-1]
        signed = np.array([one.scores for one in distinct], np.float64).reshape(-1, len(units.names)) * units.signs
        kept = np.flatnonzero(nondominated(signed)) if len(distinct) else np.empty(0, np.int64)
        order = kept[np.argsort(-signed[kept, 0], kind="stable")]
        return cls(
            units.names,
            tuple(bool(sign > 0) for sign in units.signs),
            tuple((units.medians * units.signs).tolist()),
            [distinct[row] for row in order],
            table,
            begun,
        )

    def thinned(self, most: int) -> list[Member]:
        """At most `most` members, evenly spaced if there are more."""
        if len(self.members) <= most:
            return self.members
        return [self.members[round(step * (len(self.members) - 1) / (most - 1))] for step in range(most)]

    @property
    def signs(self) -> np.ndarray:
        """1 if higher is better, -1 if lower is, (m,)."""
        return np.where(self.maximized, 1.0, -1.0)

    @property
    def hypervolumes(self) -> np.ndarray:
        """The hypervolume after each evaluation, (n,) float64, in the product of the objectives' units."""
        from grae.optimization.objectives.hypervolume import hypervolumes

        return hypervolumes(self.table * self.signs, np.array(self.reference) * self.signs, self.begun * self.signs)

    @property
    def start_hypervolume(self) -> float:
        """The hypervolume of the starting strings."""
        from grae.optimization.objectives.hypervolume import hypervolume

        return hypervolume(self.begun * self.signs, np.array(self.reference) * self.signs)

    @property
    def hypervolume(self) -> float:
        """The hypervolume of the front."""
        volumes = self.hypervolumes
        return float(volumes[-1]) if len(volumes) else self.start_hypervolume

    def frame(self) -> "pd.DataFrame":
        """One row per string of the front: string, a column per objective, from, round (from 1)."""
        import pandas as pd

        rows = [[one.string, *one.scores, one.origin, _number(one.round)] for one in self.members]
        return pd.DataFrame(rows, columns=["string", *self.names, "from", "round"]).astype({"round": "Int64"})

    def to_dict(self) -> dict[str, Any]:
        """The front and its hypervolume as JSON."""
        members = [
            {"string": one.string, "scores": dict(zip(self.names, one.scores, strict=True)), "from": one.origin}
            for one in self.members
        ]
        return {
            "front": members,
            "hypervolume": {
                "reference": dict(zip(self.names, self.reference, strict=True)),
                "start": self.start_hypervolume,
                "end": self.hypervolume,
            },
        }


def _number(place: int | None) -> int | None:
    return None if place is None else place + 1


def _scores(record: "Record", units: Units) -> list[float]:
    if record.scores is None or not record.valid or record.fulfilled is False:
        return [np.nan] * len(units.names)
    return [np.nan if record.scores[name] is None else float(record.scores[name] or 0.0) for name in units.names]
