"""`grae.optimize`: a search prepared from a model, a target and settings, and resumed from its folder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.callbacks.protocol import Callback, check
from grae.optimization.folder import FORMAT, open_history
from grae.optimization.loop import Search
from grae.optimization.progress import Watch
from grae.optimization.result import SearchResult
from grae.optimization.scoring import Scorer
from grae.optimization.search_settings import SearchSettings, check_suits
from grae.optimization.space import LatentSpace
from grae.optimization.start import limit_of
from grae.optimization.start_files import start_of
from grae.optimization.strategies import strategy_of
from grae.targets.functions import FunctionTarget
from grae.targets.named import target_named
from grae.targets.target import Direction, Target

if TYPE_CHECKING:
    from grae.callbacks.reporter import Shown
    from grae.sequence import GrammarAutoencoder


def optimize(
    model: "GrammarAutoencoder",
    target: str | Target | Callable[[str], float | None] = "logp",
    settings: SearchSettings | None = None,
    *,
    direction: Direction = "maximize",
    start: Sequence[str] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    about: Mapping[str, Any] | None = None,
    progress: "Shown" = False,
    callbacks: Sequence[Callback] = (),
    **changes: Any,
) -> SearchResult:
    """Searches a model's latent space for strings that score well on a target.

    The scores of the starting strings do not count as evaluations. Every string is written to `out/history.jsonl`
    before the next is scored; with `resume` a killed search continues there and scores nothing twice. A call of the
    target that fails is recorded, the first with a warning or on standard error.

    Args:
        model: a fitted model.
        target: a name (see `grae.targets.named`), a function of one string, an object whose `evaluate` takes a list of
            strings, or a `Target`.
        settings: see `SearchSettings`; its defaults when left out.
        direction: whether the user's own function is maximized or minimized.
        start: starting strings; when left out, those of the search that is resumed, else the model's training strings.
        out: the folder of the search; None keeps the history in memory only.
        resume: continue the search in `out`.
        about: stored in `out/search.json` as "options", such as those of the command line.
        progress: whether to show progress on standard error, where that is a terminal; "verbose" for one line per round
            elsewhere, too.
        callbacks: called during the search; see `grae.callbacks.Callback`.
        **changes: of the settings, by their names in `SearchSettings`: `optimize(model, "qed", rounds=20, seed=1)`.

    Raises:
        SettingsError, ParseError: the target or a setting cannot be used.
        DataError: the starting strings cannot be used.
        TargetError: the target failed on each of the first ten strings.
        RunError: the folder holds a search and `resume` was not given, or another search than this.
        MissingExtraError: the backend is not installed.
    """
    check(callbacks)
    settings = SearchSettings(**changes) if settings is None else settings.replace(**changes)
    settings.check(model.language_grammar_)
    chosen = _target(target, model, direction)
    folder = None if out is None else Path(out)
    limit = limit_of(chosen, settings.start_limit)
    fixed = {
        "format": FORMAT,
        "target": chosen.name,
        "direction": chosen.direction,
        **settings.fixed(),
        "start_limit": limit,
        "grammar": model.grammar_.fingerprint,
    }
    free = {
        "rounds": settings.pace.rounds,
        "unbounded": bool(getattr(chosen, "unbounded", False)),
        "options": about,
    }
    backend, timeout = settings.backend, settings.timeout or None
    with Scorer(chosen, workers=settings.workers, backend=backend, timeout=timeout) as scorer:
        history = open_history(folder, chosen.direction, fixed, free, resume=resume)
        history.check_width(model.settings_.architecture.latent_dim)
        with closing(Watch(chosen.name, shown=progress)) as watch:
            watch.failures.recall(record.error for record in history)
            strings = start_of(model, start, scorer, folder, limit, history, watch)
            if settings.half == "worst-half":
                strings = strings.worse_half(chosen.direction == "maximize")
            space = LatentSpace(model, settings.decoding, settings.limits)
            strategy = strategy_of(settings, space, strings, chosen, watch.reporter)
            search = Search(settings, space, strategy, scorer, history, strings, watch, callbacks)
            return search.run({**fixed, "rounds": settings.pace.rounds})


def _target(target: Any, model: "GrammarAutoencoder", direction: Direction) -> Target:
    """The target that is meant.

    Raises:
        SettingsError: it does not score strings of the model's grammar.
    """
    grammar = model.language_grammar_
    if isinstance(target, str):
        chosen: Target = target_named(target, grammar=grammar, direction=direction)
    elif all(hasattr(target, name) for name in ("evaluate", "name", "direction", "language", "worst", "own")):
        chosen = target
    else:
        chosen = FunctionTarget(target, direction)
    check_suits(chosen, grammar)
    return chosen
