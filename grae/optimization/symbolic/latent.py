"""Formulas decoded by a model: from steps around the codes of the best formulas, and from samples of its density."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.optimization.space import LatentSpace

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

SHORTEST, LONGEST = 0.1, 3.0
"""Range of the standard deviation of a step, in standard units."""
SAMPLED = 0.25
"""Fraction of proposals that are samples of the density."""


class ModelProposals:
    """Proposals of a model; see `grae.optimization.symbolic.problem.Proposals`.

    Args:
        model: a model fitted to formulas of the grammar.
        grammar: grammar of formulas in the columns of the data.

    Raises:
        SettingsError: the model has another grammar.
    """

    def __init__(self, model: "GrammarAutoencoder", grammar: Grammar) -> None:
        own = model.language_grammar_
        own = own.plain
        if [(one.lhs, one.rhs) for one in own.productions] != [(one.lhs, one.rhs) for one in grammar.productions]:
            raise SettingsError(
                f"the model's grammar {own.name!r} is not the one of the formulas in these columns",
                remedy="train it on that grammar (grae.formulas.for_columns), or omit the model",
            )
        self.space = LatentSpace(model)

    def __call__(self, best: Sequence[str], n: int, seed: int) -> list[str]:
        """About `n` texts."""
        rng = np.random.default_rng(seed)
        encodable, codes = self.space.encoded(list(best))
        sampled = n if not encodable.any() else max(1, round(SAMPLED * n))
        density = self.space.model.sampled_density(None)
        points = [self.space.points(density.sample(sampled, int(rng.integers(2**31))))]
        if encodable.any() and n > sampled:
            anchors = self.space.points(codes)
            chosen = anchors[rng.integers(len(anchors), size=n - sampled)]
            lengths = np.exp(rng.uniform(np.log(SHORTEST), np.log(LONGEST), (len(chosen), 1)))
            points.append(chosen + lengths * rng.standard_normal(chosen.shape))
        return self.space.decode(np.concatenate(points), seed=int(rng.integers(2**31)))
