"""A search for formulas: resumable rounds of proposals, which are scored together and recorded.

search.json      the settings and a checksum of the data, which a resumed search must match
history.jsonl    one line per scored formula: its round, text, productions, constants and mean squared error
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from grae import files
from grae.bounds import MOST_A_ROUND, MOST_ROUNDS, MOST_STEPS
from grae.errors import DataError, RunError
from grae.estimator.settings import NamedSettings
from grae.formulas.scoring import Scored
from grae.optimization.symbolic.front import EXACT, Equation, chosen, pareto
from grae.optimization.symbolic.problem import FormulaProblem, Proposals
from grae.optimization.symbolic.search import FormulaSearch

FORMAT = "grae formulas 1"
DRAWN = 2
"""Number of rounds of formulas drawn from the grammar before the first children."""
SETTINGS, HISTORY = "search.json", "history.jsonl"
REMEDY = "give the folder of a search for formulas, or restore the file from a copy"


class FormulaSettings(NamedSettings):
    """The settings of a search for formulas.

    Attributes:
        evaluations: maximum number of formulas scored.
        batch_size: formulas scored together; parents are chosen anew after each batch.
        max_length: maximum number of productions of a formula.
        max_constants: maximum number of constants of a formula.
        stop_at: mean squared error, as a fraction of the variance, at which the search ends; 0 for never.
        seed: seed of random draws.

    Raises:
        SettingsError: a value has the wrong type or is out of range.
    """

    noun: ClassVar[str] = "setting of a search for formulas"

    evaluations: int = Field(default=5000, ge=1, le=MOST_ROUNDS * MOST_A_ROUND)
    batch_size: int = Field(default=100, ge=1, le=MOST_A_ROUND)
    max_length: int = Field(default=30, ge=1, le=MOST_STEPS, title="most productions")
    max_constants: int = Field(default=8, ge=0, le=50, title="most constants")
    stop_at: float = Field(default=EXACT, ge=0)
    seed: int = Field(default=0, ge=0)


class FormulaResult:
    """A finished search for formulas.

    Attributes:
        front: the Pareto front, smallest first.
        best: the formula of the front used for prediction (`front.chosen`).
        evaluations: number of formulas scored.
        ended: why it ended: "evaluations", "exact", or "no new formulas".
    """

    def __init__(self, front: list[Equation], best: Equation, evaluations: int, ended: str) -> None:
        self.front, self.best, self.evaluations, self.ended = front, best, evaluations, ended

    def __repr__(self) -> str:
        shown = f"R2 {self.best.r2:.6g}: {self.best}"
        return f"FormulaResult({self.evaluations:,} evaluations, {shown}, ended={self.ended!r})"


def search_formulas(
    problem: FormulaProblem,
    settings: FormulaSettings,
    *,
    test: tuple[np.ndarray, np.ndarray] | None = None,
    folder: Path | None = None,
    resume: bool = False,
    about: dict[str, Any] | None = None,
    tell: Callable[[str], None] = lambda message: None,
    report: Callable[[int, float], None] = lambda evaluations, loss: None,
) -> FormulaResult:
    """Searches for formulas that fit.

    Args:
        problem: grammar and data.
        settings: settings of the search.
        test: held-out rows (K, p) and y (K,), for the front's table only.
        folder: folder of the search; None for memory only.
        resume: whether to resume the search in the folder.
        about: further contents of the settings file, such as the options of the command line.
        tell: called with the folder after the first round.
        report: called after each round with the evaluations so far and the lowest error as a fraction of the variance.

    Raises:
        GrammarError: a terminal is not part of a formula, or the grammar derives no formula that short.
        DataError: no formula is finite on the rows.
        RunError: the folder holds a search and `resume` was not given, or it holds another search.
    """
    scorer = problem.scorer
    search = FormulaSearch(
        problem.grammar,
        scorer.program,
        scorer.variance,
        max_length=settings.max_length,
        max_constants=settings.max_constants,
        seed=settings.seed,
        drawn=DRAWN * settings.batch_size,
    )
    log = _Log(folder, _identity(problem, settings), about, resume=resume)
    scored: list[tuple[Scored, int]] = []
    ended, number, least = "evaluations", 0, np.inf
    while len(scored) < settings.evaluations:
        n = min(settings.batch_size, settings.evaluations - len(scored))
        texts = _proposed(search, problem.proposals, number, settings.batch_size)[:n]
        if not texts:
            ended = "no new formulas"
            break
        results = log.round(number)[: len(texts)]
        if [one.text for one in results] != texts[: len(results)]:
            raise RunError(f"{folder}: round {number + 1} of the history is of another search", remedy=REMEDY)
        new = scorer(texts[len(results) :])
        lengths = search.lengths(texts)
        log.append(number, new, lengths[len(results) :])
        if folder is not None and not number:
            tell(f"search: {folder}")
        results += new
        search.tell(results)
        scored += zip(results, lengths, strict=True)
        least = min([least, *(one.error for one in results if np.isfinite(one.error))])
        report(len(scored), least / scorer.variance)
        number += 1
        if least <= settings.stop_at * scorer.variance:
            ended = "exact"
            break
    front = pareto(((one, length) for one, length in scored if np.isfinite(one.error)), scorer, test)
    if not front:
        raise DataError(
            f"none of {len(scored)} formulas is finite on all {len(scorer.y)} rows",
            remedy="give a grammar with simpler formulas, or more evaluations",
        )
    return FormulaResult(front, chosen(front, scorer), len(scored), ended)


def _proposed(search: FormulaSearch, proposals: Proposals | None, number: int, n: int) -> list[str]:
    """The formulas of a round: half from the model, if there is one and there are formulas to start from."""
    decoded: list[str] = []
    if proposals is not None and search.members:
        best = sorted(search.members, key=lambda member: member.loss)[:n]
        texts = proposals([member.text for member in best], n, search.seed + number)
        decoded = search.admitted(texts)[: n // 2]
    return [*decoded, *search.propose(number, n - len(decoded))]


def _identity(problem: FormulaProblem, settings: FormulaSettings) -> dict[str, Any]:
    """The values that a resumed search must match."""
    data = hashlib.sha256(problem.scorer.columns.tobytes() + problem.scorer.y.tobytes()).hexdigest()
    fixed = settings.model_dump(include=FormulaSettings.model_fields.keys() - {"evaluations", "stop_at"})
    return {"format": FORMAT, "grammar": problem.grammar.fingerprint, "data": data, **fixed}


class _Log:
    """The history of a search, in a folder or in memory only."""

    def __init__(
        self, folder: Path | None, identity: dict[str, Any], about: dict[str, Any] | None, *, resume: bool
    ) -> None:
        self.path = None if folder is None else folder / HISTORY
        self.rounds: dict[int, list[Scored]] = {}
        if folder is None or self.path is None:
            if resume:
                raise RunError("there is no folder to resume from", remedy="give the folder of the search")
            return
        place = folder / SETTINGS
        if place.is_file():
            stored = files.read_json(place, remedy=REMEDY)
            if not resume:
                raise RunError(f"{folder} already holds a search", remedy="--resume to continue it, or another folder")
            if not isinstance(stored, dict) or stored.get("format") != FORMAT:
                raise RunError(f"{place} is not the settings file of a search for formulas", remedy=REMEDY)
            files.check_unchanged(folder, {name: stored.get(name) for name in identity}, identity)
            self._read(self.path)
        elif resume:
            raise RunError(f"{folder} holds no search to resume", remedy="omit --resume, or check --out")
        else:
            files.write_json(place, {**identity, "options": about or {}})

    def _read(self, path: Path) -> None:
        lines = files.read_jsonl(path, remedy=REMEDY) if path.is_file() else []
        for number, line in enumerate(lines, start=1):
            try:
                error = np.nan if line["mse"] is None else float(line["mse"])
                one = Scored(str(line["formula"]), np.array(line["constants"], np.float64), error)
                self.rounds.setdefault(int(line["round"]), []).append(one)
            except (KeyError, TypeError, ValueError):
                raise RunError(f"{path} line {number} is not a scored formula", remedy=REMEDY) from None

    def round(self, number: int) -> list[Scored]:
        """The formulas scored in a round before the search was resumed."""
        return list(self.rounds.get(number, []))

    def append(self, number: int, scored: Sequence[Scored], lengths: Sequence[int]) -> None:
        """Writes the formulas of a round at once."""
        if self.path is None or not scored:
            return
        files.append_jsonl(self.path, *(_line(number, *pair) for pair in zip(scored, lengths, strict=True)))


def _line(number: int, one: Scored, length: int) -> dict[str, Any]:
    """A scored formula as a line of the history."""
    return {
        "round": number,
        "formula": one.text,
        "productions": length,
        "constants": one.constants.tolist(),
        "mse": one.error if np.isfinite(one.error) else None,
    }
