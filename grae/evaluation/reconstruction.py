"""Reconstruction of strings, and step accuracy under teacher forcing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from grae.grammar.codec import Derivations
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints

BATCH = 512


def reconstructed(
    model: "GrammarAutoencoder",
    derivations: "Derivations",
    constraints: "Constraints | None" = None,
    completion: "Completion" = "forced",
) -> tuple[list[str], Sequence[str | None]]:
    """The strings of derivations, and their greedy reconstructions.

    Both are in the form that the model learned (molecules by default in Kekule form), so that they can be compared
    whatever the original spelling.

    Args:
        model: a fitted model.
        derivations: of n strings, from `GrammarAutoencoder.derive`.
        constraints: as in `GrammarAutoencoder.inverse_transform`.
        completion: as in `GrammarAutoencoder.decodings`; with "none", an incomplete reconstruction is None.
    """
    import torch

    from grae.grammar.codec import decode
    from grae.sequence.coding import encode_rows
    from grae.training.device import resolve_device

    device, rows = torch.device(resolve_device(model.device)), np.arange(len(derivations))
    codes = encode_rows(model.network_.to(device), derivations, rows, pad=model.grammar_.pad, device=device)
    texts = decode(model.grammar_, derivations)
    if completion == "forced":
        return texts, model.inverse_transform(codes, constraints=constraints, raw=True)
    back = model.decodings(codes, 1, temperature=0.0, constraints=constraints, raw=True)
    return texts, [text for (text,) in back]


def right_steps(model: "GrammarAutoencoder", derivations: "Derivations") -> tuple[np.ndarray, np.ndarray]:
    """The number of right steps of each string, and of all its steps, (n,) int64 each.

    A step is right where the true production has the highest logit among those that expand the current nonterminal,
    under teacher forcing and from the string's code without noise.

    Args:
        model: a fitted model.
        derivations: of n strings, from `GrammarAutoencoder.derive`.
    """
    import torch

    from grae.sequence.batches import DerivationBatches
    from grae.training.device import resolve_device

    device = torch.device(resolve_device(model.device))
    network = model.network_.to(device).eval()
    tensors = network.reconstruction.tensors  # pyright: ignore[reportAttributeAccessIssue]
    batches = DerivationBatches(derivations, np.arange(len(derivations)), pad=model.grammar_.pad, batch_size=BATCH)
    right = np.empty(len(derivations), np.int64)
    with torch.inference_mode():
        for rows in batches.in_order():
            ids = batches.collate(rows)["ids"].to(device)  # B T
            batch = {"ids": ids}
            logits = network.decoder(network.encode(batch), batch).float()  # B T S
            likeliest = logits.masked_fill(~tensors.mask[tensors.lhs[ids]], -torch.inf).argmax(dim=-1)
            right[rows] = ((likeliest == ids) & (ids != tensors.pad)).sum(dim=1).cpu().numpy()
    return right, derivations.lengths
