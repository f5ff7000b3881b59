"""The settings and the strings that a model is fine-tuned with."""

from typing import TYPE_CHECKING, Any

from grae.autoencoder.models import model_named
from grae.errors import SettingsError
from grae.estimator.settings import replaced
from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.sequence.fitting import given_grammar
from grae.sequence.preparation import derivations_of, rewritten
from grae.sequence.settings import Settings, preset_named

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

SLOWER = 0.25
"""The learning rate, as a share of the first training's."""
PASSES, LEAST_STEPS = 4, 150
"""How long a training takes where neither epochs nor minutes are given: passes over the new strings, or steps."""
VALIDATIONS = 20
PATIENCE = 5
KEPT = ("model", "latent_dim", "architecture", "motifs", "form")
"""Parameters of the estimator that the model decides which is fine-tuned."""


def check_parameters(estimator: "GrammarAutoencoder", plain: Grammar, before: Settings) -> None:
    """Makes sure that the estimator's parameters do not contradict the model. Raises SettingsError."""
    given = given_grammar(estimator)
    if given != plain:
        raise SettingsError(
            f"the model is of grammar {plain.name!r}, not {given.name!r}",
            remedy="give strings and grammar of the model",
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
                remedy=f"leave {name} out" if name != "model" else f"give model={before.model!r}",
            )


def derivations_for(
    estimator: "GrammarAutoencoder", plain: Grammar, grammar: Grammar, before: Settings, X: Any
) -> Derivations:
    """The new strings as derivations of the model's grammar.

    Raises:
        SettingsError: they are in another form than the model learned.
        ParseError, DataError: some cannot be used.
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
    """The model's settings with what is other in this training.

    Args:
        estimator: its parameters.
        before: the model's settings.
        derivations: of the new strings.
        n_train: how many of them are trained on.
        share: of each batch, replayed samples.
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
    return replaced(
        before,
        training=training,
        weights=replaced(before.weights, beta=given.beta, lambda_=given.lambda_),
        bottleneck=before.bottleneck.with_noise(given.noise),
        max_length=before.max_length if before.architecture.fixed_length else max(before.max_length, longest),
        density=given.density,
    )


def resumed_settings(estimator: "GrammarAutoencoder", before: Settings) -> Settings:
    """The settings of a run that is resumed: its own, but for a length that was given."""
    length = {"epochs": estimator.epochs, "time_budget": estimator.time_budget}
    if length == {"epochs": None, "time_budget": None}:
        return before
    return replaced(before, training=before.training.replace(**length))
