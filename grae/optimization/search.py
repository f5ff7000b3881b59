"""`grae.optimize`: prepares a search from a model, a target and settings, or resumes it from its folder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.callbacks.protocol import Callback, check
from grae.optimization.diversity import Diversity
from grae.optimization.folder import FORMAT, open_history
from grae.optimization.loop import Search
from grae.optimization.objectives.scoring import SeveralTargets
from grae.optimization.preparation import GivenTarget, begun, scorer_of, target_of
from grae.optimization.progress import Watch
from grae.optimization.result import SearchResult
from grae.optimization.screen import Screen
from grae.optimization.search_settings import SearchSettings, check_several
from grae.optimization.space import LatentSpace
from grae.optimization.start import limit_of
from grae.optimization.start_template import HeldStrings, search_template
from grae.optimization.strategies import strategy_of
from grae.targets.target import Direction

if TYPE_CHECKING:
    from grae.callbacks.reporter import Shown
    from grae.sequence import GrammarAutoencoder


def optimize(
    model: "GrammarAutoencoder",
    target: GivenTarget | Sequence[GivenTarget] = "logp",
    settings: SearchSettings | None = None,
    *,
    direction: Direction = "maximize",
    start: Sequence[str] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    about: Mapping[str, Any] | None = None,
    progress: "Shown" = False,
    callbacks: Sequence[Callback] = (),
    tell: Callable[[str], None] = lambda message: None,
    **changes: Any,
) -> SearchResult:
    """Searches a model's latent space for strings that score well on a target.

    The scores of the starting strings do not count as evaluations. Every string is written to `out/history.jsonl`
    before the next is scored; with `resume`, an interrupted search continues from there and scores no string twice.
    Failed calls of the target are recorded; the first is reported by a warning or on standard error.

    Args:
        model: a fitted model.
        target: a name (see `grae.targets.named`), a function of one string, an object whose `evaluate` takes a list of
            strings, or a `Target`; or a list of at most 4 of these: a search for their Pareto front.
        settings: see `SearchSettings`; None for its defaults.
        direction: whether user functions are maximized or minimized.
        start: starting strings; None for those of the resumed search, or else the model's training strings.
        out: folder of the search; None keeps the history in memory only.
        resume: whether to resume the search in `out`.
        about: stored in `out/search.json` as "options", such as those of the command line.
        progress: whether to show progress on standard error if it is a terminal; "verbose" prints one line per round
            if it is not.
        callbacks: called during the search; see `grae.callbacks.Callback`.
        tell: called with the name of the folder once it contains a score.
        **changes: changed settings, by their names in `SearchSettings`: `optimize(model, "qed", rounds=20, seed=1)`.

    Raises:
        SettingsError, ParseError: the target or a setting cannot be used.
        DataError: the starting strings cannot be used.
        TargetError: the target failed on each of the first ten strings.
        RunError: the folder holds a search and `resume` was not given, or it holds another search.
        MissingExtraError: the backend is not installed.
    """
    check(callbacks)
    settings = SearchSettings(**changes) if settings is None else settings.replace(**changes)
    grammar = model.language_grammar_
    settings.check(grammar)
    chosen = target_of(target, grammar, direction)
    check_several(chosen, settings)
    condition = settings.condition(grammar)
    template = None
    if settings.template is not None:
        template = search_template(model, settings.template, settings.decoding.get("constraints"))
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
    if isinstance(chosen, SeveralTargets):
        fixed |= {"targets": list(chosen.names), "signs": chosen.signs.tolist()}
    free = {
        "rounds": settings.pace.rounds,
        "unbounded": bool(getattr(chosen, "unbounded", False)),
        "options": about,
    }
    announce = None if folder is None else partial(tell, f"search: {folder}")
    with ExitStack() as stack:
        scorer = scorer_of(chosen, settings, stack)
        history = open_history(folder, chosen.direction, fixed, free, resume=resume)
        history.check_width(model.settings_.architecture.latent_dim)
        watch = stack.enter_context(closing(Watch(chosen.name, shown=progress, announce=announce)))
        watch.failures.recall(record.error for record in history)
        diversity = None if settings.diversity is None else Diversity(settings.diversity, grammar)
        screen = Screen(settings.limits, None if condition is None else condition.split()[0], diversity, template)
        space = LatentSpace(model, settings.decoding, screen)
        held = None if template is None else HeldStrings(template, space, settings.temperature or 0.0, settings.seed)
        strings = begun(model, start, scorer, folder, limit, history, watch, condition, held)
        watch.announce()
        if settings.half == "worst-half":
            strings = strings.worse_half(chosen.direction == "maximize")
        strategy = strategy_of(settings, space, strings, chosen, watch.reporter)
        search = Search(settings, space, strategy, scorer, history, strings, watch, callbacks, condition)
        return search.run({**fixed, "rounds": settings.pace.rounds})
