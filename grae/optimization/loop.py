"""The loop: strings proposed, scored, written down, and told to the strategy; and what a killed search goes on from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.callbacks import events
from grae.callbacks.protocol import Callback, Callbacks, check
from grae.optimization.candidates import Proposal
from grae.optimization.failures import Outcome
from grae.optimization.folder import FORMAT, open_history
from grae.optimization.functions import FunctionTarget
from grae.optimization.history import History, Record
from grae.optimization.limits import Limits
from grae.optimization.progress import Watch
from grae.optimization.result import SearchResult
from grae.optimization.retraining import Retrainings
from grae.optimization.scoring import Backend, Scorer
from grae.optimization.search_settings import Features, Plan, check_suits, pace_of
from grae.optimization.space import LatentSpace
from grae.optimization.standing import Standing
from grae.optimization.start import Half, Start, limit_of
from grae.optimization.start_files import start_of
from grae.optimization.strategies import Pace, strategy_of
from grae.optimization.strategy import Movable, Strategy, timed
from grae.optimization.target import Direction, Target
from grae.optimization.targets import target_named
from grae.training import generators

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder
    from grae.training.progress import Shown


def optimize(
    model: "GrammarAutoencoder",
    target: str | Target | Callable[[str], float | None] = "logp",
    *,
    strategy: str = "mixed",
    propose: str | None = None,
    surrogate: str | Features | None = None,
    most_atoms: int | None = None,
    most_symbols: int | None = None,
    rounds: int | None = None,
    batch_size: int | None = None,
    direction: Direction = "maximize",
    start: Sequence[str] | None = None,
    half: Half = "all",
    start_limit: int | None = None,
    temperature: float | None = None,
    attempts: int | None = None,
    decoding: Mapping[str, Any] | None = None,
    retrain_every: int | None = None,
    seed: int = 0,
    workers: int = 1,
    backend: Backend = "loky",
    timeout: float | None = 60.0,
    out: str | Path | None = None,
    resume: bool = False,
    about: Mapping[str, Any] | None = None,
    progress: "Shown" = False,
    callbacks: Sequence[Callback] = (),
) -> SearchResult:
    """Searches a model's latent space for strings that score well on a target.

    The scores of the strings that the search starts from do not count as evaluations. Every string is written to
    `out/history.jsonl` before the next is scored; with `resume` a killed search goes on there and scores nothing twice.
    A call of the target that fails is recorded, the first with a warning or on standard error.

    Args:
        model: a fitted model.
        target: a name (see `targets.py`), a function of one string, an object whose `evaluate` takes a list of strings,
            or a `Target`.
        strategy: a name in the table `grae.optimization.STRATEGIES`, which says what each does: "mixed", "genetic",
            "random", "trust-region", or "paper", the published protocol.
        propose: mixed: where strings come from, groups of `PROPOSERS` (grae.optimization.mixed_parts): "latent" steps
            and samples, moves between "derivation"s, or several joined by "+"; all when left out.
        surrogate: mixed: what the surrogate sees of strings, names of `VIEWS` (same place): "meaning" (values of
            expressions, Morgan fingerprints of molecules), "structure" (fragments of the derivation), "codes", several
            joined by "+", "none" for no surrogate, or a function of a list of n strings that gives an array (n, F); the
            first that suits the language when left out.
        most_atoms: heavy atoms of a proposed molecule; None for no limit.
        most_symbols: terminals of a proposed string; None for no limit. Without any limit, moves between derivations
            give none longer than the longest string to start from.
        rounds: rounds; the strategy's `pace` when left out.
        batch_size: strings a round; the strategy's `pace` when left out.
        direction: which way a function of one's own improves.
        start: strings to start from; when left out, those of the search that is resumed, else the model's training
            strings.
        half: "worst-half" starts from those that score worse than the median.
        start_limit: the most strings to start from, always the same of them; 20,000 when left out, of one's own
            function 200; 0 for all.
        temperature: of the decoder; 0 when left out, in the paper strategy 1.
        attempts: paper: decodings of a point; 25 for expressions, else 500.
        decoding: what `model.inverse_transform` is told besides, such as its constraints.
        retrain_every: rounds after which the model is trained on, on the starting strings and what was found, weighted
            by rank (`retraining.py`); None for never. The model given stays as it is; with `out` the last one is kept
            there. Not in the paper strategy.
        seed: of all that is drawn.
        workers: strings scored at a time.
        backend: of joblib, where there are several workers.
        timeout: seconds that the target may take for a string; None for no limit.
        out: the folder of the search; None keeps the history in memory only.
        resume: go on with the search in `out`.
        about: what `out/search.json` keeps besides as its "options", such as those of the command line.
        progress: whether to show progress on standard error, where that is a terminal; "verbose" for a line a round
            elsewhere, too.
        callbacks: called while it runs; see `grae.callbacks.Callback`.

    Raises:
        SettingsError, ParseError: the target or a setting cannot be used.
        DataError: the strings to start from cannot be used.
        TargetError: the target failed on each of the first ten strings.
        RunError: the folder holds a search and `resume` was not asked for, or another search than this.
        MissingExtraError: the backend is not installed.
    """
    check(callbacks)
    pace = pace_of(strategy, rounds, batch_size)
    plan = Plan(
        strategy=strategy,
        propose=propose,
        surrogate=surrogate,
        limits=Limits(most_atoms, most_symbols),
        temperature=temperature,
        attempts=attempts,
        retrain_every=retrain_every,
        seed=seed,
    )
    plan.check(model.language_grammar_)
    chosen = _target(target, model, direction)
    scorer = Scorer(chosen, workers=workers, backend=backend, timeout=timeout)
    folder = None if out is None else Path(out)
    maximize = chosen.direction == "maximize"
    limit = limit_of(chosen, start_limit)
    told = {
        "format": FORMAT,
        "target": chosen.name,
        "direction": chosen.direction,
        "batch_size": pace.batch_size,
        "half": half,
        "start_limit": limit,
        **plan.told(),
        "decoding": dict(decoding or {}),
        "grammar": model.grammar_.fingerprint,
    }
    free = {"rounds": pace.rounds, "unbounded": bool(getattr(chosen, "unbounded", False)), "options": about}
    history = open_history(folder, chosen.direction, told, free, resume=resume)
    history.check_width(model.settings_.architecture.latent_dim)
    watch = Watch(chosen.name, shown=progress)
    watch.failures.recall(record.error for record in history)
    try:
        begun = start_of(model, start, scorer, folder, limit, history, watch)
        if half == "worst-half":
            begun = begun.worse_half(maximize)
        space = LatentSpace(model, decoding, plan.limits)
        used = strategy_of(plan, space, begun, chosen, watch.reporter)
        retrainings = Retrainings(retrain_every, folder)
        heard = Callbacks("search", [watch.reporter], callbacks, lambda: generators.kept(model._device()))
        standing = Standing(begun, history, pace.rounds * pace.batch_size)
        search = _Search(space, used, scorer, history, begun, watch, retrainings, seed, heard, standing)
        with heard:
            settings = {**told, "rounds": pace.rounds}
            heard.on_start(events.Start("search", folder, settings, len(history), standing.best))
            return search.run(pace)
    finally:
        watch.reporter.close()
        scorer.close()


class _Search:
    """The rounds of a search."""

    def __init__(
        self,
        space: LatentSpace,
        strategy: Strategy,
        scorer: Scorer,
        history: History,
        start: Start,
        watch: Watch,
        retrainings: Retrainings,
        seed: int,
        heard: Callbacks,
        standing: Standing,
    ) -> None:
        self.heard, self.standing = heard, standing
        self.space, self.strategy, self.scorer, self.history = space, strategy, scorer, history
        self.start, self.watch, self.retrainings, self.seed = start, watch, retrainings, seed
        self.reporter = watch.reporter
        self.scores: dict[str, float | None] = {}
        for text, score in zip(start.texts, start.scores.tolist(), strict=True):
            self.scores[text] = score if np.isfinite(score) else None
        self.scores |= {record.string: record.score for record in history if record.string is not None}
        self.seconds = {"propose": 0.0, "score": 0.0} | ({"retrain": 0.0} if retrainings.every else {})

    def run(self, pace: Pace) -> SearchResult:
        """All rounds, from where the history stands."""
        ended = "rounds"
        for number in range(pace.rounds):
            self._check_callbacks()
            done = len(self.history.of_round(number))
            if done < pace.batch_size and not self.heard.stop:
                self.reporter.doing(f"round {number + 1} of {pace.rounds}: proposing")
                with timed(self.seconds, "propose"):
                    proposals = self.strategy.propose(number, pace.batch_size)
                self._evaluate(number, proposals[done:])
            if self.heard.stop:
                ended = "callback"
                break
            finished = self.history.of_round(number)
            if not finished:
                ended = "no new strings"
                break
            self.strategy.tell(finished)
            if done < len(finished):
                self.heard.on_round(self.standing.finished(number))
                self._check_callbacks()
            if number + 1 < pace.rounds and self.retrainings.due(number + 1):
                self._retrain(number + 1)
        self.heard.reason = ended
        return SearchResult(
            self.scorer.target,
            self.history,
            ended,
            self.seconds | self.strategy.seconds,
            self.start,
            self.space.model.language_grammar_.language,
            self.watch.failures,
        )

    def _evaluate(self, number: int, proposals: Sequence[Proposal]) -> None:
        """Scores proposals; what was scored at once is written down before a callback hears of any of it."""
        for records in self._scored(number, proposals):
            for record in records:
                self.history.append(record)
            for record in records:
                self.heard.on_evaluation(self.standing.evaluated(record))
            self._check_callbacks()
            if self.heard.stop:
                return

    def _check_callbacks(self) -> None:
        """Raises the exception of a callback, if one failed."""
        failure = self.heard.failure
        if failure is None:
            return
        kept = "the search has no folder: nothing is saved"
        if self.history.path is not None:
            kept = f"all that was scored is in {self.history.path}; the search can be resumed (resume=True, --resume)"
        failure.add_note(kept)
        raise failure

    def _retrain(self, finished: int) -> None:
        """The model, its space and all codes of the strategy, after so many rounds."""
        self.reporter.doing(f"training the model on, after round {finished}")
        sign = 1.0 if self.scorer.target.direction == "maximize" else -1.0
        found = {text: sign * score for text, score in self.scores.items() if score is not None}
        model, strategy = self.space.model, self.strategy
        assert isinstance(strategy, Movable)  # as the plan has made sure
        with timed(self.seconds, "retrain"):
            again = self.retrainings.model(model, finished, list(found), np.array(list(found.values())), seed=self.seed)
            self.space = LatentSpace(again, self.space.decoding, self.space.limits)
            strategy.move(self.space)

    def _scored(self, number: int, proposals: Sequence[Proposal]) -> Iterator[list[Record]]:
        """The records of the proposals in order, those scored together in a list; no string is scored twice."""
        first = 0
        most = len(proposals) if self.scorer.batch else self.scorer.workers
        while first < len(proposals):
            last = first + 1
            wave = {proposals[first].text: None}
            while last < len(proposals) and len(wave) < most:
                wave[proposals[last].text] = None
                last += 1
            new = [text for text in wave if text is not None and text not in self.scores]
            with timed(self.seconds, "score"):
                outcomes = dict(zip(new, self.scorer(new), strict=True))
            self.scores |= {text: outcome.score for text, outcome in outcomes.items()}
            for text, outcome in outcomes.items():
                self.watch.note(text, outcome)
            chosen = proposals[first:last]
            yield [self._record(number, proposal, outcomes.pop(proposal.text or "", None)) for proposal in chosen]
            first = last

    def _record(self, number: int, proposal: Proposal, outcome: Outcome | None) -> Record:
        score = None if proposal.text is None else self.scores[proposal.text]
        return Record(
            round=number,
            code=tuple(float(value) for value in proposal.code),
            string=proposal.text,
            score=score,
            valid=score is not None,
            attempts=proposal.attempts,
            decoded_valid=proposal.decoded_valid,
            seconds=0.0 if outcome is None else round(outcome.seconds, 6),
            repeated=outcome is None and proposal.text is not None,
            error=None if outcome is None else outcome.error,
            proposer=proposal.proposer,
        )


def _target(target: Any, model: "GrammarAutoencoder", direction: Direction) -> Target:
    """The target that is meant, which the grammar must suit."""
    grammar = model.language_grammar_
    if isinstance(target, str):
        chosen: Target = target_named(target, grammar=grammar, direction=direction)
    elif all(hasattr(target, name) for name in ("evaluate", "name", "direction", "language", "worst", "own")):
        chosen = target
    else:
        chosen = FunctionTarget(target, direction)
    check_suits(chosen, grammar)
    return chosen
