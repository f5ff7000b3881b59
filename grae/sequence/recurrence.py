"""The gated recurrent unit of the published networks, which differs from PyTorch's.

The published grammar variational autoencoder was trained with Keras 1.2.1, as its published weights state. Its unit
applies the reset gate before the recurrent product, where PyTorch's (cuDNN's) applies it after, and its gates are
piecewise linear:

    z = s(W_z x + U_z h + b_z),  r = s(W_r x + U_r h + b_r),  s(a) = min(max(a / 5 + 1/2, 0), 1)
    c = tanh(W_h x + U_h (r * h) + b_h),  h' = z * h + (1 - z) * c,  h = 0 before the first step

Source: Cho et al. 2014, section 2.3; Keras 1.2.1, keras/layers/recurrent.py and keras/backend.

Sequences of different lengths are packed as in `torch.nn.utils.rnn`: the first step of all rows, then the second step
of all rows that have one, and so on, with rows in order of decreasing length. Padding costs nothing.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

SLOPE, OFFSET = 0.2, 0.5  # of the gates' piecewise linear sigmoid


class ResetFirstGRU(nn.Module):
    """One layer of this unit over packed sequences; computed in float32 even under autocast.

    Args:
        n_inputs: width of the inputs, I.
        hidden: width of the state, H.
        twice_differentiable: whether to support second derivatives, for the gradient penalty: autograd then records
            each step, which is slower.
    """

    def __init__(self, n_inputs: int, hidden: int, *, twice_differentiable: bool = False) -> None:
        super().__init__()
        self.hidden = hidden
        self.twice_differentiable = twice_differentiable
        self.gate_inputs = nn.Linear(n_inputs, 2 * hidden)  # W_z above W_r, b_z before b_r
        self.candidate_inputs = nn.Linear(n_inputs, hidden)  # W_h, b_h
        self.gates = nn.Parameter(torch.empty(2 * hidden, hidden))  # U_z above U_r
        self.candidate = nn.Parameter(torch.empty(hidden, hidden))  # U_h
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Initializes each gate's matrices from the Glorot uniform distribution (2010); biases are 0.

        Recurrent matrices too: Keras documents orthogonal ones, but version 1.2.1 initializes them like the others in
        layers with separate gates (`consume_less="cpu"`), as in the published network.
        """
        gate_inputs, candidate_inputs = self.gate_inputs.weight, self.candidate_inputs.weight
        for matrix in (*gate_inputs.chunk(2), candidate_inputs, *self.gates.chunk(2), self.candidate):
            nn.init.xavier_uniform_(matrix)
        nn.init.zeros_(self.gate_inputs.bias)
        nn.init.zeros_(self.candidate_inputs.bias)

    def forward(self, x: Tensor, sizes: Sequence[int]) -> Tensor:
        """The states (N, H) of packed inputs (N, I); `sizes[t]` rows have a step t, and N is the sum of `sizes`."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            to_gates = SLOPE * self.gate_inputs(x) + OFFSET  # N 2H
            recurrent = (SLOPE * self.gates, self.candidate)
            to_candidate = self.candidate_inputs(x)  # N H
            if not torch.is_grad_enabled():
                return _forward(to_gates, to_candidate, *recurrent, sizes, keep=False)[2]
            if self.twice_differentiable:
                return _unrolled(to_gates, to_candidate, *recurrent, sizes)
            return _Recurrence.apply(to_gates, to_candidate, *recurrent, tuple(sizes))  # pyright: ignore[reportReturnType]


def _forward(
    to_gates: Tensor, to_candidate: Tensor, gates: Tensor, candidate: Tensor, sizes: Sequence[int], *, keep: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The recurrence, without autograd.

    Args:
        to_gates: (N, 2H), contributions of the inputs to the gates, scaled and shifted for their sigmoid.
        to_candidate: (N, H), contributions of the inputs to the candidates.
        gates: (2H, H), U_z above U_r, times the slope.
        candidate: (H, H), U_h.
        sizes: number of rows that have each step.
        keep: whether to keep gates and candidates of all steps.

    Returns:
        The gates z and r (N, 2H) and the candidates c (N, H), of the last step alone unless kept; the states (N, H).
    """
    hidden = len(candidate)
    n_kept = len(to_gates) if keep else sizes[0]
    opened, proposed = to_gates.new_empty(n_kept, 2 * hidden), to_gates.new_empty(n_kept, hidden)
    states = torch.empty_like(to_candidate)
    state, first = to_candidate.new_zeros(sizes[0], hidden), 0
    for n in sizes:
        rows = slice(first, first + n)
        places = rows if keep else slice(n)
        state, opening, proposal = state[:n], opened[places], proposed[places]
        torch.addmm(to_gates[rows], state, gates.T, out=opening).clamp_(0, 1)
        torch.addmm(to_candidate[rows], opening[:, hidden:] * state, candidate.T, out=proposal).tanh_()
        state = torch.lerp(proposal, state, opening[:, :hidden], out=states[rows])
        first += n
    return opened, proposed, states


def _unrolled(to_gates: Tensor, to_candidate: Tensor, gates: Tensor, candidate: Tensor, sizes: Sequence[int]) -> Tensor:
    """The states (N, H), recorded by autograd; arguments as in `_forward`."""
    state = to_candidate.new_zeros(sizes[0], to_candidate.shape[1])
    states = []
    for of_gates, of_candidate in zip(to_gates.split(list(sizes)), to_candidate.split(list(sizes)), strict=True):
        before = state[: len(of_gates)]
        update, reset = torch.addmm(of_gates, before, gates.T).clamp(0, 1).chunk(2, dim=1)
        proposed = torch.tanh(torch.addmm(of_candidate, reset * before, candidate.T))
        state = torch.lerp(proposed, before, update)
        states.append(state)
    return torch.cat(states)


class _Recurrence(torch.autograd.Function):
    """The recurrence with an explicit derivative: only the gates and the candidate of each step are saved.

    Slope and offset of the gates' sigmoid are applied outside; only the clamping is done here.
    """

    @staticmethod
    def forward(
        ctx, to_gates: Tensor, to_candidate: Tensor, gates: Tensor, candidate: Tensor, sizes: tuple[int, ...]
    ) -> Tensor:
        """The states (N, H); arguments as in `_forward`."""
        opened, proposed, states = _forward(to_gates, to_candidate, gates, candidate, sizes, keep=True)
        ctx.save_for_backward(opened, proposed, states, gates, candidate)
        ctx.sizes = sizes
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The gradients with respect to the inputs of `forward`."""
        opened, proposed, states, gates, candidate = ctx.saved_tensors
        hidden = len(candidate)
        before = _before(states, ctx.sizes)  # N H
        of_gates, of_candidate = torch.empty_like(opened), torch.empty_like(proposed)
        later, last = grad.new_zeros(0, hidden), len(states)
        for n in reversed(ctx.sizes):
            rows = slice(last - n, last)
            opening, c, h = opened[rows], proposed[rows], before[rows]
            z, r = opening[:, :hidden], opening[:, hidden:]
            in_state = grad[rows].clone()  # n H
            in_state[: len(later)] += later
            in_candidate = torch.ops.aten.tanh_backward(torch.addcmul(in_state, in_state, z, value=-1), c)
            in_product = in_candidate @ candidate  # n H, gradient of r * h
            in_gates = of_gates[rows]  # n 2H
            torch.mul(in_state, h - c, out=in_gates[:, :hidden])
            torch.mul(in_product, h, out=in_gates[:, hidden:])
            in_gates.copy_(torch.ops.aten.hardtanh_backward(in_gates, opening, 0, 1))
            of_candidate[rows] = in_candidate
            later = (in_gates @ gates).addcmul_(in_state, z).addcmul_(in_product, r)
            last -= n
        of_matrices = of_gates.T @ before, of_candidate.T @ (opened[:, hidden:] * before)
        return of_gates, of_candidate, *of_matrices, None


def _before(states: Tensor, sizes: Sequence[int]) -> Tensor:
    """The state before each step, (N, H), from the packed states after it."""
    before = torch.zeros_like(states)
    first = 0
    for previous, n in pairwise(sizes):
        before[first + previous : first + previous + n] = states[first : first + n]
        first += previous
    return before


def packing(lengths: Tensor) -> tuple[Tensor, Tensor, list[int]]:
    """The layout of packed sequences.

    Args:
        lengths: (B,) long, each at least 1.

    Returns:
        The row (N,) and the step (N,) of each packed position, and the number of rows that have each step.
    """
    order = lengths.argsort(descending=True, stable=True)
    has_step = torch.arange(int(lengths.max()), device=lengths.device)[:, None] < lengths[order]  # T B
    steps, places = has_step.nonzero(as_tuple=True)
    return order[places], steps, has_step.sum(dim=1).tolist()
