"""Further output of `grae grammar check`: ambiguity, unused productions, parse errors, motifs."""

import sys
from typing import TYPE_CHECKING

from grae.cli.output import PIPE_WIDTH, progress, table
from grae.terminal import columns_of, say

if TYPE_CHECKING:
    from grae.datasets import Coverage
    from grae.grammar import Grammar
    from grae.grammar.diagnosis import Ambiguous, Saving

UNUSED_SHOWN = 20  # unused productions to print
FAULTS_SHOWN = 3  # strings that cannot be parsed to print


def ambiguity_record(grammar: "Grammar", coverage: "Coverage | None") -> dict[str, object]:
    """The ambiguity as JSON."""
    from grae.grammar.trees import bracketed, tree_of

    found, plain = _ambiguous(grammar, coverage), grammar.plain
    trees = [] if found.shortest is None else [found.shortest.first, found.shortest.second]
    return {
        "strings": found.strings,
        "ambiguous": found.several,
        "shortest": None if found.shortest is None else found.shortest.text,
        "trees": [bracketed(tree_of(plain, ids), 10**9) for ids in trees],
        "empty": [str(nonterminal) for nonterminal in found.empty],
    }


def print_ambiguity(grammar: "Grammar", coverage: "Coverage | None") -> None:
    """Prints the number of ambiguous strings, and two trees of the shortest."""
    from grae.grammar.trees import bracketed, tree_of

    found, plain = _ambiguous(grammar, coverage), grammar.plain
    for nonterminal in found.empty:
        say(f"ambiguous: {nonterminal} derives the empty string in several ways", sys.stdout)
    if found.shortest is None:
        return
    source = "different strings of the data" if coverage is not None and len(coverage.first) else "random strings"
    say(f"ambiguous: {found.several:,} of {found.strings:,} {source} have several trees. The shortest:", sys.stdout)
    print(f"  {found.shortest.text!r}")
    width = (columns_of(sys.stdout) or PIPE_WIDTH) - 4
    for ids in (found.shortest.first, found.shortest.second):
        print("\n".join(f"    {line}" for line in bracketed(tree_of(plain, ids), width).split("\n")))


def usage_record(grammar: "Grammar", coverage: "Coverage") -> dict[str, object]:
    """The usage of productions and motifs in the data, as JSON."""
    saved = _saving(grammar, coverage)
    return {
        "uses": coverage.uses,
        "unused": [number for number, uses in enumerate(coverage.uses.tolist()) if not uses],
        "motifs": None if saved is None else saved._asdict(),
    }


def print_usage(grammar: "Grammar", coverage: "Coverage") -> None:
    """Prints where lines fail, unused productions, and what motifs would save."""
    from grae.grammar.codec import OUTSIDE
    from grae.grammar.diagnosis import fault

    outside = [reject for reject in coverage.rejects if reject.reason == OUTSIDE]
    for reject in outside[:FAULTS_SHOWN]:
        print(f"line {reject.line}:\n{fault(grammar, reject.text)}")
    if not coverage.kept:
        return
    unused = [production for production in grammar.productions if not coverage.uses[production.id]]
    if unused:
        first = f", the first {UNUSED_SHOWN}" if len(unused) > UNUSED_SHOWN else ""
        say(f"{len(unused):,} of {grammar.n_productions:,} productions that no string uses{first}:", sys.stdout)
        table(["id", "line", "production"], [(p.id, p.line, str(p)) for p in unused[:UNUSED_SHOWN]])
    if (saved := _saving(grammar, coverage)) is not None:
        say(
            f"{saved.motifs} motifs would shorten derivations from {saved.before:.1f} productions to {saved.after:.1f} "
            f"on average, the longest to {saved.longest}",
            sys.stdout,
        )


def _ambiguous(grammar: "Grammar", coverage: "Coverage | None") -> "Ambiguous":
    """The number of strings of the data, or of random strings, with several derivations."""
    from grae.grammar import codec
    from grae.grammar.diagnosis import ambiguous, random_strings

    if coverage is not None and len(coverage.first):
        return ambiguous(grammar, codec.decode(grammar, coverage.first))
    return ambiguous(grammar, random_strings(grammar))


def _saving(grammar: "Grammar", coverage: "Coverage") -> "Saving | None":
    from grae.grammar.diagnosis import saving

    with progress("learning motifs") as done:
        return saving(grammar, coverage.first, progress=lambda so_far, of: done(so_far / of))
