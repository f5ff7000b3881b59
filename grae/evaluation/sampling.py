"""Samples of a model for evaluation, decoded under its constraints and under the grammar alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from grae.density.blocks import code_blocks
from grae.shards import Shard

if TYPE_CHECKING:
    from grae.grammar.template import Template
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints


class Samples(NamedTuple):
    """Strings decoded from codes drawn from a density, in the form that the model learned.

    Attributes:
        texts: decoded under the requested constraints; None for an incomplete derivation.
        without: decoded from the same codes under the grammar alone; None where `texts` are, or under a template, whose
            fixed part the grammar alone seldom completes to a valid string.
    """

    texts: Sequence[str | None]
    without: list[str] | None


def _is_decoded_twice(
    model: "GrammarAutoencoder",
    constraints: "Constraints | None",
    completion: "Completion",
    template: "Template | None",
) -> bool:
    return template is None and completion == "forced" and model.constraints_used(constraints) == "semantic"


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
    texts: list[str | None] = []
    without: list[str] = []
    given: dict[str, Any] = {"temperature": temperature, "constraints": constraints, "template": template}
    beyond = _is_decoded_twice(model, constraints, completion, template)
    for _, block in drawn_blocks(model, n, density=density, seed=seed, completion=completion, **given):
        texts += block.texts
        without += block.without or ()
    return Samples(texts, without if beyond else None)


def drawn_blocks(
    model: "GrammarAutoencoder",
    n: int,
    *,
    density: str | None = None,
    temperature: float = 0.0,
    seed: int = 0,
    constraints: "Constraints | None" = None,
    completion: "Completion" = "forced",
    template: "Template | None" = None,
    shard: Shard | None = None,
) -> Iterator[tuple[int, Samples]]:
    """The samples of `drawn` in blocks (`grae.density.blocks`), with their numbers; memory does not grow with n.

    Args:
        model: as in `drawn`.
        n: number of samples of the whole job.
        density: as in `drawn`.
        temperature: as in `drawn`.
        seed: as in `drawn`.
        constraints: as in `drawn`.
        completion: as in `drawn`.
        template: as in `drawn`.
        shard: which of the blocks to draw; None for all.

    Raises:
        SettingsError: as `GrammarAutoencoder.decodings`.
    """
    beyond = _is_decoded_twice(model, constraints, completion, template)
    for number, codes, own in code_blocks(model.density_named(density), n, seed, shard):
        given: dict[str, Any] = {"temperature": temperature, "seed": own, "template": template, "raw": True}
        if completion == "none":
            attempts = model.decodings(codes, 1, constraints=constraints, **given)
            yield number, Samples([text for (text,) in attempts], None)
            continue
        texts = model.inverse_transform(codes, constraints=constraints, **given)
        yield number, Samples(texts, model.inverse_transform(codes, constraints="grammar", **given) if beyond else None)
