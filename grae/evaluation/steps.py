"""How often a model's decoder, given the true steps so far, finds the true next one the likeliest."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

BATCH = 512


def right_steps(model: "GrammarAutoencoder", texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The steps of each string that are right, and all of them, (n,) int64 each.

    A step is right where, of the productions that expand the current nonterminal, the true one has the highest logit,
    the code being the string's own without noise.

    Args:
        model: a fitted model.
        texts: strings of its language.

    Raises:
        ParseError, DataError: a string is not in the language, or its derivation too long.
    """
    import torch

    from grae.grammar.codec import encode
    from grae.sequence.batches import DerivationBatches
    from grae.sequence.preparation import longest_read
    from grae.training.device import resolve

    device = torch.device(resolve(model.device))
    network = model.network_.to(device).eval()
    tensors = network.reconstruction.tensors  # pyright: ignore[reportAttributeAccessIssue]
    derivations = encode(
        model.grammar_, texts, max_length=longest_read(model.grammar_, model.settings_), n_jobs=-1
    ).derivations
    batches = DerivationBatches(derivations, np.arange(len(texts)), pad=model.grammar_.pad, batch_size=BATCH)
    right = np.empty(len(texts), np.int64)
    with torch.inference_mode():
        for rows in batches.in_order():
            ids = batches.collate(rows)["ids"].to(device)  # B T
            batch = {"ids": ids}
            logits = network.decoder(network.encode(batch), batch).float()  # B T S
            likeliest = logits.masked_fill(~tensors.mask[tensors.lhs[ids]], -torch.inf).argmax(dim=-1)
            right[rows] = ((likeliest == ids) & (ids != tensors.pad)).sum(dim=1).cpu().numpy()
    return right, derivations.lengths
