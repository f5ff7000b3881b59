"""The steps of `GrammarAutoencoder.fit`, shared by training from scratch and fine-tuning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.autoencoder.models import Model
from grae.callbacks.reporter import say, stage
from grae.datasets.split import Split, make_split
from grae.datasets.store import DerivationStore
from grae.density import DENSITIES, Density
from grae.density.densities import ALWAYS
from grae.density.gaussians import seconds_of, seconds_to_fit
from grae.errors import RunError
from grae.estimator.base import MOST_CODES, RunOptions
from grae.grammar import Grammar, codec, load_grammar
from grae.grammar.characters import character_grammar
from grae.grammar.codec import Derivations
from grae.sequence import saved
from grae.sequence.batches import DerivationBatches
from grae.sequence.build import network_of
from grae.sequence.coding import mean_losses
from grae.sequence.configuration import read_grammar, read_language_grammar
from grae.sequence.length import with_epochs
from grae.sequence.preparation import derivations_of, rewritten
from grae.sequence.resolution import resolve_settings
from grae.sequence.settings import Preset, Settings
from grae.training import plan, processes
from grae.training.batches import Batches
from grae.training.run_folder import RunFolder
from grae.training.training import Validate

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

VALIDATION_BATCH = 512  # strings
MEASURED = 256  # strings encoded to estimate the duration of encoding


@dataclass(frozen=True)
class Prepared:
    """The inputs of a training.

    Attributes:
        grammar: grammar of the derivations, with motifs.
        language_grammar: grammar of the strings, without motifs.
        derivations: derivations of all parts of the split.
        split: rows of training, validation and test sets.
        settings: resolved settings.
        about: provenance of the strings, their number and checksum.
    """

    grammar: Grammar
    language_grammar: Grammar
    derivations: Derivations
    split: Split
    settings: Settings
    about: dict[str, Any]

    def give_to(self, estimator: "GrammarAutoencoder") -> None:
        """Sets the fitted attributes that are known before training, and builds the network from the seed."""
        estimator.grammar_, estimator.language_grammar_ = self.grammar, self.language_grammar
        estimator.split_, estimator.settings_, estimator.about_ = self.split, self.settings, self.about
        estimator.network_ = estimator._seeded(network_of, self.grammar, self.settings)


def fit(
    estimator: "GrammarAutoencoder",
    X: Sequence[str] | Derivations | DerivationStore,
    run: RunOptions,
    data: Mapping[str, Any] | None,
) -> None:
    """Trains a model from scratch, or resumes such a training; arguments and errors as `GrammarAutoencoder.fit`."""
    plain = given_grammar(estimator)
    model, preset = resolve_settings(estimator.get_params(), plain)
    derivations, form = derivations_of(estimator, plain, X, preset)
    split = split_of(estimator, derivations)
    preset = with_epochs(preset, len(split.train))
    if run.resumed is not None:
        grammar = _stored_grammar(run.resumed, plain)
    else:
        grammar = _new_grammar(estimator, plain, model, derivations, split, preset.motifs)
    derivations = rewritten(derivations, plain, grammar, motifs=True)
    settings = _settings(estimator, model, preset, form, derivations)
    prepared = Prepared(grammar, plain, derivations, split, settings, about_strings(derivations, data))
    if run.resumed is not None:
        saved.check_same(run.resumed, settings, prepared.about)
    prepared.give_to(estimator)
    if run.begun is not None:
        saved.begin(run.begun, estimator, X)
    batches = DerivationBatches(
        derivations,
        split.train,
        pad=grammar.pad,
        batch_size=settings.training.batch_size,
        seed=settings.training.seed,
        by_length=settings.architecture.by_length,
    )
    validate = mean_losses(validation_batches(prepared, split.validation))
    train_and_fit(estimator, derivations, batches, validate, run)
    estimator._save_run(run)


def given_grammar(estimator: "GrammarAutoencoder") -> Grammar:
    """The estimator's `grammar` parameter, loaded. Raises GrammarError: there is no such grammar."""
    return estimator.grammar if isinstance(estimator.grammar, Grammar) else load_grammar(estimator.grammar)


def split_of(estimator: "GrammarAutoencoder", derivations: Derivations) -> Split:
    """The split by the estimator's seed and shares. Raises DataError and SettingsError as `make_split`."""
    return make_split(derivations, seed=estimator.random_state, validation=estimator.validation, test=estimator.test)


def about_strings(derivations: Derivations, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """The "data" entry of config.json: number of strings, checksum of their derivations, and `data`."""
    return {"rows": len(derivations), "sha256": saved.checksum(derivations), **(data or {})}


def validation_batches(
    prepared: Prepared, rows: np.ndarray, derivations: Derivations | None = None
) -> DerivationBatches:
    """Batches to validate on: the given rows, or the training set where there are none.

    Args:
        prepared: grammar, split and, unless others are given, derivations.
        rows: rows of the derivations, (n,) int64.
        derivations: replace those of `prepared`.
    """
    rows = rows if len(rows) else prepared.split.train
    derivations = prepared.derivations if derivations is None else derivations
    return DerivationBatches(derivations, rows, pad=prepared.grammar.pad, batch_size=VALIDATION_BATCH)


def train_and_fit(
    estimator: "GrammarAutoencoder",
    derivations: Derivations,
    batches: Batches,
    validate: Validate,
    run: RunOptions,
) -> None:
    """Trains the estimator's network, then fits its densities in the main process.

    Args:
        estimator: the estimator, with a network.
        derivations: derivations of all parts of its split; the densities are fitted to the codes of the training set.
        batches: batches of the training set.
        validate: see `train`.
        run: run folder and callbacks.
    """
    unit = estimator.language_grammar_.language.plural
    reserve = processes.broadcast_from_main(
        lambda: _time_to_reserve(estimator, derivations, batches, unit, announced=not run.resume)
    )
    estimator._train_network(batches, validate, run, unit=unit, reserve=reserve)
    estimator.densities_ = processes.broadcast_from_main(lambda: _fit_densities(estimator, derivations))


def _stored_grammar(folder: RunFolder, plain: Grammar) -> Grammar:
    """The grammar of a resumed run, with motifs. Raises RunError: the run is of another grammar than `plain`."""
    if read_language_grammar(folder) != plain:
        raise RunError(f"{folder.path} holds a run of another grammar", remedy="resume with the grammar of the run")
    return read_grammar(folder)


def _new_grammar(
    estimator: "GrammarAutoencoder", plain: Grammar, model: Model, derivations: Derivations, split: Split, motifs: int
) -> Grammar:
    """The grammar of a new model: `plain`, or one of characters, extended by motifs of the training set."""
    grammar = plain
    if model.characters:
        texts = codec.decode(plain, derivations)
        grammar = character_grammar(texts, f"{plain.name}-characters", ignore=plain.ignore)
    if motifs == 0:
        return grammar
    from grae.grammar.motifs import learn_motifs

    derivations = rewritten(derivations, plain, grammar)
    with stage(f"learning {motifs} motifs", shown=bool(estimator.progress) and processes.is_main()) as done:
        learned = learn_motifs(grammar, derivations[split.train], motifs, progress=lambda so_far, of: done(so_far / of))
    return grammar.extend(learned)


def _settings(
    estimator: "GrammarAutoencoder", model: Model, preset: Preset, form: str, derivations: Derivations
) -> Settings:
    """The settings of a new model, including those that depend on the data: form and maximum length."""
    longest = int(derivations.lengths.max(initial=1))
    limit = None if model.characters else preset.max_length
    return Settings(
        model=estimator.model,
        preset=estimator.preset,
        density=estimator.density or model.density,
        max_length=limit or max(longest, preset.least_length),
        sampling_noise=preset.bottleneck.noise_of_samples,
        form=form,
        **preset.model_dump(exclude={"max_length", "least_length", "steps", "motifs", "form"}),
    )


def _fit_densities(estimator: "GrammarAutoencoder", derivations: Derivations) -> dict[str, Density]:
    """The model's default density and those that are always fitted, by name, fitted to codes of the training set."""
    progress = bool(estimator.progress)
    with stage("encoding the training set", shown=progress) as done:
        codes = estimator._encode(derivations, estimator._rows_to_fit(estimator.split_.train))
        done(1.0)
    densities: dict[str, Density] = {}
    for name in dict.fromkeys([estimator.settings_.density, *ALWAYS]):
        with stage(f"fitting the density {name} to {len(codes):,} codes", shown=progress):
            densities[name] = DENSITIES[name]().fit(codes, estimator.random_state)
    return densities


def _time_to_reserve(
    estimator: "GrammarAutoencoder", derivations: Derivations, batches: Batches, unit: str, *, announced: bool
) -> float:
    """Seconds of the time budget to reserve for the densities; prints the planned length of training if `announced`."""
    settings = estimator.settings_.training
    announced = bool(announced and estimator.progress and processes.is_main())
    if not announced and settings.time_budget is None:
        return 0.0
    if announced:
        seconds = plan.seconds_per_step(estimator.network_, batches, settings)
        say(f"plan: {plan.in_words(settings, batches.n_rows, unit, seconds)}")
    if settings.time_budget is None:
        return 0.0
    n = min(batches.n_rows, MOST_CODES)
    rows = np.arange(min(MEASURED, len(derivations)))
    encoding = seconds_of(lambda: estimator._encode(derivations, rows)) * n / len(rows)
    return encoding + seconds_to_fit(n, estimator.settings_.architecture.latent_dim)
