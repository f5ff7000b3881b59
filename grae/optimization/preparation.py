"""Preparation of a search: its target or targets, and the starting strings with their scores."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.conditions.condition import Condition
from grae.grammar import Grammar
from grae.optimization.history import History
from grae.optimization.objectives.scoring import SeveralScorer, SeveralTargets
from grae.optimization.progress import Watch
from grae.optimization.request import is_function
from grae.optimization.scoring import Scorer
from grae.optimization.search_settings import SearchSettings, check_suits
from grae.optimization.start import ALL, Start
from grae.optimization.start_files import StartFiles, start_of
from grae.targets.failures import TargetError
from grae.targets.functions import FunctionTarget
from grae.targets.named import target_named
from grae.targets.target import Direction, Target

if TYPE_CHECKING:
    from grae.optimization.start_template import HeldStrings
    from grae.sequence import GrammarAutoencoder

GivenTarget = str | Target | Callable[[str], float | None]
"""The types that a user can give as a target."""


def target_of(given: GivenTarget | Sequence[GivenTarget], grammar: Grammar, direction: Direction) -> Target:
    """The target, or several combined in one.

    Args:
        given: the user's argument.
        grammar: grammar of the strings.
        direction: direction of user functions.

    Raises:
        SettingsError: the target does not score strings of the grammar, or several cannot be combined.
        ParseError: a formula cannot be parsed.
    """
    if isinstance(given, list | tuple):
        targets = [_target(one, grammar, direction if _is_own(one) else "maximize") for one in given]
        chosen: Target = targets[0] if len(targets) == 1 else SeveralTargets(targets)
    else:
        chosen = _target(given, grammar, direction)
    check_suits(chosen, grammar)
    return chosen


def _target(given: Any, grammar: Grammar, direction: Direction) -> Target:
    if isinstance(given, str):
        return target_named(given, grammar=grammar, direction=direction)
    if all(hasattr(given, name) for name in ("evaluate", "name", "direction", "language", "worst", "own")):
        return given
    return FunctionTarget(given, direction)


def _is_own(given: Any) -> bool:
    return is_function(given) if isinstance(given, str) else not hasattr(given, "own")


def scorer_of(target: Target, settings: SearchSettings, stack: ExitStack) -> Scorer | SeveralScorer:
    """The scorer of a target, or of several; closed by the exit stack.

    Raises:
        MissingExtraError: the backend is not installed.
    """

    def one(target: Target) -> Scorer:
        timeout = settings.timeout or None
        return Scorer(target, workers=settings.workers, backend=settings.backend, timeout=timeout)

    if isinstance(target, SeveralTargets):
        return stack.enter_context(SeveralScorer(target, [one(part) for part in target.targets]))
    return stack.enter_context(one(target))


def begun(
    model: "GrammarAutoencoder",
    given: Sequence[str] | None,
    scorer: Scorer | SeveralScorer,
    folder: Path | None,
    limit: int,
    history: History,
    watch: Watch,
    condition: Condition | None,
    held: "HeldStrings | None" = None,
) -> Start:
    """The starting strings with their scores, and which of them fulfil the condition; see `start_of`.

    With a template, all starting strings match it (`held`). A condition that calls user functions is not evaluated on
    them: they count as not fulfilling it.

    Raises:
        DataError, TargetError, RunError: as `start_of`.
        SettingsError: no starting string has a score for each of several targets.
    """
    try:
        if isinstance(scorer, Scorer):
            start = start_of(model, given, scorer, folder, limit, history, watch, held=held)
        else:
            start = _of_several(model, given, scorer, folder, limit, history, watch, held)
    except TargetError as error:
        if watch.shown:
            error.omit_first()
        raise
    if condition is None:
        return start
    stored = None if folder is None else StartFiles(folder).fulfilled()
    if stored is not None and len(stored) == len(start.texts):
        fulfilled = stored
    else:
        watch.reporter.doing("measuring the strings to start from")
        none = np.zeros(len(start.texts), bool)
        fulfilled = none if condition.own else condition.fulfilled(start.texts)
        if folder is not None:
            StartFiles(folder).write_fulfilled(fulfilled)
    return replace(start, fulfilled=fulfilled)


def _of_several(
    model: "GrammarAutoencoder",
    given: Sequence[str] | None,
    scorer: SeveralScorer,
    folder: Path | None,
    limit: int,
    history: History,
    watch: Watch,
    held: "HeldStrings | None",
) -> Start:
    first = start_of(model, given, scorer.scorers[0], folder, limit, history, watch, held=held)
    columns = [first.scores]
    for place, one in enumerate(scorer.scorers[1:], start=1):
        columns.append(start_of(model, first.texts, one, folder, ALL, history, watch, place).scores)
    table = np.column_stack(columns)
    scorer.target.measured(table)
    return replace(first, scores=scorer.target.joined(table), objectives=table, units=scorer.target.units)
