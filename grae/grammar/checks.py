"""Checks that a grammar is usable: its symbols can be spelled, its start symbol derives a string, its motifs agree."""

from typing import TYPE_CHECKING

from grae.errors import GrammarError
from grae.grammar.notation import at_line, motif_error
from grae.grammar.symbols import Production, unspellable

if TYPE_CHECKING:
    from grae.grammar.cfg import Grammar

MOST_SYMBOLS = 2**16  # with motifs; ids and padding are stored in two bytes


def check_grammar(grammar: "Grammar") -> None:
    """Checks a grammar before it is used.

    Raises:
        GrammarError: a symbol cannot be spelled in a file, the start symbol derives no string, or a motif differs from
            its composition.
    """
    _check_spelling(grammar)
    _check_start(grammar)
    _check_motifs(grammar)


def _check_spelling(grammar: "Grammar") -> None:
    for production in grammar.productions:
        for symbol in (production.lhs, *production.rhs):
            if trouble := unspellable(symbol):
                where = f"{grammar.name}{at_line(production.line)}"
                raise GrammarError(f"{where}: {trouble[0]} in '{production}'", remedy=trouble[1])
    for character in grammar.ignore:
        if trouble := unspellable(character):
            raise GrammarError(f"{grammar.name}: cannot ignore {character!r}: {trouble[0]}", remedy=trouble[1])
    if grammar.separator and (trouble := unspellable(grammar.separator)):
        raise GrammarError(
            f"{grammar.name}: {grammar.separator!r} cannot be a separator: {trouble[0]}", remedy=trouble[1]
        )


def _check_start(grammar: "Grammar") -> None:
    if all(production.lhs != grammar.start for production in grammar.productions):
        raise GrammarError(
            f"grammar {grammar.name!r} has no production of its start symbol {grammar.start}",
            remedy=f"name another with %start, or write one such as {grammar.start} -> {grammar.productions[0].lhs}",
        )
    if not grammar.analysis.productive[grammar.start]:
        causes = "".join(f"\n  {finding}" for finding in grammar.analysis.findings)
        raise GrammarError(
            f"grammar {grammar.name!r} derives no string from its start symbol {grammar.start}{causes}",
            remedy=f"give {grammar.start} a production that ends in terminals alone",
        )


def _check_motifs(grammar: "Grammar") -> None:
    if not grammar.motifs:
        return
    if grammar.n_symbols > MOST_SYMBOLS:
        raise GrammarError(
            f"{grammar.name}: {grammar.n_productions} productions with the motifs; "
            f"{MOST_SYMBOLS - 1} and the padding are all that two bytes can number",
            remedy="learn fewer motifs",
        )
    first = grammar.n_productions - len(grammar.motifs)
    if first < 1:
        raise motif_error(f"{grammar.name}: {len(grammar.motifs)} motifs for {grammar.n_productions} productions")
    before = list(grammar.productions[:first])
    for production, motif in zip(grammar.productions[first:], grammar.motifs, strict=True):
        try:
            composed = motif.compose(before)
        except GrammarError as error:
            raise motif_error(f"{grammar.name}{at_line(production.line)}: {error.message}") from None
        if composed != (production.lhs, production.rhs):
            wanted = Production(production.id, *composed)
            raise motif_error(
                f"{grammar.name}{at_line(production.line)}: '{production}' is not what motif {motif} composes: "
                f"'{wanted}'"
            )
        before.append(production)
