"""From what is asked of a model of images, and a recipe for the rest, to settings that leave nothing open."""

from collections.abc import Mapping
from typing import Any

from grae.density import DENSITIES
from grae.errors import SettingsError
from grae.estimator.settings import validated
from grae.images.recipes import Recipe, model_of_images, objective_of, recipe_for, recipe_named
from grae.images.settings import Architecture, Objective, Settings
from grae.images.width import lambda_scale, widened
from grae.training.settings import TrainingSettings

# Ghosh et al. 2020 and its published code, with its framework's default for what counts as an improvement
PLATEAU_FACTOR, PLATEAU_PATIENCE, PLATEAU_THRESHOLD = 0.5, 5, 1e-4


def resolve_settings(asked: Mapping[str, Any], shape: tuple[int, int, int]) -> Settings:
    """The settings of a model.

    Args:
        asked: the parameters of `ImageAutoencoder`, None for what is left to the recipe.
        shape: height and width of the images in pixels, and channels.

    Raises:
        SettingsError: a parameter is unknown or out of range, or no recipe is for such images.
    """
    model = model_of_images(asked["model"])
    name = asked["recipe"] or recipe_for(shape)
    recipe = recipe_named(name)
    if shape[:2] != (recipe.side, recipe.side) or recipe.channels not in (0, shape[2]):
        raise SettingsError(
            f"the recipe {name!r} is for images of {recipe.side}x{recipe.side} pixels and "
            f"{recipe.channels or '1 or 3'} channels, not {shape[0]}x{shape[1]} and {shape[2]}",
            remedy="leave the recipe out, or scale the images",
        )
    if asked["density"] is not None:
        DENSITIES.check(asked["density"])
    architecture = _architecture(widened(recipe, asked["width"]), shape[2], asked)
    scale = 1.0
    if model.regularizer == "tikhonov":
        scale = lambda_scale(recipe, asked["width"], shape[2], architecture.latent_dim)
    objective = objective_of(recipe, asked["model"], asked["beta"], asked["lambda_"], scale=scale)
    return validated(
        Settings,
        {
            "model": asked["model"],
            "recipe": name,
            "width": asked["width"],
            "architecture": architecture,
            "objective": validated(Objective, objective),
            "training": _training(recipe, model.bottleneck, asked),
            "density": asked["density"] or model.density,
            "second_stage": recipe.second_stage,
        },
    )


def _architecture(recipe: Recipe, channels: int, asked: Mapping[str, Any]) -> Architecture:
    """The recipe's network."""
    values = {
        "side": recipe.side,
        "channels": channels,
        "latent_dim": _first(asked["latent_dim"], recipe.latent_dim),
        "encoder": recipe.encoder,
        "start": recipe.start,
        "decoder": recipe.decoder,
        "kernel": recipe.kernel,
        "rescale": recipe.rescale,
    }
    return validated(Architecture, values)


def _training(recipe: Recipe, bottleneck: str, asked: Mapping[str, Any]) -> TrainingSettings:
    """The recipe's schedule; minutes that are asked for take the place of its epochs."""
    name = asked["model"]
    epochs = recipe.epochs_of.get(name, recipe.epochs) if asked["time_budget"] is None else None
    return TrainingSettings(
        epochs=_first(asked["epochs"], epochs),
        time_budget=asked["time_budget"],
        batch_size=_first(asked["batch_size"], recipe.batch_sizes.get(name, recipe.batch_size)),
        learning_rate=_first(asked["learning_rate"], recipe.rates.get(bottleneck, recipe.rates["deterministic"])),
        schedule=_first(asked["schedule"], "plateau"),
        plateau_factor=PLATEAU_FACTOR,
        plateau_patience=PLATEAU_PATIENCE,
        plateau_threshold=PLATEAU_THRESHOLD,
        clip_norm=None,
        precision=asked["precision"],
        seed=asked["random_state"],
        device=asked["device"],
    )


def _first(asked: Any, otherwise: Any) -> Any:
    """What is asked for, where it is not None."""
    return otherwise if asked is None else asked
