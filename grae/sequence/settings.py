"""Settings of models of derivations, and the presets."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from grae.autoencoder.models import Model
from grae.bounds import MOST_MOTIFS, MOST_STEPS
from grae.errors import SettingsError
from grae.estimator.objective import BottleneckSettings, LossWeights
from grae.estimator.settings import Frozen
from grae.grammar import Grammar
from grae.grammar.language import AS_WRITTEN
from grae.sequence.architecture import AnyArchitecture, PaperArchitecture, RecurrentArchitecture
from grae.training.settings import TrainingSettings

PRESETS = ("quick", "default", "paper")
Reconstruction = Literal["cross-entropy", "binary-cross-entropy"]


@dataclass(frozen=True, slots=True)
class PaperExperiment:
    """The published experiment on a language.

    Attributes:
        epochs: number of epochs.
        batch_size: strings per step.
        plateau_patience: epochs without improvement before the learning rate is reduced; see `_paper`.
        max_length: maximum number of productions per derivation; None for the longest in the data.
        characters: maximum number of characters of the character model.
    """

    epochs: int
    batch_size: int
    plateau_patience: int
    max_length: int | None = None
    characters: int = 0


PAPER_EXPERIMENTS = {
    "molecules": PaperExperiment(100, 500, 4, 277, 120),
    "expressions": PaperExperiment(50, 600, 2, 15, 19),
}
"""By language; see `_paper`."""
PAPER_ELSEWHERE = PaperExperiment(100, 500, 4)


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of networks and lengths of training of the presets `default` and `quick` for a language.

    Attributes:
        latent_dim: width of a code, D.
        encoder_hidden: width of the encoder's GRU.
        hidden: width of the decoder's GRU.
        minutes: time budget; `quick_minutes` for the preset `quick`.
        quick_minutes: see `minutes`.
        validate_every_seconds: seconds between validations.
        steps: training steps for up to 10,000 strings; half of them for the preset `quick`.
        motifs: number of motifs, none for character models; `quick_motifs` for the preset `quick`.
        quick_motifs: see `motifs`.
    """

    latent_dim: int = 56
    encoder_hidden: int = 256
    hidden: int = 512
    minutes: float = 60
    quick_minutes: float = 4
    validate_every_seconds: float = 120
    steps: int = 800
    motifs: int = 1000
    quick_motifs: int = 300


SCALES = {
    "expressions": Scale(
        latent_dim=25,
        encoder_hidden=128,
        hidden=256,
        minutes=8,
        quick_minutes=2,
        validate_every_seconds=30,
        steps=2000,
        motifs=0,
        quick_motifs=0,
    )
}
"""By language, where it is not the default `Scale()`: strings are shorter."""


class Preset(Frozen):
    """The settings of a preset.

    Attributes:
        architecture: the network.
        bottleneck: the bottleneck between encoder and decoder.
        reconstruction: L_REC: "cross-entropy" in nats, or the published "binary-cross-entropy".
        weights: weights of the loss.
        training: settings of training.
        steps: training steps for up to 10,000 strings (see `length`); None where `training` sets epochs or time budget.
        motifs: number of motifs to learn.
        max_length: maximum number of productions per derivation of the strings' grammar; None for the longest in the
            data.
        least_length: lower bound of `max_length`, whatever the data.
        form: form in which strings are learned.
    """

    architecture: AnyArchitecture
    bottleneck: BottleneckSettings
    reconstruction: Reconstruction
    weights: LossWeights
    training: TrainingSettings
    steps: int | None = Field(default=None, ge=1)
    motifs: int = Field(ge=0, le=MOST_MOTIFS)
    max_length: int | None = Field(default=None, ge=1, le=MOST_STEPS)
    least_length: int = Field(default=1, ge=1)
    form: str = AS_WRITTEN


class Settings(Frozen):
    """The resolved settings of a model.

    Attributes:
        model: name of the model in the table of models.
        preset: the preset that supplied the defaults.
        architecture: the network.
        bottleneck: the bottleneck between encoder and decoder.
        reconstruction: L_REC; see `Preset`.
        weights: weights of the loss.
        training: settings of training.
        max_length: maximum number of productions per derivation, in training and decoding.
        density: default density of sampling.
        sampling_noise: standard deviation of the noise on codes that are drawn from a density: that of training for the
            bottleneck "noisy"; 0 for other models, and for runs written by versions without this setting.
        form: form in which strings are learned, encoded and decoded.
    """

    model: str
    preset: str
    architecture: AnyArchitecture
    bottleneck: BottleneckSettings = BottleneckSettings()
    reconstruction: Reconstruction = "cross-entropy"
    weights: LossWeights
    training: TrainingSettings
    max_length: int = Field(ge=1, le=MOST_STEPS)
    density: str
    sampling_noise: float = Field(default=0.0, ge=0)
    form: str = AS_WRITTEN


def preset_named(name: str, grammar: Grammar, model: Model) -> Preset:
    """The settings of a preset for a grammar and a model.

    "default" and "quick" (shorter training) are ours; "paper" has the published network, loss and schedule: those for
    expressions on a grammar of that language, else those for molecules. Molecules are learned in Kekule form, or as
    written with "paper".

    Args:
        name: name of the preset.
        grammar: grammar of the strings, also for a character model.
        model: a row of the table.

    Raises:
        SettingsError: there is no such preset.
    """
    if name not in PRESETS:
        raise SettingsError.unknown("preset", name, PRESETS)
    return _paper(grammar, model) if name == "paper" else _ours(grammar, model, quick=name == "quick")


def _ours(grammar: Grammar, model: Model, quick: bool) -> Preset:
    """Our networks, with the cross-entropy in nats and L_Z summed over the dimensions.

    On molecules, "grae" adds noise to the codes in training; the paper, and the preset "paper", do not.

    The length of training depends on the size of the data: on two cores about 6 minutes for 10,000 molecules and an
    hour, the time budget, for the 237,000 of ZINC.
    """
    scale, defaults = SCALES.get(grammar.language.name, Scale()), model.ours_on(grammar.language.name)
    architecture = RecurrentArchitecture(
        latent_dim=scale.latent_dim,
        encoder_hidden=scale.encoder_hidden,
        hidden=scale.hidden,
        labels=True,
        depth=True,
    )
    training = TrainingSettings(
        time_budget=scale.quick_minutes if quick else scale.minutes,
        batch_size=256,
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0.02,
        patience=10,
        validate_every_epochs=None,
        validate_every_seconds=min(30, scale.validate_every_seconds) if quick else scale.validate_every_seconds,
    )
    return Preset(
        architecture=architecture,
        bottleneck=BottleneckSettings.of(model.bottleneck, defaults.noise),
        reconstruction="cross-entropy",
        weights=LossWeights(
            beta=defaults.beta,
            lambda_=defaults.lambda_,
            penalized_every=4 if model.regularizer == "gradient-penalty" else 1,
        ),
        training=training,
        steps=scale.steps // (2 if quick else 1),
        motifs=0 if model.characters else scale.quick_motifs if quick else scale.motifs,
        form=grammar.language.automaton_form,
    )


def _paper(grammar: Grammar, model: Model) -> Preset:
    """The published networks and schedules, with the published loss: L_Z is averaged over the dimensions.

    Keras does not count the first epoch without improvement toward `patience`: 1 and 3 there are 2 and 4 here.
    """
    published = PAPER_EXPERIMENTS.get(grammar.language.name, PAPER_ELSEWHERE)
    training = TrainingSettings(
        epochs=published.epochs,
        batch_size=published.batch_size,
        schedule="plateau",
        plateau_factor=0.2,
        plateau_patience=published.plateau_patience,
        plateau_threshold=1e-4,
        learning_rate_floor=1e-4,
        clip_norm=None,
        precision="fp32",
    )
    return Preset(
        architecture=PaperArchitecture.on(grammar.language.name),
        bottleneck=BottleneckSettings.of(
            model.bottleneck, model.paper.noise, None if model.bottleneck == "wasserstein" else "mean"
        ),
        reconstruction="binary-cross-entropy",
        weights=LossWeights(beta=model.paper.beta, lambda_=model.paper.lambda_),
        training=training,
        motifs=0,
        max_length=published.max_length,
        least_length=published.characters + 1 if model.characters else 1,
    )
