"""Descriptions of molecules for the metrics: fingerprints, properties, fragments, scaffolds, filters."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from grae.errors import DataError

WORDS = 16  # words of 64 bits per fingerprint
PROPERTIES = ("logP", "SA", "QED", "weight")
FINGERPRINTS, FRAGMENTS, SCAFFOLDS, PASSES = "fingerprints", "fragments", "scaffolds", "passes"
PARTS = (FINGERPRINTS, FRAGMENTS, SCAFFOLDS, *PROPERTIES, PASSES)
CHUNK = 500  # molecules per task
PARALLEL_FROM = 2_000  # molecules; below, starting processes does not pay off

Progress = Callable[[float], None]


class Distinct(NamedTuple):
    """Valid strings grouped by molecule.

    Attributes:
        forms: canonical form of each distinct molecule.
        spellings: first spelling of each.
        places: (n,) int64, index in `forms` of each valid string.
    """

    forms: list[str]
    spellings: list[str]
    places: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str | None], forms: Sequence[str | None]) -> "Distinct":
        """Groups strings by canonical form; those whose form is None, invalid or incomplete, are dropped."""
        first: dict[str, int] = {}
        spellings: list[str] = []
        places: list[int] = []
        for text, form in zip(texts, forms, strict=True):
            if text is None or form is None:
                continue
            place = first.setdefault(form, len(first))
            if place == len(spellings):
                spellings.append(text)
            places.append(place)
        return cls(list(first), spellings, np.array(places, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """The occurrences of parts in molecules.

    Attributes:
        names: the parts.
        rows: (k,) int64, the molecule of each occurrence.
        columns: (k,) int64, index in `names` of its part.
    """

    names: tuple[str, ...]
    rows: np.ndarray
    columns: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[Sequence[str]]) -> "Occurrences":
        """The parts of each molecule."""
        place: dict[str, int] = {}
        columns = [place.setdefault(name, len(place)) for names in parts for name in names]
        rows = np.repeat(np.arange(len(parts)), [len(names) for names in parts])
        return cls(tuple(place), rows.astype(np.int64), np.array(columns, np.int64))

    @property
    def counts(self) -> np.ndarray:
        """The number of occurrences of each part, (len(names),) int64."""
        return np.bincount(self.columns, minlength=len(self.names))

    def repeated(self, places: np.ndarray) -> "Occurrences":
        """The parts of the molecules at indices (n,) ints, with repetitions."""
        order = np.argsort(self.rows, kind="stable")
        each = np.bincount(self.rows, minlength=int(places.max(initial=-1)) + 1)
        begins = np.cumsum(each) - each
        lengths = each[places]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = self.columns[order][np.repeat(begins[places], lengths) + within]
        return Occurrences(self.names, np.repeat(np.arange(len(places)), lengths), columns)


@dataclass(frozen=True, slots=True, eq=False)
class Descriptions:
    """The requested `PARTS` of n molecules.

    Attributes:
        arrays: "fingerprints": (n, 16) uint64, packed; properties by name: (n,) float64; "passes": (n,) bool, whether
            each passes the filters.
        occurrences: "fragments": BRICS fragments; "scaffolds": at most one per molecule.
    """

    arrays: dict[str, np.ndarray]
    occurrences: dict[str, Occurrences]

    def repeated(self, places: np.ndarray) -> "Descriptions":
        """The molecules at indices (n,) ints."""
        return Descriptions(
            {part: array[places] for part, array in self.arrays.items()},
            {part: occurrences.repeated(places) for part, occurrences in self.occurrences.items()},
        )


def describe(
    molecules: Distinct, parts: Collection[str] = PARTS, *, n_jobs: int = 1, progress: Progress | None = None
) -> Descriptions:
    """Describes each molecule, read from its canonical form as MOSES does.

    Args:
        molecules: the molecules.
        parts: names in `PARTS`.
        n_jobs: number of processes for long lists, as in joblib.
        progress: called with the fraction done.

    Raises:
        DataError: RDKit can read a molecule neither as written nor in its canonical form.
    """
    pairs = list(zip(molecules.forms, molecules.spellings, strict=True))
    chunks = [pairs[first : first + CHUNK] for first in range(0, len(pairs), CHUNK)]
    columns: dict[str, list[Any]] = {part: [] for part in parts}
    done = 0
    for chunk, described in zip(
        chunks, _done(chunks, parts, n_jobs if len(pairs) >= PARALLEL_FROM else 1), strict=True
    ):
        for part in parts:
            columns[part] += described[part]
        done += len(chunk)
        if progress is not None:
            progress(done / len(pairs))
    return Descriptions(
        {part: _array(part, column) for part, column in columns.items() if part not in (FRAGMENTS, SCAFFOLDS)},
        {part: Occurrences.of(column) for part, column in columns.items() if part in (FRAGMENTS, SCAFFOLDS)},
    )


def _array(part: str, column: list[Any]) -> np.ndarray:
    if part == FINGERPRINTS:
        return np.array(column, np.uint64).reshape(len(column), WORDS)
    return np.array(column, bool if part == PASSES else np.float64)


def _done(chunks: list[list[tuple[str, str]]], parts: Collection[str], n_jobs: int) -> Iterator[dict[str, list[Any]]]:
    if n_jobs == 1:
        yield from (_described(chunk, parts) for chunk in chunks)
        return
    from joblib import Parallel, delayed

    done = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(_described)(chunk, parts) for chunk in chunks)
    yield from (described for described in done if described is not None)


def _described(pairs: list[tuple[str, str]], parts: Collection[str]) -> dict[str, list[Any]]:
    """The parts of each molecule, by part."""
    from rdkit import rdBase

    from grae.chemistry import read

    columns: dict[str, list[Any]] = {part: [] for part in parts}
    with rdBase.BlockLogs():
        for form, spelling in pairs:
            molecule = read(form) or read(spelling)
            if molecule is None:
                raise DataError(f"RDKit cannot read {spelling!r}", remedy="omit the string")
            for part, value in _parts_of(molecule, parts):
                columns[part].append(value)
    return columns


def _parts_of(molecule: Any, parts: Collection[str]) -> Iterator[tuple[str, Any]]:
    from grae import chemistry

    logp = chemistry.log_p(molecule) if "logP" in parts or "QED" in parts else None
    for part in parts:
        match part:
            case "fingerprints":
                yield part, chemistry.fingerprint(molecule)
            case "fragments":
                yield part, chemistry.fragments(molecule)
            case "scaffolds":
                scaffold = chemistry.scaffold(molecule)
                yield part, [] if scaffold is None else [scaffold]
            case "logP":
                yield part, logp
            case "SA":
                yield part, chemistry.synthetic_accessibility(molecule)
            case "QED":
                yield part, chemistry.drug_likeness(molecule, logp)
            case "weight":
                yield part, chemistry.molecular_weight(molecule)
            case "passes":
                yield part, chemistry.passes_filters(molecule)
            case _:
                raise ValueError(f"{part!r} is not one of {PARTS}")
