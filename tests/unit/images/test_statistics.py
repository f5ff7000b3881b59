"""The statistics of batch normalization that evaluation takes."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from grae.images import ImageAutoencoder
from grae.images.batches import as_tensor
from grae.images.build import build
from grae.images.resolution import resolve_settings
from grae.images.statistics import estimate_statistics

SMALL = {"width": 0.1, "epochs": 1, "batch_size": 32, "device": "cpu"}


def output(network: nn.Module, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        return network.decoder(network.encode(batch), batch)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("model", ["rae-l2", "rae-sn", "vae", "wae"])
def test_they_are_those_of_the_batches_and_nothing_else_changes(few, model):
    settings = resolve_settings(ImageAutoencoder(model, **SMALL).get_params(), (8, 8, 1))
    torch.manual_seed(0)
    network = build(settings.architecture, settings.objective)
    batch = {"images": as_tensor(few[:100])}
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.no_grad():
        estimate_statistics(network, [batch, batch])
    assert not any(module.training for module in network.modules())
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked") for name in changed)
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    assert all(norm.momentum == 0.01 for norm in norms)
    if model != "vae":  # whose statistics are those of codes with noise
        found = output(network, batch)
        for norm in norms:
            norm.train()
        torch.testing.assert_close(found, output(network, batch), atol=2e-3, rtol=0)


def test_a_short_training_is_as_good_in_evaluation_as_in_training(few):
    model = ImageAutoencoder("rae-l2", **{**SMALL, "epochs": 4}).fit(few)
    images = {"images": as_tensor(few)}
    original = images["images"].float() / 255
    network = model.network_
    in_evaluation = (output(network, images) - original).square().mean().item()
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.train()
    in_training = (output(network, images) - original).square().mean().item()
    assert in_evaluation == pytest.approx(in_training, rel=0.05)
    assert in_evaluation < np.var(few / 255)
