"""Ctrl-C: the current batch is finished and the state is saved before the program ends."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupted(KeyboardInterrupt):
    """The user stopped the training; the message says what is saved and how to resume."""


class Interruption:
    """A context in which the first Ctrl-C only sets `requested`; a second one stops at once, as usual.

    Signals reach the main thread only; in another thread this has no effect.

    Args:
        notice: called at the first Ctrl-C.
    """

    def __init__(self, notice: Callable[[], None]) -> None:
        self.notice = notice
        self.requested = False
        self._before: Any = None
        self._installed = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, self._before)
            self._installed = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        self.notice()
