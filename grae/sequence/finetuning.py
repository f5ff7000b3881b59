"""Fine-tuning a trained model on other strings of its language.

Grammar, motifs and weights are kept. Against catastrophic forgetting, a share of each batch is sampled from the model
before fine-tuning (generative replay: Shin et al. 2017, "Continual Learning with Deep Generative Replay").
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted
from torch import nn

from grae.errors import SettingsError
from grae.estimator.base import RunOptions
from grae.grammar.codec import Derivations
from grae.sequence import saved
from grae.sequence.coding import mean_losses
from grae.sequence.configuration import read_config, read_grammar, read_language_grammar, read_settings
from grae.sequence.finetuning_settings import check_parameters, derivations_for, finetuning_settings, resumed_settings
from grae.sequence.fitting import Prepared, about_strings, split_of, train_and_fit, validation_batches
from grae.sequence.replay import MixedBatches, Replay
from grae.training import processes
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.store import DerivationStore
    from grae.sequence.estimator import GrammarAutoencoder

SHARE = 0.25
"""Default share of replayed samples in each batch."""
REPORT = "finetuning.json"


def is_begun(run: str | Path | None) -> bool:
    """Whether a run folder holds a fine-tuning run."""
    return run is not None and RunFolder(run).has(Replay.FILE)


def fit(
    estimator: "GrammarAutoencoder",
    X: "Sequence[str] | Derivations | DerivationStore",
    warm_start: "str | Path | GrammarAutoencoder | None",
    share: float,
    run: RunOptions,
    data: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """As `GrammarAutoencoder.fit`, from the weights of a trained model.

    Args:
        estimator: the estimator, whose parameters override the model's settings.
        X: the new strings.
        warm_start: the model, its run folder, or the name of a pretrained model; None to resume.
        share: share of replayed samples in each batch, at least 0 and less than 1.
        run: run folder and callbacks.
        data: see `GrammarAutoencoder.fit`.

    Returns:
        "from", the model; "replayed_share"; and, for held-out new strings and replayed samples, their number
        ("held_out") and reconstruction accuracy ("exact_before", "exact_after").

    Raises:
        SettingsError: a parameter contradicts the model, or the share is out of range.
        ParseError, DataError: strings cannot be used.
        RunError: the model or the folder cannot be used.
    """
    if not 0 <= share < 1:
        raise SettingsError(f"a share of {share} replayed samples", remedy="choose at least 0 and less than 1")
    if run.resumed is not None:
        base = None
        prepared, replay = _prepare_resumed(estimator, X, run.resumed, data)
    else:
        base = _trained_model(warm_start, estimator)
        prepared, replay = _prepare_new(estimator, X, base, share, {**(data or {}), "from": _origin(warm_start)})
    prepared.give_to(estimator)
    held_out = prepared.split.test if len(prepared.split.test) else prepared.split.validation
    if base is not None:
        estimator.network_.load_state_dict(base.network_.state_dict())
        replay.before = _accuracies(base, prepared.derivations, held_out, replay)
        if run.begun is not None:
            saved.begin(run.begun, estimator, X)
            replay.write(run.begun)
    strings = Derivations.concatenate([prepared.derivations, replay.derivations], prepared.derivations.ids.dtype)
    batches = _batches(prepared, strings, replay)
    train_and_fit(estimator, prepared.derivations, batches, _validation(prepared, strings, replay), run)
    report = {
        "from": prepared.about["from"],
        "replayed_share": replay.share,
        "held_out": {"new": len(held_out), "replayed": len(replay.held_out)},
        "exact_before": replay.before,
        "exact_after": _accuracies(estimator, prepared.derivations, held_out, replay),
    }
    estimator._save_run(run)
    if run.folder is not None and processes.is_main():
        run.folder.write_json(REPORT, report)
    return report


def _prepare_new(
    estimator: "GrammarAutoencoder", X: Any, base: "GrammarAutoencoder", share: float, data: Mapping[str, Any]
) -> tuple[Prepared, Replay]:
    """Prepares a new fine-tuning run; samples the model for replay."""
    grammar, plain, before = base.grammar_, base.language_grammar_, base.settings_
    check_parameters(estimator, plain, before)
    derivations = derivations_for(estimator, plain, grammar, before, X)
    split = split_of(estimator, derivations)
    settings = finetuning_settings(estimator, before, derivations, len(split.train), share)
    replay = processes.broadcast_from_main(
        lambda: Replay.drawn(base, len(split.train), share, seed=estimator.random_state)
    )
    return Prepared(grammar, plain, derivations, split, settings, about_strings(derivations, data)), replay


def _prepare_resumed(
    estimator: "GrammarAutoencoder", X: Any, folder: RunFolder, data: Mapping[str, Any] | None
) -> tuple[Prepared, Replay]:
    """Prepares a resumed fine-tuning run. Raises RunError: it was started with other settings or strings."""
    grammar, plain, before = read_grammar(folder), read_language_grammar(folder), read_settings(folder)
    check_parameters(estimator, plain, before)
    derivations = derivations_for(estimator, plain, grammar, before, X)
    split = split_of(estimator, derivations)
    replay = Replay.read(folder)
    origin = (read_config(folder).get("data") or {}).get("from")
    settings, about = resumed_settings(estimator, before), about_strings(derivations, {**(data or {}), "from": origin})
    saved.check_same(folder, settings, about)
    return Prepared(grammar, plain, derivations, split, settings, about), replay


def _trained_model(warm_start: Any, estimator: "GrammarAutoencoder") -> "GrammarAutoencoder":
    """The model to fine-tune."""
    kind = type(estimator)
    if isinstance(warm_start, kind):
        check_is_fitted(warm_start)
        return copy.copy(warm_start)  # it may be the estimator itself, whose network `fit` replaces
    if not isinstance(warm_start, str | Path):
        raise SettingsError(
            f"warm_start is of type {type(warm_start).__name__}",
            remedy="give a fitted GrammarAutoencoder, the folder of a run, or the name of a pretrained model",
        )
    return kind.load(warm_start, device=estimator.device)


def _origin(warm_start: Any) -> str | None:
    """The origin of the initial weights: a folder or a name; None for a model in memory."""
    if not isinstance(warm_start, str | Path):
        return None
    return str(Path(warm_start).absolute()) if Path(warm_start).is_dir() else str(warm_start)


def _accuracies(
    model: "GrammarAutoencoder", derivations: Derivations, held_out: np.ndarray, replay: Replay
) -> dict[str, float | None]:
    """Reconstruction accuracy on held-out new strings and replayed samples; None where there are none."""
    chosen = {"new": derivations[held_out], "replayed": replay.derivations[replay.held_out]}
    return {name: model._exact(strings) if len(strings) else None for name, strings in chosen.items()}


def _batches(prepared: Prepared, strings: Derivations, replay: Replay) -> MixedBatches:
    training = prepared.settings.training
    return MixedBatches(
        strings,
        prepared.split.train,
        len(prepared.derivations) + replay.train,
        share=replay.share,
        pad=prepared.grammar.pad,
        batch_size=training.batch_size,
        seed=training.seed,
        by_length=prepared.settings.architecture.by_length,
    )


def _validation(prepared: Prepared, strings: Derivations, replay: Replay) -> Callable[[nn.Module], dict[str, float]]:
    """A validation function: mean losses of new strings and replayed samples; "loss" weights both as training does."""
    of_new, of_replayed = (
        mean_losses(validation_batches(prepared, rows, strings))
        for rows in (prepared.split.validation, len(prepared.derivations) + replay.held_out)
    )

    def validate(module: nn.Module) -> dict[str, float]:
        new, replayed = of_new(module), of_replayed(module)
        loss = (1 - replay.share) * new["loss"] + replay.share * replayed["loss"]
        return {**new, **{f"replayed_{name}": value for name, value in replayed.items()}, "loss": loss}

    return validate
