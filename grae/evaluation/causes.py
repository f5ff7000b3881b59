"""Counts of the causes of invalidity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grae.evaluation.metrics import Share

if TYPE_CHECKING:
    from grae.grammar import Grammar

INCOMPLETE = "incomplete"


def causes(
    grammar: "Grammar", samples: Sequence[str | None], forms: Sequence[str | None], *, n_jobs: int = 1
) -> dict[str, Share]:
    """The number of invalid samples by cause, most frequent first; each sample is counted under one cause.

    Args:
        grammar: grammar of the language, which determines the causes (`Language.causes`).
        samples: strings; None for an incomplete one.
        forms: canonical form of each, None for invalid ones.
        n_jobs: number of processes, as in joblib.
    """
    invalid = [text for text, form in zip(samples, forms, strict=True) if form is None and text is not None]
    counts = grammar.language.causes(grammar, invalid, n_jobs=n_jobs)
    counts[INCOMPLETE] = sum(text is None for text in samples)
    return {cause: Share(count, len(samples)) for cause, count in counts.most_common() if count}
