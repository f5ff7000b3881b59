"""How a measurement runs: seed, worker count, progress callback."""

from collections.abc import Callable
from dataclasses import dataclass

Stages = Callable[[str, float], None]
"""Called with the name of a stage and the fraction of it that is done."""


@dataclass(frozen=True, slots=True)
class Work:
    """Seed, worker count and progress callback of a computation.

    Attributes:
        seed: seed of random draws.
        n_jobs: number of processes and threads, as in joblib.
        progress: progress callback; None for none.
    """

    seed: int = 0
    n_jobs: int = 1
    progress: Stages | None = None

    def begin(self, what: str) -> Callable[[float], None]:
        """Starts a stage; returns the callback for the fraction of it that is done."""

        def tell(fraction: float) -> None:
            if self.progress is not None:
                self.progress(what, fraction)

        tell(0.0)
        return tell
