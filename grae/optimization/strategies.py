"""The table of strategies: the loop, commands and help texts use only its rows.

Imports nothing heavy: strategies are created when a search starts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from grae.optimization.setup import Setup

if TYPE_CHECKING:
    from grae.callbacks.reporter import Reporter
    from grae.optimization.search_settings import SearchSettings
    from grae.optimization.space import LatentSpace
    from grae.optimization.start import Start
    from grae.optimization.strategy import Movable, RandomSearch, Strategy
    from grae.optimization.trust_region import TrustRegion
    from grae.targets.target import Target


class Pace(NamedTuple):
    """Number of rounds, and of strings per round."""

    rounds: int
    batch_size: int


@dataclass(frozen=True, slots=True)
class StrategyRow:
    """A strategy.

    Attributes:
        make: a class or a function that creates the `Strategy` from a `Setup`.
        pace: default number of rounds, and of strings per round.
        summary: a short description for help texts.
        options: the strategy-specific settings ("propose", "surrogate", "attempts") that it uses.
        limits: whether it respects limits on size.
        retrainable: whether it can continue in another latent space: its strategies are `Movable`.
        several: whether it can search for several targets.
    """

    make: "Callable[[Setup], Strategy]"
    pace: Pace
    summary: str
    options: tuple[str, ...] = ()
    limits: bool = True
    retrainable: bool = False
    several: bool = False


def strategy_of(
    settings: "SearchSettings", space: "LatentSpace", start: "Start", target: "Target", reporter: "Reporter"
) -> "Strategy":
    """The strategy named in the settings.

    Raises:
        DataError: too few starting strings.
    """
    from grae.optimization.candidates import Known
    from grae.optimization.progress import fraction_of

    progress = fraction_of(reporter, "encoding the strings to start from")
    return STRATEGIES[settings.strategy].make(Setup(settings, space, start, Known(start.texts), target, progress))


def _mixed(setup: Setup) -> "Movable":
    from grae.optimization.mixed_parts import mixed_search

    settings = setup.settings
    own = settings.surrogate if callable(settings.surrogate) else None
    return mixed_search(setup, settings.groups, settings.views(setup.space.model.language_grammar_), own)


def _genetic(setup: Setup) -> "Movable":
    """The mixed search with one proposer and no surrogate."""
    from grae.optimization.mixed_parts import mixed_search

    return mixed_search(setup, ("derivation",))


def _random(setup: Setup) -> "RandomSearch":
    from grae.optimization.strategy import RandomSearch

    return RandomSearch(setup.space, setup.known, temperature=setup.temperature, seed=setup.settings.seed)


def _trust_region(setup: Setup) -> "TrustRegion":
    from grae.optimization.trust_region import TrustRegion

    return TrustRegion(
        setup.space,
        setup.start,
        setup.known,
        maximize=setup.maximize,
        worst=setup.worst,
        temperature=setup.temperature,
        seed=setup.settings.seed,
        progress=setup.progress,
    )


def _paper(setup: Setup) -> "Strategy":
    from grae.optimization.paper import PaperProtocol

    settings = setup.settings
    return PaperProtocol(
        setup.space,
        setup.start,
        maximize=setup.maximize,
        worst=setup.target.worst,
        temperature=1.0 if settings.temperature is None else settings.temperature,
        attempts=settings.attempts,
        seed=settings.seed,
        progress=setup.progress,
    )


STRATEGIES: dict[str, StrategyRow] = {
    "mixed": StrategyRow(
        _mixed,
        Pace(100, 5),
        "several proposers, whose strings a surrogate ranks",
        options=("propose", "surrogate"),
        retrainable=True,
        several=True,
    ),
    "genetic": StrategyRow(_genetic, Pace(100, 5), "children of the best derivations", retrainable=True, several=True),
    "random": StrategyRow(_random, Pace(10, 50), "samples of the density", retrainable=True, several=True),
    "trust-region": StrategyRow(_trust_region, Pace(100, 5), "steps around the best codes", retrainable=True),
    "paper": StrategyRow(
        _paper, Pace(5, 50), "the published protocol (Kusner et al. 2017)", options=("attempts",), limits=False
    ),
}
"""The strategies by the names used in commands and files, the default first."""
