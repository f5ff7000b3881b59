"""The most frequent motifs, each with an example from the training data."""

from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from grae.grammar.walk import text_and_steps
from grae.report.context import ReportContext
from grae.report.section import LeftOut, Section, rendered

TITLE = "Motifs"
SHOWN = 10
LOOKED_THROUGH = 1_000  # strings searched for examples


class Shown(NamedTuple):
    """The row of a motif.

    Attributes:
        production: the production in words.
        uses: number of uses in the strings that it was learned from; None if unknown.
        size: number of productions of the plain grammar that it replaces.
        picture: drawing of an example with the motif's part highlighted, or None.
        example: the string of the example.
    """

    production: str
    uses: int | None
    size: int
    picture: Markup | None
    example: str


def section(context: ReportContext) -> Section | LeftOut:
    """A table of the most frequent motifs."""
    grammar = context.model.grammar_
    if not grammar.motifs:
        return LeftOut(TITLE, "this run's grammar has no motifs")
    base = grammar.n_productions - len(grammar.motifs)
    sizes = [1] * base
    for motif in grammar.motifs:
        sizes.append(sizes[motif.parent] + sizes[motif.child])
    ranked = sorted(range(len(grammar.motifs)), key=lambda place: -(grammar.motifs[place].uses or 0))[:SHOWN]
    examples = _examples(context, {base + place for place in ranked})
    shown = [
        Shown(
            str(grammar.productions[base + place]),
            grammar.motifs[place].uses,
            sizes[base + place],
            *examples.get(base + place, (None, "")),
        )
        for place in ranked
    ]
    body = rendered(
        "motifs",
        shown=shown,
        n=len(grammar.motifs),
        base=base,
        kind=context.renderer.kind,
        longest=max(sizes),
    )
    return Section("motifs", TITLE, body)


def _examples(context: ReportContext, wanted: set[int]) -> dict[int, tuple[Markup, str]]:
    """For each production, a training string that uses it, drawn with its part highlighted."""
    texts = list(context.training or context.held_out)[:LOOKED_THROUGH]
    if not texts:
        return {}
    derived = context.model.derive(texts, on_invalid="skip").derivations
    lengths = derived.lengths
    examples: dict[int, tuple[Markup, str]] = {}
    for production in wanted:
        rows = [row for row in range(len(derived)) if production in derived[row]]
        if not rows:
            continue
        row = min(rows, key=lambda row: lengths[row])
        ids = np.asarray(derived[row])
        text, steps = text_and_steps(context.model.grammar_, ids)
        step = int(np.flatnonzero(ids == production)[0])
        examples[production] = (context.renderer.draw(text, [owner == step for owner in steps]), text)
    return examples
