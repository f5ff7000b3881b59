"""Regrowth: a part of a derivation is removed and re-derived by the decoder.

The remaining productions are forced, so that the decoder's state includes what precedes the gap, and the gap is filled
under the usual masks: the children are in the language. A part is a subtree, or a segment between a node and a
descendant with the same nonterminal that ends where it ends, such as atoms within a chain (see
`grae.grammar.sentential`).
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from grae.grammar.codec import Derivations
from grae.grammar.sentential import CHAIN, Forms, SententialForm, form_of, regrown, segmentable
from grae.grammar.splicing import subtree_sizes
from grae.sequence.decoding import Decoding, constraint_for, decode_derivations

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.sequence.estimator import GrammarAutoencoder

SEGMENTS = 0.5
"""Probability that a segment is removed instead of a subtree, if one begins at the chosen node."""


class Regrown(NamedTuple):
    """Children of derivations.

    Attributes:
        derivations: m derivations of the model's grammar, of at most its maximum length.
        rows: index of the parent of each, ascending, (m,) int64.
    """

    derivations: Derivations
    rows: np.ndarray


def regrow(
    model: "GrammarAutoencoder",
    derivations: Derivations,
    codes: np.ndarray,
    rng: np.random.Generator,
    *,
    decoding: Decoding | None = None,
) -> Regrown:
    """Derivations with a randomly chosen part re-derived by the decoder.

    Args:
        model: a fitted model.
        derivations: n derivations of the model's grammar.
        codes: codes used for decoding, (n, D) float32.
        rng: generator that chooses the parts.
        decoding: options; by default sampling at temperature 1 with a seed drawn from `rng`. One draw per code.

    Returns:
        The children, some of which may equal their parent. A parent has no child if no completion exists or the child
        remains incomplete.
    """
    decoding = decoding or Decoding(temperature=1.0, seed=int(rng.integers(2**31)))
    constraint = constraint_for(model, decoding.constraints)
    limit = model.settings_.max_length
    forms: list[SententialForm] = []
    rows: list[int] = []
    for row, form in enumerate(_forms(model.grammar_, derivations, rng)):
        if form.shortest <= limit and (
            constraint is None or constraint.started(form.symbols.tolist(), constraint.program) is not None
        ):
            forms.append(form)
            rows.append(row)
    if not rows:
        return Regrown(derivations[:0], np.empty(0, np.int64))
    children = decode_derivations(model, codes[np.array(rows)], decoding, Forms.of_each(forms))
    complete = np.flatnonzero(children.lengths)
    return Regrown(children[complete], np.array(rows)[complete])


def _forms(grammar: "Grammar", derivations: Derivations, rng: np.random.Generator) -> list[SententialForm]:
    """Each derivation with a gap for the subtree of a uniformly drawn node, or for a segment that begins at it."""
    lhs, may_chain = grammar.tables.lhs, segmentable(grammar)
    forms = []
    for derivation in derivations:
        ids = np.asarray(derivation)
        sizes = subtree_sizes(grammar, ids.astype(np.int32), np.array([0, len(ids)]))
        node = int(rng.integers(len(ids)))
        end = node + int(sizes[node])
        below = np.empty(0, np.int64)
        if may_chain[lhs[ids[node]]] and rng.random() < SEGMENTS:
            below = np.arange(node + 1, end)
            below = below[(lhs[ids[below]] == lhs[ids[node]]) & (below + sizes[below] == end)]
        if len(below):
            forms.append(form_of(grammar, [*ids[:node].tolist(), CHAIN, *ids[int(rng.choice(below)) :].tolist()]))
        else:
            forms.append(regrown(grammar, ids, node, end - node))
    return forms
