"""Validity, uniqueness and novelty of sampled molecules, counted block by block."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import numpy as np

from grae.cli.output import note
from grae.evaluation.external import Keys, hashes_of
from grae.evaluation.strings import each
from grae.shards import Part

if TYPE_CHECKING:
    from grae.evaluation.sampling import Samples
    from grae.sequence import GrammarAutoencoder

UNDER_TEMPLATE = "under a template the grammar alone hardly ever completes a valid molecule"
CHUNK = 1 << 16  # training strings read at a time


class Report:
    """Counts of samples. Use it in a `with` statement, so that its files are removed.

    Args:
        molecular: whether the samples are molecules, whose validity is measured.
        semantic: whether they were decoded under semantic constraints.
        forced: whether their completion was forced.
        templated: whether they were decoded under a template, for which raw validity is meaningless.

    Attributes:
        counts: numbers of samples ("n"), and of those that are "complete", "valid" and "valid_without_constraints".
        knows: whether the samples were compared with the training set.
    """

    def __init__(self, *, molecular: bool, semantic: bool, forced: bool, templated: bool = False) -> None:
        self.counts: Counter[str] = Counter()
        self.kind = {"molecular": molecular, "semantic": semantic, "forced": forced, "templated": templated}
        self.knows = False
        self._keys = {"forms": Keys(), "spelled": Keys(), "known": Keys()}

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        for keys in self._keys.values():
            self._stack.enter_context(keys)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, model: "GrammarAutoencoder", samples: "Samples") -> None:
        """Adds a block of samples.

        Args:
            model: the model of the samples.
            samples: the block.
        """
        from grae.chemistry import canonical_all

        texts = [text for text in samples.texts if text is not None]
        self.counts.update({"n": len(samples.texts), "complete": len(texts)})
        if not self.kind["molecular"]:
            return
        forms = _valid(canonical_all(texts))
        raw = forms if samples.without is None else _valid(canonical_all(samples.without))
        self.counts.update({"valid": len(forms), "valid_without_constraints": len(raw)})
        self._keys["forms"].add(hashes_of(forms))
        form = model.settings_.form
        if form != "as-written":
            spelled = model.language_grammar_.language.form(form).spell(list(dict.fromkeys(forms)))
            self._keys["spelled"].add(hashes_of(_valid(spelled)))

    def compare(self, training: Iterable[str] | None) -> None:
        """Determines which samples are in the training set.

        Args:
            training: the training strings in the form that the model learned; None if they are unavailable.
        """
        if training is None:
            return
        self.knows = True
        with Keys() as seen:
            for chunk in each(training, CHUNK):
                seen.add(hashes_of(chunk))
            for both in self._keys["spelled"].common(seen):
                self._keys["known"].add(both)

    def shares(self) -> dict[str, object]:
        """The report as JSON; None for fractions that are undefined or unknown."""
        n, valid = max(1, self.counts["n"]), self.counts["valid"]
        raw = None if self.kind["templated"] else self.counts["valid_without_constraints"] / n
        complete: dict[str, object] = {} if self.kind["forced"] else {"complete": self.counts["complete"] / n}
        if not self.kind["molecular"]:
            return complete
        spelled = self._keys["spelled"].count_distinct()
        return {
            **complete,
            "constraints": "semantic" if self.kind["semantic"] else "grammar",
            "valid": valid / n,
            "valid_without_constraints": raw,
            "unique": self._keys["forms"].count_distinct() / valid if valid else None,
            "novel": 1 - self._keys["known"].count_distinct() / spelled if self.knows and spelled else None,
            **({"left_out": {"valid_without_constraints": UNDER_TEMPLATE}} if raw is None else {}),
        }

    def about(self) -> dict[str, object]:
        """The counts, as JSON, for a part."""
        return {"counts": dict(self.counts), "kind": self.kind, "knows": self.knows}

    def arrays(self) -> dict[str, np.ndarray]:
        """The hashes of distinct strings, for a part."""
        return {name: np.concatenate([bucket.keys for bucket in keys.buckets()]) for name, keys in self._keys.items()}

    def add_part(self, part: Part) -> None:
        """Adds the counts of a part.

        Raises:
            RunError, DataError: the part is damaged.
        """
        self.counts.update(part.about["counts"])
        self.knows = self.knows or part.about["knows"]
        for name, keys in self._keys.items():
            keys.add(*part.arrays(name))


def _valid(forms: Iterable[str | None]) -> list[str]:
    return [form for form in forms if form is not None]


def training_of(model: "GrammarAutoencoder") -> Iterable[str] | None:
    """The training strings of a model in the form that it learned; None if they are unavailable or of mixed forms."""
    from grae.datasets import open_store
    from grae.datasets.origin import texts_of
    from grae.errors import DataError

    folder = model.about_.get("store")
    if model.settings_.form == "as-written" or folder is None:
        return None
    try:
        store = open_store(folder)
    except DataError:
        return None
    return texts_of(model.language_grammar_, store, model.split_.train)


def print_report(shares: Mapping[str, object], counts: Mapping[str, int]) -> None:
    """Prints a report on stderr.

    Args:
        shares: `Report.shares`.
        counts: `Report.counts`.
    """

    def percent(name: str) -> str:
        share = shares[name]
        return f"{100 * share:.2f} %" if isinstance(share, float) else "unknown"

    if "complete" in shares:
        note(f"{counts['complete']:,} of {counts['n']:,} complete")
    if "valid" in shares and counts["n"]:
        measured = {"validity": "valid", "raw validity": "valid_without_constraints"}
        if shares["valid_without_constraints"] is None:
            del measured["raw validity"]
        elif shares["constraints"] == "grammar":
            del measured["validity"]
        note(f"{counts['n']:,} samples: " + ", ".join(f"{name} {percent(key)}" for name, key in measured.items()))
        note(f"uniqueness {percent('unique')}, novelty {percent('novel')}")
