"""The events of training and search that callbacks receive: frozen, with plain numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Best:
    """The best string of a search so far.

    Attributes:
        string: the string.
        score: its score.
        origin: "start" for a starting string, "search" for one that the search found.
        round: the round it was found in, from 0; None for a starting string.
        fulfilled: whether it fulfils the condition of the search; None without a condition.
    """

    string: str
    score: float
    origin: Literal["start", "search"]
    round: int | None = None
    fulfilled: bool | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A training or a search starts or is resumed.

    Attributes:
        kind: which of the two.
        folder: folder of the run or the search; None if nothing is saved.
        settings: its settings, as in JSON.
        done: steps or evaluations before it was resumed; 0 for a new one.
        best: the best starting string of a search; None for a training, or if none has a score.
    """

    kind: Literal["training", "search"]
    folder: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    done: int = 0
    best: Best | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of gradient descent.

    Attributes:
        step: steps done, including this one.
        epoch: epochs done, fractional.
        seconds: duration of the training so far, summed over resumed parts.
        done: fraction of the training that is done, 0 to 1.
        rows_per_second: since the last validation.
        learning_rate: of this step.
        terms: the loss and its terms by name. On a GPU they are fetched every 16 steps: the values of the last fetch.
    """

    step: int
    epoch: float
    seconds: float
    done: float
    rows_per_second: float
    learning_rate: float
    terms: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation; all but `seconds_left` is also a line of the run's metrics.jsonl.

    Attributes:
        step: steps done.
        epoch: epochs done, fractional.
        seconds: duration of the training so far.
        rows_per_second: since the previous validation.
        learning_rate: of the next step.
        train: means of the loss and its terms since the previous validation.
        validation: values by name, "loss" among them; None for one that is not finite.
        best: whether its loss is the lowest so far.
        seconds_left: estimated time to the end; None if unknown.
    """

    step: int
    epoch: float
    seconds: float
    rows_per_second: float
    learning_rate: float
    train: Mapping[str, float]
    validation: Mapping[str, float | None]
    best: bool
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a search.

    Attributes:
        evaluations: number so far, summed over resumed parts.
        total: number planned; the search may end earlier.
        valid: fraction of them with a score.
        best: the best string of start and search; None if there is none yet.
        seconds: since the search was started or resumed.
        seconds_left: estimated time to the end; None if unknown.
    """

    evaluations: int
    total: int
    valid: float
    best: Best | None
    seconds: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A string was evaluated; if the search has a folder, its record is already on disk.

    Attributes:
        round: from 0.
        string: None if a code decoded to no valid string.
        score: None for an invalid string or a failed call.
        error: why the target returned no score; None if it did.
        repeated: whether the score is that of an earlier evaluation, so that the target was not called.
        seconds: duration of the call.
        progress: of the search, including this evaluation.
    """

    round: int
    string: str | None
    score: float | None
    error: str | None
    repeated: bool
    seconds: float
    progress: Progress


@dataclass(frozen=True, slots=True)
class Round:
    """A round of a search has ended.

    Attributes:
        round: from 0.
        improved: whether it found the best string so far.
        progress: of the search.
    """

    round: int
    improved: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class End:
    """A training or a search has ended, for whatever reason.

    Attributes:
        kind: which of the two.
        reason: "epochs", "time budget", "patience", "rounds" or "no new strings"; "callback" if one raised `Stop`,
            "interrupted" after Ctrl-C, "error" after any other exception.
        error: the exception that ended it, if any.
    """

    kind: Literal["training", "search"]
    reason: str
    error: BaseException | None = None
