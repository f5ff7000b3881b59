"""The published networks: their sizes, their padding, and the loss that the weights go with."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, pad
from torch.nn.utils import parametrize

from grae.errors import SettingsError
from grae.images import ImageAutoencoder
from grae.images.batches import as_tensor
from grae.images.build import build
from grae.images.networks import SquaredError, _cut, _padding
from grae.images.recipes import PUBLISHED_MODELS as MODELS
from grae.images.recipes import RECIPES, Recipe, objective_of, recipe_for, recipe_named
from grae.images.resolution import resolve_settings
from grae.images.settings import Architecture, Objective


def architecture(recipe: Recipe, width: float = 1.0, channels: int | None = None) -> Architecture:
    return Architecture(
        side=recipe.side,
        channels=channels or recipe.channels or 3,
        latent_dim=recipe.latent_dim,
        encoder=tuple(int(width * n) for n in recipe.encoder),
        start=int(width * recipe.start),
        decoder=tuple(int(width * n) for n in recipe.decoder),
        kernel=recipe.kernel,
        rescale=recipe.rescale,
    )


def network(name: str, model: str, width: float = 1.0):
    recipe = RECIPES[name]
    return build(architecture(recipe, width), Objective(**objective_of(recipe, model, None, None)))


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def convolutions(kernel: int, filters: list[int]) -> int:
    """Parameters of convolutions from filters[0] on: kernels and biases."""
    return sum(kernel**2 * n_in * n_out + n_out for n_in, n_out in pairwise(filters))


def norms(filters: list[int]) -> int:
    return 2 * sum(filters)


@pytest.mark.parametrize(
    ("name", "kernel", "channels", "places", "latent_dim", "up"),
    [
        ("mnist", 4, 1, 2 * 2, 16, [512, 256]),
        ("fashion-mnist", 4, 1, 2 * 2, 16, [512, 256]),
        ("cifar10", 4, 3, 2 * 2, 128, [512, 256]),
        ("celeba", 5, 3, 4 * 4, 64, [512, 256, 128]),
    ],
)
def test_the_published_numbers_of_parameters(name, kernel, channels, places, latent_dim, up):
    down = [128, 256, 512, 1024]
    made = network(name, "rae")
    assert count(made.encoder) == convolutions(kernel, [channels, *down]) + norms(down)
    assert count(made.bottleneck) == (1024 * places + 1) * latent_dim
    dense = (latent_dim + 1) * 8 * 8 * 1024
    assert count(made.decoder) == dense + convolutions(kernel, [1024, *up, channels]) + norms(up)
    assert count(network(name, "vae").bottleneck) == 2 * count(made.bottleneck)


def test_mnists_encoder_decoder_in_figures():
    made = network("mnist", "rae")
    assert (count(made.encoder), count(made.bottleneck), count(made.decoder)) == (11_017_856, 65_552, 11_606_273)


@pytest.mark.parametrize("name", RECIPES)
def test_images_go_in_and_come_out(name):
    made, recipe = network(name, "rae", width=1 / 32), RECIPES[name]
    channels = recipe.channels or 3
    images = np.random.default_rng(0).integers(0, 256, (3, recipe.side, recipe.side, channels), dtype=np.uint8)
    batch = {"images": as_tensor(images)}
    z = made.encode(batch)
    output = made.decoder(z, batch)
    assert z.shape == (3, recipe.latent_dim)
    assert output.shape == batch["images"].shape
    assert output.min() >= 0
    assert output.max() <= 1
    assert made(batch).keys() >= {"loss", "reconstruction", "embedding", "regularization"}


@pytest.mark.parametrize("writable", [True, False])
def test_batches_are_channels_last_in_memory(writable):
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    images.flags.writeable = writable  # those of a data set on disk are mapped, and are not
    tensor = as_tensor(images)
    assert tensor.shape == (2, 3, 3, 4)
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(tensor.permute(0, 2, 3, 1).numpy(), images)


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (5, 2), (4, 1), (5, 1)])
def test_the_decoders_layers_are_the_transposes_of_the_encoders(kernel, stride):
    """<conv(x), y> = <x, transposed conv(y)> for the padding and the cutting that the networks do."""
    torch.manual_seed(0)
    weight = torch.randn(3, 2, kernel, kernel, dtype=torch.float64)
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64)
    both, more = _padding(kernel, stride)
    down = conv2d(pad(x, (0, more, 0, more)), weight, stride=stride, padding=both)
    y = torch.randn_like(down)
    up = _cut(conv_transpose2d(y, weight, stride=stride, padding=both), 8)
    assert down.shape[-1] == 8 // stride
    assert up.shape == x.shape
    assert torch.isclose((down * y).sum(), (x * up).sum())


def test_odd_padding_is_greater_at_the_end():
    assert _padding(5, 2) == (1, 1)
    assert _padding(4, 1) == (1, 1)
    assert _padding(4, 2) == (1, 0)


@pytest.mark.parametrize(("kernel", "stride"), [(4, 2), (5, 2), (4, 1), (5, 1)])
def test_what_is_cut_is_laid_out_as_a_whole(kernel, stride):
    """Batch normalization takes many times as long on a part of a larger tensor."""
    weight = torch.randn(3, 2, kernel, kernel).contiguous(memory_format=torch.channels_last)
    y = torch.randn(2, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    up = _cut(conv_transpose2d(y, weight, stride=stride, padding=_padding(kernel, stride)[0]), 8 * stride)
    assert up.shape[-1] == 8 * stride
    assert up.is_contiguous(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def batch() -> dict[str, torch.Tensor]:
    images = np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    return {"images": as_tensor(images)}


def parts(made, batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The pixels, the codes and the output, of a network in evaluation mode."""
    made.eval()
    z = made.encode(batch)
    return batch["images"].double() / 255, z.double(), made.decoder(z, batch).double()


def test_rae_averages_the_error_over_pixels_and_the_codes_over_dimensions(batch):
    made = network("cifar10", "rae", 1 / 32)
    x, z, y = parts(made, batch)
    expected = (x - y).square().mean() + 0.01 * z.square().mean()
    assert torch.isclose(made(batch)["loss"].double(), expected, rtol=1e-5)


def test_vae_sums_both_over_pixels_and_dimensions(batch):
    made = network("cifar10", "vae", 1 / 32)
    x, z, y = parts(made, batch)
    log_sigma = 5 * torch.tanh(made.bottleneck.get_submodule("to_scale")(made.encoder(batch))).double()
    kl = 0.5 * (z.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(dim=1).mean()
    expected = (x - y).square().mean(dim=1).sum(dim=(1, 2)).mean() + 0.024 * kl
    assert torch.isclose(made(batch)["loss"].double(), expected, rtol=1e-5)


def test_cv_vae_has_one_sigma(batch):
    made = network("cifar10", "cv-vae", 1 / 32)
    x, z, y = parts(made, batch)
    kl = 0.5 * (z.square() + 0.49 - 1 - np.log(0.49)).sum(dim=1).mean()
    expected = (x - y).square().mean(dim=1).sum(dim=(1, 2)).mean() + 9e-4 * kl
    assert torch.isclose(made(batch)["loss"].double(), expected, rtol=1e-5)


def test_wae_averages_the_error(batch):
    made = network("cifar10", "wae", 1 / 32)
    x, _, y = parts(made, batch)
    terms = made(batch)
    assert torch.isclose(terms["reconstruction"].double(), (x - y).square().mean(), rtol=1e-5)
    assert torch.isclose(terms["loss"], terms["reconstruction"] + 0.006 * terms["embedding"])
    assert made.bottleneck.scales == (0.1, 0.2, 0.5, 1, 2, 5, 10)


def test_wae_on_faces_sums_over_pixels_and_channels_under_its_published_weights():
    """0.05 x the sum over pixels and channels + 100 x MMD (Tolstikhin et al. 2018, as Ghosh et al. 2020 have it)."""
    images = np.random.default_rng(1).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
    faces = {"images": as_tensor(images)}
    made = network("celeba", "wae", 1 / 32)
    x, _, y = parts(made, faces)
    terms = made(faces)
    expected = (0.05 * (x - y).square().sum(dim=(1, 2, 3)).mean()).detach()
    assert torch.isclose(terms["reconstruction"].double(), expected, rtol=1e-5)
    assert torch.isclose(terms["loss"], terms["reconstruction"] + 100 * terms["embedding"], rtol=1e-5)
    assert terms["mse"].item() == pytest.approx(float(expected) / (0.05 * 64 * 64 * 3), rel=1e-5)


def test_waes_encoder_of_faces_gets_clipped_noise_in_training_alone():
    made = network("celeba", "wae", 1 / 32).encoder
    seen = []
    made.get_submodule("layers.0").register_forward_pre_hook(lambda layer, given: seen.append(given[0].detach()))
    grey = {"images": torch.full((4, 3, 64, 64), 51, dtype=torch.uint8)}  # 0.2, and one row and column of padding
    torch.manual_seed(0)
    made.train()(grey)
    noise = seen[0][..., :64, :64] - 0.2
    assert float(noise.abs().max()) == pytest.approx(0.01, rel=1e-4)
    at_the_ends = float((noise.abs() > 0.00999).float().mean())
    assert at_the_ends == pytest.approx(0.317, abs=0.01)  # of N(0, 0.01), so much is clipped at one deviation
    made.eval()(grey)
    assert torch.allclose(seen[1][..., :64, :64], torch.tensor(0.2))
    assert all(network(name, "wae", 1 / 32).encoder.noise == 0 for name in ("mnist", "cifar10"))
    assert all(network("celeba", model, 1 / 32).encoder.noise == 0 for model in MODELS if model != "wae")


@pytest.mark.parametrize(("name", "dense"), [("cifar10", False), ("celeba", True)])
def test_tikhonov_squares_transposed_convolutions_and_for_faces_the_dense_layer(name, dense):
    made = network(name, "rae-l2", 1 / 32)
    kinds = (nn.ConvTranspose2d, nn.Linear) if dense else (nn.ConvTranspose2d,)
    layers = [layer for layer in made.decoder.modules() if isinstance(layer, kinds)]
    expected = sum(float(layer.weight.detach().double().square().sum()) for layer in layers)
    side = RECIPES[name].side
    images = {"images": torch.zeros(2, 3, side, side, dtype=torch.uint8)}
    made.eval()
    with torch.no_grad():
        found = float(made(images)["regularization"])
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_gradient_penalty_is_that_of_the_outputs_energy(batch):
    made = network("mnist", "rae-gp", 1 / 32)
    grey = {"images": batch["images"][:, :1]}
    made.eval()
    z = made.encode(grey).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(made.decoder(z, grey).square().sum(), z)
    assert torch.isclose(made(grey)["regularization"], gradient.square().mean(), rtol=1e-4)


def test_spectral_normalization_is_on_every_layer_of_both_halves(batch):
    made = network("cifar10", "rae-sn", 1 / 32)
    layers = [layer for layer in made.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    assert len(layers) == 4 + 1 + 1 + 3
    assert all(parametrize.is_parametrized(layer, "weight") for layer in layers)
    with torch.no_grad():
        for _ in range(30):
            made.train()(batch)
    dense = made.bottleneck.to_code.weight
    assert float(torch.linalg.matrix_norm(dense.detach(), 2)) == pytest.approx(1, abs=0.05)


def test_validation_adds_the_mean_error_whatever_the_scale(batch):
    output = batch["images"].float() / 255 + 0.5
    for error, factor in ((SquaredError("mean"), 1), (SquaredError("sum"), 32 * 32)):
        assert float(error.train()(output, batch)["reconstruction"]) == pytest.approx(0.25 * factor, rel=1e-5)
        assert "mse" not in error(output, batch)
        assert float(error.eval()(output, batch)["mse"]) == pytest.approx(0.25, rel=1e-5)


def test_every_recipe_has_every_model():
    for recipe in RECIPES.values():
        assert tuple(recipe.weights) == MODELS
        for model in MODELS:
            Objective(**objective_of(recipe, model, None, None))


def test_recipes_by_size():
    assert recipe_for((32, 32, 1)) == "mnist"
    assert recipe_for((32, 32, 3)) == "cifar10"
    assert recipe_for((64, 64, 1)) == recipe_for((64, 64, 3)) == "celeba"
    assert recipe_for((8, 8, 1)) == "digits"
    with pytest.raises(SettingsError, match="no recipe for images of 28x28 pixels and 1 channels"):
        recipe_for((28, 28, 1))
    with pytest.raises(SettingsError, match="did you mean 'cifar10'"):
        recipe_named("cifar")


# Ghosh et al. 2020 and its published code: learning rate, epochs and batch of (MNIST, CIFAR-10, CelebA).
PUBLISHED = {
    "vae": ((1e-4, 100, 100), (1e-4, 100, 100), (1e-4, 70, 1000)),
    "cv-vae": ((1e-4, 100, 100), (1e-4, 70, 100), (1e-4, 70, 100)),
    "wae": ((1e-3, 100, 100), (1e-3, 70, 100), (1e-3, 70, 100)),
    "2svae": ((1e-4, 100, 100), (1e-4, 100, 100), (1e-4, 70, 1000)),
    "rae-gp": ((5e-4, 100, 100), (5e-4, 70, 100), (1e-3, 70, 100)),
    "rae-l2": ((5e-4, 100, 100), (5e-4, 100, 100), (1e-3, 70, 100)),
    "rae-sn": ((5e-4, 100, 100), (5e-4, 100, 100), (1e-3, 70, 100)),
    "rae": ((5e-4, 100, 100), (5e-4, 100, 100), (1e-3, 70, 100)),
    "ae": ((5e-4, 100, 100), (5e-4, 100, 100), (1e-3, 70, 100)),
    "ae-l2": ((5e-4, 100, 100), (5e-4, 100, 100), (1e-3, 100, 100)),
}
# beta; lambda, where there is one
WEIGHTS = {
    "vae": (0.312, 0.024, 0.09024),
    "cv-vae": (0.039, 9e-4, 0.01),
    "wae": (0.03, 0.006, 100),
    "2svae": (0.312, 0.024, 0.09024),
    "rae-gp": ((1e-4, 5e-8), (9e-4, 0), (1e-4, 1e-7)),
    "rae-l2": ((1e-4, 1e-7), (1e-3, 1e-6), (1e-4, 1e-7)),
    "rae-sn": (0.009, 0.03, 0.0024),
    "rae": (5e-4, 0.01, 1e-4),
    "ae": (0, 0, 0),
    "ae-l2": ((0, 1e-7), (0, 1e-6), (0, 1e-6)),
}
SHAPES = {"mnist": (32, 32, 1), "cifar10": (32, 32, 3), "celeba": (64, 64, 3)}


@pytest.mark.parametrize("model", MODELS)
def test_the_published_weights_and_schedule(model):
    for place, (name, shape) in enumerate(SHAPES.items()):
        settings = resolve_settings(ImageAutoencoder(model, recipe=name).get_params(), shape)
        training, objective = settings.training, settings.objective
        assert (training.learning_rate, training.epochs, training.batch_size) == PUBLISHED[model][place]
        weights = WEIGHTS[model][place]
        assert (objective.weights.beta, objective.weights.lambda_) == (
            weights if isinstance(weights, tuple) else (weights, 0)
        )
        assert settings.second_stage == (1.5e-3, 1e-3, 2e-3)[place]


def test_the_published_plateau():
    settings = resolve_settings(ImageAutoencoder("rae-l2").get_params(), (32, 32, 3))
    assert (settings.training.schedule, settings.training.plateau_factor) == ("plateau", 0.5)
    assert (settings.training.plateau_patience, settings.training.plateau_threshold) == (5, 1e-4)
    assert settings.training.clip_norm is None


def test_width_scales_every_number_of_filters():
    found = resolve_settings(ImageAutoencoder("rae", width=0.25).get_params(), (64, 64, 3)).architecture
    assert found.encoder == (32, 64, 128, 256)
    assert (found.start, found.decoder, found.latent_dim) == (256, (128, 64, 32), 64)


@pytest.mark.parametrize(("name", "model"), [("mnist", "rae-l2"), ("celeba", "rae-l2"), ("celeba", "ae-l2")])
def test_width_leaves_tikhonovs_penalty_its_share(name, model):
    """Before training: the squared weights of a narrow decoder under its lambda weigh what those of the whole weigh."""
    whole, narrow = (
        resolve_settings(ImageAutoencoder(model, width=width).get_params(), SHAPES[name]) for width in (1.0, 1 / 8)
    )
    assert whole.objective.weights.lambda_ == RECIPES[name].weights[model].lambda_
    torch.manual_seed(0)
    shares = []
    for settings in (whole, narrow):
        made = build(settings.architecture, settings.objective)
        penalty = made.regularizer.penalty(made.decoder, lambda z: z, torch.zeros(1, 1))
        shares.append(settings.objective.weights.lambda_ * float(penalty.detach()))
    assert shares[1] == pytest.approx(shares[0], rel=0.02)


def test_width_leaves_a_lambda_by_hand_and_the_other_models_as_they_are():
    def weights(model, **options):
        return resolve_settings(
            ImageAutoencoder(model, width=0.25, **options).get_params(), (32, 32, 1)
        ).objective.weights

    assert weights("rae-l2", lambda_=1e-3).lambda_ == 1e-3
    assert weights("rae-gp").lambda_ == 5e-8
    assert weights("rae-l2").beta == 1e-4


def test_a_weight_for_a_term_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="no regularizer"):
        objective_of(RECIPES["mnist"], "rae-sn", None, 1.0)
    with pytest.raises(SettingsError, match="has beta 0"):
        objective_of(RECIPES["mnist"], "ae", 1.0, None)
    with pytest.raises(SettingsError, match="unknown model of images 'grae'"):
        objective_of(RECIPES["mnist"], "grae", None, None)
