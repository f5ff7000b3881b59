"""Tables of the mixed strategy's parts: its proposers, and the views of its surrogate.

Imports nothing heavy: parts are created when a search starts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grae.optimization.setup import Setup

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.optimization.mixed import MixedSearch
    from grae.optimization.proposers import DensitySamples, DerivationMoves, LatentSteps, Proposer, Regrowth
    from grae.optimization.search_settings import Features
    from grae.optimization.views import View

NO_SURROGATE = "none"
UNRANKED = "unranked"
BOTH = "both"
"""Name of the default groups in the setting `propose`."""


@dataclass(frozen=True, slots=True)
class ProposerRow:
    """A proposer.

    Attributes:
        make: creates the `Proposer` of a search.
        group: the name by which users select it, possibly shared with others.
        summary: a short description for help texts.
        beside_surrogate: whether it is used only with a surrogate.
        by_default: whether it is used if the user selects no group.
    """

    make: "Callable[[Setup], Proposer]"
    group: str
    summary: str
    beside_surrogate: bool = False
    by_default: bool = True


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A view of strings for the surrogate.

    Attributes:
        make: creates the `View` of a search.
        summary: a short description for help texts.
        suits: whether it applies to the strings of a grammar; the first view that does is the default.
        unsuited: why it does not apply to other grammars, for messages.
        unranked: minimum share of a round for moves that the surrogate does not rank, since it predicts poorly.
    """

    make: "Callable[[Setup], View]"
    summary: str
    suits: "Callable[[Grammar], bool]" = lambda grammar: True
    unsuited: str = "has none"
    unranked: float = 0.0


def groups() -> list[str]:
    """The groups of proposers that users can select."""
    return list(dict.fromkeys(row.group for row in PROPOSERS.values()))


def default_groups() -> list[str]:
    """The groups used if the user selects none."""
    return list(dict.fromkeys(row.group for row in PROPOSERS.values() if row.by_default))


def mixed_search(
    setup: Setup, of_groups: Sequence[str], of_views: Sequence[str] = (), surrogate: "Features | None" = None
) -> "MixedSearch":
    """The mixed search with the given parts.

    Args:
        setup: setup of the search.
        of_groups: names of groups of proposers.
        of_views: names of views; empty for no surrogate.
        surrogate: a user's function that computes features, used instead of the views.

    Raises:
        DataError: too few starting strings.
    """
    from grae.optimization.mixed import MixedSearch

    views = [VIEWS[name].make(setup) for name in of_views]
    if surrogate is not None:
        views = [_own_view(surrogate)]
    proposers = {
        name: row.make(setup)
        for name, row in PROPOSERS.items()
        if row.group in of_groups and (views or not row.beside_surrogate)
    }
    unranked = min((VIEWS[name].unranked for name in of_views), default=0.0)
    return MixedSearch(
        setup.space,
        setup.start,
        setup.known,
        proposers=proposers,
        views=views,
        reader=setup.reader,
        maximize=setup.maximize,
        worst=setup.worst,
        units=setup.start.units,
        condition=setup.space.screen.condition,
        seed=setup.settings.seed,
        least={UNRANKED: unranked},
    )


def _latent(setup: Setup) -> "LatentSteps":
    from grae.optimization.proposers import LatentSteps

    return LatentSteps(setup.space, setup.reader, temperature=setup.temperature)


def _derivation(setup: Setup, *, ranked: bool = True) -> "DerivationMoves":
    from grae.optimization.proposers import DerivationMoves

    return DerivationMoves(setup.reader, setup.moves, max_length=setup.longest, ranked=ranked)


def _density(setup: Setup) -> "DensitySamples":
    from grae.optimization.proposers import DensitySamples

    return DensitySamples(setup.space, setup.reader, temperature=setup.temperature)


def _regrowth(setup: Setup) -> "Regrowth":
    from grae.optimization.proposers import Regrowth

    return Regrowth(setup.space, setup.reader)


def _meaning(setup: Setup) -> "View":
    from grae.optimization.views import meaning

    view = meaning(setup.grammar)
    assert view is not None  # see `suits`
    return view


def _structure(setup: Setup) -> "View":
    from grae.optimization.views import structure

    return structure(setup.grammar)


def _codes(setup: Setup) -> "View":
    from grae.optimization.views import CodeView

    return CodeView(setup.space)


def _own_view(features: "Features") -> "View":
    import numpy as np

    from grae.optimization.views import PointView

    return PointView(lambda texts, derivations: np.asarray(features(list(texts)), np.float64))


PROPOSERS: dict[str, ProposerRow] = {
    "latent": ProposerRow(_latent, "latent", "steps from the best codes"),
    "derivation": ProposerRow(_derivation, "derivation", "moves between derivations"),
    UNRANKED: ProposerRow(
        lambda setup: _derivation(setup, ranked=False),
        "derivation",
        "such moves, of which the surrogate chooses none",
        beside_surrogate=True,
    ),
    "density": ProposerRow(_density, "latent", "samples of the density"),
    "regrowth": ProposerRow(
        _regrowth, "regrowth", "parts of the best that the decoder derives again", by_default=False
    ),
}
"""The proposers by the names used in a search's history."""

VIEWS: dict[str, ViewRow] = {
    "meaning": ViewRow(
        _meaning,
        "values of expressions, Morgan fingerprints of molecules",
        suits=lambda grammar: grammar.language.has_features,
        unsuited="does not say what its strings mean",
    ),
    "structure": ViewRow(_structure, "fragments of the derivation", unranked=0.4),
    "codes": ViewRow(_codes, "the latent codes"),
}
"""The views of a surrogate, by name."""
