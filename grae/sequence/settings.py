"""What can be chosen about a model on derivations, and the presets."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grae.autoencoder.models import Model
from grae.datasets.forms import Form
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.training.settings import TrainingSettings

PRESETS = ("quick", "default", "paper")
S = TypeVar("S", bound=BaseModel)


class Frozen(BaseModel):
    """Settings that never change; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RecurrentArchitecture(Frozen):
    """Ours: two GRUs read the productions, one from each end, and a GRU writes them.

    The latter sees its previous production, the current nonterminal and the code.

    Attributes:
        latent_dim: width of a code, D.
        embedding: width of the embeddings of productions and nonterminals.
        encoder_hidden: width of the encoder's state in each direction.
        hidden: width of the decoder's state, H.
    """

    kind: Literal["recurrent"] = "recurrent"
    latent_dim: int = Field(default=56, ge=1)
    embedding: int = Field(default=128, ge=1)
    encoder_hidden: int = Field(default=256, ge=1)
    hidden: int = Field(default=512, ge=1)


class PaperArchitecture(Frozen):
    """The published one: convolutions over one-hot productions, three GRUs that see the code alone.

    Source: Kusner et al. 2017 (GVAE).

    Attributes:
        latent_dim: width of a code, D.
        filters: filters of each convolution.
        widths: width of each convolution.
        dense: width of the encoder's dense layer.
        hidden: width of each of the decoder's three GRUs.
        batch_norm: batch normalization after each convolution and before the decoder's dense layer.
    """

    kind: Literal["paper"] = "paper"
    latent_dim: int = Field(ge=1)
    filters: tuple[int, ...]
    widths: tuple[int, ...]
    dense: int = Field(ge=1)
    hidden: int = Field(ge=1)
    batch_norm: bool

    @property
    def shortest_length(self) -> int:
        """The least number of steps that the convolutions can read."""
        return sum(self.widths) - len(self.widths) + 1


Architecture = Annotated[RecurrentArchitecture | PaperArchitecture, Field(discriminator="kind")]

PAPER_MOLECULES = PaperArchitecture(
    latent_dim=56, filters=(9, 9, 10), widths=(9, 9, 11), dense=435, hidden=501, batch_norm=False
)
PAPER_EXPRESSIONS = PaperArchitecture(
    latent_dim=25, filters=(2, 3, 4), widths=(2, 3, 4), dense=100, hidden=100, batch_norm=True
)
PAPER_LENGTHS = {"molecules": 277, "expressions": 15}


class Weights(Frozen):
    """The weights of the loss's terms.

    Attributes:
        beta: of L_Z.
        lambda_: of L_REG.
    """

    beta: float = Field(ge=0)
    lambda_: float = Field(ge=0)


class Preset(Frozen):
    """All that a preset decides.

    Attributes:
        architecture: the network.
        weights: of the loss.
        training: how it is trained.
        motifs: learned composite productions that the grammar is extended by.
        max_length: productions that a derivation may have; None for the longest in the data.
        form: in which strings are learned.
    """

    architecture: Architecture
    weights: Weights
    training: TrainingSettings
    motifs: int = Field(ge=0)
    max_length: int | None = Field(default=None, ge=1)
    form: Form = "as-written"


class Settings(Frozen):
    """The settings of a trained model, nothing left open.

    Attributes:
        model: its row in the table of models.
        preset: the preset that decided what was not set by hand.
        architecture: the network.
        weights: of the loss.
        training: how it was trained.
        max_length: productions that a derivation may have, in training and in decoding.
        density: what it is sampled from unless told otherwise.
        form: in which strings were learned, and are encoded and decoded.
    """

    model: str
    preset: str
    architecture: Architecture
    weights: Weights
    training: TrainingSettings
    max_length: int = Field(ge=1)
    density: str
    form: Form = "as-written"


def preset_named(name: str, grammar: Grammar, model: Model) -> Preset:
    """The settings of a preset for a grammar and a model.

    "default" is ours; "quick" is ours made small, for minutes; "paper" has the published network and schedule: the
    expressions' for a grammar of that language, else the molecules'. Molecules are learned in Kekule form, with "paper"
    as they are written.

    Raises:
        SettingsError: there is no such preset.
    """
    if name not in PRESETS:
        raise SettingsError.unknown("preset", name, PRESETS)
    expressions = grammar.language == "expressions"
    weights = Weights(
        beta=0.01 if model.weighs_embedding else 0.0, lambda_=1e-7 if model.regularizer != "none" else 0.0
    )
    if name == "paper":
        training = TrainingSettings(
            epochs=50 if expressions else 100,
            batch_size=600 if expressions else 500,
            schedule="plateau",
            plateau_factor=0.2,
            plateau_patience=1 if expressions else 3,
            learning_rate_floor=1e-4,
            clip_norm=None,
            precision="auto",
        )
        architecture = PAPER_EXPRESSIONS if expressions else PAPER_MOLECULES
        return Preset(
            architecture=architecture,
            weights=weights,
            training=training,
            motifs=0,
            max_length=PAPER_LENGTHS.get(grammar.language or ""),
        )
    quick = name == "quick"
    architecture = RecurrentArchitecture(
        latent_dim=25 if expressions else 56,
        encoder_hidden=128 if expressions else 256,
        hidden=256 if expressions else 512,
    )
    training = TrainingSettings(
        time_budget=(2 if expressions else 4) if quick else (8 if expressions else 60),
        batch_size=256,
        learning_rate=2e-3,
        schedule="cosine",
        warmup=0.02,
        patience=10,
        validate_every_epochs=None,
        validate_every_seconds=30 if quick or expressions else 120,
    )
    form: Form = "kekule" if grammar.language == "molecules" else "as-written"
    motifs = 0 if expressions else 300 if quick else 1000
    return Preset(architecture=architecture, weights=weights, training=training, motifs=motifs, form=form)


def replaced(settings: S, **changes: Any) -> S:
    """The same settings with those changes that are not None, checked again.

    Raises:
        SettingsError: a value is out of range.
    """
    kept = {name: getattr(settings, name) for name in type(settings).model_fields}
    try:
        return type(settings)(**{**kept, **{name: value for name, value in changes.items() if value is not None}})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise SettingsError(f"setting {place!r}: {problem['msg']}, not {problem['input']!r}") from None
