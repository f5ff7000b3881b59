"""The settings of a search, validated without importing torch."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from grae.bounds import MOST_A_ROUND, MOST_ROUNDS
from grae.conditions.condition import Condition
from grae.errors import SettingsError
from grae.estimator.settings import NamedSettings
from grae.grammar import Grammar
from grae.optimization.diversity import Rule
from grae.optimization.limits import Limits
from grae.optimization.mixed_parts import BOTH, NO_SURROGATE, VIEWS, default_groups, groups
from grae.optimization.scoring import Backend
from grae.optimization.strategies import STRATEGIES, Pace, StrategyRow
from grae.targets.target import Target

Features = Callable[[Sequence[str]], Any]
"""User-defined features for the surrogate: n strings -> an array (n, F) of finite numbers."""
Half = Literal["all", "worst-half"]

FREE_ON_RESUME = frozenset({"rounds", "workers", "backend", "timeout"})
"""Settings that may differ when a search is resumed: how long it runs, and how the target is called."""


class SearchOptions(NamedSettings):
    """The options of a search common to Python (`SearchSettings`) and the command line (`SearchRequest`).

    Attributes:
        strategy: a name in the table `grae.optimization.STRATEGIES`, which describes each: "mixed", "genetic",
            "random", "trust-region", or "paper", the published protocol.
        propose: mixed: the proposers, groups of `PROPOSERS` (grae.optimization.mixed_parts): "latent" (steps and
            samples), "derivation" (moves between derivations), "regrowth" (by the decoder), or several joined by "+";
            None or "both" for the first two.
        surrogate: mixed: the features of the surrogate, names of `VIEWS` (same module): "meaning" (values of
            expressions, Morgan fingerprints of molecules), "structure" (fragments of the derivation), "codes", several
            joined by "+", "none" for no surrogate, or a function of a list of n strings that returns an array (n, F);
            None for the first that applies to the language.
        most_atoms: maximum heavy atoms of a proposed molecule; None for no limit.
        most_symbols: maximum terminals of a proposed string; None for no limit. Without any limit, moves between
            derivations propose none longer than the longest starting string.
        where: a condition that results have to fulfil, such as "logP < 3 and QED > 0.7" (`grae.conditions`); None for
            none. Strings that do not fulfil it are not scored; user functions in it are evaluated together with the
            target, and the search learns from them. Not in the paper strategy.
        template: a template that every string has to match, such as "c1ccc(*)cc1" or "x + sin(<S>)"
            (`grae.sequence.templates`); None for none. Starting strings that do not match it are skipped; if few do,
            samples of the model are used instead. Not in the paper strategy.
        diversity: diversity rule of the results: "scaffold:5", "similarity:0.6" or "derivation:0.6"
            (`grae.optimization.diversity`); None for no rule. Once a string scores better than the median of the
            starting strings, strings too similar to it are no longer scored. Not in the paper strategy, nor with
            several targets.
        rounds: number of rounds; None for the strategy's default (`StrategyRow.pace`).
        batch_size: strings per round; None for the strategy's default.
        start_limit: maximum number of starting strings, a fixed subset of them; None for 20,000, or 200 if the
            target is a user function; 0 for all.
        temperature: temperature of the decoder; None for 0, or 1 in the paper strategy.
        attempts: paper: decodings per point; None for 25 (expressions) or 500.
        retrain_every: number of rounds between fine-tunings of the model on the starting strings and those found,
            weighted by rank (`retraining.py`); None for never. Not in the paper strategy.
        seed: seed of all random draws.
        workers: number of parallel calls of the target.
        backend: where the workers run: "loky" for this machine, "dask" or "ray" for a cluster.
        timeout: time limit per string in seconds; None or 0 for no limit.

    Raises:
        SettingsError: a name is unknown, or a value has the wrong type or is out of range.
    """

    noun: ClassVar[str] = "setting of a search"

    strategy: str = "mixed"
    propose: str | None = None
    surrogate: str | Features | None = None
    most_atoms: int | None = Field(default=None, ge=1)
    most_symbols: int | None = Field(default=None, ge=1)
    where: str | None = None
    template: str | None = None
    diversity: str | None = None
    rounds: int | None = Field(default=None, ge=1, le=MOST_ROUNDS)
    batch_size: int | None = Field(default=None, ge=1, le=MOST_A_ROUND)
    start_limit: int | None = None
    temperature: float | None = Field(default=None, ge=0)
    attempts: int | None = Field(default=None, ge=1)
    retrain_every: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=1)
    backend: Backend = "loky"
    timeout: float | None = Field(default=60.0, ge=0)

    def replace(self, **changes: Any) -> Self:
        """A copy with some settings changed, validated again."""
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | changes)


class SearchSettings(SearchOptions):
    """The settings of a search; frozen, and unknown names are errors.

    Attributes:
        half: "worst-half" starts from the strings that score worse than the median.
        decoding: further arguments of `model.inverse_transform`, such as its constraints.

    The others are those of `SearchOptions`.
    """

    half: Half = "all"
    decoding: dict[str, Any] = Field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """The limits on size."""
        return Limits(self.most_atoms, self.most_symbols)

    @property
    def pace(self) -> Pace:
        """Rounds and strings per round; by default those of the strategy.

        Raises:
            SettingsError: unknown strategy.
        """
        own = strategy_named(self.strategy).pace
        return Pace(self.rounds or own.rounds, self.batch_size or own.batch_size)

    def check(self, grammar: Grammar) -> None:
        """Checks that the settings fit together and apply to the grammar.

        Raises:
            SettingsError: a setting does not apply.
        """
        row = strategy_named(self.strategy)
        for name in ("propose", "surrogate", "attempts"):
            if getattr(self, name) is not None and name not in row.options:
                owners = " and ".join(owner for owner, other in STRATEGIES.items() if name in other.options)
                raise SettingsError(
                    f"{name} (--{name}) requires the strategy {owners}, not {self.strategy}",
                    remedy="omit it, or give another strategy",
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
                remedy="omit them, or give another strategy",
            )
        self.limits.check(grammar)
        unknown = {"where": "conditions", "diversity": "rule for results that differ", "template": "templates"}
        for name, what in unknown.items():
            if getattr(self, name) is not None and not row.limits:
                raise SettingsError(
                    f"{name} (--{name}): the {self.strategy} strategy knows no {what}",
                    remedy="omit it, or give another strategy",
                )
        self.condition(grammar)
        if self.diversity is not None:
            Rule.read(self.diversity, grammar)
        if self.retrain_every is not None and not row.retrainable:
            raise SettingsError(
                f"the {self.strategy} strategy searches one latent space from its first round to its last",
                remedy="leave retrain_every (--retrain-every) out, or give another strategy",
            )

    def condition(self, grammar: Grammar) -> Condition | None:
        """The condition on results.

        Raises:
            ParseError, SettingsError, DataError: as `Condition.read`.
        """
        return None if self.where is None else Condition.read(self.where, grammar, timeout=self.timeout or None)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of proposers."""
        if self.propose is None or self.propose == BOTH:
            return tuple(default_groups())
        return _names(self.propose)

    def views(self, grammar: Grammar) -> tuple[str, ...]:
        """The names of the surrogate's views; empty without a surrogate, or with a user function instead."""
        of_strategy = "surrogate" in STRATEGIES[self.strategy].options
        if not of_strategy or callable(self.surrogate) or self.surrogate == NO_SURROGATE:
            return ()
        return (_usual_view(grammar),) if self.surrogate is None else _names(self.surrogate)

    def fixed(self) -> dict[str, Any]:
        """The settings that a resumed search keeps, as stored in `search.json`."""
        surrogate = self.surrogate
        if callable(surrogate):
            surrogate = getattr(surrogate, "name", None) or getattr(surrogate, "__qualname__", "function")
        stored = {name: getattr(self, name) for name in SearchSettings.model_fields if name not in FREE_ON_RESUME}
        return {**stored, "surrogate": surrogate, "batch_size": self.pace.batch_size, "decoding": dict(self.decoding)}


def strategy_named(name: str) -> StrategyRow:
    """The row of a strategy in the table. Raises SettingsError: the name is unknown."""
    if name not in STRATEGIES:
        raise SettingsError.unknown("strategy", name, STRATEGIES)
    return STRATEGIES[name]


def check_several(target: Target, settings: SearchSettings) -> None:
    """Checks that the settings allow several targets, if there are several.

    Raises:
        SettingsError: a setting requires a single target.
    """
    if not hasattr(target, "targets"):
        return
    if settings.diversity is not None:
        raise SettingsError(
            "diversity (--diversity) with several targets (--target)", remedy="give only one, or join the targets"
        )
    able = [name for name, row in STRATEGIES.items() if row.several]
    if settings.strategy not in able:
        raise SettingsError(
            f"the {settings.strategy} strategy has one target (--target)",
            remedy=f"give one, join them in a formula, or give the strategy {' or '.join(able)}",
        )


def check_suits(target: Target, grammar: Grammar) -> None:
    """Checks that a target scores strings of a grammar.

    Raises:
        SettingsError: it does not.
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
    """The first view that applies to the strings of a grammar."""
    return next(name for name, row in VIEWS.items() if row.suits(grammar))
