"""The parser against a brute-force reading of its rule, against nltk's chart parser, and on long and wrong strings."""

import itertools
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nltk
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grae.errors import GrammarError, ParseError
from grae.grammar import Grammar, Nonterminal, Production, earley, load_grammar
from grae.grammar.codec import decode, encode
from grae.grammar.motifs import learn_motifs
from grae.grammar.overlap import overlap
from grae.grammar.tokenizer import Tokenizer


class BruteForce:
    """The documented rule, read word for word: all ways to cut a span are tried."""

    def __init__(self, grammar: Grammar, text: str) -> None:
        self.grammar, self.text = grammar, text
        self.spans = [(i, j) for i in range(len(text) + 1) for j in range(i, len(text) + 1)]
        self.derived: set[tuple[Nonterminal, int, int]] = set()
        size = -1
        while size != (size := len(self.derived)):
            for production, (i, j) in itertools.product(grammar.productions, self.spans):
                if next(self.cuts(production, i, j), None) is not None:
                    self.derived.add((production.lhs, i, j))
        self.heights = self._heights()
        self.leads_to = self._leads_to()

    def ids(self) -> list[int] | None:
        whole = (self.grammar.start, 0, len(self.text))
        return self.tree(*whole) if whole in self.derived else None

    def cuts(self, production: Production, i: int, j: int) -> Iterator[tuple[int, ...]]:
        """The borders of all ways to cut a span among a right-hand side's symbols."""
        for inner in itertools.combinations_with_replacement(range(i, j + 1), max(0, len(production.rhs) - 1)):
            borders = (i, *inner, j) if production.rhs else (i,)
            if (production.rhs or i == j) and all(map(self.spans_symbol, production.rhs, borders, borders[1:])):
                yield borders

    def spans_symbol(self, symbol: Nonterminal | str, i: int, j: int) -> bool:
        return self.text[i:j] == symbol if isinstance(symbol, str) else (symbol, i, j) in self.derived

    def single(self, production: Production, borders: tuple[int, ...]) -> int | None:
        """The place of the symbol that spans it all, others being empty, and leads back to the left-hand side."""
        for place, (symbol, k, m) in enumerate(zip(production.rhs, borders, borders[1:], strict=False)):
            if isinstance(symbol, Nonterminal) and (k, m) == (borders[0], borders[-1]) and k < m:
                return place if production.lhs in self.leads_to[symbol] else None
        return None

    def proper(self, symbol: Nonterminal, i: int, j: int) -> tuple[Production, tuple[int, ...]] | None:
        """The lowest-numbered production that derives a span other than through itself, and its preferred cut."""
        for production in self.grammar.productions:
            if production.lhs == symbol:
                cuts = [borders for borders in self.cuts(production, i, j) if self.single(production, borders) is None]
                if cuts:
                    return production, min(cuts, key=lambda borders: [-border for border in reversed(borders)])
        return None

    def tree(self, symbol: Nonterminal, i: int, j: int) -> list[int]:
        if i == j:
            production = min(
                (p for p in self.grammar.productions if p.lhs == symbol and self.height(p) is not None),
                key=lambda p: (self.height(p), p.id),
            )
            return [production.id, *(k for child in production.children for k in self.tree(child, i, i))]
        found = self.proper(symbol, i, j) or self.step_back(symbol, i, j)
        production, borders = found
        children = zip(production.rhs, borders, borders[1:], strict=False)
        below = [self.tree(child, k, m) for child, k, m in children if isinstance(child, Nonterminal)]
        return [production.id, *itertools.chain.from_iterable(below)]

    def step_back(self, symbol: Nonterminal, i: int, j: int) -> tuple[Production, tuple[int, ...]]:
        """The first step of the shortest way to a nonterminal that derives the span properly; lowest steps first."""
        ways: list[tuple[Nonterminal, tuple | None]] = [(symbol, None)]
        seen = set()
        for at, first in ways:
            for production in (p for p in self.grammar.productions if p.lhs == at):
                for place, child in enumerate(production.rhs):
                    if isinstance(child, str) or child in seen:
                        continue
                    borders = (i,) * (place + 1) + (j,) * (len(production.rhs) - place)
                    if borders in self.cuts(production, i, j) and self.single(production, borders) == place:
                        seen.add(child)
                        ways.append((child, first or (production, borders)))
                        if self.proper(child, i, j):
                            return first or (production, borders)
        raise AssertionError("a span that nothing derives properly")

    def height(self, production: Production) -> int | None:
        below = [self.heights.get(symbol) for symbol in production.rhs]
        return None if None in below else 1 + max((height for height in below if height is not None), default=0)

    def _heights(self) -> dict[Nonterminal | str, int]:
        """The least height of an empty derivation of each nonterminal that has one."""
        self.heights: dict[Nonterminal | str, int] = {}
        changed = True
        while changed:
            changed = False
            for production in self.grammar.productions:
                height = self.height(production)
                if height is not None and height < self.heights.get(production.lhs, height + 1):
                    self.heights[production.lhs] = height
                    changed = True
        return self.heights

    def _leads_to(self) -> dict[Nonterminal, set[Nonterminal]]:
        """Which nonterminals each derives alone."""
        steps = {
            (production.lhs, symbol)
            for production in self.grammar.productions
            for place, symbol in enumerate(production.rhs)
            if isinstance(symbol, Nonterminal)
            and all(other in self.heights for other in production.rhs[:place] + production.rhs[place + 1 :])
        }
        leads_to = {nonterminal: {nonterminal} for nonterminal in self.grammar.nonterminals}
        for _ in leads_to:
            for above, below in steps:
                leads_to[above] |= leads_to[below]
        return leads_to


def words(alphabet: str, longest: int) -> list[str]:
    return ["".join(letters) for n in range(longest + 1) for letters in itertools.product(alphabet, repeat=n)]


def assert_follows_the_rule(grammar: Grammar, longest: int) -> None:
    texts = words("".join(sorted(set("".join(grammar.terminals)))), longest)
    parsed = grammar.parser.parse_batch(texts)
    for row, text in enumerate(texts):
        expected = BruteForce(grammar, text).ids()
        assert parsed.ok[row] == (expected is not None), (grammar.text, text)
        found = parsed.ids[parsed.offsets[row] : parsed.offsets[row + 1]].tolist()
        assert found == (expected or []), (grammar.text, text)


NONTERMINALS = [Nonterminal("S"), Nonterminal("A"), Nonterminal("B")]
OVERLAPPING = ("a", "b", "ab", "ba", "aab", "bb")


@st.composite
def small_grammars(
    draw: st.DrawFn, terminals: tuple[str, ...] = ("a", "b"), ignore: str = "", separator: str = ""
) -> Grammar:
    """Any grammars at all: ambiguous, cyclic, nullable, with unusable productions."""
    rhs = st.lists(st.sampled_from([*NONTERMINALS, *terminals]), max_size=3)
    productions = draw(st.lists(st.tuples(st.sampled_from(NONTERMINALS), rhs), min_size=1, max_size=9))
    try:
        return Grammar("small", productions, Nonterminal("S"), ignore=ignore, separator=separator)
    except GrammarError:
        assume(False)
        raise


class TestRule:
    @settings(max_examples=200)
    @given(small_grammars())
    def test_any_grammar_follows_the_rule(self, grammar: Grammar):
        assert_follows_the_rule(grammar, 4)

    @settings(max_examples=200)
    @given(small_grammars(OVERLAPPING))
    def test_any_grammar_of_overlapping_terminals_follows_the_rule(self, grammar: Grammar):
        assert_follows_the_rule(grammar, 5)

    @pytest.mark.parametrize(
        "productions",
        [
            "S -> S S | 'a' |",  # ambiguous without end
            "S -> A B\nA -> 'a' | 'ab'\nB -> 'b' | 'c'",
            "S -> 'aa' S | 'aaa' |",
            "S -> S 'ab' | S 'a' | S 'b' |",
            "S -> 'a' S 'a' | 'aa' | 'b'",
            "S -> S | 'a'",
            "S -> A | 'a'\nA -> B | 'b'\nB -> S |",  # a cycle of three
            "S -> A | B\nA -> B | S\nB -> 'b' | A A",
            "S -> A S B | 'a'\nA -> | 'a' | S\nB -> A | 'b'",
            "S -> A A A\nA -> 'a' | E\nE ->",
            "S -> 'a' S | 'a'",
            "S -> S 'a' |",
            "S -> 'a' S 'a' | 'a'",
            "S -> 'b' 'a' | X 'a'\nX -> 'b'\nY -> 'a' Y",  # with an unproductive production
        ],
    )
    def test_awkward_grammars_follow_the_rule(self, productions: str):
        assert_follows_the_rule(Grammar.from_text(productions), 5)

    def test_lowest_numbered_production_first(self):
        grammar = Grammar.from_text("S -> A | B\nA -> 'x'\nB -> 'x'")
        assert grammar.parse("x").tolist() == [0, 2]

    def test_later_symbols_take_the_shortest_span(self):
        grammar = Grammar.from_text("S -> 'a' | S S")
        assert grammar.parse("aaa").tolist() == [1, 1, 0, 0, 0]

    def test_cycles_are_left_out(self):
        grammar = Grammar.from_text("S -> S | T\nT -> S | 'x'")
        assert grammar.parse("x").tolist() == [1, 3]

    def test_a_cycle_is_entered_where_nothing_else_derives_the_span(self):
        grammar = Grammar.from_text("S -> A | 'a'\nA -> B | 'b'\nB -> S | 'c'")
        assert grammar.parse("a").tolist() == [1]
        assert grammar.parse("b").tolist() == [0, 3]
        assert grammar.parse("c").tolist() == [0, 2, 5]

    def test_empty_strings(self):
        grammar = Grammar.from_text("S -> A B\nA -> B B |\nB -> A |")
        assert grammar.parse("").tolist() == [0, 2, 4]
        with pytest.raises(ParseError, match="the end of the string at position 0"):
            Grammar.from_text("S -> 'a'").parse("")

    def test_ids_have_the_grammars_type(self):
        assert Grammar.from_text("S -> 'a'").parse("a").dtype == np.uint8
        wide = " | ".join(f"'{chr(0x4E00 + k)}'" for k in range(300))
        ids = Grammar.from_text(f"S -> S T | T\nT -> {wide}").parse(chr(0x4E00) + chr(0x4E00 + 299))
        assert ids.dtype == np.uint16
        assert ids.tolist() == [0, 1, 2, 301]

    def test_unicode_terminals(self):
        grammar = Grammar.from_text("S -> S '→' T | T\nT -> 'é' | '🜂' | 'ﬁn'")
        assert grammar.parse("é→🜂→ﬁn").tolist() == [0, 0, 1, 2, 3, 4]

    def test_ignored_characters(self):
        grammar = Grammar.from_text("#% ignore ' '\n#% ignore '　'\nS -> S '+' T | T\nT -> 'x' | 'log x'")
        ids = grammar.parse("  x　+ log x +x ")
        assert grammar.unparse(ids) == "x+log x+x"
        with pytest.raises(ParseError, match="position 6"):
            grammar.parse("x + x x")


class TestOverlap:
    """Terminals that longest match would cut apart from the derivation."""

    def test_a_terminal_ends_where_the_derivation_needs_it_to(self):
        grammar = Grammar.from_text("S -> A B\nA -> 'a' | 'ab'\nB -> 'b' | 'c'")
        derivations = {text: grammar.parse(text).tolist() for text in ("ab", "ac", "abb", "abc")}
        assert derivations == {"ab": [0, 1, 3], "ac": [0, 1, 4], "abb": [0, 2, 3], "abc": [0, 2, 4]}

    def test_keywords_and_names(self):
        grammar = Grammar.from_text(
            "S -> 'if' ' ' N | N\nN -> L N | L\nL -> " + " | ".join(f"'{letter}'" for letter in "ifx")
        )
        for text in ("if x", "if if", "if", "fi", "iffi", "if iff"):
            assert grammar.unparse(grammar.parse(text)) == text

    @pytest.mark.parametrize(
        ("text", "position", "expected"),
        [
            ("", 0, ("s", "sin(", "x")),
            ("six", 2, ("n(", "n*")),
            ("sin*sin(", 8, ("s", "sin(", "x")),
            ("x+é", 2, ("s", "sin(", "x")),
            ("xx", 1, ("+",)),
        ],
    )
    def test_position_and_what_is_left_of_the_expected_terminals(self, text: str, position: int, expected: tuple):
        grammar = Grammar.from_text("S -> S '+' T | T\nT -> 'x' | 'sin(' S ')' | 's' N T\nN -> 'in*' | 'in('")
        with pytest.raises(ParseError) as caught:
            grammar.parse(text)
        assert (caught.value.position, caught.value.expected) == (position, expected)

    @settings(max_examples=300)
    @given(small_grammars(OVERLAPPING), st.integers(0, 2**32), st.integers(0, 30))
    def test_what_a_derivation_derives_is_parsed(self, grammar: Grammar, seed: int, free: int):
        text = grammar.unparse(random_derivation(grammar, np.random.default_rng(seed), free))
        assert grammar.unparse(grammar.parse(text)) == text

    @settings(max_examples=200)
    @given(small_grammars(("a", "b", " ", "a ", " b", "ab"), ignore=" _"), st.integers(0, 2**32), st.integers(0, 20))
    def test_also_where_terminals_hold_ignored_characters(self, grammar: Grammar, seed: int, free: int):
        rng = np.random.default_rng(seed)
        ids = random_derivation(grammar, rng, free)
        text = grammar.unparse(ids)
        assert grammar.unparse(grammar.parse(text)) == text
        spaced = "".join("_" * rng.integers(0, 3) + terminal for terminal in terminals_of(grammar, ids)) + "_"
        assert grammar.unparse(grammar.parse(spaced)).replace(" ", "") == text.replace(" ", "")

    @settings(max_examples=200)
    @given(small_grammars(("a", "b", "a b", "ab", " "), separator=" "), st.integers(0, 2**32), st.integers(0, 20))
    def test_also_with_a_separator(self, grammar: Grammar, seed: int, free: int):
        ids = random_derivation(grammar, np.random.default_rng(seed), free)
        text = grammar.unparse(ids)
        assert text == " ".join(terminals_of(grammar, ids))
        assert grammar.unparse(grammar.parse(text)) == text

    @settings(max_examples=100)
    @given(small_grammars(("a", "b", "ab"), ignore=" ", separator=" "), st.integers(0, 2**32), st.integers(0, 20))
    def test_also_with_a_separator_that_may_stand_several_times(self, grammar: Grammar, seed: int, free: int):
        ids = random_derivation(grammar, np.random.default_rng(seed), free)
        text = grammar.unparse(ids)
        assert grammar.unparse(grammar.parse("  " + text.replace(" ", "   ") + " ")) == text

    @settings(max_examples=300)
    @given(small_grammars(OVERLAPPING), st.integers(0, 2**32), st.integers(0, 20))
    def test_longest_match_is_right_where_no_overlap_is_seen(self, grammar: Grammar, seed: int, free: int):
        ids = random_derivation(grammar, np.random.default_rng(seed), free)
        assume(overlap(grammar) is None)
        assert Tokenizer(grammar)(grammar.unparse(ids)) == terminals_of(grammar, ids)

    @pytest.mark.parametrize("name", ["smiles", "smiles-gvae", "arithmetic"])
    def test_the_shipped_grammars_have_none(self, name: str):
        assert overlap(load_grammar(name)) is None

    @pytest.mark.parametrize(
        ("productions", "pair"),
        [
            ("S -> A B\nA -> 'a' | 'ab'\nB -> 'b' | 'c'", ("a", "ab")),
            ("S -> 'a' S | 'a'", None),
            ("S -> 'a' S | 'aa'", ("a", "aa")),
            ("S -> 'a' 'b' | 'a' 'c' 'abd'", None),
            ("S -> 'a' E 'b' 'c' | 'abcd'\nE -> | 'x'", None),
            ("S -> 'a' E 'b' 'cd' | 'abc'\nE -> | 'x'", ("a", "abc")),
            ("S -> 'Sc' | 'S' C\nC -> 'c' C |", ("S", "Sc")),
        ],
    )
    def test_overlap_is_read_off_the_productions(self, productions: str, pair: tuple[str, str] | None):
        assert overlap(Grammar.from_text(productions)) == pair

    def test_batches_and_motifs(self):
        plain = Grammar.from_text("#% ignore ' '\nS -> S A | A\nA -> 'a' | 'ab' | 'b' | 'a b'")
        texts = ["ab", "a b", "", "aab", "abx", "  ", "ba b ", "a" * 300]
        alone = [plain.parse(text).tolist() if text.strip() and "x" not in text else [] for text in texts]
        parsed = plain.parser.parse_batch(texts)
        assert parsed.ok.tolist() == [bool(ids) for ids in alone]
        assert [parsed.ids[i:j].tolist() for i, j in itertools.pairwise(parsed.offsets)] == alone
        encoded = encode(plain, texts, on_invalid="skip")
        grammar = plain.extend(learn_motifs(plain, encoded.derivations, 5))
        short = encode(grammar, texts, on_invalid="skip")
        assert short.derivations.lengths.sum() < encoded.derivations.lengths.sum()
        assert decode(grammar, short.derivations) == decode(plain, encoded.derivations)


class TestErrors:
    @pytest.fixture
    def grammar(self) -> Grammar:
        return Grammar.from_text("S -> S '+' T | T\nT -> 'x' | 'sin(' S ')' | 'é'")

    @pytest.mark.parametrize(
        ("text", "position", "expected"),
        [
            ("x+", 2, ("sin(", "x", "é")),
            ("x)", 1, ("+",)),
            ("sin(x", 5, (")", "+")),
            ("é+é+y", 4, ("sin(", "x", "é")),  # characters are counted, not bytes
            ("xx!", 1, ("+",)),  # the first place at which it fails, though '!' is no terminal
            ("", 0, ("sin(", "x", "é")),
            ("\udc80", 0, ("sin(", "x", "é")),
        ],
    )
    def test_position_and_expected_terminals(self, grammar: Grammar, text: str, position: int, expected: tuple):
        with pytest.raises(ParseError) as caught:
            grammar.parse(text)
        assert (caught.value.position, caught.value.expected) == (position, expected)

    def test_caret_stands_under_the_position(self, grammar: Grammar):
        with pytest.raises(ParseError) as caught:
            grammar.parse("x+sin(x+")
        message, line, caret = str(caught.value).splitlines()
        assert message == "no production continues the end of the string at position 8"
        assert line.index("x+sin(x+") + 8 == caret.index("^")

    def test_says_when_nothing_may_follow(self):
        with pytest.raises(ParseError, match=r"the string should end before 'b' at position 1"):
            Grammar.from_text("S -> 'a' | 'b'").parse("ab")

    def test_says_when_a_character_begins_no_terminal(self, grammar: Grammar):
        with pytest.raises(ParseError, match="no terminal of the grammar begins with 'y'"):
            grammar.parse("x+y")

    def test_a_string_of_the_language_has_no_error(self, grammar: Grammar):
        with pytest.raises(ValueError, match="is in the language"):
            grammar.parser.error("x")

    @settings(max_examples=100)
    @given(small_grammars(), st.text("ab", max_size=6))
    def test_the_position_is_the_end_of_the_longest_prefix_that_goes_on(self, grammar: Grammar, text: str):
        """And the expected terminals are just those that go on from there, as far as short words show."""
        language = [word for word in words("ab", 9) if grammar.parser.parse_batch([word]).ok[0]]
        if text in language:
            return
        error = grammar.parser.error(text)
        going_on = {
            word[len(text[: error.position]) :][:1] for word in language if word.startswith(text[: error.position])
        }
        assert going_on - {""} <= set(error.expected)
        assert error.position == len(text) or text[error.position] not in error.expected
        longest = max((n for n in range(len(text) + 1) if any(w.startswith(text[:n]) for w in language)), default=0)
        assert error.position >= longest

    def test_too_ambiguous_a_string_is_reported(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(earley, "MOST_ITEMS", 100_000)
        grammar = Grammar.from_text("S -> S S S | S S | 'a'")
        with pytest.raises(ParseError, match="partial derivations") as caught:
            grammar.parse("a" * 2000)
        assert "less ambiguous" in str(caught.value)
        assert grammar.parse("aa").tolist() == [1, 2, 2]
        parsed = grammar.parser.parse_batch(["a", "a" * 2000, "a"])
        assert parsed.ok.tolist() == [True, False, True]
        assert parsed.ids.tolist() == [2, 2]


class TestLongStrings:
    """Time and memory in proportion to the length, where one token of look-ahead decides."""

    n = 20_000

    @pytest.mark.parametrize(
        ("productions", "text"),
        [
            ("S -> S 'a' | 'a'", "a" * n),
            ("S -> 'a' S | 'a'", "a" * n),
            ("S -> 'a' S |", "a" * n),
            ("S -> 'a' S 'b' | 'c'", "a" * (n // 2) + "c" + "b" * (n // 2)),
            ("S -> '(' S ')' S |", "()" * (n // 2)),
            ("S -> '(' S ')' S |", "(" * (n // 2) + ")" * (n // 2)),
            ("S -> S '+' T | T\nT -> 'x' | '(' S ')'", "x+(x+x)+" * (n // 8) + "x"),
        ],
    )
    def test_is_linear(self, productions: str, text: str):
        grammar = Grammar.from_text(productions)
        ids = grammar.parse(text)
        assert quickest(lambda: grammar.parse(text)) < 1
        assert grammar.unparse(ids) == text
        (workspace,) = grammar.parser._scanner.machine._spare  # pyright: ignore[reportAttributeAccessIssue]
        assert len(workspace.items) < 64 * self.n

    def test_a_long_molecule(self):
        grammar = load_grammar("smiles")
        text = "C1CC1" + "(C)C=C" * 3_000 + "(C" * 3_000 + ")C" * 3_000
        assert grammar.unparse(grammar.parse(text)) == text

    def test_grows_out_of_a_batch_of_short_strings(self):
        grammar = Grammar.from_text("S -> 'a' S | E\nE -> F F\nF -> G G\nG ->")
        texts = ["a", "", "a" * 5000, "aa"]
        parsed = grammar.parser.parse_batch(texts)
        assert parsed.ok.all()
        assert np.diff(parsed.offsets).tolist() == [len(text) + 8 for text in texts]


def zinc(data_home: Path, n: int) -> list[str]:
    with tarfile.open(data_home / "zinc250k" / "zinc.txt.gz") as archive:
        member = archive.extractfile("zinc.txt")
        assert member is not None
        return [line.decode().strip() for line in itertools.islice(member, n)]


def quickest(work: Callable[[], object]) -> float:
    """Seconds of the quickest of five turns: others may use the machine meanwhile."""
    turns = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        turns.append(time.perf_counter() - start)
    return min(turns)


def chart_ids(grammar: Grammar, reference: nltk.ChartParser, tokens: list[str]) -> list[int]:
    """The production ids of nltk's first tree, in preorder."""
    numbers = {(str(p.lhs), tuple(map(str, p.rhs))): p.id for p in reversed(grammar.productions)}
    tree = next(iter(reference.parse(tokens)))
    return [
        numbers[p.lhs().symbol(), tuple(s if isinstance(s, str) else s.symbol() for s in p.rhs())]
        for p in tree.productions()
    ]


def chart_parser(name: str) -> nltk.ChartParser:
    path = Path(__file__).parents[3] / "grammars" / f"{name}.cfg"
    return nltk.ChartParser(nltk.CFG.fromstring(path.read_text()))


class TestAgainstChartParser:
    def check_molecules(self, data_home: Path, n: int) -> float:
        """How many times faster a molecule is parsed."""
        grammar, reference = load_grammar("smiles-gvae"), chart_parser("smiles-gvae")
        molecules = zinc(data_home, n)
        tokens = [Tokenizer(grammar)(molecule) for molecule in molecules]
        start = time.perf_counter()
        expected = [chart_ids(grammar, reference, some) for some in tokens]
        theirs = time.perf_counter() - start
        assert [grammar.parse(molecule).tolist() for molecule in molecules] == expected
        return theirs / quickest(lambda: [grammar.parse(molecule) for molecule in molecules])

    def test_same_ids_on_molecules(self, data_home: Path):
        assert self.check_molecules(data_home, 40) > 100

    @pytest.mark.slow
    @pytest.mark.timeout(3600)
    def test_same_ids_on_2000_molecules(self, data_home: Path):
        assert self.check_molecules(data_home, 2000) > 100

    def check_expressions(self, n: int) -> None:
        grammar, reference = load_grammar("arithmetic"), chart_parser("arithmetic")
        rng = np.random.default_rng(0)
        for _ in range(n):
            text = grammar.unparse(random_derivation(grammar, rng, 12))
            assert grammar.parse(text).tolist() == chart_ids(grammar, reference, Tokenizer(grammar)(text))

    def test_same_ids_on_expressions(self):
        self.check_expressions(200)

    @pytest.mark.slow
    def test_same_ids_on_5000_expressions(self):
        self.check_expressions(5000)


def random_derivation(grammar: Grammar, rng: np.random.Generator, free: int) -> list[int]:
    """A leftmost derivation: `free` random steps, then the shortest completion."""
    tables = grammar.tables
    ids: list[int] = []
    stack = [tables.start]
    while stack:
        choices = np.flatnonzero(tables.mask[stack.pop()])
        if len(ids) >= free:
            choices = choices[[np.argmin(tables.shortest_production[choices])]]
        ids.append(int(rng.choice(choices)))
        stack += [int(child) for child in tables.children[ids[-1], : tables.n_children[ids[-1]]]][::-1]
    return ids


def terminals_of(grammar: Grammar, ids: list[int]) -> list[str]:
    """The terminals that a derivation derives."""
    steps, found = iter(ids), []
    stack: list[Nonterminal | str] = [grammar.start]
    while stack:
        symbol = stack.pop()
        if isinstance(symbol, str):
            found.append(symbol)
        else:
            stack += reversed(grammar.productions[next(steps)].rhs)
    return found


@settings(max_examples=300)
@given(small_grammars(), st.integers(0, 2**32), st.integers(0, 30))
def test_text_to_ids_to_text(grammar: Grammar, seed: int, free: int):
    ids = random_derivation(grammar, np.random.default_rng(seed), free)
    text = grammar.unparse(ids)
    assert grammar.unparse(grammar.parse(text)) == text


def test_threads_share_a_parser():
    from concurrent.futures import ThreadPoolExecutor

    grammar = Grammar.from_text("S -> S '+' T | T\nT -> '(' S ')' | 'x'")
    texts = ["+".join(["x", "(x)"] * k + ["x"]) for k in range(200)]
    alone = [grammar.parse(text).tolist() for text in texts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(grammar.parse, texts * 5))
    assert [ids.tolist() for ids in together] == alone * 5


@pytest.mark.parametrize("name", ["smiles-gvae", "smiles"])
def test_no_slower_than_reading_a_molecule(data_home: Path, name: str):
    chem = pytest.importorskip("rdkit.Chem")
    grammar = load_grammar(name)
    molecules = zinc(data_home, 1000)
    assert grammar.parser.parse_batch(molecules).ok.all()
    ours = quickest(lambda: grammar.parser.parse_batch(molecules))
    assert ours < quickest(lambda: [chem.MolFromSmiles(molecule) for molecule in molecules])
