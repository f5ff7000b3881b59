"""Encoders: derivations (B, T) to features (B, F)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, pad

from grae.autoencoder.composition import Batch
from grae.sequence.keras_defaults import batch_normalization


class RecurrentEncoder(nn.Module):
    """A bidirectional GRU over productions; features are the mean and the maximum of its states.

    A production determines the nonterminal that it expands, so nonterminals need no embedding of their own. Each
    direction starts at an end of the derivation itself, so that padding has no effect. (Packed sequences would have the
    same effect, but with matrices of a different shape at each step, and matrix libraries cache a compiled kernel per
    shape.)

    Args:
        n_symbols: number of production ids, padding included, S.
        pad: the padding id.
        embedding: width of a production's embedding.
        hidden: width of a state in each direction; there are 4 * hidden features.
    """

    def __init__(self, n_symbols: int, pad: int, *, embedding: int, hidden: int) -> None:
        super().__init__()
        self.pad = pad
        self.n_features = 4 * hidden
        self.production = nn.Embedding(n_symbols, embedding)
        self.from_start = nn.GRU(embedding, hidden, batch_first=True)
        self.from_end = nn.GRU(embedding, hidden, batch_first=True)

    def forward(self, batch: Batch) -> Tensor:
        """Features (B, 4 hidden) of `batch["ids"]` (B, T) long."""
        ids = batch["ids"]
        valid = ids != self.pad  # B T
        lengths = valid.sum(dim=1, keepdim=True)
        steps = torch.arange(ids.shape[1], device=ids.device)
        backward = ids.gather(1, torch.where(valid, lengths - 1 - steps, steps))  # B T
        features = []
        for recurrence, read in ((self.from_start, ids), (self.from_end, backward)):
            states, _ = recurrence(self.production(read))  # B T H
            features.append(states.masked_fill(~valid[..., None], 0).sum(dim=1) / lengths)
            features.append(states.masked_fill(~valid[..., None], -torch.inf).amax(dim=1))
        return torch.cat(features, dim=-1)  # B 4H


class ConvolutionalEncoder(nn.Module):
    """The published encoder: one-hot productions, three convolutions, one dense layer, each with ReLU.

    Source: Kusner et al. 2017 (GVAE); sizes in `architecture.py`.

    Args:
        n_symbols: number of production ids, padding included, S.
        pad: the padding id.
        max_length: steps to which derivations are padded.
        filters: filters of each convolution.
        widths: width of each convolution.
        dense: width of the dense layer, which is the number of features.
        batch_norm: whether each convolution is followed by batch normalization.
    """

    def __init__(
        self,
        n_symbols: int,
        pad: int,
        *,
        max_length: int,
        filters: tuple[int, ...],
        widths: tuple[int, ...],
        dense: int,
        batch_norm: bool,
    ) -> None:
        super().__init__()
        self.n_symbols, self.pad, self.max_length = n_symbols, pad, max_length
        self.n_features = dense
        layers: list[nn.Module] = []
        channels, length = n_symbols, max_length
        for n_filters, width in zip(filters, widths, strict=True):
            layers += [nn.Conv1d(channels, n_filters, width), nn.ReLU()]
            layers += [batch_normalization(n_filters)] if batch_norm else []
            channels, length = n_filters, length - width + 1
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * length, dense), nn.ReLU())

    def forward(self, batch: Batch) -> Tensor:
        """Features (B, dense) of `batch["ids"]` (B, T) long, T at most `max_length`."""
        ids = batch["ids"]
        filled = pad(ids, (0, self.max_length - ids.shape[1]), value=self.pad)
        letters = one_hot(filled, self.n_symbols).float()  # B T S
        return self.layers(letters.transpose(1, 2))
