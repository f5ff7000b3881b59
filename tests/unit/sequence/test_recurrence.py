"""The published recurrent unit: against its equations, its own derivative, and sequences one at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.sequence.recurrence import ResetFirstGRU, packing


def layer(n_inputs=5, hidden=6, seed=0, **options):
    torch.manual_seed(seed)
    unit = ResetFirstGRU(n_inputs, hidden, **options)
    with torch.no_grad():
        for parameter in unit.parameters():
            parameter.mul_(3).add_(0.3 * torch.randn_like(parameter))  # some gates are clamped, no bias is 0
    return unit


def published(unit, inputs):
    """The equations of Keras 1.2.1 in numpy and float64, one sequence (T, I): (T, H)."""
    weights = {name: value.numpy().astype(float) for name, value in unit.state_dict().items()}
    wz, wr = np.split(weights["gate_inputs.weight"], 2)
    bz, br = np.split(weights["gate_inputs.bias"], 2)
    wh, bh = weights["candidate_inputs.weight"], weights["candidate_inputs.bias"]
    uz, ur = np.split(weights["gates"], 2)
    uh = weights["candidate"]

    def times(matrix, vector):
        return (matrix * vector).sum(axis=1)  # not @: on some processors OpenBLAS flags invalid values where none are

    def hard_sigmoid(a):
        return np.clip(0.2 * a + 0.5, 0, 1)

    h, states = np.zeros(unit.hidden), []
    for x in inputs:
        z = hard_sigmoid(times(wz, x) + times(uz, h) + bz)
        r = hard_sigmoid(times(wr, x) + times(ur, h) + br)
        c = np.tanh(times(wh, x) + times(uh, r * h) + bh)
        h = z * h + (1 - z) * c
        states.append(h)
    return np.array(states)


@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=6), seed=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_packed_sequences_give_what_each_gives_alone(lengths, seed):
    unit = layer(seed=seed)
    inputs = torch.randn(len(lengths), max(lengths), 5, generator=torch.Generator().manual_seed(seed))
    rows, steps, sizes = packing(torch.tensor(lengths))
    states = unit(inputs[rows, steps], sizes).detach()
    assert sum(sizes) == sum(lengths) == len(rows)
    for row, length in enumerate(lengths):
        mine = states[rows == row]  # in the order of the steps
        np.testing.assert_allclose(mine.numpy(), published(unit, inputs[row, :length].numpy()), atol=1e-5)


def test_its_derivative_is_that_of_autograd():
    lengths = torch.tensor([3, 5, 1, 5, 2])
    rows, _, sizes = packing(lengths)
    by_hand, recorded = layer(), layer(twice_differentiable=True)
    recorded.load_state_dict(by_hand.state_dict())
    x = torch.randn(len(rows), 5)
    weights = torch.randn(len(rows), 6)
    gradients = []
    for unit in (by_hand, recorded):
        inputs = x.clone().requires_grad_()
        (unit(inputs, sizes) * weights).sum().backward()
        gradients.append([inputs.grad, *(parameter.grad for parameter in unit.parameters())])
    assert (by_hand(x, sizes) > 0).any()
    for mine, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


def test_second_derivatives_are_right_where_they_are_asked_for():
    lengths = torch.tensor([2, 3])
    rows, _, sizes = packing(lengths)
    unit = ResetFirstGRU(2, 3, twice_differentiable=True)
    x = torch.randn(len(rows), 2, requires_grad=True)
    (slope,) = torch.autograd.grad(unit(x, sizes).square().sum(), x, create_graph=True)
    slope.square().sum().backward()
    assert unit.candidate.grad is not None
    assert unit.candidate.grad.abs().sum() > 0
    once = ResetFirstGRU(2, 3)
    (slope,) = torch.autograd.grad(once(x, sizes).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.square().sum().backward()


def test_initial_weights_are_glorot_uniform_a_gate():
    torch.manual_seed(0)
    unit = ResetFirstGRU(30, 60)
    bound = (6 / (60 + 60)) ** 0.5
    for matrix in (*unit.gates.chunk(2), unit.candidate):
        assert matrix.abs().max() <= bound
        assert matrix.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert unit.gate_inputs.weight.abs().max() <= (6 / (30 + 60)) ** 0.5
    assert not unit.gate_inputs.bias.any()
    assert not unit.candidate_inputs.bias.any()


def test_autocast_changes_nothing():
    unit, (rows, _, sizes) = layer(), packing(torch.tensor([4, 2]))
    x = torch.randn(len(rows), 5)
    expected = unit(x, sizes)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(unit(x, sizes), expected)
