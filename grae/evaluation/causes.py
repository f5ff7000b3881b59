"""Why samples are not valid, counted."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from grae.evaluation.meaning import Meaning
from grae.evaluation.metrics import Share

if TYPE_CHECKING:
    from grae.grammar import Grammar

INCOMPLETE = "incomplete"
OUTSIDE = "outside the grammar"
NOT_FINITE = "not finite"
CHUNK = 1_000
PARALLEL_FROM = 10_000  # invalid molecules; below, starting the processes costs more than they save


def causes(
    grammar: "Grammar",
    meaning: Meaning,
    samples: Sequence[str | None],
    forms: Sequence[str | None],
    *,
    n_jobs: int = 1,
) -> dict[str, Share]:
    """How many of all samples each cause makes invalid, the most frequent first; a sample has one cause.

    Args:
        grammar: of the language.
        meaning: of its strings. Molecules fail for what RDKit finds first (`grae.chemistry.KINDS`).
        samples: the strings; None for an incomplete one.
        forms: the canonical form of each, None for the invalid.
        n_jobs: processes, as joblib counts them.
    """
    invalid = [text for text, form in zip(samples, forms, strict=True) if form is None and text is not None]
    if meaning.name == "molecules":
        found = _of_molecules(invalid, n_jobs)
    else:
        from grae.grammar.codec import encode

        derived = len(encode(grammar, invalid, on_invalid="skip").rows)
        found = Counter({OUTSIDE: len(invalid) - derived, NOT_FINITE: derived})
    found[INCOMPLETE] = sum(text is None for text in samples)
    return {cause: Share(count, len(samples)) for cause, count in found.most_common() if count}


def _of_molecules(texts: Sequence[str], n_jobs: int) -> Counter[str]:
    chunks = [texts[first : first + CHUNK] for first in range(0, len(texts), CHUNK)]
    if n_jobs == 1 or len(texts) < PARALLEL_FROM:
        return sum(map(_count, chunks), Counter[str]())
    from joblib import Parallel, delayed

    done = Parallel(n_jobs=n_jobs)(delayed(_count)(chunk) for chunk in chunks)
    return sum((counts for counts in done if counts is not None), Counter[str]())


def _count(texts: Sequence[str]) -> Counter[str]:
    from grae.chemistry import invalid_reason

    return Counter(reason for text in texts if (reason := invalid_reason(text)) is not None)
