"""Settings and derivations of a fine-tuning run."""

from typing import TYPE_CHECKING, Any

from grae.autoencoder.models import model_named
from grae.errors import SettingsError
from grae.estimator.settings import replaced
from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.sequence.fitting import given_grammar
from grae.sequence.preparation import derivations_of, rewritten
from grae.sequence.resolution import check_rate
from grae.sequence.settings import Settings, preset_named

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

SLOWER = 0.25
"""The learning rate as a fraction of the original training's."""
PASSES, LEAST_STEPS = 4, 150
"""Minimum number of epochs over the new strings, and of steps, if neither epochs nor a time budget is given."""
VALIDATIONS = 20
PATIENCE = 5
KEPT = ("model", "latent_dim", "architecture", "motifs", "form")
"""Parameters of the estimator that are taken from the fine-tuned model."""


def check_parameters(estimator: "GrammarAutoencoder", plain: Grammar, before: Settings) -> None:
    """Checks that the estimator's parameters do not contradict the model. Raises SettingsError."""
    given = given_grammar(estimator)
    if given != plain:
        raise SettingsError(
            f"the model is of grammar {plain.name!r}, not {given.name!r}",
            remedy="give the grammar of the model, and strings of it",
        )
    of_model: dict[str, Any] = {
        "model": before.model,
        "latent_dim": before.architecture.latent_dim,
        "form": before.form,
        "architecture": None,
        "motifs": None,
    }
    for name in KEPT:
        value = getattr(estimator, name)
        if value is not None and value != of_model[name]:
            raise SettingsError(
                f"{name}={value!r}: fine-tuning keeps the model's own"
                + ("" if of_model[name] is None else f", {of_model[name]!r}"),
                remedy=f"omit {name}" if name != "model" else f"give model={before.model!r}",
            )


def derivations_for(
    estimator: "GrammarAutoencoder", plain: Grammar, grammar: Grammar, before: Settings, X: Any
) -> Derivations:
    """The new strings as derivations of the model's grammar.

    Raises:
        SettingsError: the strings are in another form than the model learned.
        ParseError, DataError: strings cannot be used.
    """
    limit = before.max_length if before.architecture.fixed_length else None
    preset = preset_named(before.preset, plain, model_named(before.model))
    preset = preset.model_copy(update={"form": before.form, "max_length": limit})
    derivations, form = derivations_of(estimator, plain, X, preset)
    if form != before.form and not isinstance(X, Derivations):
        raise SettingsError(
            f"the strings are in the form {form!r}; the model learned them in the form {before.form!r}",
            remedy=f"build the store in the form {before.form!r}",
        )
    return rewritten(derivations, plain, grammar, motifs=True)


def finetuning_settings(
    estimator: "GrammarAutoencoder", before: Settings, derivations: Derivations, n_train: int, share: float
) -> Settings:
    """The model's settings, adapted to fine-tuning.

    Args:
        estimator: the estimator, for its parameters.
        before: the model's settings.
        derivations: derivations of the new strings.
        n_train: size of the training set.
        share: share of replayed samples in each batch.
    """
    given, longest = estimator, int(derivations.lengths.max(initial=1))
    usual = before.training
    batch_size = given.batch_size or usual.batch_size
    n_batches = -(-n_train // max(1, round((1 - share) * batch_size)))
    epochs = max(PASSES, -(-LEAST_STEPS // n_batches))
    length: dict[str, Any] = {
        "epochs": epochs,
        "time_budget": None,
        "validate_every_epochs": max(1, epochs // VALIDATIONS),
        "validate_every_seconds": None,
    }
    if given.time_budget is not None:
        seconds = max(1.0, 60 * given.time_budget / VALIDATIONS)
        length |= {"epochs": given.epochs, "time_budget": given.time_budget}
        length |= {"validate_every_epochs": None, "validate_every_seconds": seconds}
    elif given.epochs is not None:
        length |= {"epochs": given.epochs, "validate_every_epochs": max(1, given.epochs // VALIDATIONS)}
    training = usual.replace(
        **length,
        batch_size=batch_size,
        learning_rate=given.learning_rate or SLOWER * usual.learning_rate,
        schedule="cosine",
        warmup=0.05,
        patience=PATIENCE,
        precision=given.precision,
        seed=given.random_state,
        device=given.device,
    )
    bottleneck = before.bottleneck.with_noise(given.noise)
    weights = replaced(before.weights, beta=given.beta, lambda_=given.lambda_, rate=given.rate)
    check_rate(weights, bottleneck)
    return replaced(
        before,
        training=training,
        weights=weights,
        bottleneck=bottleneck,
        sampling_noise=bottleneck.noise_of_samples,
        max_length=before.max_length if before.architecture.fixed_length else max(before.max_length, longest),
        density=given.density,
    )


def resumed_settings(estimator: "GrammarAutoencoder", before: Settings) -> Settings:
    """The settings of a resumed run: its own, except for epochs and time budget if given."""
    length = {"epochs": estimator.epochs, "time_budget": estimator.time_budget}
    if length == {"epochs": None, "time_budget": None}:
        return before
    return replaced(before, training=before.training.replace(**length))
