"""A grammar as a file in nltk's notation with grae's directives: the inverse of `notation`."""

from typing import TYPE_CHECKING

from grae.grammar.language import STRINGS
from grae.grammar.symbols import written
from grae.grammar.weights import written_weight

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar


def text_of(grammar: "Grammar") -> str:
    """The file of a grammar: `Grammar.from_text` reads the same productions, weights and motifs from it."""
    escapes = grammar.has_escapes
    head = [] if grammar.language.name == STRINGS.name else [f"#% language {grammar.language.name}"]
    head += ["#% escapes"] if escapes else []
    head += [f"#% ignore {written(character, escapes=escapes)}" for character in grammar.ignore]
    head += [f"#% separator {written(grammar.separator, escapes=escapes)}"] if grammar.separator else []
    n_base = grammar.n_productions - len(grammar.motifs)
    lines = [*head, f"%start {grammar.start}"]
    behind = [""] * n_base if grammar.weights is None else [f" {written_weight(one)}" for one in grammar.weights]
    plain = zip(grammar.productions[:n_base], behind, strict=True)
    lines += [production.spelled(escapes=escapes) + weight for production, weight in plain]
    for production, motif in zip(grammar.productions[n_base:], grammar.motifs, strict=True):
        uses = "" if motif.uses is None else f" uses {motif.uses}"
        lines += [f"#% motif {motif}{uses}", production.spelled(escapes=escapes)]
    return "\n".join(lines) + "\n"
