"""Samples of a model to be measured: as its decoder writes them, and as it would under the grammar's rules alone."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Constraints


class Samples(NamedTuple):
    """What codes drawn from a density decode to, in the form in which the model learned.

    Attributes:
        texts: under the constraints that were asked for.
        without: the same codes under the grammar's rules alone; None where that is what `texts` are.
    """

    texts: list[str]
    without: list[str] | None


def drawn(
    model: "GrammarAutoencoder",
    n: int,
    *,
    density: str | None = None,
    temperature: float = 0.0,
    seed: int = 0,
    constraints: "Constraints | None" = None,
) -> Samples:
    """Samples from a density, decoded twice where the constraints go beyond the grammar.

    Args:
        model: a fitted model.
        n: how many.
        density: a name; None for the model's own.
        temperature: of the decoder.
        seed: of the codes and of the decoder.
        constraints: as `GrammarAutoencoder.sample` takes them.

    Raises:
        SettingsError: as `GrammarAutoencoder.sample`.
    """
    codes = model.density_named(density).sample(n, seed)

    def decoded(constraints: "Constraints | None") -> list[str]:
        return model.inverse_transform(codes, temperature=temperature, seed=seed, constraints=constraints, raw=True)

    beyond = model.constraints_used(constraints) == "semantic"
    return Samples(decoded(constraints), decoded("grammar") if beyond else None)
