"""Likelihoods of derivations under a decoder."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from grae.autoencoder import Autoencoder, once
from grae.grammar.codec import Derivations
from grae.sequence.pushdown import GrammarTensors

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

BATCH = 256  # derivations per batch


def negative_log_likelihoods(model: "GrammarAutoencoder", derivations: Derivations) -> np.ndarray:
    """The negative log-likelihood of each derivation given its own code, (n,) float64, in nats.

    Args:
        model: a fitted model.
        derivations: n derivations of `model.grammar_`.
    """
    device = model._device()
    codes = model.encode(derivations)
    network = model.network_.to(device).eval()
    all_losses = np.empty(len(derivations))
    for first in range(0, len(derivations), BATCH):
        rows = np.arange(first, min(first + BATCH, len(derivations)))
        padded = derivations.padded(rows, model.grammar_.pad).astype(np.int64)
        ids = torch.from_numpy(padded).to(device)  # n T
        z = torch.from_numpy(codes[rows]).to(device)
        with once(network.decoder), torch.inference_mode():
            all_losses[rows] = losses(network, z, ids, model.grammar_.pad).cpu().numpy()
    return all_losses


def losses(network: Autoencoder, z: Tensor, ids: Tensor, pad: int) -> Tensor:
    """The negative log-likelihood of each derivation given a code, (n,), in nats.

    Args:
        network: the autoencoder.
        z: the codes, (n, D).
        ids: the derivations, padded, (n, T) int64.
        pad: the padding id.
    """
    tensors: GrammarTensors = network.reconstruction.tensors  # pyright: ignore[reportAttributeAccessIssue, reportAssignmentType]
    logits = network.decoder(z, {"ids": ids}).float()  # n T S
    masked = logits.masked_fill(~tensors.mask[tensors.lhs[ids]], -torch.inf)
    taken = masked.log_softmax(dim=2).gather(2, ids[..., None])[..., 0]  # n T
    return -taken.masked_fill(ids == pad, 0.0).sum(dim=1)
