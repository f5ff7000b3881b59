"""Decoders: codes (B, D) to logits of productions (B, T, S), all steps at once or step by step."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax, relu

from grae.autoencoder.composition import Batch
from grae.sequence.keras_defaults import batch_normalization
from grae.sequence.pushdown import GrammarTensors, State
from grae.sequence.recurrence import ResetFirstGRU, packing

DEEPEST = 15  # nonterminals on a stack; larger numbers are clamped


class RecurrentDecoder(nn.Module):
    """An autoregressive GRU; its inputs are the previous production, the current nonterminal and the code.

    Two optional inputs supply counts that recurrent networks learn poorly and that determine how a string may end: the
    number of nonterminals left on the stack; and, where productions write labels, the labels written an odd number of
    times so far, which in SMILES are the open ring bonds.

    Args:
        tensors: the grammar's tables.
        latent_dim: width of a code, D.
        embedding: width of the embeddings of productions and nonterminals.
        hidden: width of the state, H.
        labels: (P, L) bool, the labels that each production writes an odd number of times; None for no such input.
        depth: whether the number of nonterminals left, up to `DEEPEST`, is an input.
        dropout: share of previous productions masked in training, so that the decoder relies on the code (word dropout;
            Bowman et al. 2016, "Generating Sentences from a Continuous Space", section 3.2).
    """

    labels: Tensor

    def __init__(
        self,
        tensors: GrammarTensors,
        *,
        latent_dim: int,
        embedding: int,
        hidden: int,
        labels: np.ndarray | None = None,
        depth: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_nonterminals, n_symbols = tensors.mask.shape
        self.tensors = tensors
        self.dropout = dropout
        written = torch.zeros(n_symbols, 0 if labels is None else labels.shape[1])  # S L
        if labels is not None:
            written[: len(labels)] = torch.from_numpy(labels.astype(np.float32))
            written[tensors.pad] = 0
        self.register_buffer("labels", written, persistent=False)
        self.open = nn.Linear(written.shape[1], embedding, bias=False) if written.shape[1] else None
        self.depth = nn.Embedding(DEEPEST + 1, embedding) if depth else None
        self.previous = nn.Embedding(n_symbols, embedding)
        self.nonterminal = nn.Embedding(n_nonterminals, embedding)
        self.from_code = nn.Linear(latent_dim, embedding)
        self.initial = nn.Linear(latent_dim, hidden)
        self.recurrence = nn.GRU(embedding, hidden, batch_first=True)
        self.to_logits = nn.Linear(hidden, n_symbols)

    def forward(self, z: Tensor, batch: Batch) -> Tensor:
        """Logits (B, T, S) under teacher forcing."""
        ids = batch["ids"]  # B T
        before = ids.roll(1, dims=1)
        before[:, 0] = self.tensors.pad
        owed = self.labels[before].cumsum(dim=1) % 2  # B T L
        height = 1 + self._grown(before).cumsum(dim=1)  # B T
        if self.training and self.dropout:
            before = before.masked_fill(torch.rand(before.shape, device=ids.device) < self.dropout, self.tensors.pad)
        inputs = self._inputs(before, self.tensors.lhs[ids], self.from_code(z)[:, None], owed, height)  # B T E
        states, _ = self.recurrence(inputs, self._initial(z)[None])  # B T H
        return self.to_logits(states)

    def start(self, z: Tensor) -> State:
        """The initial state: the GRU's, the projected code, open labels, nonterminals left."""
        owed = self.labels.new_zeros(len(z), self.labels.shape[1])
        return self._initial(z), self.from_code(z), owed, torch.ones(len(z), dtype=torch.long, device=z.device)

    def step(self, state: State, previous: Tensor, nonterminal: Tensor) -> tuple[Tensor, State]:
        """Logits (B, S) and the next state, from the previous ids (B,) and the current nonterminals (B,)."""
        hidden, code, owed, height = state
        owed = (owed + self.labels[previous]) % 2  # B L
        height = height + self._grown(previous)  # B
        inputs = self._inputs(previous, nonterminal, code, owed, height)  # B E
        hidden = self.recurrence(inputs[:, None], hidden[None].contiguous())[1][0]  # B H
        return self.to_logits(hidden), (hidden, code, owed, height)

    def _initial(self, z: Tensor) -> Tensor:
        return torch.tanh(self.initial(z))  # B H

    def _grown(self, ids: Tensor) -> Tensor:
        """The change in stack height caused by productions; 0 for padding."""
        return (self.tensors.n_pushes[ids] - 1) * (ids != self.tensors.pad)

    def _inputs(self, previous: Tensor, nonterminal: Tensor, code: Tensor, owed: Tensor, height: Tensor) -> Tensor:
        inputs = self.previous(previous) + self.nonterminal(nonterminal) + code
        if self.open is not None:
            inputs = inputs + self.open(owed)
        return inputs if self.depth is None else inputs + self.depth(height.clamp(max=DEEPEST))


class ParallelDecoder(nn.Module):
    """The published decoder: a dense layer whose output is repeated at each step, three GRUs, a linear layer.

    It is not autoregressive: the logits of all steps depend on the code alone.
    Source: Kusner et al. 2017 (GVAE); sizes in `architecture.py`, the unit in `recurrence.py`.

    Args:
        tensors: the grammar's tables.
        latent_dim: width of a code, D.
        max_length: number of steps.
        hidden: width of each GRU.
        batch_norm: whether the code is batch-normalized first.
        twice_differentiable: whether to support second derivatives; see `ResetFirstGRU`.
    """

    def __init__(
        self,
        tensors: GrammarTensors,
        *,
        latent_dim: int,
        max_length: int,
        hidden: int,
        batch_norm: bool,
        twice_differentiable: bool = False,
    ) -> None:
        super().__init__()
        self.pad, n_symbols = tensors.pad, tensors.mask.shape[1]
        self.max_length = max_length
        self.normalize = batch_normalization(latent_dim) if batch_norm else nn.Identity()
        self.dense = nn.Linear(latent_dim, latent_dim)
        self.recurrence = nn.ModuleList(
            ResetFirstGRU(width, hidden, twice_differentiable=twice_differentiable)
            for width in (latent_dim, hidden, hidden)
        )
        self.to_logits = nn.Linear(hidden, n_symbols)

    def forward(self, z: Tensor, batch: Batch) -> Tensor:
        """Logits (B, T, S) of the batch's steps; 0 where a derivation has ended."""
        ids = batch["ids"]
        return self._logits(z, (ids != self.pad).sum(dim=1), ids.shape[1])

    def start(self, z: Tensor) -> State:
        """The logits of all steps (B, T, S), and the index of the next step (B,)."""
        position = torch.zeros(len(z), dtype=torch.long, device=z.device)
        return self._logits(z, torch.full_like(position, self.max_length), self.max_length), position

    def step(self, state: State, previous: Tensor, nonterminal: Tensor) -> tuple[Tensor, State]:
        """Logits (B, S) and the next state; the previous ids and the nonterminals are ignored."""
        logits, position = state
        rows = torch.arange(len(position), device=position.device)
        return logits[rows, position], (logits, position + 1)

    def _logits(self, z: Tensor, lengths: Tensor, n_steps: int) -> Tensor:
        rows, steps, sizes = packing(lengths)
        states = relu(self.dense(self.normalize(z)))[rows]  # N D
        for layer in self.recurrence:
            states = layer(states, sizes)  # N H
        logits = self.to_logits(states)  # N S
        return logits.new_zeros(len(z), n_steps, logits.shape[1]).index_put((rows, steps), logits)


class MaskedCrossEntropy(nn.Module):
    """L_REC: cross-entropy of the true production under the softmax over those that expand the current nonterminal.

    Summed over the steps of a derivation, mean over the batch, in nats (Kusner et al. 2017, section 3.2). In evaluation
    mode "steps" (the share of steps whose most likely production is the true one) and "exact" (the share of derivations
    for which this holds at every step, so that greedy decoding reconstructs the string) are returned too.
    """

    def __init__(self, tensors: GrammarTensors) -> None:
        super().__init__()
        self.tensors = tensors

    def forward(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Scalars of logits (B, T, S) and `batch["ids"]` (B, T)."""
        ids = batch["ids"]
        valid = ids != self.tensors.pad  # B T
        true = ids[valid]  # K, the steps that are not padding
        masked = self.counted(logits, batch).float()  # K S
        masked = masked.masked_fill(~self.tensors.mask[self.tensors.lhs[true]], -torch.inf)
        terms = self._losses(masked, true, len(ids))
        if not self.training:
            right = torch.ones_like(valid)
            right[valid] = masked.argmax(dim=-1) == true
            terms["steps"] = right[valid].float().mean()
            terms["exact"] = right.all(dim=1).float().mean()
        return terms

    def counted(self, logits: Tensor, batch: Batch) -> Tensor:
        """The logits of the K steps that are not padding, (K, S), out of (B, T, S)."""
        return logits[batch["ids"] != self.tensors.pad]

    def _losses(self, masked: Tensor, true: Tensor, batch: int) -> dict[str, Tensor]:
        """The loss from masked logits (K, S) and true productions (K,) of a batch of B strings."""
        return {"reconstruction": cross_entropy(masked, true, reduction="sum") / batch}


class MaskedBinaryCrossEntropy(MaskedCrossEntropy):
    """The published L_REC: longest * mean of the binary cross-entropies of the masked softmax (Kusner et al. 2017).

    The mean is over the batch, over all steps up to the longest derivation, padding included, and over all
    productions. At a padding step only one production is allowed, so that all cross-entropies are 0; the loss of a
    derivation is therefore the sum over its steps without padding and over the productions, divided by the number of
    productions. Productions that are masked at a step have probability 0 and cross-entropy 0. (The published code
    clips probabilities to [1e-7, 1 - 1e-7]; here they are only bounded by 1 - 1e-7, since the logarithm of the true
    production's probability is computed from the logits.) In evaluation mode "cross_entropy", the loss of
    MaskedCrossEntropy, is returned too.
    """

    def _losses(self, masked: Tensor, true: Tensor, batch: int) -> dict[str, Tensor]:
        logarithms = log_softmax(masked, dim=-1)  # K S
        of_true = -logarithms.gather(1, true[:, None]).sum()
        others = -torch.log1p(-logarithms.exp().clamp(max=1 - 1e-7)).scatter(1, true[:, None], 0.0).sum()
        terms = {"reconstruction": (of_true + others) / (batch * masked.shape[1])}
        return terms if self.training else {**terms, "cross_entropy": of_true / batch}


RECONSTRUCTIONS: dict[str, type[MaskedCrossEntropy]] = {
    "cross-entropy": MaskedCrossEntropy,
    "binary-cross-entropy": MaskedBinaryCrossEntropy,
}
