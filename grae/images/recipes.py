"""The recipes of the paper's image experiments: networks by data set, weights and learning rates by model.

Source: Ghosh et al. 2020, appendix and published code, except where marked as ours.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from grae.autoencoder.models import MODELS, Defaults, Model, model_named
from grae.errors import SettingsError

Scale = Literal["mean", "sum", "sum-channels"]
"""Reductions of the squared error over the pixels of an image."""
SIGMA = 0.7  # of the constant-variance VAE

SCALING: dict[str, tuple[Scale, dict[str, Any]]] = {
    "deterministic": ("mean", {"reduction": "mean"}),
    "gaussian": ("sum", {"reduction": "sum", "log_sigma_bound": 5.0}),
    "constant-variance": ("sum", {"noise": SIGMA, "reduction": "sum"}),
    "wasserstein": ("mean", {}),
}
"""By bottleneck: the reduction of the squared error, and fields of its settings; the recipes' weights assume these."""


@dataclass(frozen=True)
class Recipe:
    """Network, losses and training of the models of one data set.

    Attributes:
        side: height and width of the images in pixels.
        channels: 1 or 3; 0 for either.
        latent_dim: width of a code, D.
        encoder: filters of the convolutions.
        start: filters of the output of the decoder's dense layer.
        decoder: filters of the transposed convolutions of stride 2.
        kernel: height and width of every kernel.
        rescale: whether the encoder rescales pixels from 0..1 to -1..1.
        weights: weights of the loss by model.
        rates: learning rate by bottleneck.
        epochs: epochs.
        epochs_of: epochs of models that differ.
        batch_size: images per step.
        batch_sizes: batch sizes of models that differ.
        losses: fields of `Objective` that differ from those of the model's bottleneck.
        tikhonov: layers whose weights Tikhonov's regularizer penalizes, names in `build.LAYERS`.
        second_stage: weight of the KL term in the second stage of 2sVAE.
        ours: whether the recipe is ours and not the paper's.
    """

    side: int
    channels: Literal[0, 1, 3]
    latent_dim: int
    encoder: tuple[int, ...]
    start: int
    decoder: tuple[int, ...]
    kernel: int
    rescale: bool
    weights: dict[str, Defaults]
    rates: dict[str, float]
    epochs: int
    epochs_of: dict[str, int] = field(default_factory=dict)
    batch_size: int = 100
    batch_sizes: dict[str, int] = field(default_factory=dict)
    losses: dict[str, dict[str, Any]] = field(default_factory=dict)
    tikhonov: tuple[str, ...] = ("transposed convolution",)
    second_stage: float = 1.5e-3
    ours: bool = False


RATES = {"deterministic": 5e-4, "gaussian": 1e-4, "constant-variance": 1e-4, "wasserstein": 1e-3}

MNIST = Recipe(
    side=32,
    channels=1,
    latent_dim=16,
    encoder=(128, 256, 512, 1024),
    start=1024,
    decoder=(512, 256),
    kernel=4,
    rescale=True,
    weights={
        "vae": Defaults(0.312),
        "cv-vae": Defaults(0.039),
        "wae": Defaults(0.03),
        "2svae": Defaults(0.312),
        "rae-gp": Defaults(1e-4, 5e-8),
        "rae-l2": Defaults(1e-4, 1e-7),
        "rae-sn": Defaults(0.009),
        "rae": Defaults(5e-4),
        "ae": Defaults(0.0),
        "ae-l2": Defaults(0.0, 1e-7),
    },
    rates=RATES,
    epochs=100,
)

CIFAR10 = Recipe(
    side=32,
    channels=3,
    latent_dim=128,
    encoder=(128, 256, 512, 1024),
    start=1024,
    decoder=(512, 256),
    kernel=4,
    rescale=True,
    weights={
        "vae": Defaults(0.024),
        "cv-vae": Defaults(9e-4),
        "wae": Defaults(0.006),
        "2svae": Defaults(0.024),
        "rae-gp": Defaults(9e-4, 0.0),  # as published: without the penalty
        "rae-l2": Defaults(1e-3, 1e-6),
        "rae-sn": Defaults(0.03),
        "rae": Defaults(0.01),
        "ae": Defaults(0.0),
        "ae-l2": Defaults(0.0, 1e-6),
    },
    rates=RATES,
    epochs=100,
    epochs_of={"wae": 70, "cv-vae": 70, "rae-gp": 70},
    second_stage=1e-3,
)

CELEBA = Recipe(
    side=64,
    channels=0,
    latent_dim=64,
    encoder=(128, 256, 512, 1024),
    start=1024,
    decoder=(512, 256, 128),
    kernel=5,
    rescale=False,
    weights={
        "vae": Defaults(0.09024),
        "cv-vae": Defaults(0.01),
        "wae": Defaults(100.0),
        "2svae": Defaults(0.09024),
        "rae-gp": Defaults(1e-4, 1e-7),
        "rae-l2": Defaults(1e-4, 1e-7),
        "rae-sn": Defaults(0.0024),
        "rae": Defaults(1e-4),
        "ae": Defaults(0.0),
        "ae-l2": Defaults(0.0, 1e-6),
    },
    rates={**RATES, "deterministic": 1e-3},
    epochs=70,
    epochs_of={"ae-l2": 100},
    batch_sizes={"vae": 1000, "2svae": 1000},
    losses={"wae": {"reconstruction": "sum-channels", "reconstruction_weight": 0.05, "input_noise": 0.01}},
    tikhonov=("transposed convolution", "dense"),
    second_stage=2e-3,
)

# Ours: a network two layers deep for 8x8 pixels, and MNIST's weights; for losses that sum over the pixels, they are
# divided by 16, since there are 64 pixels instead of 1,024. One learning rate for all, since there are few steps.
_DIGITS_RATE = 1e-3
DIGITS = Recipe(
    side=8,
    channels=1,
    latent_dim=8,
    encoder=(64, 128),
    start=128,
    decoder=(64,),
    kernel=4,
    rescale=True,
    weights=MNIST.weights | {"vae": Defaults(0.0195), "cv-vae": Defaults(0.00244), "2svae": Defaults(0.0195)},
    rates=dict.fromkeys(RATES, _DIGITS_RATE),
    epochs=100,
    batch_size=32,
    ours=True,
)

RECIPES = {"digits": DIGITS, "mnist": MNIST, "fashion-mnist": MNIST, "cifar10": CIFAR10, "celeba": CELEBA}
"""By data set; Fashion-MNIST, which is not in the paper, has the recipe of MNIST."""
PUBLISHED_MODELS = tuple(MNIST.weights)
"""The models of images in the order of the paper's table."""


def models_of_images() -> tuple[str, ...]:
    """The models of images: the paper's, then other rows of the table with defaults for images."""
    others = (name for name, row in MODELS.items() if row.images is not None and name not in PUBLISHED_MODELS)
    return (*PUBLISHED_MODELS, *others)


def recipe_named(name: str) -> Recipe:
    """The recipe of a data set. Raises SettingsError: there is none."""
    if name not in RECIPES:
        raise SettingsError.unknown("recipe", name, RECIPES)
    return RECIPES[name]


def recipe_for(shape: tuple[int, int, int]) -> str:
    """The name of the first recipe for images of that height, width and number of channels.

    Raises:
        SettingsError: there is none.
    """
    height, width, channels = shape
    for name, recipe in RECIPES.items():
        if height == width == recipe.side and recipe.channels in (0, channels):
            return name
    raise SettingsError(
        f"there is no recipe for images of {height}x{width} pixels and {channels} channels; there are for "
        "8x8 with 1, 32x32 with 1 or 3, and 64x64 with 1 or 3",
        remedy="scale or pad the images to one of these (a folder of pictures is scaled to 64x64 by itself)",
    )


def model_of_images(name: str) -> Model:
    """A row of the table of models. Raises SettingsError: it is not a model of images."""
    if name not in models_of_images():
        raise SettingsError.unknown("model of images", name, models_of_images())
    return model_named(name)


def objective_of(
    recipe: Recipe, name: str, beta: float | None, lambda_: float | None, *, scale: float = 1.0
) -> dict[str, Any]:
    """The fields of the `Objective` of a model under a recipe.

    Args:
        recipe: the recipe.
        name: name of the model.
        beta: weight of L_Z; None for the recipe's.
        lambda_: weight of L_REG; None for the recipe's.
        scale: factor on the recipe's lambda; see `lambda_scale`.

    Raises:
        SettingsError: a weight is given for a term that the model does not have.
    """
    model = model_of_images(name)
    if lambda_ is not None and not model.weighs_regularizer:
        raise SettingsError(
            f"model {name!r} has no regularizer for lambda to weight",
            remedy="omit lambda, or choose rae-gp or rae-l2",
        )
    if beta is not None and not model.weighs_embedding:
        raise SettingsError(f"model {name!r} has beta 0", remedy="omit beta, or choose rae or rae-l2")
    reconstruction, bottleneck = SCALING.get(model.bottleneck, ("mean", {}))
    if model.images is not None and model.images.noise is not None:
        bottleneck = {**bottleneck, "noise": model.images.noise}
    regularizer_options: dict[str, dict[str, Any]] = {
        "tikhonov": {"layers": list(recipe.tikhonov)},
        "gradient-penalty": {"of": "energy"},
        "spectral-norm": {"encoder": True},
    }
    weights = recipe.weights.get(name, model.images)
    assert weights is not None  # guaranteed by `models_of_images`
    return {
        "reconstruction": reconstruction,
        "bottleneck": {"kind": model.bottleneck, **bottleneck},
        "regularizer": model.regularizer,
        "regularizer_options": regularizer_options.get(model.regularizer, {}),
        "weights": {
            "beta": weights.beta if beta is None else beta,
            "lambda_": scale * weights.lambda_ if lambda_ is None else lambda_,
        },
        **recipe.losses.get(name, {}),
    }
