"""How a measurement runs: seed, worker count, progress callback."""

from collections.abc import Callable
from dataclasses import dataclass

Stages = Callable[[str, float], None]
"""Called with what is being done, and the fraction of it that is done."""


@dataclass(frozen=True, slots=True)
class Work:
    """How to measure.

    Attributes:
        seed: of what is drawn.
        n_jobs: processes and threads, as joblib counts them.
        progress: called with the progress.
    """

    seed: int = 0
    n_jobs: int = 1
    progress: Stages | None = None

    def begin(self, what: str) -> Callable[[float], None]:
        """Says that a stage begins; gives what to call with the fraction of it that is done."""

        def tell(fraction: float) -> None:
            if self.progress is not None:
                self.progress(what, fraction)

        tell(0.0)
        return tell
