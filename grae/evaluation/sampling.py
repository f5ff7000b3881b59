"""Samples of a model to be measured: as its decoder writes them, and as it would under the grammar's rules alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints


class Samples(NamedTuple):
    """What codes drawn from a density decode to, in the form in which the model learned.

    Attributes:
        texts: under the constraints that were asked for; None where the derivation is incomplete.
        without: the same codes under the grammar's rules alone; None where that is what `texts` are.
    """

    texts: Sequence[str | None]
    without: list[str] | None


def drawn(
    model: "GrammarAutoencoder",
    n: int,
    *,
    density: str | None = None,
    temperature: float = 0.0,
    seed: int = 0,
    constraints: "Constraints | None" = None,
    completion: "Completion" = "forced",
) -> Samples:
    """Samples from a density, decoded twice where the constraints go beyond the grammar.

    Args:
        model: a fitted model.
        n: how many.
        density: a name; None for the model's own.
        temperature: of the decoder.
        seed: of the codes and of the decoder.
        constraints: as `GrammarAutoencoder.sample` takes them.
        completion: as `GrammarAutoencoder.decodings` takes it.

    Raises:
        SettingsError: as `GrammarAutoencoder.decodings`.
    """
    codes = model.density_named(density).sample(n, seed)
    if completion == "none":
        attempts = model.decodings(codes, 1, temperature=temperature, seed=seed, constraints=constraints, raw=True)
        return Samples([text for (text,) in attempts], None)

    def decoded(constraints: "Constraints | None") -> list[str]:
        return model.inverse_transform(codes, temperature=temperature, seed=seed, constraints=constraints, raw=True)

    beyond = model.constraints_used(constraints) == "semantic"
    return Samples(decoded(constraints), decoded("grammar") if beyond else None)
