"""Conditional sampling: samples that fulfill a condition."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grae.conditions.condition import Condition
from grae.conditions.steering import SteeredSamples, steered
from grae.errors import SettingsError
from grae.sequence.decoding import Decoding

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder


def sample_where(
    model: "GrammarAutoencoder",
    n: int,
    where: str | Condition,
    decoding: Decoding,
    *,
    density: str | None = None,
    attempts: int | None = None,
) -> SteeredSamples:
    """Samples distinct strings that fulfill a condition, `n` or fewer; see `steered`.

    Args:
        model: a fitted model.
        n: number of strings.
        where: the condition, as text or parsed.
        decoding: options of decoding; its seed is also that of the codes.
        density: name of a fitted density; None for the model's default.
        attempts: maximum number of decodings; None for 50 per string, and at least 10,000.

    Raises:
        ParseError, SettingsError: the condition cannot be parsed, the density is unknown or not fitted, or the model's
            strings cannot be decoded under the constraints.
    """
    if attempts is not None and attempts < 1:
        raise SettingsError(f"attempts (--attempts) is {attempts}", remedy="give at least 1")
    grammar = model.language_grammar_
    condition = Condition.read(where, grammar) if isinstance(where, str) else where
    drawn_from = model.sampled_density(density)

    def decode(codes: np.ndarray, seed: int) -> list[str]:
        return model._decode(codes, replace(decoding, seed=seed))

    seed = model.random_state if decoding.seed is None else decoding.seed
    return steered(
        n,
        condition,
        draw=drawn_from.sample,
        decode=decode,
        encode=lambda texts: model.transform(texts, on_invalid="nan"),
        identities=lambda texts: grammar.language.identities(grammar, texts),
        attempts=attempts,
        seed=seed,
    )
