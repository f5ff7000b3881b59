"""Why samples are not valid, counted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grae.evaluation.metrics import Share

if TYPE_CHECKING:
    from grae.grammar import Grammar

INCOMPLETE = "incomplete"


def causes(
    grammar: "Grammar", samples: Sequence[str | None], forms: Sequence[str | None], *, n_jobs: int = 1
) -> dict[str, Share]:
    """How many of all samples each cause makes invalid, the most frequent first; a sample has one cause.

    Args:
        grammar: of the language, which knows the causes (`Language.causes`).
        samples: the strings; None for an incomplete one.
        forms: the canonical form of each, None for the invalid.
        n_jobs: processes, as joblib counts them.
    """
    invalid = [text for text, form in zip(samples, forms, strict=True) if form is None and text is not None]
    counts = grammar.language.causes(grammar, invalid, n_jobs=n_jobs)
    counts[INCOMPLETE] = sum(text is None for text in samples)
    return {cause: Share(count, len(samples)) for cause, count in counts.most_common() if count}
