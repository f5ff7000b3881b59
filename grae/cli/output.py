"""Output of the commands: results on stdout, everything else on stderr, files written atomically."""

import contextlib
import csv
import gzip
import io
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from grae.errors import DataError, GraeError, shortened
from grae.terminal import columns_of, fitted, say

if TYPE_CHECKING:
    from grae.callbacks.reporter import Shown
    from grae.evaluation.work import Work
    from grae.grammar.language import Language
    from grae.training.result import TrainingResult

PIPE_WIDTH = 160
BEST_VALUES = 3  # validation values to print
WORTH_SAYING = 10.0  # seconds; longer stages are reported
FEW, MANY = 1e-2, 1e7  # numbers between these are printed with three decimals
TABLES = {".csv": ",", ".tsv": "\t"}
VERBOSITY: ContextVar[Literal["quiet", "usual", "verbose"]] = ContextVar("verbosity", default="usual")


def note(message: str) -> None:
    """Prints a line on stderr, unless --quiet is given."""
    if talks():
        say(message, sys.stderr)


def print_facts(named: Mapping[str, object], more: Iterable[object] = (), *, width: int = 12) -> None:
    """Prints values by name in two columns on stdout, except None; further values below the last."""
    columns = columns_of(sys.stdout)
    for name, value in [*named.items(), *(("", value) for value in more)]:
        if value is not None:
            lines = fitted(str(value), None if columns is None else columns - width - 1).split("\n")
            print(*(f"{'' if place else name:<{width}} {line}" for place, line in enumerate(lines)), sep="\n")


def talks() -> bool:
    """Whether to print more than errors."""
    return VERBOSITY.get() != "quiet"


def training_progress() -> "Shown":
    """Display of training progress: none, a bar in a terminal, or with -v one row per validation without a terminal."""
    return "verbose" if VERBOSITY.get() == "verbose" else talks()


def say_ended(result: "TrainingResult") -> None:
    """Prints a summary of a training, in lines of fewer than 80 columns; all values are in metrics.jsonl."""
    note(f"ended by {result.ended} after {result.epochs:.1f} epochs, {result.seconds / 60:.1f} minutes")
    values = [f"{name} {value:.4g}" for name, value in result.best.items() if isinstance(value, float)]
    note(f"best validation: {', '.join(values[:BEST_VALUES])}")


def progress(doing: str) -> contextlib.AbstractContextManager[Callable[[float], None]]:
    """A progress bar on stderr, if it is a terminal; yields the callback for the fraction done, 0 to 1."""
    from grae.callbacks.reporter import stage

    return stage(doing, shown=talks())


@contextlib.contextmanager
def stages(doing: str) -> "Iterator[Callable[[int, int], Work]]":
    """Progress bars on stderr, one per stage; yields a factory of `Work` from a seed and a number of jobs.

    Each bar shows the duration of its stage; with -v, or without a terminal, a line is printed for each stage that took
    longer than `WORTH_SAYING` seconds.

    Args:
        doing: description of all stages together.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import TimeRemainingColumn as Remaining

    from grae.evaluation.work import Work

    columns = (
        TextColumn("{task.description}"),
        BarColumn(20),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        Remaining(),
    )
    shown = talks() and sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bars:
        tasks: dict[str, TaskID] = {}
        bars.add_task(doing, total=None)
        started: dict[str, float] = {}

        def end() -> None:
            """Ends the current stage."""
            for stage, task in tasks.items():
                bars.update(task, completed=1.0)
                seconds = time.monotonic() - started.pop(stage, math.inf)
                if seconds > WORTH_SAYING and (VERBOSITY.get() == "verbose" or not sys.stderr.isatty()):
                    note(f"{stage}: {seconds:.0f} s")

        def report(stage: str, fraction: float) -> None:
            if stage not in tasks:
                end()
                started[stage] = time.monotonic()
                tasks[stage] = bars.add_task(f"  {stage}", total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield lambda seed, jobs: Work(seed, jobs, report)
        end()


def emit(record: dict[str, object]) -> None:
    """Prints one JSON object on stdout; numbers that are not finite become null."""
    from grae.files import as_json

    print(as_json(_plain(record)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """Prints a table on stdout, with numbers right-aligned and long strings wrapped at the width of the terminal.

    Args:
        columns: headings.
        rows: one value per heading; None is printed as "-".
        title: a line above the table.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [list(row) for row in rows]
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(columns):
        numeric = all(isinstance(row[place], int | float | None) for row in rows)
        made.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(_cell(value)) for value in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else _pipe_width()).print(made)


def _pipe_width() -> int:
    """The width of tables in pipes and files: COLUMNS, or else `PIPE_WIDTH`."""
    width = os.environ.get("COLUMNS", "")
    return int(width) if re.fullmatch("[1-9][0-9]{1,3}", width) else PIPE_WIDTH


@contextlib.contextmanager
def written(path: str) -> Iterator[IO[bytes]]:
    """Opens a binary file to write, atomically; `-` is stdout, and .gz is compressed.

    Raises:
        GraeError: the path is a folder, or the file cannot be written.
    """
    from grae.files import atomic_write

    place = Path(path)
    if path == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif place.is_dir():
        raise GraeError(f"cannot write {path!r}: it is a folder", remedy="give the path of a file")
    elif place.exists() and not place.is_file():  # a device or a pipe, which cannot be replaced atomically
        with place.open("wb") as file:
            yield file
    else:
        with atomic_write(place) as temporary, temporary.open("wb") as file:
            if place.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
                    yield packed  # pyright: ignore[reportReturnType]
            else:
                yield file


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Writes a text file, one line per string; `-` is stdout.

    Raises:
        GraeError: the path is a folder, or the file cannot be written.
    """
    with written(path) as file:
        file.writelines(f"{line}\n".encode() for line in lines)


def write_strings(
    path: str, texts: Sequence[str], language: "Language", more: Mapping[str, Sequence[object]] | None = None
) -> None:
    """Writes strings in the format of the file's ending: .csv or .tsv with a header, else one line per string.

    Args:
        path: file; a further .gz compresses it; `-` is stdout.
        texts: strings.
        language: names their column.
        more: further columns of a table.

    Raises:
        GraeError: the path is a folder, or the file cannot be written.
        DataError: a string contains a line break, which is possible only in a table.
    """
    content = strings_as_bytes(path, texts, more)
    with written(path) as file:
        file.write(strings_heading(path, language, more or ()))
        file.write(content)


def strings_heading(path: str, language: "Language", more: Iterable[str] = ()) -> bytes:
    """The header of a table of strings; empty for other files.

    Args:
        path: file.
        language: names the column of strings.
        more: further columns.
    """
    return table_rows([[language.column, *more]], path) if is_table(path) else b""


def strings_as_bytes(path: str, texts: Sequence[str], more: Mapping[str, Sequence[object]] | None = None) -> bytes:
    """Strings in the format of the file's ending, as in `write_strings`, without the header.

    Raises:
        DataError: a string contains a line break, which is possible only in a table.
    """
    if is_table(path):
        return table_rows(zip(texts, *(more or {}).values(), strict=True), path)
    broken = next((text for text in texts if "\n" in text or "\r" in text), None)
    if broken is not None:
        raise DataError(
            f"{shortened(broken)!r} has a line end, and the output one string per line",
            remedy="write a table, with --out FILE.csv, or JSON, with --json",
        )
    return "".join(f"{text}\n" for text in texts).encode()


def table_rows(rows: Iterable[Sequence[object]], path: str) -> bytes:
    """Rows of a table as bytes, in the format of its file name."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter_of(path), lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def delimiter_of(path: str) -> str:
    """The delimiter of a table with the given file name."""
    return TABLES.get(Path(path.removesuffix(".gz")).suffix.lower(), ",")


def is_table(path: str) -> bool:
    """Whether `write_strings` writes a table to a path."""
    return Path(path.removesuffix(".gz")).suffix.lower() in TABLES


def _plain(value: object) -> object:
    """Converts dictionaries, sequences, numpy values and paths to JSON types."""
    match value:
        case dict():
            return {str(key): _plain(member) for key, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
        case float():
            return value + 0.0 if math.isfinite(value) else None  # no -0.0
        case Path():
            return str(value)
        case _:
            return _plain(value.tolist()) if hasattr(value, "tolist") else value  # pyright: ignore[reportAttributeAccessIssue]


def figure(value: float) -> str:
    """A number to three decimals, or to four significant digits if it is very small or large."""
    return f"{value:z.3f}" if value == 0 or FEW <= abs(value) < MANY or not math.isfinite(value) else f"{value:.4g}"


def distinct_texts(*values: float) -> list[str]:
    """Numbers to four significant digits, or more if needed to distinguish them."""
    texts: list[str] = []
    for figures in range(4, 18):
        texts = [f"{value:.{figures}g}" for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case float():
            return figure(value)
        case int() if not isinstance(value, bool):
            return f"{value:,}"
        case _:
            return str(value)
