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
        strings: valid, new, each of another form.
        attempts: strings looked at to find them.
        valid: of those, the valid ones.
    """

    strings: Strings
    attempts: int
    valid: int


class Basis(NamedTuple):
    """What proposals start from.

    Attributes:
        strings: the known, best first.
        values: of each, (n,) float64, higher better.
        known: all that has a score.
        here: forms that are candidates of this round already; proposers add theirs.
    """

    strings: Strings
    values: np.ndarray
    known: Known
    here: set[str]


class Proposer(Protocol):
    """Finds new strings, as a function of what is known and of a generator alone.

    Attributes:
        ranked: whether the surrogate chooses among them; otherwise any are taken.
    """

    ranked: bool

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """New strings, at least `n` if possible.

        Args:
            basis: what is known.
            n: strings that the round wants.
            utility: says what is promising; None where nothing does.
            rng: draws.
        """
        ...


class DerivationMoves:
    """Children of the best derivations; where a utility says what is promising, children of such children too.

    The latter is a genetic algorithm that maximizes the utility (as Tripp and Hernandez-Lobato 2023 maximize that of a
    Gaussian process on molecules).

    Args:
        reader: of strings.
        moves: between the derivations of its grammar.
        max_length: the most productions of a child.
        children: pairs of parents a generation.
        generations: where there is a utility.
        ranked: see Proposer.
    """

    BREED = 200
    """Candidates that the next generation may come from."""
    PORTION = 20
    """Children for each string wanted, where nothing ranks them."""
    TRIES = 10
    ANY = 0.5
    """How often the donor is any known string: a fragment can be worth more than the string it stands in."""

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
        """Distinct children of the known, and in half of the pairs of the most promising candidates."""
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
    """Steps of many lengths from the codes of the best, decoded.

    Args:
        space: the latent space.
        reader: of strings.
        temperature: of the decoder.
        portion: points decoded together.
        enough: new strings after which no more are decoded.
        portions: at most.
    """

    ranked = True
    SHORTEST, LONGEST = 0.1, 3.0
    """Standard deviation of a step, in standard units."""
    PERTURBED = 20
    """Dimensions that a step changes on average, at most."""
    ANCHORS = 200
    """Strings, the best that the model can encode, from which steps start."""

    REFINED = 30
    """Gradient steps on the code of one of the best strings, at most, until it decodes to the string."""

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
        """Adds scored strings; `leading`, (n,) bool, says which are among the best known: their codes are refined.

        They are encoded now, together: codes differ by rounding with what else is encoded, and a search that is resumed
        has to see the same.
        """
        for rows, refine in ((~leading, 0), (leading, self.REFINED)):
            batch = [texts[row] for row in np.flatnonzero(rows).tolist()]
            encodable, codes = self.space.encoded(batch, refine=refine)
            encoded = [text for text, fits in zip(batch, encodable.tolist(), strict=True) if fits]
            self._points |= dict(zip(encoded, self.space.points(codes), strict=True))
        self._leading.update(texts[row] for row in np.flatnonzero(leading).tolist())

    def move(self, space: LatentSpace) -> None:
        """Takes another latent space from now on."""
        texts, self.space, self._points = list(self._points), space, {}
        self.learn(texts, np.array([text in self._leading for text in texts], bool))

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """See Proposer. The steps of a round grow while most of what is decoded is known."""
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
        """Points around the anchors, (portion, D): steps of many lengths, a third of them from between two anchors."""
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
    """Samples of the model's density, decoded.

    Args:
        space: the latent space.
        reader: of strings.
        temperature: of the decoder.
    """

    ranked = True
    SAMPLED = 8
    """Codes for each string wanted."""
    LEAST = 100

    def __init__(self, space: LatentSpace, reader: Reader, *, temperature: float = 0.0) -> None:
        self.space, self.reader, self.temperature = space, reader, temperature

    def move(self, space: LatentSpace) -> None:
        """Takes another latent space from now on."""
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
    """The best strings, in each of which the decoder derives a random part again, given the string's code.

    Args:
        space: the latent space.
        reader: of strings.
    """

    ranked = True
    CHILDREN = 200
    """Children of a round."""
    PARENTS = 100
    """Distinct strings that they are made of, at most."""

    def __init__(self, space: LatentSpace, reader: Reader) -> None:
        self.space, self.reader = space, reader

    def move(self, space: LatentSpace) -> None:
        """Takes another latent space from now on."""
        self.space = space

    def propose(self, basis: Basis, n: int, utility: Utility | None, rng: np.random.Generator) -> Found:
        """See Proposer."""
        drawn = by_levels(basis.values, self.CHILDREN, rng)
        rows = list(dict.fromkeys(drawn.tolist()))[: self.PARENTS]
        regrown = self.space.regrown([basis.strings.texts[row] for row in rows], self.CHILDREN, rng)
        texts = list(dict.fromkeys(regrown))
        strings, valid = self.reader.new(texts, basis.known, basis.here)
        return Found(strings, len(texts), valid)
