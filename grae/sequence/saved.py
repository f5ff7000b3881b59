"""Saving and loading models of strings: `grae.estimator.saved`, with grammars."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grae.datasets.store import DerivationStore
from grae.estimator import saved
from grae.estimator.configuration import checked_parameters
from grae.grammar.codec import Derivations
from grae.paths import REJECTS_FILE
from grae.sequence.build import network_of
from grae.sequence.configuration import STRINGS, read_config, read_grammar, read_language_grammar, read_settings
from grae.sequence.settings import Settings
from grae.training.run_folder import RunFolder
from grae.training.settings import Device

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder


def begin(folder: RunFolder, estimator: "GrammarAutoencoder", X: object = None) -> None:
    """Writes what is known before training, and needed to resume: settings, grammar, split and skipped lines.

    The strings' grammar is written too where it cannot be recovered from that of the derivations (character models).

    Args:
        folder: run folder.
        estimator: the estimator, with grammars, settings and split.
        X: input of `fit`; the skipped lines of a store are copied into the run.
    """
    grammar, language = estimator.grammar_, estimator.language_grammar_
    folder.write_text(folder.GRAMMAR, grammar.text)
    if language != grammar.plain:
        folder.write_text(folder.LANGUAGE, language.text)
    named = {"grammar": grammar, "language": language}
    about = {name: {"name": one.name, "fingerprint": one.fingerprint} for name, one in named.items()}
    saved.begin(STRINGS, folder, estimator, **about)
    if isinstance(X, DerivationStore) and X.counts.rejected:
        folder.write_text(REJECTS_FILE, X.rejects_path.read_text(encoding="utf-8"))


def write(folder: RunFolder, estimator: "GrammarAutoencoder") -> None:
    """Writes a fitted estimator: the output of `begin`, densities, metrics and, last, the weights."""
    begin(folder, estimator)
    saved.write(STRINGS, folder, estimator, grammar=estimator.grammar_.fingerprint)


def read(kind: "type[GrammarAutoencoder]", folder: RunFolder, device: Device) -> Any:
    """The estimator of a finished run. Raises RunError."""
    config, settings = read_config(folder), read_settings(folder)
    grammar, language = read_grammar(folder), read_language_grammar(folder)
    parameters = checked_parameters(STRINGS, folder, config, kind)
    estimator = kind(language, **{**parameters, "device": device})
    estimator.grammar_, estimator.language_grammar_, estimator.settings_ = grammar, language, settings
    saved.restore(STRINGS, folder, estimator, saved.unseeded(network_of, grammar, settings))
    estimator.folder_ = folder.path
    return estimator


def check_same(folder: RunFolder, settings: Settings, about: Mapping[str, Any]) -> None:
    """Checks that a run is resumed with its original settings and strings. Raises RunError."""
    saved.check_same(STRINGS, folder, settings, about)


def checksum(derivations: Derivations) -> str:
    """SHA-256 of the lengths and ids of derivations."""
    return saved.checksum([derivations.lengths.astype("<i8"), derivations.ids])
