"""The latent space of a search: codes in standard units, and equivalence of strings."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.grammar import codec
from grae.grammar.codec import Derivations
from grae.optimization.limits import Limits
from grae.optimization.screen import Screen

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

CHUNK = 2_000  # strings encoded at a time
STANDARD = "gaussian"
"""The density that defines standard units: the Gaussian of the training codes."""
DRAWN = 10_000  # codes sampled from it


class LatentSpace:
    """A fitted model's codes, in standard units.

    A point is a code minus the mean of the training codes, divided by their standard deviation in each dimension, so
    that steps are comparable between dimensions and models. (Both are those of the Gaussian fitted to the training
    codes, whatever density the model is sampled from: the codes of a variational autoencoder can be far narrower than
    its N(0, I).) Codes (n, D) are float32 as the model computes them; points (n, D) are float64.

    Args:
        model: a fitted model.
        decoding: further arguments of `model.inverse_transform` besides the codes, the temperature and the seed.
        screen: determines which strings may be proposed; its template, if any, also constrains decoding.
    """

    def __init__(
        self, model: "GrammarAutoencoder", decoding: Mapping[str, Any] | None = None, screen: Screen | None = None
    ) -> None:
        self.model = model
        self.screen = screen or Screen(Limits())
        self.decoding = dict(decoding or {})
        if self.screen.template is not None:
            self.decoding["template"] = self.screen.template
        drawn = model.density_named(STANDARD).sample(DRAWN, 0).astype(np.float64)
        self.center = drawn.mean(axis=0)
        spread = drawn.std(axis=0)
        self.scale = np.maximum(spread, 1e-6 * max(float(np.sqrt(np.square(spread).mean())), 1e-12))

    def identities(self, texts: Sequence[str]) -> list[str | None]:
        """Keys that are equal for equivalent strings, None for invalid ones; see `Language.identities`."""
        grammar = self.model.language_grammar_
        return grammar.language.identities(grammar, texts)

    @property
    def dim(self) -> int:
        """The latent dimension D."""
        return len(self.center)

    def points(self, codes: np.ndarray) -> np.ndarray:
        """Codes as points."""
        return (np.asarray(codes, np.float64) - self.center) / self.scale

    def codes(self, points: np.ndarray) -> np.ndarray:
        """Points as codes."""
        return (points * self.scale + self.center).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """The codes of strings.

        Raises:
            ParseError, DataError: the model cannot encode a string.
        """
        return self.model.transform(texts) if len(texts) else np.empty((0, self.dim), np.float32)

    def decode(self, points: np.ndarray, *, temperature: float = 0.0, seed: int = 0) -> list[str]:
        """The strings that points decode to."""
        if not len(points):
            return []
        return self.model.inverse_transform(self.codes(points), temperature=temperature, seed=seed, **self.decoding)

    def decodings(self, points: np.ndarray, n: int, *, temperature: float, seed: int) -> list[list[str | None]]:
        """Strings sampled from each point as the published models decode; None for an incomplete derivation.

        Under the language's rules, completion is forced, since only complete strings can satisfy them.
        """
        under_rules = self.model.constraints_used(self.decoding.get("constraints")) == "semantic"
        return self.model.decodings(
            self.codes(points),
            n,
            temperature=temperature,
            seed=seed,
            completion="forced" if under_rules else "none",
            **self.decoding,
        )

    def regrown(self, texts: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
        """Children of strings, a random part of which the decoder regrows, at temperature 1, from codes near theirs.

        Args:
            texts: parents, used equally often; those that the model cannot encode are skipped.
            n: maximum number of children.
            rng: random generator.
        """
        from grae.sequence.decoding import Decoding
        from grae.sequence.regrowth import regrow

        derivations = self.derived(texts)[2]
        if not len(derivations):
            return []
        rows = np.arange(n) % len(derivations)
        points = self.points(self.model.encode(derivations))[rows]
        codes = self.codes(points + rng.random((n, 1)) * rng.standard_normal(points.shape))
        decoding = Decoding(1.0, int(rng.integers(2**31)), self.decoding.get("constraints"))
        children = regrow(self.model, derivations[rows], codes, rng, decoding=decoding).derivations
        return codec.decode(self.model.grammar_, children)

    def derived(self, texts: Sequence[str]) -> tuple[list[str], list[str], Derivations]:
        """The strings that the model can encode, their spellings as in its training set, and their derivations.

        Args:
            texts: n strings.

        Returns:
            At most n strings, and the spelling and the derivation (for `model.encode`) of each.
        """
        encoded = self.model.derive(texts, on_invalid="skip")
        given = [texts[int(row)] for row in encoded.rows]
        return given, codec.decode(self.model.grammar_, encoded.derivations), encoded.derivations

    def admitted(self, texts: Sequence[str]) -> set[str]:
        """The valid strings that may be proposed."""
        if not self.screen:
            return set(texts)
        plain = self.model.language_grammar_
        grammar = plain.plain
        encoded = codec.encode(grammar, texts, on_invalid="skip")
        rows: list[int] = encoded.rows.tolist()
        inside = [texts[row] for row in rows]
        admitted = self.screen.admit(grammar, inside, encoded.derivations)
        return {text for text, fits in zip(inside, admitted.tolist(), strict=True) if fits}

    def encoded(
        self, texts: Sequence[str], progress: Callable[[float], None] | None = None, *, refine: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which strings the model can encode, (n,) bool, and their codes (m, D), computed in chunks.

        Args:
            texts: n strings.
            progress: called with the fraction of strings encoded.
            refine: see `GrammarAutoencoder.encode`.
        """
        codes = [np.empty((0, self.dim), np.float32)]
        for first in range(0, len(texts), CHUNK):
            codes.append(self.model.transform(texts[first : first + CHUNK], on_invalid="nan", refine=refine))
            if progress is not None:
                progress(min(first + CHUNK, len(texts)) / len(texts))
        every = np.concatenate(codes)
        encodable = ~np.isnan(every[:, 0])
        return encodable, every[encodable]
