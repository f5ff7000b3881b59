"""Pretrained models that come with grae, for sampling, search and fine-tuning.

Each is a run folder with two more files: `model.json` describes it, and `start.txt` holds samples of the model from
which searches start, since its training strings are not in the package. The folders are read-only: the outputs of
commands go to `runs/NAME`.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from grae.errors import RunError, first_problem
from grae.paths import CONFIG_FILE, RUNS, is_file, place_named
from grae.resources import shipped

ABOUT, START = "model.json", "start.txt"
FORMAT = "grae model 1"
DEFAULT = "zinc250k"
"""The model that commands use if the user has no run, unless another language or grammar is requested."""
MOST_BYTES = 8_000_000
"""Maximum size of all files of a model that comes with grae."""
REINSTALL = "reinstall grae"


@dataclass(frozen=True)
class About:
    """The description of a model in `model.json`.

    Attributes:
        description: one line.
        language: the name of the strings' language, such as "molecules".
        grammar: the name of the grammar.
        model: its row in the table of models.
        data: training data.
        strings: number of training strings.
        command: the command that trains it.
        epochs: passes over the data.
        minutes: duration of the training.
        weights: dtype of the weights in the file.
        exact: reconstruction accuracy on held-out strings, with these weights and as trained (float32); None without
            held-out strings.
        held_out: number of held-out strings.
        start: number of strings in `start.txt`.
        search: whether it is the model for searches, where its language has another one for samples.
        measures: measures of its samples, by their names in `grae evaluate`.
        format: version of the file format.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    description: str
    language: str
    grammar: str
    model: str
    data: str | None
    strings: int
    command: str | None
    epochs: float | None
    minutes: float | None
    weights: str
    exact: dict[str, float] | None
    held_out: int
    start: int
    search: bool = False
    measures: dict[str, float] = field(default_factory=dict)
    format: str = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """The JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Pretrained:
    """A model that comes with grae.

    Attributes:
        name: name of its folder.
        path: its folder.
        about: its description.
    """

    name: str
    path: Path
    about: About

    @property
    def size(self) -> int:
        """Size of all its files in bytes."""
        return size_of(self.path)


def size_of(place: Path) -> int:
    """Size of all files of a folder in bytes."""
    return sum(file.stat().st_size for file in place.iterdir() if file.is_file())


def home() -> Path:
    """The folder of the models."""
    return shipped("models")


def pretrained() -> dict[str, Pretrained]:
    """The models that come with grae, by name, the default one first.

    Raises:
        RunError: a model is damaged.
    """
    return {name: _read(home() / name) for name in names()}


def names() -> list[str]:
    """Their names, the default one first."""
    held = (path.parent.name for path in home().glob(f"*/{ABOUT}"))
    return sorted(held, key=lambda name: (name != DEFAULT, name))


def pretrained_named(name: str) -> Pretrained:
    """The model with a given name.

    Raises:
        RunError: the name is unknown, or the model is damaged.
    """
    place = pretrained_folder(name)
    if place is None:
        raise RunError.unknown("model", name, names())
    return _read(place)


def pretrained_folder(name: str) -> Path | None:
    """The folder of the pretrained model of that name, or None."""
    return home() / name if name in names() else None


def located(path: str | Path) -> Path:
    """The folder of a run, given by its path or name, or of the pretrained model of that name."""
    place = place_named(path)
    if is_file(place / CONFIG_FILE):
        return place
    return pretrained_folder(str(path)) or place


def model_for(language: str | None = None, fingerprint: str | None = None, *, search: bool = False) -> Path | None:
    """The folder of the first model of a language or grammar, or None.

    Args:
        language: the name of the strings' language; None for any.
        fingerprint: fingerprint of the model's grammar without motifs; None for any.
        search: whether a model for searches comes first; otherwise it comes last.

    Raises:
        RunError: a model is damaged.
    """
    for one in sorted(pretrained().values(), key=lambda one: one.about.search != search):
        if language is not None and one.about.language != language:
            continue
        if fingerprint is not None and _fingerprint(one.path) != fingerprint:
            continue
        return one.path
    return None


def comes_with_grae(place: Path) -> bool:
    """Whether a run folder is that of a pretrained model."""
    return place.resolve().parent == home().resolve()


def written_to(place: Path) -> Path:
    """The folder for outputs of a run: its own, or `runs/NAME` for a pretrained model."""
    return RUNS / place.name if comes_with_grae(place) else place


def start_strings(place: Path) -> list[str] | None:
    """The strings in a run folder from which searches start; None if it has none.

    Raises:
        RunError: the file is damaged.
    """
    from grae import files  # imports numpy, which `grae --help` does without

    file = place / START
    return files.read_text(file, remedy=REINSTALL).splitlines() if file.is_file() else None


def read_about(place: Path) -> About:
    """The description of a packed model. Raises RunError if its `model.json` is damaged."""
    from pydantic import TypeAdapter, ValidationError

    from grae import files

    about: Any = files.read_json(place / ABOUT, remedy=REINSTALL)
    try:
        return TypeAdapter(About).validate_python(about)
    except ValidationError as error:
        raise RunError(f"{place / ABOUT}: {first_problem(error)}", remedy=REINSTALL) from None


def _read(place: Path) -> Pretrained:
    return Pretrained(place.name, place, read_about(place))


def _fingerprint(place: Path) -> str | None:
    """The fingerprint of the grammar in the configuration."""
    from grae import files

    language = files.read_json(place / CONFIG_FILE, remedy=REINSTALL).get("language")
    return language.get("fingerprint") if isinstance(language, dict) else None
