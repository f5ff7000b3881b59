"""What is asked of a search, checked without torch, which takes seconds to load."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.optimization.limits import Limits
from grae.optimization.targets import Target

StrategyName = Literal["mixed", "genetic", "random", "trust-region", "paper"]
Propose = Literal["both", "latent", "derivation"]
STRATEGIES: tuple[str, ...] = get_args(StrategyName)
PROPOSE: tuple[str, ...] = get_args(Propose)
VIEWS = ("meaning", "structure", "codes")
NO_SURROGATE = "none"
Features = Callable[[Sequence[str]], Any]
"""A user's own: strings -> an array (n, F) of finite numbers."""


MOST_ROUNDS, MOST_A_ROUND = 1_000_000, 100_000


class Pace(NamedTuple):
    """Rounds, and strings a round."""

    rounds: int
    batch_size: int


PACES: dict[str, Pace] = {
    "mixed": Pace(100, 5),
    "genetic": Pace(100, 5),
    "random": Pace(10, 50),
    "trust-region": Pace(100, 5),
    "paper": Pace(5, 50),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search proposes and ranks.

    Attributes:
        strategy: one of `STRATEGIES`.
        propose: mixed: which proposers; None for its default.
        surrogate: mixed: `VIEWS` joined by "+", "none", or a user's function; None for the default of the language.
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
        if self.strategy not in STRATEGIES:
            raise SettingsError.unknown("strategy", self.strategy, STRATEGIES)
        if self.strategy != "mixed":
            for name, value in (("propose", self.propose), ("surrogate", self.surrogate)):
                if value is not None:
                    raise SettingsError(
                        f"{name} (--{name}) belongs to the mixed strategy, not to {self.strategy!r}",
                        remedy="leave it out, or give strategy 'mixed'",
                    )
        if self.propose is not None and self.propose not in PROPOSE:
            raise SettingsError.unknown("propose (--propose)", self.propose, PROPOSE)
        for name in self.views(grammar):
            if name not in VIEWS:
                raise SettingsError.unknown("surrogate (--surrogate)", name, (*VIEWS, NO_SURROGATE))
        if "meaning" in self.views(grammar) and not grammar.language.has_features:
            raise SettingsError(
                f"surrogate (--surrogate) 'meaning': the grammar {grammar.name!r} does not say what its strings mean",
                remedy="give 'structure', or a function of your own",
            )
        if self.attempts is not None and self.strategy != "paper":
            raise SettingsError("attempts are of the paper strategy", remedy="leave them out, or give strategy 'paper'")
        if self.limits and self.strategy == "paper":
            raise SettingsError(
                "the paper strategy has no limits of size", remedy="leave them out, or give another strategy"
            )
        self.limits.check(grammar)
        self._check_retraining()

    def _check_retraining(self) -> None:
        if self.retrain_every is None:
            return
        if self.retrain_every < 1:
            raise SettingsError(
                f"a model retrained every {self.retrain_every} rounds", remedy="give at least 1, or leave it out"
            )
        if self.strategy == "paper":
            raise SettingsError(
                "the paper strategy searches one latent space from its first round to its last",
                remedy="leave retrain_every (--retrain-every) out, or give another strategy",
            )

    def views(self, grammar: Grammar) -> tuple[str, ...]:
        """The names of the surrogate's views; none where there is no surrogate, or the user's function is its view."""
        if self.strategy != "mixed" or callable(self.surrogate) or self.surrogate == NO_SURROGATE:
            return ()
        if self.surrogate is None:
            return ("meaning",) if grammar.language.has_features else ("structure",)
        return tuple(dict.fromkeys(name.strip() for name in self.surrogate.split("+")))

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


def pace_of(strategy: str, rounds: int | None, batch_size: int | None) -> Pace:
    """The pace of a strategy, with its defaults where nothing is given.

    Raises:
        SettingsError: there is no such strategy, or fewer than one round or string, or more than anyone can wait for.
    """
    if strategy not in PACES:
        raise SettingsError.unknown("strategy", strategy, PACES)
    usual = PACES[strategy]
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
