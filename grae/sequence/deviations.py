"""Decodings that deviate from the greedy one, at the steps with the smallest margins."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from grae.autoencoder import once
from grae.grammar.codec import Derivations
from grae.grammar.sentential import SententialForm, form_of

if TYPE_CHECKING:
    from grae.constraints import Constraint
    from grae.sequence.estimator import GrammarAutoencoder

BATCH = 256  # derivations per batch


def deviations(
    model: "GrammarAutoencoder",
    codes: np.ndarray,
    derivations: Derivations,
    most: int,
    constraint: "Constraint | None" = None,
) -> list[list[SententialForm]]:
    """Prefixes of derivations that end in an alternative production, from which decoding continues.

    The alternative at each step is the second-best production of the nonterminal. Steps are ordered by margin, the
    difference of the two logits, smallest first.

    Args:
        model: a fitted model.
        codes: (n, D) float32.
        derivations: the greedy decodings of the codes.
        most: maximum number of prefixes per derivation; those that cannot be completed are omitted.
        constraint: constraint of decoding; None for the grammar alone.

    Returns:
        The prefixes of each derivation, in order.
    """
    forms: list[list[SententialForm]] = []
    for first in range(0, len(codes), BATCH):
        rows = np.arange(first, min(first + BATCH, len(codes)))
        others, margins = _runners_up(model, codes[rows], derivations, rows)
        for row, other, margin in zip(rows.tolist(), others, margins, strict=True):
            ids = derivations[row].tolist()
            steps = [step for step in np.argsort(margin[: len(ids)], kind="stable") if np.isfinite(margin[step])]
            found: list[SententialForm] = []
            for step in steps:
                if len(found) == most:
                    break
                form = form_of(model.grammar_, [*ids[:step], int(other[step])])
                if _can_complete(form, model.settings_.max_length, constraint):
                    found.append(form)
            forms.append(found)
    return forms


def _runners_up(
    model: "GrammarAutoencoder", codes: np.ndarray, derivations: Derivations, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The second-best production at each step, and its margin, (n, T) each."""
    device = model._device()
    network = model.network_.to(device).eval()
    tensors = network.reconstruction.tensors
    ids = torch.from_numpy(derivations.padded(rows, model.grammar_.pad).astype(np.int64)).to(device)  # n T
    z = torch.from_numpy(np.ascontiguousarray(codes, np.float32)).to(device)
    with once(network.decoder), torch.inference_mode():
        logits = network.decoder(z, {"ids": ids}).float()  # n T S
        own = logits.gather(2, ids[..., None])[..., 0]
        others = logits.masked_fill(~tensors.mask[tensors.lhs[ids]], -torch.inf)
        best, production = others.scatter(2, ids[..., None], -torch.inf).max(dim=2)
        return production.cpu().numpy(), (own - best).cpu().numpy()


def _can_complete(form: SententialForm, max_length: int, constraint: "Constraint | None") -> bool:
    if form.shortest > max_length:
        return False
    return constraint is None or constraint.started(form.symbols.tolist(), constraint.program) is not None
