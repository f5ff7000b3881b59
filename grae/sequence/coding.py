"""Batched inference: derivations to codes, and codes to derivations."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from grae.autoencoder import Autoencoder, once
from grae.grammar.codec import Derivations
from grae.grammar.sentential import Forms
from grae.sequence.batches import DerivationBatches
from grae.sequence.form_pushdown import FormPushdown
from grae.sequence.pushdown import (
    Choice,
    Constrained,
    GrammarTensors,
    Pushdown,
    State,
    StepDecoder,
    greedy,
    run,
)
from grae.training.batches import mean_losses as over_parts

if TYPE_CHECKING:
    from grae.constraints import Constraint

BATCH = 1024  # strings per batch
STEPS = 100_000  # maximum number of steps per call of the published decoder, which computes all steps at once
SYMBOLS = 2**19  # symbols per encoded batch, padding included; long derivations are encoded in smaller batches


def encode_rows(
    network: Autoencoder, derivations: Derivations, rows: np.ndarray, *, pad: int, device: torch.device
) -> np.ndarray:
    """The codes of the given rows of derivations, (n, D) float32, in the order of `rows`."""
    batches = DerivationBatches(derivations, rows, pad=pad, batch_size=BATCH)
    codes = np.empty((len(rows), network.bottleneck.latent_dim), np.float32)
    network.eval()
    with torch.inference_mode():
        for places in batches.in_order():
            n_parts = -(-len(places) * int(batches.lengths[places].max()) // SYMBOLS)
            for part in np.array_split(places, n_parts):
                batch = _on(batches.collate(rows[part]), device)
                codes[part] = network.encode(batch).float().cpu().numpy()
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
    constraint: "Constraint | None" = None,
    completes: bool = True,
    draws: int = 1,
    forms: Forms | None = None,
) -> Derivations:
    """Decodes codes into derivations: `draws` of the first code, then of the second, and so on.

    The decoder's initial state is computed once per code and shared by its draws.

    Args:
        network: the autoencoder.
        tensors: tables of its grammar.
        codes: (n, D) float32.
        max_length: maximum number of productions per derivation.
        dtype: dtype of the production ids.
        device: device to compute on.
        choose: as in `decode`.
        constraint: as in `decode`.
        completes: whether completion is forced; otherwise incomplete derivations are returned empty.
        draws: derivations per code.
        forms: sentential form from which the derivations of each code start; None for the start symbol.
    """
    network.eval()
    parts: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    decoder: StepDecoder = network.decoder  # pyright: ignore[reportAssignmentType]
    together = max(1, BATCH // draws)
    for first in range(0, len(codes), BATCH):
        z = torch.from_numpy(np.ascontiguousarray(codes[first : first + BATCH])).to(device)
        with once(network.decoder), torch.inference_mode():
            at_start = _start(decoder, z, max(1, STEPS // max_length))
            for row in range(0, len(z), together):
                state = tuple(part[row : row + together].repeat_interleave(draws, dim=0) for part in at_start)
                n = len(state[0])
                own = None if forms is None else forms.at(slice(first + row, first + row + n // draws), draws)
                if constraint is not None:
                    machine = Constrained(tensors, n, constraint, own)
                elif own is not None:
                    machine = FormPushdown(tensors, own, max_length, completes=completes)
                else:
                    machine = Pushdown(tensors, n, max_length, completes=completes)
                ids = run(machine, decoder, state, max_length, choose).cpu().numpy()
                valid = ids != tensors.pad
                parts.append(ids[valid].astype(dtype))
                lengths.append(valid.sum(axis=1))
    offsets = np.concatenate([[0], *lengths]).cumsum()
    return Derivations(np.concatenate([np.empty(0, dtype), *parts]), offsets)


def _start(decoder: StepDecoder, z: Tensor, together: int) -> State:
    """A decoder's initial state for codes z (n, D), computed `together` codes at a time."""
    parts = [decoder.start(chunk) for chunk in z.split(together)]
    return tuple(torch.cat(of_all) for of_all in zip(*parts, strict=True))


def mean_losses(batches: DerivationBatches) -> Callable[[nn.Module], dict[str, float]]:
    """A validation function: the means over all rows of the terms that a network's `forward` returns."""
    return over_parts([batches.rows[places] for places in batches.in_order()], batches.collate)


def _on(batch: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: tensor.to(device) for name, tensor in batch.items()}
