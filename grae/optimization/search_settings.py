"""What is asked of a search, checked without torch, which takes seconds to load."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from grae.bounds import MOST_A_ROUND, MOST_ROUNDS
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.optimization.limits import Limits
from grae.optimization.mixed_parts import BOTH, NO_SURROGATE, VIEWS, groups
from grae.optimization.strategies import STRATEGIES, Pace, StrategyRow
from grae.optimization.target import Target

Features = Callable[[Sequence[str]], Any]
"""A user's own: strings -> an array (n, F) of finite numbers."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search proposes and ranks.

    Attributes:
        strategy: a name in `STRATEGIES`.
        propose: mixed: groups of `PROPOSERS` joined by "+", or "both"; None for all.
        surrogate: mixed: names of `VIEWS` joined by "+", "none", or a user's function; None for the default of the
            language.
        limits: of the strings proposed.
        temperature: of the decoder.
        attempts: paper: decodings of a point.
        retrain_every: rounds after which the model is trained on; None for never.
        seed: of all that is drawn.
    """

    strategy: str
    propose: str | None
    surrogate: str | Features | None
    limits: Limits
    temperature: float | None
    attempts: int | None
    retrain_every: int | None
    seed: int

    def check(self, grammar: Grammar) -> None:
        """Makes sure that the parts suit each other and the grammar.

        Raises:
            SettingsError: they do not.
        """
        row = strategy_named(self.strategy)
        for name in ("propose", "surrogate", "attempts"):
            if getattr(self, name) is not None and name not in row.options:
                owners = " and ".join(owner for owner, other in STRATEGIES.items() if name in other.options)
                raise SettingsError(
                    f"{name} (--{name}) belongs to the strategy {owners}, not to {self.strategy}",
                    remedy="leave it out, or give another strategy",
                )
        for name in self.groups:
            if name not in groups():
                raise SettingsError.unknown("propose (--propose)", name, groups())
        for name in self.views(grammar):
            if name not in VIEWS:
                raise SettingsError.unknown("surrogate (--surrogate)", name, (*VIEWS, NO_SURROGATE))
            if not VIEWS[name].suits(grammar):
                raise SettingsError(
                    f"surrogate (--surrogate) {name!r}: the grammar {grammar.name!r} {VIEWS[name].unsuited}",
                    remedy=f"give {_usual_view(grammar)!r}, or a function of your own",
                )
        if self.limits and not row.limits:
            raise SettingsError(
                f"the {self.strategy} strategy has no limits of size",
                remedy="leave them out, or give another strategy",
            )
        self.limits.check(grammar)
        self._check_retraining(row)

    def _check_retraining(self, row: StrategyRow) -> None:
        if self.retrain_every is None:
            return
        if self.retrain_every < 1:
            raise SettingsError(
                f"a model retrained every {self.retrain_every} rounds", remedy="give at least 1, or leave it out"
            )
        if not row.retrainable:
            raise SettingsError(
                f"the {self.strategy} strategy searches one latent space from its first round to its last",
                remedy="leave retrain_every (--retrain-every) out, or give another strategy",
            )

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of proposers."""
        if self.propose is None or self.propose == BOTH:
            return tuple(groups())
        return _names(self.propose)

    def views(self, grammar: Grammar) -> tuple[str, ...]:
        """The names of the surrogate's views; none where there is no surrogate, or the user's function is its view."""
        of_strategy = "surrogate" in STRATEGIES[self.strategy].options
        if not of_strategy or callable(self.surrogate) or self.surrogate == NO_SURROGATE:
            return ()
        return (_usual_view(grammar),) if self.surrogate is None else _names(self.surrogate)

    def told(self) -> dict[str, Any]:
        """As the settings of a search hold it, in JSON."""
        surrogate = self.surrogate
        if callable(surrogate):
            surrogate = getattr(surrogate, "name", None) or getattr(surrogate, "__qualname__", "function")
        return {
            "strategy": self.strategy,
            "propose": self.propose,
            "surrogate": surrogate,
            "most_atoms": self.limits.most_atoms,
            "most_symbols": self.limits.most_symbols,
            "temperature": self.temperature,
            "attempts": self.attempts,
            "retrain_every": self.retrain_every,
            "seed": self.seed,
        }


def strategy_named(name: str) -> StrategyRow:
    """A row of the table of strategies. Raises SettingsError: there is none of that name."""
    if name not in STRATEGIES:
        raise SettingsError.unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


def pace_of(strategy: str, rounds: int | None, batch_size: int | None) -> Pace:
    """The pace of a strategy, with its defaults where nothing is given.

    Raises:
        SettingsError: there is no such strategy, or fewer than one round or string, or more than anyone can wait for.
    """
    usual = strategy_named(strategy).pace
    pace = Pace(usual.rounds if rounds is None else rounds, usual.batch_size if batch_size is None else batch_size)
    if min(pace) < 1:
        raise SettingsError(f"{pace.rounds} rounds of {pace.batch_size} strings", remedy="give at least 1 of each")
    if pace.rounds > MOST_ROUNDS or pace.batch_size > MOST_A_ROUND:
        raise SettingsError(
            "too many rounds, or strings a round",
            remedy=f"give at most {MOST_ROUNDS:,} rounds (--rounds) of at most {MOST_A_ROUND:,} strings (--batch-size)",
        )
    return pace


def check_suits(target: Target, grammar: Grammar) -> None:
    """Makes sure that a target scores strings of a grammar.

    Raises:
        SettingsError: it scores others.
    """
    if target.language not in (None, grammar.language.name):
        raise SettingsError(
            f"target {target.name!r} scores {target.language}, but the grammar {grammar.name!r} is one of "
            f"{grammar.language.plural}",
            remedy="give a model of such a grammar, or another target",
        )


def _names(joined: str) -> tuple[str, ...]:
    """Names joined by "+", each once."""
    return tuple(dict.fromkeys(name.strip() for name in joined.split("+")))


def _usual_view(grammar: Grammar) -> str:
    """The first view that says something of the strings of a grammar."""
    return next(name for name, row in VIEWS.items() if row.suits(grammar))
