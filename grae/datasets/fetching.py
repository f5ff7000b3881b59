"""The files of named data sets: found on this machine, downloaded, or generated."""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from grae.datasets.locations import CACHE_HOME, DATA_HOME, cache_home, data_home
from grae.datasets.readers import file_checksum
from grae.datasets.registry import RDKIT, DatasetEntry, Made, entry
from grae.errors import DataError, DownloadError
from grae.grammar.loading import load_grammar

TIMEOUT = 30  # seconds without an answer


def find(name: str) -> Path | None:
    """The file of a named data set if it is on this machine; its checksum is not verified.

    Raises:
        DataError: there is no such data set, or `GRAE_DATA_HOME` is not a folder.
    """
    wanted = entry(name)
    return next((place for place in _places(wanted) if place.is_file()), None)


def fetch(name: str, *, progress: Callable[[int, int], None] | None = None) -> Path:
    """The file of a named data set, downloaded or generated if it is not on this machine.

    Args:
        name: a name in the registry.
        progress: called during downloads with the number of bytes received and the total.

    Raises:
        DataError: there is no such data set, it cannot be downloaded, or its checksum differs from the registry's.
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
    """The possible paths of the file, in order of preference; the last is where it is stored."""
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
    """The paths of the file in an installed package, which is not imported.

    Empty if there is no such package, or if a package of that name has another file.
    """
    from importlib.util import find_spec

    package, _, within = (wanted.package or "").partition("/")
    spec = find_spec(package) if package else None
    places = [Path(place) / within for place in (spec.submodule_search_locations or ())] if spec else []
    return [place for place in places if place.is_file() and file_checksum(place) == wanted.sha256]


def _verify(wanted: DatasetEntry, path: Path) -> None:
    """Verifies a file found on this machine; RDKit's own files change with its releases."""
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
    """Downloads a file of a data set, unless it exists.

    Args:
        name: name of the data set.
        addresses: addresses to try in order.
        checksum: checksum in pooch's notation, "sha256:..." or "md5:...".
        place: where to store it.
        file: its path under `GRAE_DATA_HOME`, for messages.
        progress: called with the number of bytes received and the total.

    Raises:
        DownloadError: the file cannot be downloaded from any address.
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
        except (OSError, ValueError) as error:  # no network, no such file, disk full; another checksum
            failures.append(f"{address}: {_short(error)}")
    reasons = "".join(f"\n  {failure}" for failure in failures)
    raise DownloadError(
        f"cannot fetch the data set {name!r}{reasons}",
        remedy=f"try again with a network, or put the file at {file} in a folder that {DATA_HOME} names; "
        f"downloads go to {place.parent} ({CACHE_HOME} names another place)",
    )


class _Bar:
    """The progress bar interface that pooch expects."""

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
    """Draws the strings and caches them."""
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
    """The innermost message of a network error."""
    text = str(error).strip()
    return text if len(text) <= 200 else f"...{text[-200:]}"
