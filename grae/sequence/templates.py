"""Templates for a model: parsed by its grammar, its language and the form in which it learned strings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from grae.grammar import codec
from grae.grammar.sentential import SententialForm

if TYPE_CHECKING:
    from grae.constraints import Constraint
    from grae.grammar.codec import Derivations
    from grae.grammar.template import Template
    from grae.sequence.estimator import GrammarAutoencoder

ATTACHMENT = "*"


def template_of(model: "GrammarAutoencoder", template: "str | Template") -> "Template":
    """Parses a template for a model.

    Args:
        model: a fitted model.
        template: a string with holes in angle brackets (see `grae.grammar.template`) or, for molecules, with attachment
            points, as in `c1ccc(*)cc1`. If strings are learned in Kekule form, the holes of a template with aromatic
            atoms are converted to attachment points. A parsed template is returned unchanged.

    Raises:
        ParseError: it is not a sentential form of the grammar; with the position.
        DataError: it is not a molecule.
        SettingsError: it has no hole, or the grammar has no nonterminal for one.
    """
    if not isinstance(template, str):
        return template
    from grae.grammar.template import has_holes, read_template, template_at, with_holes_as

    grammar = model.grammar_
    is_named = has_holes(grammar, template)
    text = with_holes_as(grammar, template, ATTACHMENT) if is_named else template
    placed = model.language_grammar_.language.placed(text, model.settings_.form, is_named=is_named)
    return read_template(grammar, template) if placed is None else template_at(grammar, template, *placed)


def start_of(template: "Template", constraint: "Constraint | None") -> SententialForm:
    """The form from which decoding starts, with marks around its holes if the automaton reads them."""
    return template.form if constraint is None or not constraint.automaton.fillings else template.marked


def are_held(template: "Template", texts: Sequence[str], derivations: "Derivations | None" = None) -> np.ndarray:
    """Which valid strings match a template, regardless of their spelling, (n,) bool.

    Molecules are compared as molecules: they match a template with attachment points if they differ from it only there,
    and any other template if they contain its scaffold. Other strings are compared by their derivations.

    Args:
        template: see `template_of`.
        texts: n strings.
        derivations: their derivations in the grammar without motifs; None to parse the strings.

    Raises:
        DataError: the template cannot be read as a molecule.
    """
    from grae.grammar.template import with_holes_as

    plain = template.grammar.plain
    if plain.language.is_molecular:
        return plain.language.hold(with_holes_as(plain, template.text, ATTACHMENT), texts, exact=template.bonded)
    rows = np.arange(len(texts))
    if derivations is None:
        encoded = codec.encode(plain, texts, on_invalid="skip")
        derivations, rows = encoded.derivations, np.asarray(encoded.rows)
    held = np.zeros(len(texts), bool)
    held[rows] = [template.is_held_by(ids) for ids in derivations]
    return held
