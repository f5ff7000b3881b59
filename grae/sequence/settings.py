"""What can be chosen about a model on derivations, and the presets."""

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
        epochs: of the training.
        batch_size: strings.
        plateau_patience: epochs without improvement before the learning rate is reduced; see `_paper`.
        max_length: productions that a derivation may have; None for as many as the longest string has.
        characters: positions of the model on characters.
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
    """What the presets `default` and `quick` make of a language: the size of its networks and the length of training.

    Attributes:
        latent_dim: D.
        encoder_hidden: width of the encoder's GRU.
        hidden: width of the decoder's GRU.
        minutes: of training at most; with the preset `quick`, `quick_minutes`.
        quick_minutes: see `minutes`.
        validate_every_seconds: between validations.
        steps: of training at most; half of them with the preset `quick`.
        motifs: learned, but for a model on characters; with the preset `quick`, `quick_motifs`.
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
"""By language, where strings are shorter than those of most."""


class Preset(Frozen):
    """All that a preset decides.

    Attributes:
        architecture: the network.
        bottleneck: between encoder and decoder.
        reconstruction: L_REC: the cross-entropy in nats, or the published mean of binary cross-entropies.
        weights: of the loss.
        training: how it is trained.
        steps: training steps for up to 10,000 strings, more for more (see `length`); None where `training` decides.
        motifs: learned composite productions that the grammar is extended by.
        max_length: productions that a derivation of the named grammar may have; None for the longest in the data.
        least_length: steps that the network is made for at least, whatever the data.
        form: in which strings are learned.
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
    """The settings of a trained model, nothing left open.

    Attributes:
        model: its row in the table of models.
        preset: the preset that decided what was not set by hand.
        architecture: the network.
        bottleneck: between encoder and decoder.
        reconstruction: L_REC; see `Preset`.
        weights: of the loss.
        training: how it was trained.
        max_length: productions that a derivation may have, in training and in decoding.
        density: the density it is sampled from by default.
        form: in which strings were learned, and are encoded and decoded.
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
    form: str = AS_WRITTEN


def preset_named(name: str, grammar: Grammar, model: Model) -> Preset:
    """The settings of a preset for a grammar and a model.

    "default" is ours; "quick" is ours made small, for minutes; "paper" has the published network, loss and schedule:
    the expressions' for a grammar of that language, else the molecules'. Molecules are learned in Kekule form, with
    "paper" as they are written.

    Args:
        name: of the preset.
        grammar: the named grammar, which a character model too has.
        model: a row of the table.

    Raises:
        SettingsError: there is no such preset.
    """
    if name not in PRESETS:
        raise SettingsError.unknown("preset", name, PRESETS)
    return _paper(grammar, model) if name == "paper" else _ours(grammar, model, quick=name == "quick")


def _ours(grammar: Grammar, model: Model, quick: bool) -> Preset:
    """Our networks, with the cross-entropy in nats and L_Z summed over the dimensions.

    On molecules the code of "grae" is given noise in training; the paper has none, and "paper" has none.

    The length of the training suits the data: on two cores about 6 minutes for 10,000 molecules and an hour, the time
    budget, for ZINC's 237,000.
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

    Keras counts `patience` from the first epoch that brings nothing, which is not counted itself: 1 and 3 there are 2
    and 4 here.
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
