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
        fulfilled: whether it fulfills the condition of the search; None without a condition.
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
        kind: "training" or "search".
        folder: folder of the run or the search; None if nothing is saved.
        settings: settings of the training or search, as in JSON.
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
        rows_per_second: training speed since the last validation.
        learning_rate: learning rate of this step.
        terms: the loss and its terms by name; on a GPU, the values of the last fetch, every 16 steps.
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
        rows_per_second: training speed since the previous validation.
        learning_rate: learning rate of the next step.
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
        evaluations: number of evaluations so far, summed over resumed parts.
        total: number of evaluations planned; the search may end earlier.
        valid: fraction of the evaluations so far that have a score.
        best: the best string so far, including starting strings; None if there is none yet.
        seconds: time since the search was started or resumed.
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
        round: index of the round, from 0.
        string: the string; None if a code decoded to no valid string.
        score: its score; None for an invalid string or a failed call.
        error: why the target returned no score; None if it did.
        repeated: whether the score is that of an earlier evaluation, so that the target was not called.
        seconds: duration of the call.
        progress: progress of the search, including this evaluation.
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
        round: index of the round, from 0.
        improved: whether it found the best string so far.
        progress: progress of the search.
    """

    round: int
    improved: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class End:
    """A training or a search has ended, for whatever reason.

    Attributes:
        kind: "training" or "search".
        reason: "epochs", "time budget", "patience", "rounds" or "no new strings"; "callback" if one raised `Stop`,
            "interrupted" after Ctrl-C, "error" after any other exception.
        error: the exception that ended it, if any.
    """

    kind: Literal["training", "search"]
    reason: str
    error: BaseException | None = None
