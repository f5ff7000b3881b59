"""The events of a training and of a search, as callbacks receive them: frozen, and plain numbers throughout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Best:
    """The best string so far of a search.

    Attributes:
        string: the string.
        score: its score.
        origin: "start" for a string that the search started from, "search" for one that it found.
        round: in which it was found, from 0; None for a starting string.
        fulfilled: whether it fulfils the condition of the search; None where there is none.
    """

    string: str
    score: float
    origin: Literal["start", "search"]
    round: int | None = None
    fulfilled: bool | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """A training or a search starts, or is resumed.

    Attributes:
        kind: which of them.
        folder: of the run or of the search; None where nothing is kept on disk.
        settings: its settings, as JSON holds them.
        done: steps, or evaluations, that were done before it was resumed; 0 for a new one.
        best: of a search, the best string that it starts from; None of a training, or where none has a score.
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
        step: steps done, this one included.
        epoch: epochs done, the one under way in part.
        seconds: of training so far, earlier sessions included.
        done: fraction of the training that is done, 0 to 1.
        rows_per_second: since the last validation.
        learning_rate: of this step.
        terms: the loss and its terms by name. On a GPU they are fetched every 16 steps: those of the last fetch.
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
        epoch: epochs done.
        seconds: of training so far.
        rows_per_second: since the validation before.
        learning_rate: of the next step.
        train: means of the loss and its terms since the validation before.
        validation: values by name, "loss" among them; None for one that is not finite.
        best: whether its loss is the lowest so far.
        seconds_left: estimated to the end; None where that is unknown.
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
    """How far a search has come.

    Attributes:
        evaluations: done, earlier sessions included.
        total: that it makes, unless it ends early.
        valid: share of them with a score.
        best: the best string of start and search; None before there is one.
        seconds: since the search was started or resumed.
        seconds_left: estimated to the end; None where that is unknown.
    """

    evaluations: int
    total: int
    valid: float
    best: Best | None
    seconds: float
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A string was evaluated; its record is on the disk where the search has a folder.

    Attributes:
        round: from 0.
        string: None where a code decoded to no valid string.
        score: None for an invalid string or a call that failed.
        error: why the target gave no answer; None where it answered.
        repeated: whether the score is that of an earlier evaluation, so that the target was not called.
        seconds: that the target took.
        progress: of the search, with this evaluation.
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
    """A round of a search is over.

    Attributes:
        round: from 0.
        improved: whether the best string so far was found in it.
        progress: of the search.
    """

    round: int
    improved: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class End:
    """A training or a search is over, in whatever way.

    Attributes:
        kind: which of them.
        reason: "epochs", "time budget", "patience", "rounds" or "no new strings"; "callback" where one raised `Stop`,
            "interrupted" after Ctrl-C, "error" after any other exception.
        error: the exception that ended it, if one did.
    """

    kind: Literal["training", "search"]
    reason: str
    error: BaseException | None = None
