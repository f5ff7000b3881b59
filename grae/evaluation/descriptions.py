"""Molecules in the numbers that the metrics compare: fingerprints, properties, fragments, scaffolds, filters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from grae.errors import DataError

WORDS = 16  # of 64 bits in a fingerprint
PROPERTIES = ("logP", "SA", "QED", "weight")
CHUNK = 500  # molecules in one task of a process
PARALLEL_FROM = 2_000  # molecules; below, starting the processes costs more than they save

Progress = Callable[[float], None]


class Distinct(NamedTuple):
    """Valid strings by the molecules that they are.

    Attributes:
        forms: the canonical form of each molecule.
        spellings: how each was first written.
        places: (n,) int64, the place in `forms` of each valid string, in their order.
    """

    forms: list[str]
    spellings: list[str]
    places: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str | None], forms: Sequence[str | None]) -> "Distinct":
        """Strings and the canonical form of each, None for the invalid and the incomplete, which are left out."""
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
    """Which molecule has which parts.

    Attributes:
        names: the parts.
        rows: (k,) int64, the molecule of each occurrence.
        columns: (k,) int64, its part's place in `names`.
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
        """How often each part occurs, (len(names),) int64."""
        return np.bincount(self.columns, minlength=len(self.names))

    def repeated(self, places: np.ndarray) -> "Occurrences":
        """The parts of the molecules at some places, (n,) ints, each as often as it is named."""
        order = np.argsort(self.rows, kind="stable")
        each = np.bincount(self.rows, minlength=int(places.max(initial=-1)) + 1)
        begins = np.cumsum(each) - each
        lengths = each[places]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        columns = self.columns[order][np.repeat(begins[places], lengths) + within]
        return Occurrences(self.names, np.repeat(np.arange(len(places)), lengths), columns)


@dataclass(frozen=True, slots=True, eq=False)
class Descriptions:
    """What there is to compare of n molecules.

    Attributes:
        fingerprints: (n, 16) uint64, packed.
        values: (n, 4) float64, the `PROPERTIES`.
        fragments: BRICS fragments.
        scaffolds: at most one each.
        passes: (n,) bool, whether each passes the filters; None where that was not asked for.
    """

    fingerprints: np.ndarray
    values: np.ndarray
    fragments: Occurrences
    scaffolds: Occurrences
    passes: np.ndarray | None

    def repeated(self, places: np.ndarray) -> "Descriptions":
        """The molecules at some places, (n,) ints."""
        return Descriptions(
            self.fingerprints[places],
            self.values[places],
            self.fragments.repeated(places),
            self.scaffolds.repeated(places),
            None if self.passes is None else self.passes[places],
        )


class _One(NamedTuple):
    fingerprint: np.ndarray
    values: tuple[float, ...]
    fragments: list[str]
    scaffold: str | None
    passes: bool


def describe(
    molecules: Distinct, *, filters: bool = True, n_jobs: int = 1, progress: Progress | None = None
) -> Descriptions:
    """Describes each molecule, read from its canonical form as MOSES does.

    Args:
        molecules: which.
        filters: whether to try the filters on them.
        n_jobs: processes, as joblib counts them, for long lists.
        progress: called with the fraction done.

    Raises:
        DataError: RDKit reads a molecule neither as it was written nor in its canonical form.
    """
    pairs = list(zip(molecules.forms, molecules.spellings, strict=True))
    chunks = [pairs[first : first + CHUNK] for first in range(0, len(pairs), CHUNK)]
    found: list[_One] = []
    for some in _done(chunks, filters, n_jobs if len(pairs) >= PARALLEL_FROM else 1):
        found += some
        if progress is not None:
            progress(len(found) / len(pairs))
    return Descriptions(
        np.array([one.fingerprint for one in found], np.uint64).reshape(len(found), WORDS),
        np.array([one.values for one in found], np.float64).reshape(len(found), len(PROPERTIES)),
        Occurrences.of([one.fragments for one in found]),
        Occurrences.of([[] if one.scaffold is None else [one.scaffold] for one in found]),
        np.array([one.passes for one in found], bool) if filters else None,
    )


def _done(chunks: list[list[tuple[str, str]]], filters: bool, n_jobs: int) -> Iterator[list[_One]]:
    if n_jobs == 1:
        yield from (_described(chunk, filters) for chunk in chunks)
        return
    from joblib import Parallel, delayed

    done = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(_described)(chunk, filters) for chunk in chunks)
    yield from (some for some in done if some is not None)


def _described(pairs: list[tuple[str, str]], filters: bool) -> list[_One]:
    from grae.chemistry import fingerprint, fragments, passes_filters, properties, read, scaffold

    found = []
    for form, spelling in pairs:
        molecule = read(form) or read(spelling)
        known = None if molecule is None else properties(molecule)
        if molecule is None or known is None:
            raise DataError(f"RDKit does not read {spelling!r}", remedy="leave the string out")
        found.append(
            _One(
                fingerprint(molecule),
                (known.logp, known.sa, known.qed, known.weight),
                fragments(molecule),
                scaffold(molecule),
                filters and passes_filters(molecule),
            )
        )
    return found
