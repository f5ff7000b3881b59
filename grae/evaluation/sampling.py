"""Samples of a model for evaluation, decoded under its constraints and under the grammar alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from grae.grammar.template import Template
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints


class Samples(NamedTuple):
    """Strings decoded from codes drawn from a density, in the form that the model learned.

    Attributes:
        texts: decoded under the requested constraints; None for an incomplete derivation.
        without: decoded from the same codes under the grammar alone; None where `texts` are.
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
    template: "Template | None" = None,
) -> Samples:
    """Samples from a density; decoded twice under semantic constraints.

    Args:
        model: a fitted model.
        n: number of samples.
        density: name; None for the model's default.
        temperature: as in `GrammarAutoencoder.sample`.
        seed: seed of codes and decoding.
        constraints: as in `GrammarAutoencoder.sample`.
        completion: as in `GrammarAutoencoder.decodings`.
        template: as in `GrammarAutoencoder.sample`.

    Raises:
        SettingsError: as `GrammarAutoencoder.decodings`.
    """
    codes = model.density_named(density).sample(n, seed)
    given: dict[str, Any] = {"temperature": temperature, "seed": seed, "template": template, "raw": True}
    if completion == "none":
        attempts = model.decodings(codes, 1, constraints=constraints, **given)
        return Samples([text for (text,) in attempts], None)

    def decoded(constraints: "Constraints | None") -> list[str]:
        return model.inverse_transform(codes, constraints=constraints, **given)

    beyond = model.constraints_used(constraints) == "semantic"
    return Samples(decoded(constraints), decoded("grammar") if beyond else None)
