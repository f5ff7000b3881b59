"""From what is asked of a model of strings, and a preset for the rest, to settings that leave only the data open.

Imports no torch, so that a command finds what is wrong with its options before it loads anything heavy.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from grae.autoencoder.models import Model, model_named
from grae.datasets.forms import resolve_form
from grae.density.densities import DENSITIES
from grae.errors import SettingsError
from grae.estimator.settings import replaced
from grae.grammar import Grammar
from grae.sequence.architecture import resolved_architecture
from grae.sequence.settings import Preset, preset_named


class Resolved(NamedTuple):
    """What a model of strings is made from.

    Attributes:
        model: the row of the table of models.
        preset: the preset's settings, with what was set by hand.
    """

    model: Model
    preset: Preset


def resolve_settings(asked: Mapping[str, Any], grammar: Grammar) -> Resolved:
    """The row of the table of models, and the preset with what was set by hand.

    Args:
        asked: parameters of `GrammarAutoencoder`; what is None or missing is left to the preset.
        grammar: of the strings.

    Raises:
        SettingsError: one is unknown or out of range.
    """
    given = asked.get
    model = model_named(asked["model"])
    preset = preset_named(asked["preset"], grammar, model)
    if (density := given("density")) is not None:
        DENSITIES.check(density)
    if given("lambda_") is not None:
        _check_weighs(asked["model"], model)
    limits = {name: given(name) for name in ("epochs", "time_budget")}
    if any(value is not None for value in limits.values()):  # in the place of both of the preset's limits
        if limits["time_budget"] is None:  # so that the clock decides nothing
            limits |= {"validate_every_epochs": 1, "validate_every_seconds": None}
        preset = preset.model_copy(update={"training": preset.training.replace(**limits), "steps": None})
    training = {name: given(name) for name in ("batch_size", "learning_rate", "precision", "device")}
    training["seed"] = given("random_state")
    architecture = resolved_architecture(preset.architecture, given("architecture"), grammar.language.name)
    return Resolved(
        model,
        replaced(
            preset,
            architecture=replaced(architecture, latent_dim=given("latent_dim")),
            bottleneck=preset.bottleneck.with_noise(given("noise")),
            weights=replaced(preset.weights, beta=given("beta"), lambda_=given("lambda_")),
            training=preset.training.replace(**{name: value for name, value in training.items() if value is not None}),
            max_length=given("max_length"),
            motifs=given("motifs"),
            form=None if given("form") is None else resolve_form(grammar, given("form")),
        ),
    )


def _check_weighs(name: str, model: Model) -> None:
    if not model.weighs_regularizer:
        raise SettingsError(
            f"model {name!r} has no regularizer that lambda could weigh",
            remedy="leave lambda out, or choose another model, such as grae or rae-gp",
        )
