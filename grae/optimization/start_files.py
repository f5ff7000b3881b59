"""The starting strings in a search's folder, with scores that are written as they become available."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae import files
from grae.errors import RunError
from grae.optimization.history import REMEDY, History, is_count, is_number, is_text
from grae.optimization.objectives.table import Units
from grae.optimization.progress import Watch, fraction_of
from grae.optimization.scoring import Scorer
from grae.optimization.start import ALL, Drawn, Start, drawn, scored, training_strings
from grae.optimization.start_scoring import user_scores
from grae.targets.failures import Outcome

if TYPE_CHECKING:
    from grae.optimization.start_template import HeldStrings
    from grae.sequence import GrammarAutoencoder

STRINGS, SCORES = "start.json", "start-scores.jsonl"


class StartFiles:
    """The files of a search's start.

    Args:
        folder: folder of the search.
        objective: index of the objective that the scores belong to, from 0.
    """

    def __init__(self, folder: Path, objective: int = 0) -> None:
        self.folder = folder
        scores = SCORES if objective == 0 else SCORES.replace(".", f"-{objective + 1}.")
        self.strings_file, self.scores_file = folder / STRINGS, folder / scores

    def strings(self) -> Drawn | None:
        """The strings; None if they were not stored.

        Raises:
            RunError: the file is damaged.
        """
        if not self.strings_file.is_file():
            return None
        held = files.read_json(self.strings_file, remedy=REMEDY)
        fits = isinstance(held, dict) and isinstance(held.get("strings"), list) and is_count(held.get("of"))
        if not fits or not all(map(is_text, held["strings"])) or not is_count(held.get("sampled", 0)):
            raise RunError(f"{self.strings_file} does not hold the strings of a search", remedy=REMEDY)
        return Drawn(held["strings"], held["of"], held.get("sampled", 0))

    def begin(self, strings: Drawn) -> None:
        """Writes the strings before any of them is scored."""
        self.scores_file.unlink(missing_ok=True)
        files.write_json(
            self.strings_file, {"of": strings.of, "sampled": strings.sampled, "strings": list(strings.texts)}
        )

    def outcomes(self) -> dict[str, Outcome]:
        """The outcome of each string so far; of repeated calls, the last one.

        Raises:
            RunError: a line is damaged.
        """
        if not self.scores_file.is_file():
            return {}
        outcomes_of: dict[str, Outcome] = {}
        for number, line in enumerate(files.read_jsonl(self.scores_file, remedy=REMEDY), start=1):
            if not _fits(line):
                raise RunError(f"{self.scores_file} line {number} is not the score of a string", remedy=REMEDY)
            outcomes_of[line["string"]] = Outcome(line["score"], line["seconds"], line["error"])
        return outcomes_of

    def has_scores(self) -> bool:
        """Whether any string has a score."""
        return any(outcome.score is not None for outcome in self.outcomes().values())

    def append(self, text: str, outcome: Outcome) -> None:
        """Adds the outcome of one string; it is on disk when this returns."""
        files.append_jsonl(self.scores_file, _line(text, outcome))

    def write(self, strings: Sequence[str], scores: np.ndarray) -> None:
        """Writes all scores (n,) at once, NaN for invalid strings."""
        outcomes = (Outcome(score if np.isfinite(score) else None, 0.0) for score in scores.tolist())
        pairs = zip(strings, outcomes, strict=True)
        lines = (json.dumps(_line(text, outcome), ensure_ascii=False) for text, outcome in pairs)
        files.write_text(self.scores_file, "".join(f"{line}\n" for line in lines))

    def forget(self) -> None:
        """Removes the files of all objectives."""
        self.strings_file.unlink(missing_ok=True)
        for file in self.folder.glob(f"{Path(SCORES).stem}*.jsonl"):
            file.unlink()

    def write_fulfilled(self, fulfilled: np.ndarray) -> None:
        """Adds to the file of the strings which of them (n,) fulfil the search's condition."""
        held = files.read_json(self.strings_file, remedy=REMEDY)
        files.write_json(self.strings_file, {**held, "fulfilled": fulfilled.tolist()})

    def fulfilled(self) -> np.ndarray | None:
        """Which strings fulfil the search's condition, (n,) bool; None if not stored."""
        held = files.read_json(self.strings_file, remedy=REMEDY).get("fulfilled")
        return None if held is None else np.array(held, bool)


def read_start(folder: Path, settings: Mapping[str, Any]) -> Start | None:
    """The starting strings of the search in a folder with the given settings; None if scores are missing.

    Raises:
        RunError: the files are damaged.
    """
    files_of_start = StartFiles(folder)
    stored = files_of_start.strings()
    if stored is None:
        return None
    texts, of, sampled = stored
    names, signs = settings.get("targets"), np.array(settings.get("signs") or [1.0], np.float64)
    columns: list[np.ndarray] = []
    for objective in range(len(signs)):
        outcomes = StartFiles(folder, objective).outcomes()
        if not outcomes.keys() >= set(texts):
            return None
        columns.append(_scores([outcomes[text] for text in texts]))
    fulfilled = files_of_start.fulfilled()
    start = Start(texts, columns[0], of, fulfilled, sampled=sampled)
    if names is not None:
        table = np.column_stack(columns)
        units = Units.of(tuple(names), signs, table)
        start = Start(texts, units.joined(table), of, fulfilled, table, units, sampled)
    maximize = settings["direction"] == "maximize"
    return start.worse_half(maximize) if settings["half"] == "worst-half" else start


def _scores(outcomes: Sequence[Outcome]) -> np.ndarray:
    return np.array([np.nan if outcome.score is None else outcome.score for outcome in outcomes], np.float64)


def start_of(
    model: "GrammarAutoencoder",
    given: Sequence[str] | None,
    scorer: Scorer,
    folder: Path | None,
    limit: int,
    history: History,
    watch: Watch,
    objective: int = 0,
    held: "HeldStrings | None" = None,
) -> Start:
    """Starting strings with their scores, which are computed once, however often a search is resumed.

    Args:
        model: provides its training strings if no others are given or stored.
        given: strings given by the user; None for none.
        scorer: calls the target.
        folder: folder of the search; None stores nothing.
        limit: see `limit_of`.
        history: history of the search; while it is empty, failed calls are repeated.
        watch: receives outcomes and progress.
        objective: index of the scorer's target among several, from 0.
        held: selects the strings that match the search's template; None without a template.

    Raises:
        DataError, TargetError: as `scored`, or as `HeldStrings.drawn`.
        RunError: the search was started from other strings, or its files are damaged.
    """
    target = scorer.target
    progress = fraction_of(watch.reporter, "scoring the strings to start from")
    files_of_start = None if folder is None else StartFiles(folder, objective)
    stored = files_of_start.strings() if files_of_start is not None else None
    if stored is not None and given is None:
        strings = stored
    else:
        strings = drawn(training_strings(model) if given is None else given, target, limit if held is None else ALL)
        if held is not None:
            comparing = fraction_of(watch.reporter, "looking for strings that hold the template")
            strings = held.drawn(strings.texts, limit, comparing)
        if stored is not None and stored.texts != strings.texts:
            raise RunError(
                f"the search in {folder} was started from other strings (--start)",
                remedy="omit the strings to continue it, or search into another folder",
            )
    texts, of, sampled = strings
    known: dict[str, Outcome] = {}
    if files_of_start is not None and stored is None:
        files_of_start.begin(strings)
    elif files_of_start is not None:
        known = files_of_start.outcomes()
        if not len(history):  # the cause of failures may be fixed by now
            known = {text: outcome for text, outcome in known.items() if outcome.error is None}
        watch.failures.recall(outcome.error for outcome in known.values())

    def note(text: str, outcome: Outcome) -> None:
        if files_of_start is not None:
            files_of_start.append(text, outcome)
        watch.note(text, outcome)

    if target.own:
        scores = user_scores(texts, scorer, known=known, note=note, progress=progress)
        return Start(texts, scores, of, sampled=sampled)
    if known.keys() >= set(texts):
        return Start(texts, _scores([known[text] for text in texts]), of, sampled=sampled)
    begun = scored(texts, scorer, limit=ALL, n_jobs=-1 if scorer.workers == 1 else scorer.workers, progress=progress)
    if files_of_start is not None:
        files_of_start.write(texts, begun.scores)
    return Start(texts, begun.scores, of, sampled=sampled)


def _line(text: str, outcome: Outcome) -> dict[str, Any]:
    return {"string": text, "score": outcome.score, "seconds": round(outcome.seconds, 6), "error": outcome.error}


def _fits(line: Any) -> bool:
    return (
        isinstance(line, dict)
        and line.keys() == {"string", "score", "seconds", "error"}
        and is_text(line["string"])
        and (line["score"] is None or is_number(line["score"]))
        and is_number(line["seconds"])
        and (line["error"] is None or is_text(line["error"]))
    )
