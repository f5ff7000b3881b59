"""Resolves the parameters of `GrammarAutoencoder` and its preset to settings, except for those that depend on the data.

Does not import torch, so that a command can report invalid options before anything heavy is loaded.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from grae.autoencoder.models import Model, model_named
from grae.datasets.forms import resolve_form
from grae.density.densities import DENSITIES
from grae.errors import SettingsError
from grae.estimator.objective import BottleneckSettings, LossWeights
from grae.estimator.settings import replaced
from grae.grammar import Grammar
from grae.sequence.architecture import resolved_architecture
from grae.sequence.settings import Preset, preset_named


class Resolved(NamedTuple):
    """A resolved model.

    Attributes:
        model: the row of the table of models.
        preset: the preset's settings, with the user's parameters.
    """

    model: Model
    preset: Preset


def resolve_settings(parameters: Mapping[str, Any], grammar: Grammar) -> Resolved:
    """Resolves the model and the preset with the user's parameters.

    Args:
        parameters: parameters of `GrammarAutoencoder`; those that are None or missing take the value of the preset.
        grammar: grammar of the strings.

    Raises:
        SettingsError: a parameter is unknown or out of range.
    """
    given = parameters.get
    model = model_named(parameters["model"])
    preset = preset_named(parameters["preset"], grammar, model)
    if (density := given("density")) is not None:
        DENSITIES.check(density)
    if given("lambda_") is not None:
        _check_weighs(parameters["model"], model)
    limits = {name: given(name) for name in ("epochs", "time_budget")}
    if any(value is not None for value in limits.values()):  # replaces both limits of the preset
        if limits["time_budget"] is None:  # so that results do not depend on the clock
            limits |= {"validate_every_epochs": 1, "validate_every_seconds": None}
        preset = preset.model_copy(update={"training": preset.training.replace(**limits), "steps": None})
    training = {name: given(name) for name in ("batch_size", "learning_rate", "precision", "device")}
    training["seed"] = given("random_state")
    bottleneck = preset.bottleneck.with_noise(given("noise"))
    weights = replaced(preset.weights, beta=given("beta"), lambda_=given("lambda_"), rate=given("rate"))
    check_rate(weights, bottleneck)
    architecture = resolved_architecture(preset.architecture, given("architecture"), grammar.language.name)
    return Resolved(
        model,
        replaced(
            preset,
            architecture=replaced(architecture, latent_dim=given("latent_dim")),
            bottleneck=bottleneck,
            weights=weights,
            training=preset.training.replace(**{name: value for name, value in training.items() if value is not None}),
            max_length=given("max_length"),
            motifs=given("motifs"),
            form=None if given("form") is None else resolve_form(grammar, given("form")),
        ),
    )


def check_rate(weights: LossWeights, bottleneck: BottleneckSettings) -> None:
    """Raises SettingsError for a target rate if the codes have no noise, and therefore no rate."""
    if weights.rate is not None and not bottleneck.noise:
        raise SettingsError(
            "without noise on the codes there is no rate to hold",
            remedy="give a noise above 0, such as 1, or omit rate",
        )


def _check_weighs(name: str, model: Model) -> None:
    if not model.weighs_regularizer:
        raise SettingsError(
            f"model {name!r} has no regularizer for lambda to weight",
            remedy="omit lambda, or choose another model, such as grae or rae-gp",
        )
