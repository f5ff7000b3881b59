"""The JSON description of a search for formulas, also of the command line, from its data to the files written."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pydantic import Field

from grae import files
from grae.datasets.observations import read_data
from grae.errors import RunError, SettingsError
from grae.estimator.settings import validated
from grae.formulas.data import Data
from grae.formulas.operations import Operation, with_own
from grae.grammar import load_grammar
from grae.optimization.symbolic.front import write_front
from grae.optimization.symbolic.problem import FormulaProblem
from grae.optimization.symbolic.run import SETTINGS, FormulaResult, FormulaSettings, search_formulas
from grae.paths import GRAMMAR_FILE, RUNS
from grae.targets.curves import read_points
from grae.targets.user_code import Source

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

FREE_ON_RESUME = ("evaluations", "workers")
"""Options that may differ when a search is resumed."""


class FitRequest(FormulaSettings):
    """A search for formulas: its settings and data.

    Attributes:
        data: a table of numbers with a header; None if `points` is given.
        points: a file of x and y, without a header; None if `data` is given.
        y: the dependent column; None for the last.
        delimiter: delimiter of the table; None to detect it.
        test: fraction of the rows held out.
        grammar: the name or path of a grammar of formulas.
        functions: user functions, each as NAME=module:function or NAME=file.py:function.
        workers: number of processes for scoring.
        run: run of a model of the same grammar in these columns, used as a proposer; None for none.
    """

    data: str | None = None
    points: str | None = None
    y: str | None = None
    delimiter: str | None = None
    test: float = Field(default=0.0, ge=0, lt=1)
    grammar: str = "formulas"
    functions: tuple[str, ...] = ()
    workers: int = Field(default=1, ge=1)
    run: str | None = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> Self:
        """The request from options by name, with absolute paths, independent of the working directory.

        Raises:
            SettingsError: neither data nor points, or both; or a value out of range.
        """
        request = validated(cls, options)
        if (request.data is None) == (request.points is None):
            raise SettingsError(
                "target fit: no data" if request.data is None else "target fit: data and points at once",
                remedy="give a table with a header (--data FILE), or a file of x and y (--points FILE)",
            )
        if request.points is not None and (request.y, request.delimiter) != (None, None):
            raise SettingsError("points have no columns to name", remedy="give a table (--data), or omit --y")
        paths = ("data", "points", "grammar", "run")
        found = {name: _absolute(getattr(request, name)) for name in paths}
        functions = tuple(_absolute_source(one) for one in request.functions)
        return validated(cls, {**request.model_dump(), **found, "functions": functions})

    @classmethod
    def resumed(cls, folder: Path, changes: dict[str, Any]) -> Self:
        """The request of the search in a folder, with the allowed changes.

        Raises:
            RunError: there is no search, or an option that may not change differs.
        """
        place = folder / SETTINGS
        if not place.is_file():
            raise RunError(f"{folder} holds no search to resume", remedy="omit --resume, or check --out")
        stored = files.read_json(place)
        options = stored.get("options") if isinstance(stored, dict) else None
        if not isinstance(options, dict) or "data" not in options:
            raise RunError(f"{place} is not the settings file of a search for formulas", remedy="check --out")
        try:
            request = validated(cls, options)
            new = validated(cls, {**options, **changes})
        except SettingsError as error:
            raise RunError(f"{place}: {error.message}", remedy="restore the file from a copy") from None
        for name in changes:
            before, after = getattr(request, name), getattr(new, name)
            if name not in FREE_ON_RESUME and before not in (after, _absolute(str(after))):
                shown = cls.model_fields[name].title or name
                raise RunError(
                    f"{folder} was started with {shown} {before}, not {after}", remedy=f"omit it: {shown} stays"
                )
        return validated(cls, {**options, **{name: changes[name] for name in FREE_ON_RESUME if name in changes}})

    def read(self) -> Data:
        """The data. Raises DataError: they cannot be read."""
        if self.data is not None:
            return read_data(self.data, self.y, delimiter=self.delimiter)
        x, y = read_points(Path(str(self.points)))
        return Data(("x",), x[:, None], y, "y", ("x",))

    def operations(self) -> dict[str, Operation]:
        """The operations of formulas, including the user's. Raises SettingsError: a function cannot be loaded."""
        functions: dict[str, Callable] = {}
        for text in self.functions:
            name, sign, source = text.partition("=")
            if not sign or not source.rpartition(":")[0]:
                raise SettingsError(
                    f"--function {text!r}", remedy="write NAME=module:function or NAME=file.py:function"
                )
            functions[name.strip()] = Source.read(source, f"--function {name.strip()}").load()
        return with_own(functions)


class Fitted(NamedTuple):
    """The outcome of a request: the result, and the training and held-out data."""

    result: FormulaResult
    train: Data
    test: Data | None


def fit_request(
    request: FitRequest,
    folder: Path,
    *,
    resume: bool = False,
    load: "Callable[[str], GrammarAutoencoder] | None" = None,
    tell: Callable[[str], None] = lambda message: None,
    report: Callable[[int, float], None] = lambda evaluations, loss: None,
) -> Fitted:
    """Searches for formulas, and writes them to a folder.

    Args:
        request: the search.
        folder: folder of search.json, history.jsonl, grammar.cfg (including the columns) and equations.csv.
        resume: whether to resume the search in the folder.
        load: loads the run of a model.
        tell: called with the name of the folder after the first round.
        report: as in `search_formulas`.

    Raises:
        GraeError: as `search_formulas`, `read_data` and `for_columns` do.
    """
    operations = request.operations()
    train, test = request.read().split(request.test, request.seed)
    problem = FormulaProblem.of(
        load_grammar(request.grammar),
        train.names,
        train.rows,
        train.y,
        operations=operations,
        n_jobs=request.workers,
        load=None if request.run is None or load is None else partial(load, request.run),
    )
    result = search_formulas(
        problem,
        request,
        test=None if test is None else (test.rows, test.y),
        folder=folder,
        resume=resume,
        about=request.model_dump(mode="json"),
        tell=tell,
        report=report,
    )
    files.write_text(folder / GRAMMAR_FILE, problem.grammar.text)
    write_front(folder, result.front)
    return Fitted(result, train, test)


def new_folder(request: FitRequest) -> Path:
    """A folder for a new search, named after the data."""
    stem = Path(str(request.data or request.points)).name.partition(".")[0] or "data"
    number = 1
    while (folder := RUNS / "formulas" / f"{stem}-{number}").exists():
        number += 1
    return folder


def latest_folder() -> Path:
    """The folder of the latest search for formulas. Raises RunError: there is none."""
    places = sorted((RUNS / "formulas").glob(f"*/{SETTINGS}"), key=lambda place: place.stat().st_mtime_ns)
    if not places:
        raise RunError(f"{RUNS / 'formulas'} holds no search", remedy="omit --resume, or name a folder (--out)")
    return places[-1].parent


def _absolute(path: str | None) -> str | None:
    """An absolute path; names that are not files or folders are unchanged."""
    return path if path is None or not Path(path).exists() else str(Path(path).absolute())


def _absolute_source(text: str) -> str:
    name, sign, source = text.partition("=")
    place, colon, function = source.rpartition(":")
    return f"{name}{sign}{_absolute(place)}{colon}{function}" if place.endswith(".py") else text
