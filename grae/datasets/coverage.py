"""How much of a data set a grammar covers, before training."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grae.datasets.encoding import REJECTS_SHOWN, Progress, Tally, encode_source
from grae.datasets.forms import resolve_form, undecodable
from grae.datasets.readers import Source
from grae.datasets.rejects import Reject
from grae.grammar.cfg import Grammar
from grae.grammar.codec import Derivations, decode

FIRST = 10_000  # derivations kept per source


@dataclass(frozen=True)
class Coverage:
    """The share of a source's lines that a grammar derives.

    Attributes:
        read: number of lines read.
        kept: number of lines in the language (and within the maximum length).
        rejected: number of other lines by reason, most frequent first.
        rejects: a few examples per reason.
        undecodable: number of lines kept whose strings break rules that the default decoder enforces, so that it can
            never write them.
        undecodable_lines: a few examples: line and string, in the form that was encoded.
        length_counts: (longest + 1,) int64, number of derivations by number of productions.
        uses: (P,) int64, number of uses of each production.
        first: the derivations of the first lines kept, at most `FIRST`, to learn from.
    """

    read: int
    kept: int
    rejected: dict[str, int]
    rejects: list[Reject]
    undecodable: int
    undecodable_lines: list[tuple[int, str]]
    length_counts: np.ndarray
    uses: np.ndarray
    first: Derivations

    @property
    def fraction(self) -> float:
        """Share of lines kept, 0 to 1."""
        return self.kept / self.read

    @property
    def longest(self) -> int:
        """Productions of the longest derivation; 0 if there is none."""
        return len(self.length_counts) - 1

    @property
    def mean_length(self) -> float:
        """Mean number of productions per derivation; 0 if there is none."""
        return float(self.length_counts @ np.arange(len(self.length_counts))) / max(1, self.kept)

    def percentile(self, percent: float) -> int:
        """A percentile of the number of productions per derivation."""
        return int(np.searchsorted(np.cumsum(self.length_counts), percent / 100 * self.kept))


def check_coverage(
    grammar: Grammar,
    source: Source,
    *,
    form: str | None = None,
    max_length: int | None = None,
    n_jobs: int = -1,
    progress: Callable[[Progress], None] | None = None,
) -> Coverage:
    """Encodes a source and keeps only the counts.

    Args:
        grammar: the grammar of the strings.
        source: the source of the strings.
        form: form in which the strings are encoded; None for the one that a model would learn.
        max_length: maximum number of productions per derivation.
        n_jobs: number of processes or threads, as in joblib.
        progress: called after each chunk.

    Raises:
        DataError: the source cannot be read, or is empty.
    """
    tally = Tally()
    lengths = np.zeros(1, np.int64)
    uses = np.zeros(grammar.n_productions, np.int64)
    first: list[Derivations] = []
    form = grammar.language.automaton_form if form is None else resolve_form(grammar, form)
    spelling = grammar.language.form(form)
    n_undecodable, lines = 0, []
    for chunk in encode_source(grammar, source, form=spelling, max_length=max_length, n_jobs=n_jobs, progress=progress):
        tally.add(chunk)
        counts = np.bincount(chunk.lengths, minlength=len(lengths))
        counts[: len(lengths)] += lengths
        lengths = counts
        derivations = Derivations(chunk.ids, np.concatenate([np.zeros(1, np.int64), np.cumsum(chunk.lengths)]))
        uses += np.bincount(chunk.ids, minlength=grammar.n_productions)
        first.append(derivations[: max(0, FIRST - sum(map(len, first)))])
        rows = np.flatnonzero(undecodable(grammar, derivations, form))
        n_undecodable += len(rows)
        shown = rows[: max(0, REJECTS_SHOWN - len(lines))]
        lines += zip(chunk.lines[shown].tolist(), decode(grammar, derivations[shown]), strict=True)
    rejected = dict(tally.rejected.most_common())
    return Coverage(
        read=tally.read,
        kept=tally.kept,
        rejected=rejected,
        rejects=tally.rejects,
        undecodable=n_undecodable,
        undecodable_lines=lines,
        length_counts=lengths,
        uses=uses,
        first=Derivations.concatenate(first, grammar.dtype),
    )
