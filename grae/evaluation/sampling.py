"""Samples of a model for evaluation, decoded under its constraints and under the grammar alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from grae.density.blocks import code_blocks
from grae.shards import Shard

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.decoding import Decoding


class Samples(NamedTuple):
    """Strings decoded from codes drawn from a density, in the form that the model learned.

    Attributes:
        texts: decoded under the requested constraints; None for an incomplete derivation.
        without: decoded from the same codes under the grammar alone; None if `texts` are too, or under a template,
            whose fixed part the grammar alone seldom completes to a valid string.
    """

    texts: Sequence[str | None]
    without: list[str] | None


def drawn(model: "GrammarAutoencoder", n: int, decoding: "Decoding", density: str | None = None) -> Samples:
    """Samples from a density; decoded twice under semantic constraints.

    Args:
        model: a fitted model.
        n: number of samples.
        decoding: options of decoding; its seed is also that of the codes. Samples are always raw, one per code.
        density: name of a density; None for the model's default.

    Raises:
        SettingsError: as `GrammarAutoencoder.decodings`.
    """
    texts: list[str | None] = []
    without: list[str] = []
    for _, block in drawn_blocks(model, n, decoding, density):
        texts += block.texts
        without += block.without or ()
    return Samples(texts, without if _is_decoded_twice(model, decoding) else None)


def drawn_blocks(
    model: "GrammarAutoencoder", n: int, decoding: "Decoding", density: str | None = None, shard: Shard | None = None
) -> Iterator[tuple[int, Samples]]:
    """The samples of `drawn` in blocks (`grae.density.blocks`), with their numbers; memory does not grow with n.

    Args:
        model: as in `drawn`.
        n: number of samples of the whole job.
        decoding: as in `drawn`.
        density: as in `drawn`.
        shard: which of the blocks to draw; None for all.

    Raises:
        SettingsError: as `GrammarAutoencoder.decodings`.
    """
    twice = _is_decoded_twice(model, decoding)
    seed = model.random_state if decoding.seed is None else decoding.seed
    options: dict[str, Any] = {"temperature": decoding.temperature, "template": decoding.template, "raw": True}
    constraints = decoding.constraints
    for number, codes, own in code_blocks(model.sampled_density(density), n, seed, shard):
        if decoding.completion == "none":
            attempts = model.decodings(codes, 1, constraints=constraints, seed=own, **options)
            yield number, Samples([text for (text,) in attempts], None)
            continue
        texts = model.inverse_transform(codes, constraints=constraints, seed=own, **options)
        without = model.inverse_transform(codes, constraints="grammar", seed=own, **options) if twice else None
        yield number, Samples(texts, without)


def _is_decoded_twice(model: "GrammarAutoencoder", decoding: "Decoding") -> bool:
    is_forced = decoding.template is None and decoding.completion == "forced"
    return is_forced and model.constraints_used(decoding.constraints) == "semantic"
