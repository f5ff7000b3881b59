"""The config.json of a run on strings, validated before use."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grae.density.densities import DENSITIES
from grae.errors import GrammarError, RunError
from grae.estimator import configuration
from grae.estimator.configuration import RunKind
from grae.grammar import Grammar
from grae.paths import RUNS
from grae.sequence.constrained import Completion, Constraints, constraints_under, keeps_rules
from grae.sequence.settings import Settings
from grae.training.run_folder import RunFolder


class Named(BaseModel):
    """Name and fingerprint of a grammar."""

    model_config = ConfigDict(strict=True)

    name: str
    fingerprint: str


class About(BaseModel):
    """Provenance of the strings, written by `fit` and its caller; further entries are allowed.

    Attributes:
        rows: number of derivations in all parts of the split.
        sha256: checksum of the derivations.
        data: a data set's name, a path, or "-" for standard input.
        column: column of a table.
        delimiter: delimiter of a table.
        source_sha256: checksum of the file.
        form: form in which the strings were encoded.
        max_length: maximum number of productions per derivation.
        store: the derivation store's folder.
    """

    model_config = ConfigDict(strict=True, extra="allow")

    rows: int | None = None
    sha256: str | None = None
    data: str | None = None
    column: str | int | None = None
    delimiter: str | None = None
    source_sha256: str | None = None
    form: str | None = None
    max_length: int | None = None
    store: str | None = None


class Configuration(BaseModel):
    """Schema of the file; `Settings` validates its settings, `configuration.checked_parameters` its parameters."""

    model_config = ConfigDict(strict=True)

    grammar: Named
    language: Named | None = None
    settings: dict[str, Any]
    parameters: dict[str, Any]
    data: About = Field(default_factory=About)


STRINGS = RunKind(
    "grae run 1",
    "a run of strings",
    "grae train",
    RUNS,
    ("grae", "torch", "numpy", "rdkit", "scikit-learn"),
    ("grammar", "progress"),
    Configuration,
)


def read_config(folder: RunFolder) -> dict[str, Any]:
    """A run's config.json. Raises RunError: missing, truncated, of another format, or a value has the wrong type."""
    return configuration.read_config(STRINGS, folder)


def read_settings(folder: RunFolder) -> Settings:
    """A run's settings. Raises RunError: missing, truncated or of another format."""
    return configuration.read_settings(STRINGS, folder, Settings)


def check_decoding(
    folder: RunFolder,
    *,
    densities: Iterable[str] = (),
    constraints: Constraints | None = None,
    completion: Completion = "forced",
) -> Grammar:
    """Checks that a run can be sampled and decoded as requested, without importing torch.

    Args:
        folder: run folder.
        densities: names of the densities to sample from.
        constraints: constraints of decoding; None for the run's default.
        completion: "forced" or "none".

    Returns:
        The grammar of the run's strings, without motifs.

    Raises:
        RunError: the run's configuration or one of its grammars is missing or damaged.
        SettingsError: there is no such density, or the run's strings cannot be decoded under the constraints.
    """
    settings, grammar = read_settings(folder), read_grammar(folder)
    for density in densities:
        DENSITIES.check(density)
    keeps_rules(constraints_under(completion, constraints), grammar, settings.form)
    return read_language_grammar(folder)


def read_grammar(folder: RunFolder) -> Grammar:
    """The grammar of a run's derivations, with motifs, verified against its fingerprint. Raises RunError."""
    return _read_grammar(folder, folder.GRAMMAR, read_config(folder)["grammar"])


def read_language_grammar(folder: RunFolder) -> Grammar:
    """The grammar of a run's strings, without motifs, verified against its fingerprint. Raises RunError."""
    grammar = read_grammar(folder)
    plain = grammar.plain
    about = read_config(folder).get("language")
    if about is None or about.get("fingerprint") == plain.fingerprint:
        return plain
    return _read_grammar(folder, folder.LANGUAGE, about)


def _read_grammar(folder: RunFolder, name: str, about: Mapping[str, Any]) -> Grammar:
    """Reads a grammar file of a run and verifies its fingerprint."""
    try:
        grammar = Grammar.from_text(folder.read_text(name), name=str(about.get("name")))
    except GrammarError as error:
        raise RunError(f"{folder / name}: {error.message}", remedy=STRINGS.foreign) from None
    if grammar.fingerprint != about.get("fingerprint"):
        raise RunError(
            f"{folder / name} is not the grammar that the run was trained with (fingerprints differ)",
            remedy=STRINGS.foreign,
        )
    return grammar
