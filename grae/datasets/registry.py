"""The named data sets of `data/registry.toml`, and how their files come here.

A data set's file is found in RDKit's own package, under `GRAE_DATA_HOME`, in another installed package that holds it
(`molsets` the sets of MOSES), in the cache, or downloaded into it; or its
strings are drawn from a grammar and kept in the cache. What is found or downloaded must have the registry's checksum.
"""

import os
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict

from grae.datasets.fitting import fitted
from grae.datasets.locations import CACHE_HOME, DATA_HOME, cache_home, data_home
from grae.datasets.readers import STDIN, Format, Source, file_checksum
from grae.errors import DataError, DownloadError, shortened
from grae.grammar.cfg import Grammar
from grae.grammar.loading import load_grammar
from grae.paths import exists
from grae.resources import shipped

RDKIT = "rdkit:"
IMAGES = "images"
"""The table of the registry that holds the sets of images, which `grae.datasets.images` reads."""
NAMED_MARKS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}
DIGITS = 9  # of a column's number; what has more is a name
TIMEOUT = 30  # seconds without an answer


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reader(_Entry):
    """How a data set's file is read; as the arguments of `Source`."""

    format: Format
    column: str | int | None = None
    header: bool | None = None
    member: str | None = None


class Made(_Entry):
    """Strings drawn from a grammar: `n` different derivations of at most `max_length` productions, all as likely."""

    grammar: str
    n: int
    max_length: int
    seed: int


class DatasetEntry(_Entry):
    """A named data set.

    Attributes:
        name: what commands call it.
        description: what it holds.
        language: what the strings are.
        grammar: the grammar they are usually read with.
        default: whether a grammar of that language takes them when no data are named.
        strings: how many there are.
        licence: its licence, and whose.
        sha256: of its file.
        file: its path under `GRAE_DATA_HOME` and in the cache.
        package: the path of the same file in an installed Python package, by the package's import name.
        addresses: where it is fetched from, tried in order; "rdkit:" is a file of RDKit's own package.
        reader: how its file is read.
        made: how its strings are drawn, where nothing is fetched.
    """

    name: str
    description: str
    language: str
    grammar: str
    default: bool = False
    strings: int
    licence: str
    sha256: str | None = None
    file: str | None = None
    package: str | None = None
    addresses: tuple[str, ...] = ()
    reader: Reader
    made: Made | None = None

    @property
    def address(self) -> str:
        """Where it comes from, in a word."""
        return self.addresses[0] if self.addresses else f"made from the grammar {self.grammar}"


@cache
def entries() -> MappingProxyType[str, DatasetEntry]:
    """All named data sets, in the order of the registry."""
    tables = tomllib.loads((shipped("data") / "registry.toml").read_text(encoding="utf-8"))
    tables.pop(IMAGES, None)
    return MappingProxyType({name: DatasetEntry(name=name, **table) for name, table in tables.items()})


def entry(name: str) -> DatasetEntry:
    """A named data set.

    Raises:
        DataError: there is none of that name.
    """
    known = entries()
    if name not in known:
        raise DataError.unknown("data set", name, known, otherwise="choose one of these, or give a file")
    return known[name]


def default_dataset(grammar: Grammar) -> str:
    """The name of the data set that a grammar takes when none is named.

    Raises:
        DataError: nothing is known of the grammar's language.
    """
    for known in entries().values():
        if known.default and known.language == grammar.language.name:
            return known.name
    raise DataError(
        f"no data set comes with grammar {grammar.name!r}", remedy="give a file of its strings: --data FILE"
    )


def open_source(
    data: str | Path,
    *,
    column: str | int | None = None,
    member: str | None = None,
    delimiter: str | None = None,
    grammar: Grammar | None = None,
) -> Source:
    """The strings of a named data set (fetched if need be), of a file, or of standard input.

    Args:
        data: a name of the registry, a path, or "-".
        column: of a table; a name, or a number from 0.
        member: of a tar archive.
        delimiter: between the columns of a table; when left out, the one that gives the column.
        grammar: of the strings, where it is known: it tells names behind molecules, and headings from strings.

    Raises:
        DataError: there is no such data set or file, or it cannot be fetched.
    """
    if isinstance(column, str) and column.isascii() and column.isdecimal() and len(column) <= DIGITS:
        column = int(column)
    delimiter = _mark(delimiter)
    if (known := entries().get(str(data))) is not None:
        reader = known.reader if column is None else known.reader.model_copy(update={"column": column})
        return Source(fetch(known.name), **reader.model_dump(), name=known.name)
    if str(data) != STDIN and not exists(Path(data)) and not Path(data).suffix and len(Path(data).parts) == 1:
        near = get_close_matches(str(data), entries(), n=1)
        raise DataError(
            f"{shortened(repr(str(data)))} is neither a data set nor a file; data sets: {', '.join(entries())}",
            remedy=f"did you mean {near[0]!r}?" if near else "give one of these names, a file, or - for standard input",
        )
    source = Source(data if str(data) == STDIN else Path(data), column=column, member=member, delimiter=delimiter)
    return source if grammar is None else fitted(source, grammar)


def _mark(delimiter: str | None) -> str | None:
    """A delimiter as one character. Raises DataError."""
    mark = NAMED_MARKS.get(delimiter or "", delimiter)
    if mark is not None and (len(mark) != 1 or mark in '"\r\n'):
        raise DataError(
            f"delimiter {shortened(repr(delimiter))}; expected one character, or {', '.join(NAMED_MARKS)}",
            remedy="leave it out, and the mark that gives the column is taken",
        )
    return mark


def find(name: str) -> Path | None:
    """The file of a named data set if it is on this machine; its checksum is not looked at.

    Raises:
        DataError: there is no such data set, or `GRAE_DATA_HOME` names no folder.
    """
    wanted = entry(name)
    return next((place for place in _places(wanted) if place.is_file()), None)


def fetch(name: str, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """The file of a named data set, downloaded or made if it is not on this machine.

    Args:
        name: of the registry.
        progress: called with the bytes that have come and the bytes that there are, while downloading.

    Raises:
        DataError: there is no such data set, it cannot be downloaded, or its checksum is not the registry's.
    """
    wanted = entry(name)
    local = find(name)
    if local is not None:
        _verify(wanted, local)
        return local
    if wanted.made is not None:
        return _make(wanted, wanted.made)
    if wanted.addresses[0].startswith(RDKIT):
        raise DataError(
            f"this RDKit comes without {_places(wanted)[0]}", remedy="install RDKit from PyPI: pip install rdkit"
        )
    return _download(wanted, progress)


def _places(wanted: DatasetEntry) -> list[Path]:
    """Where the file may lie, the first choice first; the last is where it is put."""
    if wanted.addresses and wanted.addresses[0].startswith(RDKIT):
        from rdkit import RDConfig

        return [Path(RDConfig.RDDataDir) / wanted.addresses[0].removeprefix(RDKIT)]
    cached = cache_home() / "data"
    if wanted.made is not None:
        fingerprint = load_grammar(wanted.made.grammar).fingerprint
        made = wanted.made
        return [cached / f"{wanted.name}-{fingerprint[:12]}-{made.n}-{made.max_length}-{made.seed}.txt"]
    file = wanted.file or f"{wanted.name}"
    home = data_home()
    return [*([] if home is None else [home / file]), *_in_package(wanted), cached / file]


def _in_package(wanted: DatasetEntry) -> list[Path]:
    """The file in an installed package, which is not imported.

    None where there is no such package, or one of that name that holds another file.
    """
    from importlib.util import find_spec

    package, _, within = (wanted.package or "").partition("/")
    spec = find_spec(package) if package else None
    places = [Path(place) / within for place in (spec.submodule_search_locations or ())] if spec else []
    return [place for place in places if place.is_file() and file_checksum(place) == wanted.sha256]


def _verify(wanted: DatasetEntry, path: Path) -> None:
    """Checks a file that is here already; RDKit's own files change with its releases."""
    if wanted.sha256 is None or wanted.addresses[0].startswith(RDKIT):
        return
    if (checksum := file_checksum(path)) != wanted.sha256:
        raise DataError(
            f"{path} is not the data set {wanted.name!r}: its sha256 is {checksum}, not {wanted.sha256}",
            remedy="remove it and run this again, which downloads it again",
        )


def _download(wanted: DatasetEntry, progress: Callable[[int, int], None] | None) -> Path:
    place = _places(wanted)[-1]
    download(wanted.name, wanted.addresses, f"sha256:{wanted.sha256}", place, wanted.file or wanted.name, progress)
    return place


def download(
    name: str,
    addresses: Sequence[str],
    checksum: str,
    place: Path,
    file: str,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Downloads a file of a data set, unless it is there.

    Args:
        name: of the data set.
        addresses: tried in order.
        checksum: as pooch writes it, "sha256:..." or "md5:...".
        place: where it is put.
        file: its path under `GRAE_DATA_HOME`, for messages.
        progress: called with the bytes that have come and the bytes that there are.

    Raises:
        DownloadError: none of the addresses gives the file.
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")
    bar: Any = _Bar(progress) if progress else False
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT, progressbar=bar)
    failures = []
    for address in addresses:
        try:
            pooch.retrieve(
                address,
                checksum,
                fname=place.name,
                path=place.parent,
                downloader=downloader,  # pyright: ignore[reportArgumentType]
            )
            return
        except (OSError, ValueError) as error:  # no network, no such file there, disk full; another checksum
            failures.append(f"{address}: {_short(error)}")
    reasons = "".join(f"\n  {failure}" for failure in failures)
    raise DownloadError(
        f"cannot fetch the data set {name!r}{reasons}",
        remedy=f"try again with a network, or put the file at {file} in a folder that {DATA_HOME} names; "
        f"downloads go to {place.parent} ({CACHE_HOME} names another place)",
    )


class _Bar:
    """What pooch calls while it downloads."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self._progress = progress
        self._come = 0
        self.total = 0

    def update(self, size: int) -> None:
        self._come += size
        self._progress(self._come, self.total)

    def reset(self) -> None:
        self._come = 0

    def close(self) -> None:
        pass


def _make(wanted: DatasetEntry, made: Made) -> Path:
    """Draws the strings and keeps them in the cache."""
    from grae.grammar.codec import Derivations, decode
    from grae.grammar.counting import sample_uniform

    grammar = load_grammar(made.grammar)
    derivations = Derivations.from_list(sample_uniform(grammar, made.n, made.max_length, made.seed), grammar.dtype)
    place = _places(wanted)[-1]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            written = Path(folder) / place.name
            written.write_text(
                "".join(f"{text}\n" for text in decode(grammar, derivations)), encoding="utf-8", newline=""
            )
            os.replace(written, place)
    except OSError as error:
        raise DataError(
            f"cannot write {place}: {error.strerror}",
            remedy=f"free some space, or name another folder with {CACHE_HOME}",
        ) from error
    return place


def _short(error: Exception) -> str:
    """The last words of an error of the network, which nest their causes."""
    text = str(error).strip()
    return text if len(text) <= 200 else f"...{text[-200:]}"
