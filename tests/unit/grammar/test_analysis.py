"""The analysis: findings by name and line, and its fixed points against derivations that are written out."""

import itertools
from collections import Counter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grae.errors import GrammarError
from grae.grammar import Grammar, Motif, Nonterminal, Production, load_grammar
from grae.grammar.analysis import MOST_COUNTED, components

S, A, B, C = map(Nonterminal, "SABC")
SYMBOLS = [S, A, B, C, "a", "b"]


@st.composite
def small_grammars(draw: st.DrawFn) -> Grammar:
    """Any grammars at all: ambiguous, cyclic, with undefined, unproductive and unreachable symbols, and doubles."""
    rhs = st.lists(st.sampled_from(SYMBOLS), max_size=3)
    productions = draw(st.lists(st.tuples(st.sampled_from([S, A, B]), rhs), min_size=1, max_size=8))
    try:
        return Grammar("small", productions, S)
    except GrammarError:
        assume(False)
        raise


class Trees:
    """The smallest derivation trees, up to the height that they can have at most."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.by_height = self._sizes()

    def _sizes(self) -> list[dict[Nonterminal, set[int]]]:
        """For each height, productions in trees of each nonterminal; the smallest repeat no nonterminal on a path."""
        highest = len(self.grammar.nonterminals)
        sizes: list[dict[Nonterminal, set[int]]] = [{n: set() for n in self.grammar.nonterminals}]
        for _ in range(highest):
            below = sizes[-1]
            sizes.append({n: set() for n in self.grammar.nonterminals})
            for production in self.grammar.productions:
                options = [sorted(below[child])[:1] for child in production.children]
                sizes[-1][production.lhs] |= {1 + sum(choice) for choice in itertools.product(*options)}
        return sizes

    def shortest(self, nonterminal: Nonterminal) -> int | None:
        return min((size for sizes in self.by_height for size in sizes[nonterminal]), default=None)

    def completion(self, production: Production) -> int | None:
        below = [self.shortest(child) for child in production.children]
        return None if None in below else 1 + sum(size for size in below if size is not None)


def forms(grammar: Grammar, longest: int, most: int = 4000) -> tuple[set[int], set[Nonterminal]]:
    """Productions used, and nonterminals met, in the derivations that end in a string.

    A walk over the nonterminals of sentential forms, of at most `longest` each.
    """
    productive = {n for n in grammar.nonterminals if Trees(grammar).shortest(n) is not None}
    used: set[int] = set()
    met: set[Nonterminal] = set()
    queue: list[tuple[Nonterminal, ...]] = [(grammar.start,)]
    seen = set(queue)
    for form in queue:
        met |= set(form)
        for place, symbol in enumerate(form):
            for production in grammar.productions:
                if production.lhs != symbol or not productive.issuperset(production.children):
                    continue
                used.add(production.id)
                after = form[:place] + production.children + form[place + 1 :]
                if len(after) <= longest and after not in seen and len(seen) < most:
                    seen.add(after)
                    queue.append(after)
    return used, met


def closes_on_itself(grammar: Grammar, production: Production) -> bool:
    """Whether a walk over sentential forms, from the right-hand side on, comes to the left-hand side alone."""
    seen = {production.rhs}
    queue = [production.rhs]
    vanishing = {n for n in grammar.nonterminals if vanishes(grammar, n)}
    for form in queue:
        if form == (production.lhs,):
            return True
        for place, symbol in enumerate(form):
            ways = [()] if symbol in vanishing else []
            ways += [p.rhs for p in grammar.productions if p.lhs == symbol and len(form) == 1]
            for way in ways:
                after = form[:place] + way + form[place + 1 :]
                if after not in seen:
                    seen.add(after)
                    queue.append(after)
    return False


def vanishes(grammar: Grammar, nonterminal: Nonterminal) -> bool:
    return empty_height(grammar, nonterminal, len(grammar.nonterminals)) is not None


def empty_height(grammar: Grammar, nonterminal: Nonterminal, most: int) -> int | None:
    """The least height of a tree without terminals, tried out from the root."""
    heights = [production_height(grammar, p, most) for p in grammar.productions if p.lhs == nonterminal]
    return min((height for height in heights if height is not None), default=None)


def production_height(grammar: Grammar, production: Production, most: int) -> int | None:
    if most == 0 or len(production.children) != len(production.rhs):
        return None
    below = [empty_height(grammar, child, most - 1) for child in set(production.children)]
    return None if None in below else 1 + max((height for height in below if height is not None), default=0)


def findings(text: str) -> list[tuple[str, int | None, str]]:
    return [(f.kind, f.production.line, f.message) for f in Grammar.from_text(text).analysis.findings]


class TestFindings:
    def test_a_clean_grammar_has_none(self):
        assert findings("S -> 'a' S | A\nA -> 'b' |") == []

    def test_undefined(self):
        assert findings("S -> 'a'\nS -> C 'b' D C\n") == [("undefined", 2, "nothing defines C, D")]

    def test_unproductive(self):
        assert findings("S -> 'a'\n\nS -> 'b' A\nA -> A 'c'") == [
            ("unproductive", 3, "no string can be derived from A"),
            ("unproductive", 4, "no string can be derived from A"),
        ]

    def test_unreachable(self):
        assert findings("S -> 'a'\nA -> 'b' B\nB -> 'c' | A") == [
            ("unreachable", 2, "nothing leads from S to A"),
            ("unreachable", 3, "nothing leads from S to B"),
            ("unreachable", 3, "nothing leads from S to B"),
        ]

    def test_reachable_only_through_a_production_that_ends_in_no_string(self):
        assert findings("S -> 'a' | A C\nA -> 'b'") == [
            ("undefined", 1, "nothing defines C"),
            ("unreachable", 2, "nothing leads from S to A"),
        ]

    def test_empty_cycles(self):
        itself = "derives itself through it and produces nothing more"
        assert findings("S -> S\nS -> 'a'") == [("empty cycle", 1, f"S {itself}")]
        assert findings("S -> A\nA -> B\nB -> S | 'b'") == [
            ("empty cycle", 1, f"S {itself}"),
            ("empty cycle", 2, f"A {itself}"),
            ("empty cycle", 3, f"B {itself}"),
        ]
        assert findings("S -> A S A | 'a'\nA ->") == [("empty cycle", 1, f"S {itself}")]
        assert findings("S -> S S |") == [("empty cycle", 1, f"S {itself}")]
        assert findings("S -> S S | 'a'") == []

    def test_duplicate(self):
        assert findings("S -> 'a' S | 'b'\nS -> 'a' S\nS -> 'b' |") == [
            ("duplicate", 2, "the same as production 0"),
            ("duplicate", 3, "the same as production 1"),
        ]

    def test_a_production_can_be_wrong_twice(self):
        assert [(kind, line) for kind, line, _ in findings("S -> 'a'\nS -> C\nS -> C")] == [
            ("undefined", 2), ("undefined", 3), ("duplicate", 3)
        ]  # fmt: skip

    def test_padding(self):
        assert findings("S -> 'a'\nNothing -> None") == [("padding", 2, "fills up batches; derives nothing")]

    def test_as_a_sentence(self):
        finding = Grammar.from_text("S -> 'a'\nS -> C").analysis.findings[0]
        assert str(finding) == "undefined: line 2, production 1 'S -> C': nothing defines C"
        assert str(Grammar("x", [(S, ["a"]), (S, [C])]).analysis.findings[0]) == (
            "undefined: production 1 'S -> C': nothing defines C"
        )

    def test_the_published_molecules(self):
        grammar = load_grammar("smiles-gvae")
        found = [(f.kind, f.production.id, str(f.production)) for f in grammar.analysis.findings]
        assert found == [
            ("undefined", 29, "BACH -> charge class"),
            ("undefined", 31, "BACH -> class"),
            ("padding", 75, "Nothing -> None"),
        ]
        lines = grammar.text.splitlines()
        assert all("class" in lines[2 + number] for number in (29, 31))
        assert not any(grammar.tables.usable[[29, 31, 75]])
        assert grammar.tables.usable.sum() == 73

    @pytest.mark.parametrize("name", ["arithmetic", "smiles"])
    def test_the_other_shipped_grammars_are_clean(self, name: str):
        found = load_grammar(name).analysis.findings
        assert [f for f in found if f.kind != "padding"] == []

    def test_motifs_bring_no_findings(self):
        grammar = Grammar.from_text("S -> 'a' S | 'b'").extend([Motif(0, 0, 0), Motif(2, 0, 1)])
        assert grammar.analysis.findings == []

    @given(small_grammars())
    def test_each_unusable_production_is_found_for_one_reason(self, grammar: Grammar):
        reasons = Counter(
            f.production.id for f in grammar.analysis.findings if f.kind in ("undefined", "unproductive", "unreachable")
        )
        unusable = {p.id for p in grammar.productions if not grammar.analysis.is_usable(p)}
        assert reasons == dict.fromkeys(unusable, 1)


class TestFixedPoints:
    @given(small_grammars())
    def test_shortest_completions(self, grammar: Grammar):
        trees = Trees(grammar)
        for nonterminal in grammar.nonterminals:
            assert grammar.analysis.shortest.get(nonterminal) == trees.shortest(nonterminal)
            assert grammar.analysis.productive[nonterminal] == (trees.shortest(nonterminal) is not None)
        for production in grammar.productions:
            assert grammar.analysis.completion(production) == trees.completion(production)

    @given(small_grammars())
    def test_reachable_and_usable(self, grammar: Grammar):
        used, met = forms(grammar, longest=5)
        assert {p.id for p in grammar.productions if grammar.analysis.is_usable(p)} == used
        assert grammar.analysis.reachable == met

    @settings(max_examples=200)
    @given(small_grammars())
    def test_cycles(self, grammar: Grammar):
        expected = {p.id for p in grammar.productions if grammar.analysis.is_usable(p) and closes_on_itself(grammar, p)}
        assert {production for production, _ in grammar.analysis.cycle_steps} == expected

    @given(small_grammars())
    def test_empty_derivations_of_least_height(self, grammar: Grammar):
        most = len(grammar.nonterminals)
        for nonterminal in grammar.nonterminals:
            height = empty_height(grammar, nonterminal, most)
            first = grammar.analysis.empty.get(nonterminal)
            assert (first is None) == (height is None)
            if height is not None:
                own = [p for p in grammar.productions if p.lhs == nonterminal]
                assert first == next(p.id for p in own if production_height(grammar, p, most) == height)

    def test_motifs_shorten_completions(self):
        plain = Grammar.from_text("S -> 'a' A\nA -> 'b' B\nB -> 'c'")
        grammar = plain.extend([Motif(1, 0, 2), Motif(0, 0, 3)])
        assert plain.analysis.shortest == {S: 3, A: 2, B: 1}
        assert grammar.analysis.shortest == {S: 1, A: 1, B: 1}


class TestScale:
    """Grammars that are large or deep in an awkward way take seconds, not hours."""

    def test_completions_beyond_counting(self):
        grammar = Grammar.from_text("\n".join(f"A{i} -> A{i + 1} A{i + 1}" for i in range(300)) + "\nA300 -> 'a'")
        assert grammar.analysis.completion(grammar.productions[0]) == MOST_COUNTED
        assert grammar.analysis.completion(grammar.productions[299]) == 3
        assert int(grammar.tables.shortest[0]) == MOST_COUNTED

    @pytest.mark.timeout(120)
    @pytest.mark.parametrize(
        "text",
        [
            "\n".join(f"A{i} -> A{i + 1}" for i in range(3000)) + "\nA3000 -> 'a'",
            "\n".join(f"A{i} -> A{(i + 1) % 3000}" for i in range(3000)) + "\nA7 -> 'a'",
            "%start B\n" + "\n".join(f"A{i} -> A{(i + 1) % 900} B | B" for i in range(900)) + "\nB -> B | A0 | 'a'",
            "\n".join(f"A{i} -> A{j}" for i in range(40) for j in range(40)) + "\nA0 -> 'a'",
            f"S -> {'A ' * 20_000}\nA -> 'a' |",
        ],
        ids=["chain", "cycle", "start on a cycle", "all to all", "wide"],
    )
    def test_long_chains_cycles_and_right_hand_sides(self, text: str):
        grammar = Grammar.from_text(text)
        assert all(grammar.analysis.is_usable(production) for production in grammar.productions)
        assert grammar.analysis.findings is not None
        assert grammar.unparse(grammar.parse("a")) == "a"


@given(st.dictionaries(st.integers(0, 7), st.sets(st.integers(0, 7))))
def test_components_are_what_leads_there_and_back(leads: dict[int, set[int]]):
    reached = {node: {node} for node in range(8)}
    for _ in range(8):
        for node, others in leads.items():
            for other in others:
                reached[node] |= reached[other]
    component = components(leads)
    for one in component:
        for other in component:
            assert (component[one] == component[other]) == (other in reached[one] and one in reached[other])


class TestFindingsForAuthors:
    def test_terminals_that_look_like_escapes(self):
        found = Grammar.from_text(r"S -> 'a\n' | '\n' S | '\u00e9' | '\\' | '\' | 'n'").analysis.findings
        assert [(finding.kind, finding.production.id) for finding in found] == [("escape", 1), ("escape", 2)]

    def test_names_where_terminals_were_meant(self):
        with pytest.raises(GrammarError, match="nothing defines a, b; a terminal stands in quotes, such as 'a'"):
            Grammar.from_text("S -> a b")

    def test_names_of_the_empty_string(self):
        (finding,) = Grammar.from_text("S -> 'a' S | epsilon | 'b'").analysis.findings
        assert "the empty string is an empty right-hand side" in finding.message

    @pytest.mark.parametrize(
        ("text", "kinds"),
        [
            ("S -> 'a ' | 'b'", ["end"]),
            ("S -> E 'a b' E\nE -> | ' '", ["begin", "end"]),
            ("S -> 'a b' T 'c'\nT -> ' '", []),
            ("#% separator ' '\nS -> 'a' S | 'b'", []),
        ],
    )
    def test_white_space_at_the_ends_of_strings(self, text: str, kinds: list[str]):
        found = [finding for finding in Grammar.from_text(text).analysis.findings if finding.kind == "white space"]
        assert [finding.message.split()[2] for finding in found] == kinds
