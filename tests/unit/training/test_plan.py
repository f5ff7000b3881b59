"""Measuring a step leaves no trace."""

import torch

from grae.training.plan import seconds_per_step
from grae.training.settings import TrainingSettings


def test_the_module_and_the_generators_stay_as_they_were(toy):
    module = toy.Model()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    state = torch.get_rng_state()
    settings = TrainingSettings(epochs=1, batch_size=8, precision="fp32", device="cpu")
    assert seconds_per_step(module, toy.Data(), settings) > 0
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert all(parameter.grad is None for parameter in module.parameters())
