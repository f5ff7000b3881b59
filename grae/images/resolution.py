"""Resolves the parameters of `ImageAutoencoder` and its recipe to settings."""

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


def resolve_settings(parameters: Mapping[str, Any], shape: tuple[int, int, int]) -> Settings:
    """The resolved settings of a model.

    Args:
        parameters: parameters of `ImageAutoencoder`; those that are None are left to the recipe.
        shape: height and width of the images in pixels, and channels.

    Raises:
        SettingsError: a parameter is unknown or out of range, or there is no recipe for such images.
    """
    model = model_of_images(parameters["model"])
    name = parameters["recipe"] or recipe_for(shape)
    recipe = recipe_named(name)
    if shape[:2] != (recipe.side, recipe.side) or recipe.channels not in (0, shape[2]):
        raise SettingsError(
            f"the recipe {name!r} is for images of {recipe.side}x{recipe.side} pixels and "
            f"{recipe.channels or '1 or 3'} channels, not {shape[0]}x{shape[1]} and {shape[2]}",
            remedy="omit the recipe, or scale the images",
        )
    if parameters["density"] is not None:
        DENSITIES.check(parameters["density"])
    architecture = _architecture(widened(recipe, parameters["width"]), shape[2], parameters)
    scale = 1.0
    if model.regularizer == "tikhonov":
        scale = lambda_scale(recipe, parameters["width"], shape[2], architecture.latent_dim)
    objective = objective_of(recipe, parameters["model"], parameters["beta"], parameters["lambda_"], scale=scale)
    return validated(
        Settings,
        {
            "model": parameters["model"],
            "recipe": name,
            "width": parameters["width"],
            "architecture": architecture,
            "objective": validated(Objective, objective),
            "training": _training(recipe, model.bottleneck, parameters),
            "density": parameters["density"] or model.density,
            "second_stage": recipe.second_stage,
        },
    )


def _architecture(recipe: Recipe, channels: int, parameters: Mapping[str, Any]) -> Architecture:
    """The recipe's network with the user's latent dimension."""
    values = {
        "side": recipe.side,
        "channels": channels,
        "latent_dim": _first(parameters["latent_dim"], recipe.latent_dim),
        "encoder": recipe.encoder,
        "start": recipe.start,
        "decoder": recipe.decoder,
        "kernel": recipe.kernel,
        "rescale": recipe.rescale,
    }
    return validated(Architecture, values)


def _training(recipe: Recipe, bottleneck: str, parameters: Mapping[str, Any]) -> TrainingSettings:
    """The recipe's training; a time budget replaces its epochs."""
    name = parameters["model"]
    epochs = recipe.epochs_of.get(name, recipe.epochs) if parameters["time_budget"] is None else None
    return TrainingSettings(
        epochs=_first(parameters["epochs"], epochs),
        time_budget=parameters["time_budget"],
        batch_size=_first(parameters["batch_size"], recipe.batch_sizes.get(name, recipe.batch_size)),
        learning_rate=_first(parameters["learning_rate"], recipe.rates.get(bottleneck, recipe.rates["deterministic"])),
        schedule=_first(parameters["schedule"], "plateau"),
        plateau_factor=PLATEAU_FACTOR,
        plateau_patience=PLATEAU_PATIENCE,
        plateau_threshold=PLATEAU_THRESHOLD,
        clip_norm=None,
        precision=parameters["precision"],
        seed=parameters["random_state"],
        device=parameters["device"],
    )


def _first(requested: Any, default: Any) -> Any:
    """The requested value, or the default if it is None."""
    return default if requested is None else requested
