"""A network put to use on many strings: derivations to codes, and codes to derivations."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from grae.autoencoder import Autoencoder, once
from grae.constraints import Constraint
from grae.grammar.codec import Derivations
from grae.sequence.batches import DerivationBatches
from grae.sequence.pushdown import Choice, GrammarTensors, decode, greedy
from grae.training.batches import mean_terms as over_parts

BATCH = 1024


def encode_rows(
    network: Autoencoder, derivations: Derivations, rows: np.ndarray, *, pad: int, device: torch.device
) -> np.ndarray:
    """The codes of some rows, (n, D) float32, in the order of the rows."""
    batches = DerivationBatches(derivations, rows, pad=pad, batch_size=BATCH)
    codes = np.empty((len(rows), network.bottleneck.latent_dim), np.float32)
    network.eval()
    with torch.inference_mode():
        for places in batches.in_order():
            batch = _on(batches.collate(rows[places]), device)
            codes[places] = network.encode(batch).float().cpu().numpy()
    return codes


def decode_codes(
    network: Autoencoder,
    tensors: GrammarTensors,
    codes: np.ndarray,
    *,
    max_length: int,
    dtype: np.dtype,
    device: torch.device,
    choose: Choice = greedy,
    constraint: Constraint | None = None,
) -> Derivations:
    """The derivations that codes (n, D) decode to, in the order of the codes; of type `dtype`."""
    network.eval()
    parts: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    for start in range(0, len(codes), BATCH):
        z = torch.from_numpy(np.ascontiguousarray(codes[start : start + BATCH])).to(device)
        with once(network.decoder):
            ids = decode(network.decoder, tensors, z, max_length, choose, constraint).cpu().numpy()  # pyright: ignore[reportArgumentType]
        valid = ids != tensors.pad
        parts.append(ids[valid].astype(dtype))
        lengths.append(valid.sum(axis=1))
    offsets = np.concatenate([[0], *lengths]).cumsum()
    return Derivations(np.concatenate([np.empty(0, dtype), *parts]), offsets)


def mean_terms(batches: DerivationBatches) -> Callable[[nn.Module], dict[str, float]]:
    """A validation: the means, over all rows, of the terms that a network's `forward` gives."""
    return over_parts([batches.rows[places] for places in batches.in_order()], batches.collate)


def _on(batch: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: tensor.to(device) for name, tensor in batch.items()}
