"""The interface of callbacks, and a group of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Literal, Self

from grae.callbacks.events import End, Evaluation, Round, Start, Step, Validation
from grae.errors import SettingsError


class Stop(Exception):
    """Raised by a callback to end the training or the search early, as if it had ended by itself."""


class Callback:
    """Code that is called during training or search. Each method does nothing by default; subclasses override some.

    Callbacks do not affect the training: torch's random state and the training mode of networks are restored after each
    call. Their time counts toward a time budget. If a callback raises an exception, the state of the run is saved
    first, and the exception then propagates from `fit` or `optimize`, with its traceback.

    In distributed training, callbacks are called in the main process.
    """

    def on_start(self, start: Start) -> None:
        """The training or search starts or is resumed."""

    def on_step(self, step: Step) -> None:
        """Training: a step was taken."""

    def on_validation(self, validation: Validation) -> None:
        """Training: a validation has ended."""

    def on_evaluation(self, evaluation: Evaluation) -> None:
        """Search: a string was evaluated."""

    def on_round(self, round: Round) -> None:
        """Search: a round has ended."""

    def on_end(self, end: End) -> None:
        """The training or search has ended; called once for each `on_start`, also after an exception."""


class Callbacks(Callback):
    """Several callbacks, called in order; a context manager that ends them all.

    After an exception in one of them, none is called until `on_end`. The caller checks `failure` when the run's state
    can be saved, and raises it.

    Args:
        kind: "training" or "search".
        own: callbacks of this package, such as the progress bar.
        given: callbacks of the user.
        around: creates a context for each call of the user's callbacks, which restores the state they may have changed.

    Attributes:
        failure: the exception that a callback raised, if any.
        stop: whether a callback raised `Stop`.
        reason: reason of the end, for `End`.

    Raises:
        SettingsError: one of the user's callbacks is not a `Callback`.
    """

    def __init__(
        self,
        kind: Literal["training", "search"],
        own: Sequence[Callback],
        given: Sequence[Callback] = (),
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        check(given)
        self.kind: Literal["training", "search"] = kind
        self.own, self.given, self.around = tuple(own), tuple(given), around
        self.failure: Exception | None = None
        self.stop = False
        self.reason = "error"
        self.started: list[Callback] = []

    def on_start(self, start: Start) -> None:
        """See Callback."""

        def begin(callback: Callback) -> None:
            self.started.append(callback)
            callback.on_start(start)

        self._each(begin)

    def on_step(self, step: Step) -> None:
        """See Callback."""
        self._each(lambda callback: callback.on_step(step))

    def on_validation(self, validation: Validation) -> None:
        """See Callback."""
        self._each(lambda callback: callback.on_validation(validation))

    def on_evaluation(self, evaluation: Evaluation) -> None:
        """See Callback."""
        self._each(lambda callback: callback.on_evaluation(evaluation))

    def on_round(self, round: Round) -> None:
        """See Callback."""
        self._each(lambda callback: callback.on_round(round))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Calls `on_end` of all started callbacks; raises their first exception, or adds it as a note to `error`."""
        reason = self.reason
        if error is not None:
            reason = "interrupted" if isinstance(error, KeyboardInterrupt) else "error"
        end = End(self.kind, reason, error)
        before, self.failure = self.failure, None
        for callback in self.started:
            self._call(callback, lambda callback: callback.on_end(end))
        if self.failure is not None and error is not None:
            error.add_note(f"{self.failure.__notes__[-1]}: {type(self.failure).__name__}: {self.failure}")
        elif self.failure is not None:
            raise self.failure
        self.failure = before

    def _each(self, call: Callable[[Callback], None]) -> None:
        for callback in (*self.own, *self.given):
            if self.failure is None:
                self._call(callback, call)

    def _call(self, callback: Callback, call: Callable[[Callback], None]) -> None:
        """Calls one callback; its exception is stored in `failure`, unless there is an earlier one."""
        with self.around() if callback in self.given else nullcontext():
            try:
                call(callback)
            except Stop:
                self.stop = True
            except Exception as error:  # noqa: BLE001 - it may raise anything; it is raised again once the state is saved
                error.add_note(f"raised by the callback {type(callback).__name__}")
                self.failure = self.failure or error


def check(callbacks: Sequence[Callback]) -> None:
    """Checks that all are callbacks. Raises SettingsError."""
    if isinstance(callbacks, Callback):
        raise SettingsError(f"callbacks is a single callback, {callbacks!r}", remedy="give a list of them")
    for number, callback in enumerate(callbacks):
        if not isinstance(callback, Callback):
            what = f"the class {callback.__name__}" if isinstance(callback, type) else repr(callback)
            raise SettingsError(
                f"callbacks[{number}] is {what}, not a callback",
                remedy="give instances of subclasses of grae.callbacks.Callback",
            )
