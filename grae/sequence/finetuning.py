"""A trained model trained on, on other strings of its language: fine-tuning.

Grammar, motifs and weights are kept. Against forgetting, a share of each batch are samples of the model itself, drawn
before it is changed (generative replay: Shin et al. 2017, "Continual Learning with Deep Generative Replay").
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from grae.callbacks.protocol import Callback
from grae.datasets.split import make_split
from grae.errors import RunError, SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations
from grae.sequence import saved
from grae.sequence.batches import DerivationBatches
from grae.sequence.build import network_of
from grae.sequence.coding import mean_losses
from grae.sequence.configuration import read_config, read_grammar, read_language_grammar, read_settings
from grae.sequence.preparation import derivations_of, rewritten
from grae.sequence.replay import MixedBatches, Replay
from grae.sequence.settings import Settings, preset_named, replaced
from grae.training import processes
from grae.training.device import resolve_device
from grae.training.loop import train
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.store import DerivationStore
    from grae.sequence.estimator import GrammarAutoencoder

SHARE = 0.25
"""Of each batch, samples of the model that is trained on."""
SLOWER = 0.25
"""The learning rate, as a share of the first training's."""
PASSES, LEAST_STEPS = 4, 150
"""How long a training takes where neither epochs nor minutes are given: passes over the new strings, or steps."""
VALIDATIONS = 20
VALIDATION_BATCH = 512
PATIENCE = 5
REPORT = "finetuning.json"
KEPT = ("model", "latent_dim", "architecture", "motifs", "form")
"""Parameters of the estimator that the model decides which is trained on."""


def is_begun(run: str | Path | None) -> bool:
    """Whether a run's folder holds a fine-tuning."""
    return run is not None and RunFolder(run).has(Replay.FILE)


def fit(
    estimator: "GrammarAutoencoder",
    X: "Sequence[str] | Derivations | DerivationStore",
    warm_start: "str | Path | GrammarAutoencoder | None",
    *,
    share: float = SHARE,
    run: str | Path | None = None,
    resume: bool = False,
    data: Mapping[str, Any] | None = None,
    callbacks: Sequence[Callback] = (),
) -> dict[str, Any]:
    """As `GrammarAutoencoder.fit`, from the weights of a trained model.

    Args:
        estimator: its parameters say what is other than in the first training.
        X: the new strings.
        warm_start: the model, the folder of its run, or the name of one that comes with grae; None to resume.
        share: of each batch, samples of that model, from 0 to less than 1.
        run: see `GrammarAutoencoder.fit`.
        resume: see `GrammarAutoencoder.fit`.
        data: see `GrammarAutoencoder.fit`.
        callbacks: see `GrammarAutoencoder.fit`.

    Returns:
        "from", the model; "replayed_share"; and of the new strings and of the replayed samples that were held out how
        many they are ("held_out") and which share came back exactly ("exact_before", "exact_after").

    Raises:
        SettingsError: a parameter that contradicts the model, or a share out of range.
        ParseError, DataError: strings that cannot be used.
        RunError: the model or the folder cannot be used.
    """
    processes.join(resolve_device(estimator.device))
    folder = None if run is None else RunFolder(run)
    if not 0 <= share < 1:
        raise SettingsError(f"a share of {share} replayed samples", remedy="choose one from 0 to less than 1")
    if resume:
        if folder is None:
            raise RunError("there is no folder to resume from", remedy="give the folder of the run")
        base = None
        grammar, plain, before = (
            read_grammar(folder),
            read_language_grammar(folder),
            read_settings(folder),
        )
    else:
        if folder is not None:
            folder.check_unused()
        base = _model(warm_start, estimator)
        grammar, plain, before = base.grammar_, base.language_grammar_, base.settings_
    _check(estimator, plain, before)
    derivations = _derivations(estimator, plain, grammar, before, X)
    estimator.grammar_, estimator.language_grammar_ = grammar, plain
    estimator.split_ = make_split(
        derivations, seed=estimator.random_state, validation=estimator.validation, test=estimator.test
    )
    about = {"rows": len(derivations), "sha256": saved.checksum(derivations), **(data or {})}
    if base is None:
        assert folder is not None
        replay = Replay.read(folder)
        estimator.settings_ = _resumed(estimator, before)
        about["from"] = (read_config(folder).get("data") or {}).get("from")
        saved.check_same(folder, estimator.settings_, about)
    else:
        estimator.settings_ = _settings(estimator, before, derivations, share)
        replay = processes.broadcast_from_main(
            lambda: Replay.drawn(base, len(estimator.split_.train), share, seed=estimator.random_state)
        )
        about["from"] = _origin(warm_start)
    estimator.about_ = about
    both = Derivations.concatenate([derivations, replay.derivations], derivations.ids.dtype)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(estimator.random_state)
        estimator.network_ = network_of(grammar, estimator.settings_)
    held_out = _held_out(estimator)
    if base is not None:
        estimator.network_.load_state_dict(base.network_.state_dict())
        replay.before = {
            "new": exact_share(base, derivations, held_out),
            "replayed": exact_share(base, replay.derivations, replay.held_out),
        }
        if folder is not None and processes.is_main():
            saved.begin(folder, estimator)
            replay.write(folder)
    unit = plain.language.plural
    batches = _batches(estimator, both, len(derivations), replay)
    estimator.densities_ = {}  # so that callbacks can encode and decode
    estimator.result_ = train(
        estimator.network_,
        batches,
        estimator.settings_.training,
        validate=_validation(estimator, both, len(derivations), replay),
        run=folder,
        resume=resume,
        progress=estimator.progress,
        callbacks=callbacks,
        about={"data": about, **estimator.settings_.model_dump(mode="json")},
        unit=unit,
        reserve=processes.broadcast_from_main(lambda: estimator._planned(batches, unit, told=not resume)),
    )
    estimator.densities_ = processes.broadcast_from_main(lambda: estimator._fitted_densities(derivations))
    report = {
        "from": about["from"],
        "replayed_share": replay.share,
        "held_out": {"new": len(held_out), "replayed": len(replay.held_out)},
        "exact_before": replay.before,
        "exact_after": {
            "new": exact_share(estimator, derivations, held_out),
            "replayed": exact_share(estimator, replay.derivations, replay.held_out),
        },
    }
    if folder is not None and processes.is_main():
        estimator.save(folder.path)
        folder.write_json(REPORT, report)
    return report


def exact_share(model: "GrammarAutoencoder", derivations: Derivations, rows: np.ndarray) -> float | None:
    """The share of some derivations whose strings come back exactly from their codes; None of none."""
    if not len(rows):
        return None
    return model._exact(derivations[rows])


def _model(warm_start: Any, estimator: "GrammarAutoencoder") -> "GrammarAutoencoder":
    """The model to train on."""
    kind = type(estimator)
    if isinstance(warm_start, kind):
        return warm_start
    if not isinstance(warm_start, str | Path):
        raise SettingsError(
            f"warm_start is a {type(warm_start).__name__}",
            remedy="give a fitted GrammarAutoencoder, the folder of a run, or a model that comes with grae",
        )
    return kind.load(warm_start, device=estimator.device)


def _origin(warm_start: Any) -> str | None:
    """What the run says of where its weights came from: the folder or the name; None for a model in memory."""
    if not isinstance(warm_start, str | Path):
        return None
    return str(Path(warm_start).absolute()) if Path(warm_start).is_dir() else str(warm_start)


def _check(estimator: "GrammarAutoencoder", plain: Grammar, before: Settings) -> None:
    """Makes sure that the estimator's parameters do not contradict the model that is trained on."""
    given = estimator.grammar if isinstance(estimator.grammar, Grammar) else load_grammar(estimator.grammar)
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
                f"{name}={value!r}: a model that is trained on keeps its own"
                + ("" if of_model[name] is None else f", {of_model[name]!r}"),
                remedy=f"leave {name} out" if name != "model" else f"give model={before.model!r}",
            )


def _derivations(
    estimator: "GrammarAutoencoder", plain: Grammar, grammar: Grammar, before: Settings, X: Any
) -> Derivations:
    """The new strings as derivations of the model's grammar.

    Raises:
        SettingsError: they are in another form than the model learned.
        ParseError, DataError: some cannot be used.
    """
    from grae.autoencoder import model_named

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


def _settings(estimator: "GrammarAutoencoder", before: Settings, derivations: Derivations, share: float) -> Settings:
    """The model's settings with what is other in this training."""
    given, longest = estimator, int(derivations.lengths.max(initial=1))
    usual = before.training
    batch_size = given.batch_size or usual.batch_size
    n_batches = -(-len(estimator.split_.train) // max(1, round((1 - share) * batch_size)))
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


def _resumed(estimator: "GrammarAutoencoder", before: Settings) -> Settings:
    """The settings of a run that is resumed: its own, but for a length that was given."""
    length = {"epochs": estimator.epochs, "time_budget": estimator.time_budget}
    if length == {"epochs": None, "time_budget": None}:
        return before
    return replaced(before, training=before.training.replace(**length))


def _held_out(estimator: "GrammarAutoencoder") -> np.ndarray:
    """The new strings that tell what was learned: those that no training looks at, or else the validation's."""
    split = estimator.split_
    return split.test if len(split.test) else split.validation


def _batches(estimator: "GrammarAutoencoder", both: Derivations, n_new: int, replay: Replay) -> MixedBatches:
    training = estimator.settings_.training
    return MixedBatches(
        both,
        estimator.split_.train,
        n_new + replay.train,
        share=replay.share,
        pad=estimator.grammar_.pad,
        batch_size=training.batch_size,
        seed=training.seed,
        by_length=estimator.settings_.architecture.by_length,
    )


def _validation(
    estimator: "GrammarAutoencoder", both: Derivations, n_new: int, replay: Replay
) -> Callable[[nn.Module], dict[str, float]]:
    """Values of the new strings; the loss is weighed with that of replayed samples as in training."""
    split, pad = estimator.split_, estimator.grammar_.pad
    of_new, of_old = (
        mean_losses(DerivationBatches(both, rows, pad=pad, batch_size=VALIDATION_BATCH))
        for rows in (split.validation if len(split.validation) else split.train, n_new + replay.held_out)
    )

    def validate(module: nn.Module) -> dict[str, float]:
        new, old = of_new(module), of_old(module)
        loss = (1 - replay.share) * new["loss"] + replay.share * old["loss"]
        return {**new, **{f"replayed_{name}": value for name, value in old.items()}, "loss": loss}

    return validate
