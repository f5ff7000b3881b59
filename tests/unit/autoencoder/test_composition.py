"""The composition of an autoencoder, and its parts against closed forms."""

from typing import Any

import pytest
import torch
from linear_networks import Decoder, Encoder

from grae.autoencoder import BOTTLENECKS, MODELS, REGULARIZERS, Autoencoder, Deterministic, model_named
from grae.density import DENSITIES
from grae.errors import SettingsError


def squared_error(output, batch):
    return {"reconstruction": (output - batch["x"]).square().sum(dim=1).mean()}


@pytest.fixture
def batch():
    return {"x": torch.randn(7, 5, generator=torch.Generator().manual_seed(0))}


def autoencoder(beta, lambda_, regularizer="tikhonov") -> Any:
    torch.manual_seed(1)
    return Autoencoder(
        Encoder(5, 4),
        Deterministic(4, 3),
        Decoder(3, 5),
        squared_error,
        REGULARIZERS[regularizer](),
        beta=beta,
        lambda_=lambda_,
    )


def test_the_loss_is_the_weighted_sum_of_its_terms(batch):
    model = autoencoder(beta=0.3, lambda_=0.02)
    z = model.encode(batch)
    by_hand = {
        "reconstruction": (model.decoder(z, batch) - batch["x"]).square().sum() / 7,
        "embedding": 0.5 * (z.norm(dim=1) ** 2).sum() / 7,
        "regularization": torch.linalg.matrix_norm(model.decoder.weight) ** 2,
    }
    terms = model(batch)
    for name, value in by_hand.items():
        torch.testing.assert_close(terms[name], value)
    total = by_hand["reconstruction"] + 0.3 * by_hand["embedding"] + 0.02 * by_hand["regularization"]
    torch.testing.assert_close(terms["loss"], total)


def test_tikhonov_leaves_biases_free(batch):
    model = autoencoder(beta=0.0, lambda_=1.0)
    model(batch)["regularization"].backward()
    torch.testing.assert_close(model.decoder.weight.grad, 2 * model.decoder.weight)
    assert model.decoder.bias.grad is None
    assert model.encoder.weight.grad is None


def test_without_weights_the_loss_is_the_reconstruction(batch):
    terms = autoencoder(beta=0.0, lambda_=0.0, regularizer="none")(batch)
    assert terms["loss"] == terms["reconstruction"]
    assert terms["regularization"] == 0


def test_each_model_of_the_table_names_parts_that_exist():
    for model in MODELS.values():
        assert model.bottleneck in BOTTLENECKS
        assert model.regularizer in REGULARIZERS
        assert model.density in DENSITIES


def test_the_table_is_the_papers():
    """Bottleneck, regularizer and density of each model, as Ghosh et al. 2020 compare them."""
    fitted, prior = "gmm", "normal"
    paper = {
        "ae": ("deterministic", "none", fitted),
        "rae": ("deterministic", "none", fitted),
        "rae-l2": ("deterministic", "tikhonov", fitted),
        "rae-gp": ("deterministic", "gradient-penalty", fitted),
        "rae-sn": ("deterministic", "spectral-norm", fitted),
        "ae-l2": ("deterministic", "tikhonov", fitted),
        "vae": ("gaussian", "none", prior),
        "cv-vae": ("constant-variance", "none", fitted),
        "wae": ("wasserstein", "none", prior),
        "2svae": ("gaussian", "none", "two-stage"),
    }
    paper |= {"grae": paper["rae-l2"], "gvae": paper["vae"], "gcvvae": paper["cv-vae"], "cvae": paper["vae"]}
    assert {name: (row.bottleneck, row.regularizer, row.density) for name, row in MODELS.items()} == paper
    assert {name for name, row in MODELS.items() if not row.weighs_embedding} == {"ae", "ae-l2"}
    assert all(row.weighs_regularizer == REGULARIZERS[row.regularizer].has_term for row in MODELS.values())
    assert {name for name, row in MODELS.items() if row.characters} == {"cvae"}


def test_an_unknown_model_is_an_error_that_suggests_one():
    with pytest.raises(SettingsError, match=r"unknown model 'grea'.*\n.*did you mean 'grae'"):
        model_named("grea")
