"""Measures of any number of samples, from statistics accumulated over blocks and over the parts of a job.

Neither memory nor the cost per sample grows with the number of samples. Shares and counts are exact, and equal whether
a job is divided or not; distinct strings are counted by 64-bit hashes. Measures over pairs of samples (IntDiv, IntDiv2)
and the intervals of distances are not available, since they need all samples at once.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from grae.evaluation.causes import causes
from grae.evaluation.chemnet import ChemNet, Sums
from grae.evaluation.descriptions import FINGERPRINTS, FRAGMENTS, PASSES, PROPERTIES, SCAFFOLDS, Distinct, describe
from grae.evaluation.external import Keys, edges_of, hashes_of, keys_of
from grae.evaluation.metrics import in_language
from grae.evaluation.planned import Known, Plan
from grae.evaluation.sampling import Samples
from grae.evaluation.tanimoto import nearest
from grae.evaluation.work import Work
from grae.shards import Part

if TYPE_CHECKING:
    from grae.grammar import Grammar

FIRST = 10_000  # valid samples, for unique@k
UNIT = 1 << 40  # similarities are summed as integers, so that sums do not depend on the order
ROWS = np.uint64(1 << 32)  # place of a sample: number of its block * ROWS + row


class Tally:
    """Statistics of samples. To be used in a `with` statement, so that its files are removed.

    Args:
        plan: the measures.
        known: statistics of the references.

    Attributes:
        counts: samples by property, and sums of similarities in units of 1 / `UNIT`.
        causes: invalid samples by cause.
        keys: hashes of canonical forms ("forms"; of those in the training set, "known"), of "fragments" and
            "scaffolds", and values of properties by name.
        sums: sums of the activations of ChemNet.
    """

    def __init__(self, plan: Plan, known: Known) -> None:
        self.plan, self.known = plan, known
        self.counts: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.keys = {name: Keys() for name in ("forms", "known", *known.counts)}
        self.keys |= {name: Keys(edges_of(values)) for name, values in known.values.items()}
        self.sums: Sums | None = None
        self._first: list[np.ndarray] = []  # (2, k) uint64: places and hashes of the first valid samples

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        for keys in self.keys.values():
            self._stack.enter_context(keys)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def first(self) -> np.ndarray:
        """Places and hashes of the first valid samples, (2, k) uint64, k at most `FIRST`."""
        first = np.concatenate([np.empty((2, 0), np.uint64), *self._first], axis=1)
        return first[:, np.argsort(first[0], kind="stable")[:FIRST]]

    def add(self, grammar: "Grammar", number: int, samples: Samples, chemnet: ChemNet | None, work: Work) -> None:
        """Adds a block of samples.

        Args:
            grammar: grammar of the samples.
            number: the number of the block in the whole job.
            samples: the block.
            chemnet: the network, if its activations are requested.
            work: worker count.
        """
        texts = samples.texts
        forms = grammar.canonical(texts, n_jobs=work.n_jobs)
        valid = [(row, form) for row, form in enumerate(forms) if form is not None]
        self.counts["n"] += len(texts)
        self.counts["complete"] += sum(text is not None for text in texts)
        self.counts["valid"] += len(valid)
        if "in_language" in self.plan:
            self.counts["in_language"] += in_language(grammar, texts).count
        raw, raw_forms = texts, forms
        if samples.without is not None:
            raw, raw_forms = samples.without, grammar.canonical(samples.without, n_jobs=work.n_jobs)
            self.counts["valid_without_constraints"] += sum(form is not None for form in raw_forms)
        for cause, share in causes(grammar, raw, raw_forms, n_jobs=work.n_jobs).items():
            self.causes[cause] += share.count
        hashes = hashes_of(form for _, form in valid)
        self.keys["forms"].add(hashes)
        if sum(first.shape[1] for first in self._first) < FIRST:
            places = np.uint64(number) * ROWS + np.array([row for row, _ in valid], np.uint64)
            self._first.append(np.stack([places, hashes])[:, :FIRST])
        if valid and (self.plan.parts or chemnet is not None):
            self._describe(Distinct.of(texts, forms), chemnet, work)

    def compare(self, training: Iterable[str]) -> None:
        """Determines which samples are in the training set.

        Args:
            training: canonical forms of the training strings; consumed once.
        """
        from grae.evaluation.strings import each

        with Keys() as seen:
            for chunk in each(training, 1 << 16):
                seen.add(hashes_of(chunk))
            for both in self.keys["forms"].common(seen):
                self.keys["known"].add(both)

    def add_part(self, part: Part) -> None:
        """Adds the statistics of a part of the job.

        Raises:
            RunError, DataError: the part is damaged.
        """
        self.counts.update(part.about["counts"])
        self.causes.update(part.about["causes"])
        self._first.append(part.arrays("first")[0])
        for name, keys in self.keys.items():
            keys.add(*part.arrays(f"{name}.keys", f"{name}.counts"))
        if self.plan.takes_fcd:
            self._add_sums(Sums(*part.arrays(*(f"sums.{name}" for name in Sums._fields))))

    def about(self) -> dict[str, Any]:
        """The counts, as JSON, for a part."""
        return {"counts": dict(self.counts), "causes": dict(self.causes)}

    def arrays(self) -> dict[str, np.ndarray]:
        """The other statistics, for a part."""
        arrays = {"first": self.first}
        for name, keys in self.keys.items():
            buckets = list(keys.buckets())
            arrays[f"{name}.keys"] = np.concatenate([bucket.keys for bucket in buckets])
            arrays[f"{name}.counts"] = np.concatenate([bucket.counts for bucket in buckets])
        if self.plan.takes_fcd:
            sums = self.sums or Sums.none()
            arrays |= {f"sums.{name}": array for name, array in sums._asdict().items()}
        return arrays

    def _describe(self, molecules: Distinct, chemnet: ChemNet | None, work: Work) -> None:
        """Adds the descriptions of valid molecules."""
        described = describe(molecules, self.plan.parts, n_jobs=work.n_jobs).repeated(molecules.places)
        if PASSES in described.arrays:
            self.counts["Filters"] += int(described.arrays[PASSES].sum())
        for test, prints in self.known.fingerprints.items():
            similarities = nearest(described.arrays[FINGERPRINTS], prints, n_jobs=work.n_jobs)
            self.counts[f"SNN/{test}"] += _total(similarities)
            self.counts[f"SNN/{test} squares"] += _total(np.square(similarities))
        for part in (FRAGMENTS, SCAFFOLDS):
            if part in described.occurrences:
                occurrences = described.occurrences[part]
                self.keys[part].add(hashes_of(occurrences.names), occurrences.counts)
        for name in PROPERTIES:
            if name in described.arrays:
                self.keys[name].add(keys_of(described.arrays[name]))
        if chemnet is not None:
            weights = np.bincount(molecules.places, minlength=len(molecules.forms))
            self._add_sums(chemnet.sums(molecules.forms, weights))

    def _add_sums(self, sums: Sums) -> None:
        self.sums = sums if self.sums is None else Sums(*(a + b for a, b in zip(self.sums, sums, strict=True)))


def _total(values: np.ndarray) -> int:
    """The sum of numbers from 0 to 1, in units of 1 / `UNIT`."""
    return int(np.rint(values * UNIT).astype(np.int64).sum())
