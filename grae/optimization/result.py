"""The result of a search: its history, and the statistics reported in the papers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.callbacks.events import Best
from grae.grammar.language import STRINGS, Language
from grae.optimization.diversity import Diversity
from grae.optimization.history import History, Record
from grae.optimization.objectives.front import Front
from grae.optimization.start import Start
from grae.targets.failures import Failures
from grae.targets.target import Target

if TYPE_CHECKING:
    import pandas as pd


def best_of(start: Start | None, records: History) -> list[Best]:
    """The strings of start and history, best first, each once; of ties, starting strings and earlier ones first.

    Strings that do not fulfil the condition of the search come last.
    """
    maximize = records.direction == "maximize"
    known = [] if start is None else start.ranked(maximize).tolist()
    begun = [_of_start(start, row) for row in known] if start else []
    candidates = [
        Best(record.string, record.score, "search", record.round, record.fulfilled)
        for record in records.best
        if record.string is not None and record.score is not None
    ]
    sign = -1 if maximize else 1
    merged = sorted([*begun, *candidates], key=lambda one: (one.fulfilled is False, sign * one.score))
    return list({one.string: one for one in reversed(merged)}.values())[::-1]


def diverse(best: list[Best], diversity: Diversity | None) -> list[Best]:
    """The diverse subset of strings, best first."""
    return best if diversity is None else [best[place] for place in diversity.chosen([one.string for one in best])]


def _of_start(start: Start, row: int) -> Best:
    fulfilled = None if start.fulfilled is None else bool(start.fulfilled[row])
    return Best(start.texts[row], float(start.scores[row]), "start", None, fulfilled)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A finished search.

    Attributes:
        target: the target.
        records: the history.
        ended: why it ended: "rounds", "callback", or "no new strings" if the model generated no more.
        seconds: duration of each part since the search was started or resumed: "propose" with its parts "candidates"
            (or "decode") and "surrogate"; "score"; and "retrain", with retraining.
        start: the starting strings; their scores do not count as evaluations.
        language: language of the strings.
        failures: failed calls of the target, in the start and in the search.
        condition: condition on the strings, in words; None for none.
        diversity: diversity rule of the results; None for none.
        template: template that all strings match; None for none.
    """

    target: Target
    records: History
    ended: str
    seconds: dict[str, float]
    start: Start
    language: Language = STRINGS
    failures: Failures = field(default_factory=Failures)
    condition: str | None = None
    diversity: Diversity | None = None
    template: str | None = None

    def __repr__(self) -> str:
        """In one line: target, evaluations, and the best string."""
        best = self.best[:1]
        shown = f"best {best[0].score:.6g} {best[0].string!r} from the {best[0].origin}" if best else "no valid string"
        return f"SearchResult({self.target.name!r}, {self.calls:,} evaluations, {shown}, ended={self.ended!r})"

    @property
    def history(self) -> "pd.DataFrame":
        """One row per evaluation, in order; the columns are those of `Record` without the code (see `codes`)."""
        return self.records.frame()

    @property
    def codes(self) -> np.ndarray:
        """The latent codes of the evaluations, (n, D) float64; NaN if the model cannot encode the string."""
        width = max((len(record.code) for record in self.records), default=0)
        missing = (np.nan,) * width
        return np.array([record.code or missing for record in self.records], np.float64).reshape(self.calls, width)

    @property
    def calls(self) -> int:
        """The number of evaluations; in the paper strategy including repeated strings."""
        return len(self.records)

    @property
    def valid(self) -> float | None:
        """The fraction of evaluations with a valid score; None without evaluations."""
        return sum(record.valid for record in self.records) / self.calls if self.calls else None

    @property
    def decoded_valid(self) -> float | None:
        """The fraction of all candidates that were valid, scored or not; None without candidates."""
        attempts = sum(record.attempts for record in self.records)
        return sum(record.decoded_valid for record in self.records) / attempts if attempts else None

    @property
    def fulfilled(self) -> float | None:
        """The fraction of valid evaluations whose strings fulfil the condition; None without any."""
        valid = [record for record in self.records if record.valid]
        return sum(record.fulfilled is not False for record in valid) / len(valid) if valid else None

    @property
    def average(self) -> float | None:
        """The mean of the valid scores; None without any."""
        scores = [record.score for record in self.records if record.score is not None]
        return float(np.mean(scores)) if scores else None

    @property
    def best(self) -> list[Best]:
        """The best strings, of the start and the search, best first, each once.

        With a diversity rule, the diverse subset of the first 1,000.
        """
        return diverse(best_of(self.start, self.records), self.diversity)

    @property
    def front(self) -> Front | None:
        """The Pareto front of start and search; None with a single objective."""
        return None if self.start.units is None else Front.of(self.start, self.records, self.start.units)

    def scores_of(self, strings: Sequence[str]) -> dict[str, list[float | None]]:
        """The scores of strings of the start or the search, by objective."""
        units = self.start.units
        if units is None or self.start.objectives is None:
            return {}
        known: dict[str, list[float | None]] = dict(zip(self.start.texts, self.start.objectives.tolist(), strict=True))
        for record in self.records:
            if record.string is not None and record.scores is not None:
                known[record.string] = [record.scores[name] for name in units.names]
        return {name: [known[text][place] for text in strings] for place, name in enumerate(units.names)}

    @property
    def found(self) -> list[Record]:
        """The valid records of the search only, best first, each string once."""
        return self.records.best

    @property
    def improved(self) -> bool:
        """Whether the search found a string that fulfils its condition and is better than all starting strings."""
        best = self.best[:1]
        return bool(best) and best[0].origin == "search" and best[0].fulfilled is not False

    def to_dict(self, most: int = 10) -> dict[str, Any]:
        """The statistics as JSON, with at most the given number of best strings."""
        best = self.start.best(self.records.direction == "maximize")
        return {
            "target": self.target.name,
            "direction": self.target.direction,
            "calls": self.calls,
            "valid": self.valid,
            "average": self.average,
            "improved": self.improved,
            "best": [self._told(one) for one in self.best[:most]],
            "found": [self._found(record) for record in self.found[:most]],
            **({} if self.condition is None else {"where": self.condition, "fulfilled": self.fulfilled}),
            "start": {
                "strings": len(self.start.texts),
                "of": self.start.of,
                **({} if self.template is None else {"sampled": self.start.sampled}),
                "best": None if best is None else {"string": best[0], "score": best[1]},
            },
            **({} if self.template is None else {"template": self.template}),
            **({} if self.diversity is None else {"diversity": self.diversity.text}),
            **({} if (front := self.front) is None else front.to_dict()),
            "decoded_valid": self.decoded_valid,
            "errors": sum(record.error is not None for record in self.records),
            "failures": dict(self.failures.kinds),
            "ended": self.ended,
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }

    def _told(self, one: Best) -> dict[str, Any]:
        properties = self.language.scored_properties(one.string)
        told = {"string": one.string, "score": one.score, "from": one.origin, **properties}
        return told if one.fulfilled is None else {**told, "fulfilled": one.fulfilled}

    def _found(self, record: Record) -> dict[str, Any]:
        found = {"string": record.string, "score": record.score}
        return found if record.fulfilled is None else {**found, "fulfilled": record.fulfilled}
