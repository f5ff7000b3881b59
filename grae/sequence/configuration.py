"""The file config.json of a run, checked before anything is read out of it."""

import inspect
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from grae.datasets.forms import Form
from grae.density.storage import check_known
from grae.errors import GrammarError, RunError, shortened
from grae.grammar import Grammar
from grae.paths import RUNS
from grae.sequence.constrained import Completion, Constraints, constraints_under, keeps_rules
from grae.sequence.settings import Settings
from grae.training.run_folder import FOREIGN, RunFolder

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

FORMAT = "grae run 1"
NOT_KEPT = ("grammar", "progress")  # parameters of the estimator that a run does not hold


class Named(BaseModel):
    """A grammar: its name and its fingerprint."""

    model_config = ConfigDict(strict=True)

    name: str
    fingerprint: str


class About(BaseModel):
    """Where the strings come from; `fit` and its caller write it, and may write more.

    Attributes:
        rows: derivations in all parts of the split.
        sha256: of the derivations.
        data: a data set's name, a path, or "-" for standard input.
        column: of a table.
        delimiter: between its columns.
        source_sha256: of the file.
        form: in which the strings were encoded.
        max_length: the most productions that a derivation might have.
        store: the derivation store's folder.
    """

    model_config = ConfigDict(strict=True, extra="allow")

    rows: int | None = None
    sha256: str | None = None
    data: str | None = None
    column: str | int | None = None
    delimiter: str | None = None
    source_sha256: str | None = None
    form: Form | None = None
    max_length: int | None = None
    store: str | None = None


class Configuration(BaseModel):
    """The file; its settings are checked by `Settings`, its parameters by `checked_parameters`."""

    model_config = ConfigDict(strict=True)

    grammar: Named
    language: Named | None = None
    settings: dict[str, Any]
    parameters: dict[str, Any]
    data: About = Field(default_factory=About)


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json. Raises RunError: missing, truncated, foreign, or with a value of another type."""
    if not folder.path.is_dir():
        raise RunError(
            f"there is no folder {shortened(str(folder.path))}, nor one of that name under {RUNS}/",
            remedy="give the folder of a run made by `grae train`",
        )
    config = folder.read_json(folder.CONFIG)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise RunError(f"{folder / folder.CONFIG} is not the configuration of a run ({FORMAT!r})", remedy=FOREIGN)
    try:
        Configuration.model_validate(config)
    except ValidationError as error:
        raise RunError(f"{folder / folder.CONFIG}: {first_problem(error)}", remedy=FOREIGN) from None
    return config


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or foreign."""
    try:
        return Settings.model_validate(read_config(folder)["settings"])
    except ValidationError as error:
        raise RunError(f"{folder / folder.CONFIG}: settings.{first_problem(error)}", remedy=FOREIGN) from None


def check_decoding(
    folder: RunFolder,
    *,
    densities: Iterable[str] = (),
    constraints: Constraints | None = None,
    completion: Completion = "forced",
) -> Grammar:
    """Makes sure that a run can be sampled and decoded as asked, without torch, which takes seconds to load.

    Args:
        folder: of the run.
        densities: names of those to sample from.
        constraints: of the decoder; None for the run's own.
        completion: of the decoder.

    Returns:
        The grammar that the run's strings are in the language of.

    Raises:
        RunError: the run's configuration or a grammar of it is missing or damaged.
        SettingsError: there is no such density, or the run's decoder cannot keep the constraints.
    """
    settings, grammar = read_settings(folder), read_grammar(folder)
    for density in densities:
        check_known(density)
    keeps_rules(constraints_under(completion, constraints), grammar, grammar.language, settings.form)
    return read_language_grammar(folder)


def checked_parameters(folder: RunFolder, config: dict[str, Any], kind: "type[GrammarAutoencoder]") -> dict[str, Any]:
    """The estimator's parameters that a run holds.

    Raises:
        RunError: one is unknown or has another type than the estimator takes.
    """
    signature = inspect.signature(kind.__init__).parameters
    taken: dict[str, Any] = {
        name: (parameter.annotation, parameter.default)
        for name, parameter in signature.items()
        if name not in ("self", *NOT_KEPT)
    }
    model = create_model("Parameters", __config__=ConfigDict(extra="forbid", strict=True), **taken)
    try:
        model.model_validate(config["parameters"])
    except ValidationError as error:
        raise RunError(f"{folder / folder.CONFIG}: parameters.{first_problem(error)}", remedy=FOREIGN) from None
    return config["parameters"]


def read_grammar(folder: RunFolder) -> Grammar:
    """The grammar of a run's derivations, checked against the fingerprint in its configuration. Raises RunError."""
    return _read_grammar(folder, folder.GRAMMAR, read_config(folder)["grammar"])


def read_language_grammar(folder: RunFolder) -> Grammar:
    """The grammar that a run's strings are in the language of, checked likewise; without motifs. Raises RunError."""
    grammar = read_grammar(folder)
    plain = grammar.base or grammar
    about = read_config(folder).get("language")
    if about is None or about.get("fingerprint") == plain.fingerprint:
        return plain
    return _read_grammar(folder, folder.LANGUAGE, about)


def first_problem(error: ValidationError) -> str:
    """The first of what pydantic found, as `place: problem`."""
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _read_grammar(folder: RunFolder, name: str, about: Mapping[str, Any]) -> Grammar:
    """A grammar of a run: the file of that name, whose name and fingerprint the configuration tells."""
    try:
        grammar = Grammar.from_text(folder.read_text(name), name=str(about.get("name")))
    except GrammarError as error:
        raise RunError(f"{folder / name}: {error.message}", remedy=FOREIGN) from None
    if grammar.fingerprint != about.get("fingerprint"):
        raise RunError(
            f"{folder / name} is not the grammar that the run was trained with (fingerprints differ)", remedy=FOREIGN
        )
    return grammar
