"""The interface of strategies, and the simplest one: samples of the model's density."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import numpy as np

from grae.optimization.candidates import Candidates, Known, Proposal
from grae.optimization.history import Record
from grae.optimization.space import LatentSpace

SAMPLED = 8
"""Codes sampled per string to score and try."""
TRIES = 50


class Strategy(Protocol):
    """Proposes the strings of each round.

    Proposals are a function of the settings, the number of the round and the records of the earlier rounds, so that a
    search killed within a round proposes the same strings again when it is resumed.

    Attributes:
        seconds: total duration of the parts of `propose`.
    """

    seconds: dict[str, float]

    def propose(self, number: int, n: int) -> list[Proposal]:
        """The `n` strings of round `number`, or fewer if no more new ones can be found."""
        ...

    def tell(self, records: Sequence[Record]) -> None:
        """Passes the records of a finished round."""
        ...


@runtime_checkable
class Movable(Strategy, Protocol):
    """A strategy that can continue in another latent space."""

    def move(self, space: LatentSpace) -> None:
        """Replaces the latent space; the codes of the same strings change."""
        ...


class RandomSearch:
    """Decoded samples of the model's density: the baseline.

    Args:
        space: the latent space.
        known: the strings with a score.
        temperature: temperature of the decoder.
        seed: seed of random draws.
    """

    def __init__(self, space: LatentSpace, known: Known, *, temperature: float = 0.0, seed: int = 0) -> None:
        self.space, self.known = space, known
        self.temperature, self.seed = temperature, seed
        self.seconds = {"decode": 0.0}

    def propose(self, number: int, n: int) -> list[Proposal]:
        """See Strategy."""
        density = self.space.model.sampled_density(None)
        rng = np.random.default_rng([self.seed, number])
        candidates = Candidates()
        for _ in range(TRIES):
            points = self.space.points(density.sample(SAMPLED * n, int(rng.integers(2**31))))
            seed = int(rng.integers(2**31))
            with timed(self.seconds, "decode"):
                candidates.decode(self.space, points, self.known, temperature=self.temperature, seed=seed)
            if len(candidates) >= n:
                break
        return candidates.proposals(list(range(min(n, len(candidates)))))

    def move(self, space: LatentSpace) -> None:
        """See Movable."""
        self.space = space

    def tell(self, records: Sequence[Record]) -> None:
        """See Strategy."""
        note(self.known, self.space, records)


@contextmanager
def timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    """A context that adds its duration to the seconds of a part."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds[part] = seconds.get(part, 0.0) + time.perf_counter() - began


def note(known: Known, space: LatentSpace, records: Sequence[Record]) -> None:
    """Adds the scored strings to the known ones."""
    texts = [record.string for record in records if record.string is not None]
    known.add(*texts, *space.identities(texts))
