"""Proposers of candidates: moves between derivations, steps in the latent space, samples of the density."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np

from grae.grammar import codec
from grae.grammar.codec import Derivations
from grae.grammar.moves import Moves
from grae.optimization.candidates import Known
from grae.optimization.population import Reader, Strings, by_levels, ranks
from grae.optimization.space import LatentSpace

Utility = Callable[[Strings], np.ndarray]
"""How promising strings are, (n,) float64; higher is better."""


class Found(NamedTuple):
    """New strings of a proposer.

    Attributes:
        strings: valid, new strings with distinct forms.
        attempts: number of strings generated to find them.
        valid: number of these that were valid.
    """

    strings: Strings
    attempts: int
    valid: int


class Basis(NamedTuple):
    """The input of proposers.

    Attributes:
        strings: the known strings, best first.
        values: values of the known strings, (n,) float64, higher is better.
        known: all strings with a score.
        here: forms of this round's candidates; proposers add theirs.
    """

    strings: Strings
    values: np.ndarray
    known: Known
    here: set[str]


class Proposer(Protocol):
    """Generates new strings, as a function of the known strings and the random generator only.

    Attributes:
        ranked: whether the surrogate ranks the new strings; otherwise they are selected at random.
    """

    ranked: bool

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """New strings, at least `n` if possible.

        Args:
            basis: the known strings.
            n: number of strings to score.
            utility: acquisition function; None without a surrogate.
            rng: random generator.
        """
        ...


class DerivationMoves:
    """Children of the best derivations; with a utility, also children of the most promising children.

    With a utility, this is a genetic algorithm that maximizes it (Tripp and Hernandez-Lobato 2023 maximize that of a
    Gaussian process on molecules in this way).

    Args:
        reader: prepares strings for comparison.
        moves: moves between the derivations of its grammar.
        max_length: maximum number of productions of a child.
        children: pairs of parents per generation.
        generations: number of generations with a utility.
        ranked: see Proposer.
    """

    BREED = 200
    """Number of most promising candidates that can be parents of the next generation."""
    PORTION = 20
    """Children per string to score, without a utility."""
    TRIES = 10
    ANY = 0.5
    """Fraction of donors drawn uniformly from the known strings: poor strings can contain good fragments."""

    def __init__(
        self,
        reader: Reader,
        moves: Moves,
        *,
        max_length: int,
        children: int = 1000,
        generations: int = 5,
        ranked: bool = True,
    ) -> None:
        self.reader, self.moves, self.max_length, self.ranked = reader, moves, max_length, ranked
        self.children, self.generations = children, generations

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """See Proposer."""
        breed: Strings | None = None
        parts: list[Strings] = []
        attempts = valid = total = 0
        rounds = self.TRIES if utility is None else self.generations
        size = self.PORTION * n if utility is None else self.children
        for _ in range(rounds):
            texts = self._children(basis, breed, size, rng)
            strings, good = self.reader.new(texts, basis.known, basis.here)
            attempts, valid, total = attempts + len(texts), valid + good, total + len(strings)
            if len(strings):
                parts.append(strings)
            if utility is None:
                if total >= n:
                    break
                continue
            both = [part for part in (breed, strings) if part is not None and len(part)]
            if both:
                pool = Strings.join(both, self.reader.grammar)
                breed = pool.rows(np.argsort(-utility(pool), kind="stable")[: self.BREED])
        return Found(Strings.join(parts, self.reader.grammar), attempts, valid)

    def _children(self, basis: Basis, breed: Strings | None, n: int, rng: np.random.Generator) -> list[str]:
        """Distinct children of the known strings; a parent is a promising candidate (`breed`) with probability 1/2."""
        known = basis.strings
        receivers, donors = by_levels(basis.values, n, rng), by_levels(basis.values, n, rng)
        anyone = rng.random(n) < self.ANY
        donors[anyone] = rng.integers(len(known), size=int(anyone.sum()))
        used: list[Derivations] = [known.derivations]
        if breed is not None and len(breed):
            used.append(breed.derivations)
            for rows in (receivers, donors):
                promising = rng.random(n) < 0.5
                rows[promising] = len(known) + ranks(len(breed), int(promising.sum()), rng)
        rows, places = np.unique(np.concatenate([receivers, donors]), return_inverse=True)
        early, late = rows[rows < len(known)], rows[rows >= len(known)] - len(known)
        picked = [used[0][early], *([used[1][late]] if len(late) else [])]
        parents = self.moves.parents(Derivations.concatenate(picked, self.reader.grammar.dtype))
        children = self.moves.children(parents, places[:n], places[n:], rng, max_length=self.max_length)
        return list(dict.fromkeys(codec.decode(self.reader.grammar, children)))


class LatentSteps:
    """Decoded steps of various lengths from the codes of the best strings.

    Args:
        space: the latent space.
        reader: prepares strings for comparison.
        temperature: temperature of the decoder.
        portion: number of points decoded together.
        enough: number of new strings after which no more points are decoded.
        portions: maximum number of portions.
    """

    ranked = True
    SHORTEST, LONGEST = 0.1, 3.0
    """Range of the standard deviation of a step, in standard units."""
    PERTURBED = 20
    """Maximum mean number of dimensions that a step changes."""
    ANCHORS = 200
    """Maximum number of best encodable strings from which steps start."""

    REFINED = 30
    """Maximum number of gradient steps to refine the code of a leading string until it decodes to the string."""

    def __init__(
        self,
        space: LatentSpace,
        reader: Reader,
        *,
        temperature: float = 0.0,
        portion: int = 250,
        enough: int = 200,
        portions: int = 3,
    ) -> None:
        self.space, self.reader, self.temperature = space, reader, temperature
        self.portion, self.enough, self.portions = portion, enough, portions
        self._points: dict[str, np.ndarray] = {}
        self._leading: set[str] = set()

    def learn(self, texts: Sequence[str], leading: np.ndarray) -> None:
        """Adds scored strings; the codes of `leading` ones, (n,) bool, which are among the best known, are refined.

        The strings are encoded at once, in one batch: rounding errors of codes depend on the batch, and a resumed
        search must compute the same codes.
        """
        for rows, refine in ((~leading, 0), (leading, self.REFINED)):
            batch = [texts[row] for row in np.flatnonzero(rows).tolist()]
            encodable, codes = self.space.encoded(batch, refine=refine)
            encoded = [text for text, fits in zip(batch, encodable.tolist(), strict=True) if fits]
            self._points |= dict(zip(encoded, self.space.points(codes), strict=True))
        self._leading.update(texts[row] for row in np.flatnonzero(leading).tolist())

    def move(self, space: LatentSpace) -> None:
        """Replaces the latent space."""
        texts, self.space, self._points = list(self._points), space, {}
        self.learn(texts, np.array([text in self._leading for text in texts], bool))

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """See Proposer. The steps of a round grow while few decoded strings are new."""
        points = self._anchors(basis.strings.texts)
        parts: list[Strings] = []
        attempts = valid = total = 0
        longer = 1.0
        for _ in range(self.portions if len(points) else 0):
            steps = self._steps(points, longer, rng)
            decoded = self.space.decode(steps, temperature=self.temperature, seed=int(rng.integers(2**31)))
            texts = list(dict.fromkeys(decoded))
            strings, good = self.reader.new(texts, basis.known, basis.here)
            attempts, valid, total = attempts + len(texts), valid + good, total + len(strings)
            if len(strings):
                parts.append(strings)
            if total >= max(self.enough, 2 * n):
                break
            if len(strings) < 0.3 * len(decoded):
                longer *= 1.5
        return Found(Strings.join(parts, self.reader.grammar), attempts, valid)

    def _anchors(self, texts: Sequence[str]) -> np.ndarray:
        """The points of the best strings that the model can encode, (m, D), best first."""
        encoded = (self._points[text] for text in texts if text in self._points)
        anchors = list(islice(encoded, self.ANCHORS))
        return np.stack(anchors) if anchors else np.empty((0, self.space.dim))

    def _steps(self, points: np.ndarray, longer: float, rng: np.random.Generator) -> np.ndarray:
        """Points around the anchors, (portion, D): steps of various lengths, a third from between two anchors."""
        n, dim = self.portion, self.space.dim
        centers = points[ranks(len(points), n, rng)]
        others = points[ranks(len(points), n, rng)]
        mixed = np.where(rng.random((n, 1)) < 1 / 3, rng.uniform(0, 0.7, (n, 1)), 0.0)
        centers = (1 - mixed) * centers + mixed * others
        spread = np.log([self.SHORTEST * longer, self.LONGEST])
        lengths = np.exp(rng.uniform(min(spread), max(spread), (n, 1)))
        changed = rng.random((n, dim)) < min(1.0, self.PERTURBED / dim)
        return centers + lengths * rng.standard_normal((n, dim)) * changed


class DensitySamples:
    """Decoded samples of the model's density.

    Args:
        space: the latent space.
        reader: prepares strings for comparison.
        temperature: temperature of the decoder.
    """

    ranked = True
    SAMPLED = 8
    """Codes sampled per string to score."""
    LEAST = 100

    def __init__(self, space: LatentSpace, reader: Reader, *, temperature: float = 0.0) -> None:
        self.space, self.reader, self.temperature = space, reader, temperature

    def move(self, space: LatentSpace) -> None:
        """Replaces the latent space."""
        self.space = space

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """See Proposer."""
        size = max(self.SAMPLED * n, self.LEAST)
        codes = self.space.model.sampled_density(None).sample(size, int(rng.integers(2**31)))
        seed = int(rng.integers(2**31))
        texts = self.space.decode(self.space.points(codes), temperature=self.temperature, seed=seed)
        distinct = list(dict.fromkeys(texts))
        strings, valid = self.reader.new(distinct, basis.known, basis.here)
        return Found(strings, len(distinct), valid)


class Regrowth:
    """Children of the best strings, in which the decoder regrows a random part of the derivation, given the code.

    Args:
        space: the latent space.
        reader: prepares strings for comparison.
    """

    ranked = True
    CHILDREN = 200
    """Number of children per round."""
    PARENTS = 100
    """Maximum number of distinct parents."""

    def __init__(self, space: LatentSpace, reader: Reader) -> None:
        self.space, self.reader = space, reader

    def move(self, space: LatentSpace) -> None:
        """Replaces the latent space."""
        self.space = space

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """See Proposer."""
        drawn = by_levels(basis.values, self.CHILDREN, rng)
        rows = list(dict.fromkeys(drawn.tolist()))[: self.PARENTS]
        regrown = self.space.regrown([basis.strings.texts[row] for row in rows], self.CHILDREN, rng)
        texts = list(dict.fromkeys(regrown))
        strings, valid = self.reader.new(texts, basis.known, basis.here)
        return Found(strings, len(texts), valid)
