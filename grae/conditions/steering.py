"""Sampling under a condition: each round, codes are drawn near those whose strings fulfil it, or violate it least.

A cross-entropy method in the latent space (after Rubinstein, Methodology and Computing in Applied Probability 1, 1999)
that keeps the elite as separate centers instead of fitting one Gaussian. The first round is drawn from the density, as
is a fraction of each later one. The rest of a round are steps from the elite: the codes whose strings fulfil the
condition or, while these are few, violate it least. The step lengths adapt to their success.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np

from grae.errors import GraeError, shortened

BATCH = 250
"""Maximum number of codes decoded together."""
FRESH = 0.1
"""Fraction of a round that is drawn from the density."""
LENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0, 1.2)
"""Standard deviations of a step, in units of those of the density's codes in each dimension."""
ELITE, FEWEST = 50, 10
"""Size of the elite while fewer than `FEWEST` strings fulfil the condition; then the elite is those that do."""
ATTEMPTS, LEAST_ATTEMPTS = 50, 10_000
"""Maximum number of decodings per requested string, and the minimum of this limit."""

Draw = Callable[[int, int], np.ndarray]
"""n and a seed -> n codes drawn from the density, (n, D)."""
Decode = Callable[[np.ndarray, int], Sequence[str]]
"""Codes (n, D) and a seed -> n strings."""
Encode = Callable[[Sequence[str]], np.ndarray]
"""n strings -> the code of each, (n, D); NaN if it cannot be encoded."""
Identities = Callable[[Sequence[str]], Sequence[str | None]]
"""n strings -> keys that are equal for equivalent strings; None for an invalid one."""


class Judge(Protocol):
    """The interface of `Condition` used here."""

    def measure(self, strings: Sequence[str]) -> dict[str, np.ndarray]:
        """The values of n strings, (n,) each."""
        ...

    def holds(self, numbers: dict[str, np.ndarray]) -> np.ndarray:
        """Which strings fulfil the condition, given their values, (n,) bool."""
        ...

    def violation(self, numbers: dict[str, np.ndarray]) -> np.ndarray:
        """The violation of each string, (n,) float64; 0 where the condition is fulfilled."""
        ...

    def shares(self, numbers: dict[str, np.ndarray]) -> dict[str, float]:
        """The fraction of strings that fulfil each claim."""
        ...


@dataclass(frozen=True, slots=True)
class SteeredSamples:
    """Strings that fulfil a condition.

    Attributes:
        texts: distinct strings, at most the number requested, in the order in which they were found.
        wanted: the number requested.
        decodings: number of codes decoded.
        distinct: number of distinct valid strings.
        fulfilling: number of these that fulfil the condition.
        density_share: fraction that fulfils it of the distinct valid strings drawn from the density; None without any.
        shares: fraction of all distinct valid strings that fulfils each claim.
        failures: failures of a user function, in words; "" for none.
    """

    texts: list[str]
    wanted: int
    decodings: int
    distinct: int
    fulfilling: int
    density_share: float | None
    shares: dict[str, float] = field(default_factory=dict)
    failures: str = ""

    def complete(self, condition: str) -> list[str]:
        """The strings, if there are as many as requested.

        Args:
            condition: the condition as text.

        Raises:
            ConditionUnmetError: there are fewer.
        """
        if len(self.texts) < self.wanted:
            raise ConditionUnmetError(condition, self)
        return self.texts

    def to_dict(self) -> dict[str, object]:
        """The counts and fractions for JSON."""
        return {name: value for name, value in asdict(self).items() if name not in ("texts", "wanted")}

    def __str__(self) -> str:
        said = f"{self.fulfilling:,} of {self.distinct:,} distinct strings fulfil it, in {self.decodings:,} decodings"
        if self.density_share is not None:
            said += f"; {self.density_share:.2%} of the density's own"
        return f"{said}; {self.failures}" if self.failures else said


class ConditionUnmetError(GraeError):
    """Too few strings fulfil a condition.

    Args:
        condition: the condition as text.
        samples: the strings found so far.
    """

    def __init__(self, condition: str, samples: SteeredSamples) -> None:
        self.samples = samples
        parts = "".join(f"\n  {share:8.2%} fulfil {claim}" for claim, share in samples.shares.items())
        counted = f"{len(samples.texts):,} of {samples.wanted:,} strings"
        super().__init__(
            f"{counted} were found that fulfil {shortened(condition)!r}: {samples}{parts}",
            remedy="ask for less, allow more decodings (--attempts), or a higher temperature (--temperature)",
        )


def steered(
    n: int,
    condition: Judge,
    *,
    draw: Draw,
    decode: Decode,
    encode: Encode,
    identities: Identities,
    attempts: int | None = None,
    seed: int = 0,
    fresh: float = FRESH,
) -> SteeredSamples:
    """Samples distinct strings that fulfil a condition; fewer than requested if the decodings do not suffice.

    Args:
        n: number of strings.
        condition: the condition.
        draw: draws codes from the density.
        decode: decodes codes into strings.
        encode: encodes strings. Steps start from a string's own code, which lies well inside the region that decodes to
            it, whereas a sampled code is often near its boundary.
        identities: computes keys that are equal for equivalent strings.
        attempts: maximum number of decodings; None for 50 per string, and at least 10,000.
        seed: random seed.
        fresh: fraction of each round that is drawn from the density; 1 for no steering.
    """
    most = max(LEAST_ATTEMPTS, ATTEMPTS * n) if attempts is None else attempts
    rng = np.random.default_rng(seed)
    pool = _Pool(condition, encode, identities)
    decodings = 0
    lengths = _Lengths()
    while decodings < most and pool.fulfilling < n:
        size = min(BATCH, most - decodings)
        own = size if not pool.texts else round(fresh * size)
        codes = draw(own if own else size, int(rng.integers(2**31)))
        chosen = np.full(size, -1)
        if own < size:
            chosen[own:] = lengths.choose(size - own, rng)
            steps = _steps(pool.elite(), np.std(codes, axis=0), np.array(LENGTHS)[chosen[own:]], rng)
            codes = np.concatenate([codes[:own], steps])
        texts = decode(codes.astype(np.float32), int(rng.integers(2**31)))
        lengths.note(chosen, pool.add(texts, codes, fresh=chosen < 0))
        decodings += size
    return pool.samples(n, decodings)


def _steps(elite: np.ndarray, scale: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Steps of given lengths (n,) from the elite (m, D): codes (n, D)."""
    centers = elite[rng.integers(len(elite), size=len(lengths))]
    return centers + lengths[:, None] * scale * rng.standard_normal(centers.shape)


class _Lengths:
    """Chooses step lengths in proportion to their squared recent success rates."""

    MEMORY = 0.8
    EVEN = 0.2
    """Fraction of the steps that is divided equally among all lengths."""

    def __init__(self) -> None:
        self.tried, self.good = np.full(len(LENGTHS), 10.0), np.ones(len(LENGTHS))

    def choose(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Indices into `LENGTHS`, (n,)."""
        rates = np.square(self.good / self.tried)
        return rng.choice(len(LENGTHS), n, p=(1 - self.EVEN) * rates / rates.sum() + self.EVEN / len(LENGTHS))

    def note(self, chosen: np.ndarray, good: np.ndarray) -> None:
        """Records the outcome of codes: the index of the step length of each, -1 for none, and whether it succeeded."""
        for place in range(len(LENGTHS)):
            mine = chosen == place
            self.tried[place] = self.MEMORY * self.tried[place] + mine.sum() + 1
            self.good[place] = self.MEMORY * self.good[place] + (mine & good).sum() + 0.1


class _Pool:
    """The distinct valid strings decoded so far, with their codes and values."""

    def __init__(self, condition: Judge, encode: Encode, identities: Identities) -> None:
        self.condition, self.encode, self.identities = condition, encode, identities
        self.own: dict[int, np.ndarray] = {}
        self.seen: set[str] = set()
        self.texts: list[str] = []
        self.codes: list[np.ndarray] = []
        self.fresh: list[bool] = []
        self.numbers: dict[str, np.ndarray] = {}
        self.holds = np.empty(0, bool)

    @property
    def fulfilling(self) -> int:
        return int(self.holds.sum())

    def add(self, texts: Sequence[str], codes: np.ndarray, *, fresh: np.ndarray) -> np.ndarray:
        """Adds the new ones of some strings; returns which of the given strings are new and in the elite, (n,) bool.

        Args:
            texts: n strings.
            codes: their codes, (n, D).
            fresh: whether each code was drawn from the density, (n,) bool.
        """
        distinct = list(dict.fromkeys(texts))
        forms = dict(zip(distinct, self.identities(distinct), strict=True))
        rows: list[int] = []
        for row, text in enumerate(texts):
            form = forms[text]
            if form is not None and form not in self.seen:
                self.seen.add(form)
                rows.append(row)
        good = np.zeros(len(texts), bool)
        if not rows:
            return good
        measured = self.condition.measure([texts[row] for row in rows])
        self.numbers = {
            name: np.concatenate([self.numbers.get(name, np.empty(0)), values]) for name, values in measured.items()
        }
        self.texts += (texts[row] for row in rows)
        self.codes += list(codes[rows])
        self.fresh += fresh[rows].tolist()
        self.holds = np.concatenate([self.holds, self.condition.holds(measured)])
        elite = np.zeros(len(self.texts), bool)
        elite[self._elite()] = True
        good[rows] = elite[-len(rows) :]
        return good

    def elite(self) -> np.ndarray:
        """The codes of the elite, (m, D)."""
        rows = self._elite().tolist()
        new = [row for row in rows if row not in self.own]
        if new:
            for row, code in zip(new, self.encode([self.texts[row] for row in new]), strict=True):
                self.own[row] = self.codes[row] if np.isnan(code).any() else code
        return np.stack([self.own[row] for row in rows])

    def _elite(self) -> np.ndarray:
        if self.fulfilling >= FEWEST:
            return np.flatnonzero(self.holds)
        return np.argsort(self.condition.violation(self.numbers), kind="stable")[:ELITE]

    def samples(self, n: int, decodings: int) -> SteeredSamples:
        fresh = np.array(self.fresh, bool)
        failures = getattr(self.condition, "failures", None)
        return SteeredSamples(
            [self.texts[row] for row in np.flatnonzero(self.holds)[:n]],
            n,
            decodings,
            len(self.texts),
            self.fulfilling,
            float(self.holds[fresh].mean()) if fresh.any() else None,
            self.condition.shares(self.numbers) if self.texts else {},
            f"a function in it failed: {failures}" if failures else "",
        )
