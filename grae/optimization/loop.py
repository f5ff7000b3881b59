"""The rounds of a search: strings are proposed, scored and recorded, and the strategy learns from them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from grae.callbacks import events
from grae.callbacks.protocol import Callback, Callbacks
from grae.conditions.condition import Condition
from grae.optimization.candidates import Proposal
from grae.optimization.history import History, Record
from grae.optimization.objectives.scoring import SeveralScorer
from grae.optimization.progress import Watch
from grae.optimization.result import SearchResult
from grae.optimization.retraining import Retrainings
from grae.optimization.scoring import Scorer
from grae.optimization.search_settings import SearchSettings
from grae.optimization.space import LatentSpace
from grae.optimization.standing import Standing
from grae.optimization.start import Start
from grae.optimization.strategy import Movable, Strategy, timed
from grae.targets.failures import Outcome
from grae.training import generators


class Judged(NamedTuple):
    """The result of evaluating a condition on a string: the values by name, and whether it is fulfilled."""

    numbers: dict[str, float | None]
    fulfilled: bool


class Search:
    """A prepared search.

    Args:
        settings: settings of the search.
        space: the latent space.
        strategy: proposes strings.
        scorer: calls the target.
        history: the search's history, with earlier records if it is resumed; its folder also holds the fine-tuned
            models.
        start: starting strings with their scores.
        watch: counts failures and shows progress.
        callbacks: user callbacks.
        condition: condition on results; None for none.
    """

    def __init__(
        self,
        settings: SearchSettings,
        space: LatentSpace,
        strategy: Strategy,
        scorer: Scorer | SeveralScorer,
        history: History,
        start: Start,
        watch: Watch,
        callbacks: Sequence[Callback] = (),
        condition: Condition | None = None,
    ) -> None:
        self.settings, self.space, self.strategy, self.scorer = settings, space, strategy, scorer
        self.history, self.start, self.watch, self.condition = history, start, watch, condition
        self.reporter, self.pace = watch.reporter, settings.pace
        self.folder = None if history.path is None else history.path.parent
        self.retrainings = Retrainings(settings.retrain_every, self.folder)
        self.standing = Standing(start, history, self.pace.rounds * self.pace.batch_size)
        device = space.model._device()
        self.callbacks = Callbacks("search", [watch.reporter], callbacks, lambda: generators.preserved(device))
        self.scores: dict[str, float | None] = {}
        for text, score in zip(start.texts, start.scores.tolist(), strict=True):
            self.scores[text] = score if np.isfinite(score) else None
        self.scores |= {record.string: record.score for record in history if record.string is not None}
        self.objectives = {record.string: record.scores for record in history if record.string is not None}
        self.seconds = {"propose": 0.0, "score": 0.0} | ({"retrain": 0.0} if self.retrainings.every else {})

    def run(self, settings: Mapping[str, Any]) -> SearchResult:
        """Runs all rounds, beginning after those in the history.

        Args:
            settings: as stored in `search.json`, for callbacks.
        """
        with self.callbacks:
            begin = events.Start("search", self.folder, settings, len(self.history), self.standing.best)
            self.callbacks.on_start(begin)
            self.callbacks.reason = self._run()
        return SearchResult(
            self.scorer.target,
            self.history,
            self.callbacks.reason,
            self.seconds | self.strategy.seconds,
            self.start,
            self.space.model.language_grammar_.language,
            self.watch.failures,
            None if self.condition is None else str(self.condition),
            self.space.screen.diversity,
            self.settings.template,
        )

    def _run(self) -> str:
        """Runs the rounds, and returns why they ended."""
        pace = self.pace
        for number in range(pace.rounds):
            self._check_callbacks()
            done = len(self.history.of_round(number))
            if done < pace.batch_size and not self.callbacks.stop:
                self.reporter.doing(f"round {number + 1} of {pace.rounds}: proposing")
                with timed(self.seconds, "propose"):
                    proposals = self.strategy.propose(number, pace.batch_size)
                self._evaluate(number, proposals[done:])
            if self.callbacks.stop:
                return "callback"
            finished = self.history.of_round(number)
            if not finished:
                return "no new strings"
            self.strategy.tell(finished)
            self._note_results(finished)
            if done < len(finished):
                self.callbacks.on_round(self.standing.finished(number))
                self._check_callbacks()
            if number + 1 < pace.rounds and self.retrainings.due(number + 1):
                self._retrain(number + 1)
        return "rounds"

    def _note_results(self, records: Sequence[Record]) -> None:
        """Adds strings that score above the median of the start to the results that new strings must differ from."""
        diversity = self.space.screen.diversity
        if diversity is None:
            return
        sign = 1.0 if self.scorer.target.direction == "maximize" else -1.0
        median = float(np.nanmedian(sign * self.start.scores))
        diversity.learn(
            [
                record.string
                for record in records
                if record.string is not None and record.score is not None and sign * record.score > median
            ]
        )

    def _evaluate(self, number: int, proposals: Sequence[Proposal]) -> None:
        """Scores proposals; each wave is written to the history before callbacks are called."""
        for records in self._scored(number, proposals):
            for record in records:
                self.history.append(record)
            for record in records:
                self.callbacks.on_evaluation(self.standing.evaluated(record))
            self._check_callbacks()
            if self.callbacks.stop:
                return

    def _check_callbacks(self) -> None:
        """Raises the exception of a failed callback, if any."""
        failure = self.callbacks.failure
        if failure is None:
            return
        saved = "the search has no folder: nothing is saved"
        if self.history.path is not None:
            saved = f"all that was scored is in {self.history.path}; the search can be resumed (resume=True, --resume)"
        failure.add_note(saved)
        raise failure

    def _retrain(self, finished: int) -> None:
        """Fine-tunes the model after a number of finished rounds, and moves the strategy to the new latent space."""
        self.reporter.doing(f"fine-tuning the model after round {finished}")
        sign = 1.0 if self.scorer.target.direction == "maximize" else -1.0
        values = {text: sign * score for text, score in self.scores.items() if score is not None}
        strategy = self.strategy
        assert isinstance(strategy, Movable)  # checked with the settings
        with timed(self.seconds, "retrain"):
            model = self.retrainings.model(
                self.space.model, finished, list(values), np.array(list(values.values())), seed=self.settings.seed
            )
            self.space = LatentSpace(model, self.space.decoding, self.space.screen)
            strategy.move(self.space)

    def _scored(self, number: int, proposals: Sequence[Proposal]) -> Iterator[list[Record]]:
        """The records of the proposals in order, one list per wave scored together; no string is scored twice."""
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
            self.objectives |= {text: outcome.scores for text, outcome in outcomes.items()}
            for text, outcome in outcomes.items():
                self.watch.note(text, outcome)
            chosen = proposals[first:last]
            judged = self._judged(list(wave))
            yield [
                self._record(number, proposal, outcomes.pop(proposal.text or "", None), judged.get(proposal.text))
                for proposal in chosen
            ]
            first = last

    def _judged(self, texts: Sequence[str | None]) -> dict[str | None, Judged]:
        """The values used in the condition and whether it is fulfilled, by string."""
        strings = [text for text in texts if text is not None]
        if self.condition is None or not strings:
            return {}
        with timed(self.seconds, "condition"):
            target = self.scorer.target
            known = {getattr(target, "source", None) or target.name: [self.scores[text] for text in strings]}
            measured = self.condition.measure(strings, known)
        holds = self.condition.holds(measured)
        named = {name: [float(v) if np.isfinite(v) else None for v in values] for name, values in measured.items()}
        return {
            text: Judged({name: values[row] for name, values in named.items()}, bool(holds[row]))
            for row, text in enumerate(strings)
        }

    def _record(self, number: int, proposal: Proposal, outcome: Outcome | None, judged: Judged | None) -> Record:
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
            scores=self.objectives.get(proposal.text or ""),
            numbers=None if judged is None else judged.numbers,
            fulfilled=None if judged is None else judged.fulfilled,
        )
