"""Models that come with grae: trained, and ready to sample from, to search and to be trained on.

Each is the folder of a run, with two files more: `model.json` says what it is, and `start.txt` holds samples of its own
that searches start from, since none of its training strings are in the package. Nothing is written there: what is made
of such a model goes into `runs/NAME`.
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
"""The model that commands take where a user has no run, unless another language or grammar is asked for."""
MOST_BYTES = 8_000_000
"""Of all files of a model that comes with grae."""
REINSTALL = "reinstall grae"


@dataclass(frozen=True)
class About:
    """What a model says of itself, in `model.json`.

    Attributes:
        description: one line.
        language: the name of the strings' language, such as "molecules".
        grammar: the name of the grammar.
        model: its row in the table of models.
        data: what it was trained on.
        strings: how many strings of these.
        command: that trains it.
        epochs: passes over the data.
        minutes: of training.
        weights: their type in the file.
        exact: share of held-out strings that come back exactly, with these weights and as trained (float32); None where
            none were held out.
        held_out: how many they were.
        start: strings in `start.txt`.
        measures: of its samples, by the names of `grae evaluate`.
        format: of the file.
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
    measures: dict[str, float] = field(default_factory=dict)
    format: str = FORMAT

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Pretrained:
    """A model that comes with grae.

    Attributes:
        name: of its folder.
        path: its folder.
        about: what it says of itself.
    """

    name: str
    path: Path
    about: About

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return size_of(self.path)


def size_of(place: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(file.stat().st_size for file in place.iterdir() if file.is_file())


def home() -> Path:
    """The folder that holds them."""
    return shipped("models")


def pretrained() -> dict[str, Pretrained]:
    """The models that come with grae, by name; the default one first.

    Raises:
        RunError: one is damaged.
    """
    return {name: _read(home() / name) for name in names()}


def names() -> list[str]:
    """Their names, the default one first."""
    held = (path.parent.name for path in home().glob(f"*/{ABOUT}"))
    return sorted(held, key=lambda name: (name != DEFAULT, name))


def pretrained_named(name: str) -> Pretrained:
    """One of them.

    Raises:
        RunError: there is none of that name, or it is damaged.
    """
    place = pretrained_folder(name)
    if place is None:
        raise RunError.unknown("model", name, names())
    return _read(place)


def pretrained_folder(name: str) -> Path | None:
    """The folder of the model of that name that comes with grae; None where there is none."""
    return home() / name if name in names() else None


def located(path: str | Path) -> Path:
    """The folder that a path or a name means: that of a run, or of the model of that name that comes with grae."""
    place = place_named(path)
    if is_file(place / CONFIG_FILE):
        return place
    return pretrained_folder(str(path)) or place


def model_for(language: str | None = None, fingerprint: str | None = None) -> Path | None:
    """The folder of the first model of a language or of a grammar; None where there is none.

    Args:
        language: the name of the strings' language; None for any.
        fingerprint: of the grammar that it has to be of, without motifs; None for any.

    Raises:
        RunError: a model is damaged.
    """
    for name in names():
        place = home() / name
        if language is not None and _read(place).about.language != language:
            continue
        if fingerprint is not None and _fingerprint(place) != fingerprint:
            continue
        return place
    return None


def comes_with_grae(place: Path) -> bool:
    """Whether a run's folder is that of a model that comes with grae."""
    return place.resolve().parent == home().resolve()


def written_to(place: Path) -> Path:
    """Where that which is made of a run goes: its own folder, or `runs/NAME` of a model that comes with grae."""
    return RUNS / place.name if comes_with_grae(place) else place


def start_strings(place: Path) -> list[str] | None:
    """The strings that searches start from where a run's folder holds them; None where it holds none.

    Raises:
        RunError: the file is damaged.
    """
    from grae import files  # it brings numpy, which `grae --help` does without

    file = place / START
    return files.read_text(file, remedy=REINSTALL).splitlines() if file.is_file() else None


def read_about(place: Path) -> About:
    """What a packed model says of itself. Raises RunError where its `model.json` is damaged."""
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
    """Of the language's grammar, as the configuration says it."""
    from grae import files

    language = files.read_json(place / CONFIG_FILE, remedy=REINSTALL).get("language")
    return language.get("fingerprint") if isinstance(language, dict) else None
