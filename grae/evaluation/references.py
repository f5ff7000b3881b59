"""Cached statistics of reference sets of molecules."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import DataError
from grae.evaluation.cache import N_STRINGS, Arrays, cached_blocks, joined, part_of, split
from grae.evaluation.chemnet import ChemNet, Sums
from grae.evaluation.descriptions import FRAGMENTS, PARTS, SCAFFOLDS, Distinct, Progress, describe
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work
from grae.frechet import Moments

if TYPE_CHECKING:
    from grae.grammar import Grammar

BLOCK = 10_000  # molecules per cached block
ACTIVATIONS = "activations"


@dataclass(slots=True, eq=False)
class Reference:
    """The requested statistics of m molecules, duplicates included.

    Attributes:
        name: name of the set.
        n: number of molecules, m.
        invalid: number of strings that are not valid molecules, and are skipped.
        arrays: "fingerprints": (m, 16) uint64, packed; properties by name: (m,) float64.
        counts: "fragments", "scaffolds": number of occurrences of each.
        moments: mean and covariance of the activations of ChemNet.
    """

    name: str
    n: int = 0
    invalid: int = 0
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    moments: Moments | None = None

    def __len__(self) -> int:
        return self.n


def reference_of(
    strings: Strings, grammar: "Grammar", parts: Collection[str], chemnet: ChemNet | None, work: Work
) -> Reference:
    """The statistics of a set of molecules; missing ones are computed and cached block by block.

    Args:
        strings: the set.
        grammar: grammar of molecules.
        parts: names in `PARTS`, at least one.
        chemnet: the network, if its activations are requested.
        work: worker count and progress callback.

    Raises:
        DataError: the set contains no valid molecule, or cannot be read.
        RunError: the cache cannot be read or written.
    """

    def compute(texts: list[str], missing: Sequence[str], done: Progress) -> dict[str, Arrays]:
        molecules = Distinct.of(texts, grammar.canonical(texts, n_jobs=work.n_jobs))
        described = [part for part in missing if part in PARTS]
        half = 0.5 if described and ACTIVATIONS in missing else float(ACTIVATIONS not in missing)
        reference = _described(molecules, described, work, part_of(done, 0.0, half))
        if ACTIVATIONS in missing and chemnet is not None:
            weights = np.bincount(molecules.places, minlength=len(molecules.forms))
            reference[ACTIVATIONS] = chemnet.sums(molecules.forms, weights, progress=part_of(done, half, 1.0))._asdict()
        return {kind: {**arrays, "n": np.array([len(molecules.places)])} for kind, arrays in reference.items()}

    kinds = [*parts, *([] if chemnet is None else [ACTIVATIONS])]
    reference = Reference(strings.name)
    blocks: list[dict[str, Arrays]] = []
    language = grammar.language.name
    begin = lambda: work.begin(f"describing {strings.name}")  # noqa: E731
    for block in cached_blocks(kinds, strings, BLOCK, compute, begin, language=language):
        n = int(block[kinds[0]]["n"][0])
        reference.n += n
        reference.invalid += int(block[kinds[0]][N_STRINGS][0]) - n
        blocks.append(block)
    if not reference.n:
        raise DataError(f"{strings.name} contains no valid molecule", remedy="give a reference of molecules")
    for part in parts:
        if part in (FRAGMENTS, SCAFFOLDS):
            reference.counts[part] = Counter()
            for block in blocks:
                names, counts = split(block[part]["names"]), block[part]["counts"].tolist()
                reference.counts[part].update(dict(zip(names, counts, strict=True)))
        else:
            reference.arrays[part] = np.concatenate([block[part]["values"] for block in blocks])
    if chemnet is not None:
        sums = [block[ACTIVATIONS] for block in blocks]
        n, total, products = (np.sum([block[name] for block in sums], axis=0) for name in Sums._fields)
        reference.moments = Sums(n, total, products).moments
    return reference


def _described(molecules: Distinct, parts: Sequence[str], work: Work, done: Progress) -> dict[str, Arrays]:
    """The arrays cached for each part."""
    if not parts:
        return {}
    described = describe(molecules, parts, n_jobs=work.n_jobs, progress=done).repeated(molecules.places)
    counted = {
        part: {"names": joined(occurrences.names), "counts": occurrences.counts}
        for part, occurrences in described.occurrences.items()
    }
    return {part: {"values": values} for part, values in described.arrays.items()} | counted
