"""Weights of productions (a probabilistic context-free grammar), and how often derivations use each production."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.errors import GrammarError
from grae.grammar.notation import at_line

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar
    from grae.grammar.codec import Derivations


class Fit(NamedTuple):
    """A grammar with estimated weights.

    Attributes:
        grammar: the grammar with the weights.
        uses: (P,) int64, number of uses of each production in the derivations.
        bits: mean negative log-probability of a derivation, to base 2.
    """

    grammar: "Grammar"
    uses: np.ndarray
    bits: float


def probabilities(grammar: "Grammar", weights: Sequence[float | None]) -> tuple[float, ...]:
    """Weights as probabilities of productions given their nonterminal.

    Args:
        grammar: a grammar without motifs.
        weights: one per production; None for all productions of a nonterminal makes them equal.

    Raises:
        GrammarError: a weight is negative or not finite, one is missing, or those of a nonterminal are all zero.
    """
    if len(weights) != grammar.n_productions:
        raise GrammarError(
            f"{grammar.name}: {len(weights)} weights for {grammar.n_productions} productions",
            remedy="give one weight for each production",
        )
    of_lhs: dict[object, list[int]] = defaultdict(list)
    for production in grammar.productions:
        of_lhs[production.lhs].append(production.id)
    result = [0.0] * len(weights)
    for numbers in of_lhs.values():
        given = [weight for number in numbers if (weight := weights[number]) is not None]
        for number in numbers if given else ():
            _check(grammar, number, weights[number])
        total = math.fsum(given)
        if given and not 0 < total < math.inf:
            message = "the weights of its alternatives are all zero" if total == 0 else "the weights have no finite sum"
            raise _error(grammar, numbers[0], message, "give at least one of them a positive weight")
        for place, number in enumerate(numbers):
            result[number] = given[place] / total if given else 1 / len(numbers)
    return tuple(result)


def fit_weights(grammar: "Grammar", derivations: "Derivations", smoothing: float = 0.0) -> Fit:
    """Estimates the weights from derivations: relative frequencies, the maximum-likelihood estimate.

    Args:
        grammar: a grammar without motifs.
        derivations: derivations of the grammar, at least one.
        smoothing: added to the count of each production; without it, unused productions get weight 0.

    Raises:
        GrammarError: there is no derivation, or the smoothing is negative.
    """
    if not len(derivations):
        raise GrammarError(
            f"no string of grammar {grammar.name!r} to estimate weights from", remedy="give strings of its language"
        )
    if not 0 <= smoothing < math.inf:
        raise GrammarError(f"a smoothing of {smoothing}", remedy="give 0 or a positive number")
    uses = np.bincount(derivations.ids, minlength=grammar.n_symbols)[: grammar.n_productions].astype(np.int64)
    lhs = grammar.tables.lhs
    seen = np.bincount(lhs, weights=uses, minlength=len(grammar.nonterminals)) + smoothing > 0
    weights = [float(use) + smoothing if seen[of] else None for use, of in zip(uses.tolist(), lhs, strict=True)]
    fitted = grammar.weighted(weights)
    assert fitted.weights is not None
    shares = np.array(fitted.weights)
    used = uses > 0
    bits = -float((uses[used] * np.log2(shares[used])).sum()) / len(derivations)
    return Fit(fitted, uses, bits)


def written_weight(weight: float) -> str:
    """A weight as spelled in a file, without an exponent, which nltk does not read."""
    return f"[{np.format_float_positional(weight, trim='0')}]"


def _check(grammar: "Grammar", number: int, weight: float | None) -> None:
    """Raises a GrammarError for a missing or impossible weight."""
    if weight is None:
        remedy = "give each alternative of a nonterminal a weight, or none of them"
        raise _error(grammar, number, "it has no weight, but others of its nonterminal have one", remedy)
    if not 0 <= weight < math.inf:
        raise _error(grammar, number, f"its weight is {weight}", "give 0 or a positive number")


def _error(grammar: "Grammar", number: int, message: str, remedy: str) -> GrammarError:
    production = grammar.productions[number]
    return GrammarError(f"{grammar.name}{at_line(production.line)}: '{production}': {message}", remedy=remedy)
