"""A run's model with the densities that are asked of it: one that is not fitted yet is fitted once, and kept."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from grae.cli.output import note

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

ALL = "all"


def with_densities(model: "GrammarAutoencoder", place: Path, asked: str | None) -> "GrammarAutoencoder":
    """The model, after the densities that a comma list names were fitted to the codes of its training strings.

    Args:
        model: a run's.
        place: the run's folder, which keeps them.
        asked: names; None and "all" ask for nothing that is not there.

    Raises:
        SettingsError: there is no such density.
        RunError, DataError: the training strings are not there any more, or the folder cannot be written.
    """
    missing = list(_missing(model, asked))
    if not missing:
        return model
    from grae.cli.strings import store_of
    from grae.sequence.saved import write_densities
    from grae.training.run_folder import RunFolder

    plain = model.language_grammar_
    training = store_of(place, model.about_, plain).derivations[model.split_.train]
    for name in missing:
        note(f"fitting the density {name!r} to the codes of {place}, once")
        model.fit_density(name, training)
        write_densities(RunFolder(place), model)
    return model


def _missing(model: "GrammarAutoencoder", asked: str | None) -> Iterable[str]:
    from grae.density import DENSITIES
    from grae.errors import SettingsError

    names = [] if asked in (None, ALL) else [name.strip() for name in asked.split(",")]
    for name in dict.fromkeys(names):
        if name not in DENSITIES:
            raise SettingsError.unknown("density", name, DENSITIES)
        if name not in model.densities_:
            yield name
