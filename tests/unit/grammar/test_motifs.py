"""Motifs against a learner that recounts everything, written with nested lists."""

import itertools
import pickle
import tarfile
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nltk
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DerivationError, GrammarError, SettingsError
from grae.grammar import Grammar, Nonterminal, load_grammar
from grae.grammar.codec import Derivations, decode, encode
from grae.grammar.motifs import apply_motifs, expand_motifs, learn_motifs
from grae.grammar.segmentation import CHUNK
from grae.grammar.symbols import Motif
from grae.grammar.tables import UNREACHED

CHAIN = Grammar.from_text("S -> 'a' S | 'b'", "chain")
LISTS = Grammar.from_text("L -> '[' M ']' | '[' ']'\nM -> I ',' M | I\nI -> L | 'x' | 'y'", "lists")


@dataclass
class Tree:
    production: int
    children: list["Tree"] = field(default_factory=list)

    @classmethod
    def of(cls, grammar: Grammar, ids: np.ndarray) -> "Tree":
        steps = iter(ids.tolist())

        def grow() -> "Tree":
            production = next(steps)
            return cls(production, [grow() for _ in grammar.productions[production].children])

        tree = grow()
        assert next(steps, None) is None
        return tree

    def edges(self) -> list[tuple[int, int, int]]:
        here = [(self.production, slot, child.production) for slot, child in enumerate(self.children)]
        return here + [edge for child in self.children for edge in child.edges()]

    def fuse(self, triple: tuple[int, int, int], motif: int) -> None:
        """In leftmost order, the root first."""
        parent, slot, child = triple
        if self.production == parent and self.children[slot].production == child:
            self.production = motif
            self.children[slot : slot + 1] = self.children[slot].children
        for below in self.children:
            below.fuse(triple, motif)

    def ids(self) -> list[int]:
        return [self.production] + [step for child in self.children for step in child.ids()]


def recounting_learner(
    grammar: Grammar, derivations: Derivations, n: int, min_count: int
) -> tuple[list[Motif], list[list[int]]]:
    """The motifs, and what is left of the derivations when they are fused."""
    trees = [Tree.of(grammar, ids) for ids in derivations]
    motifs: list[Motif] = []
    while len(motifs) < n:
        counts = Counter(edge for tree in trees for edge in tree.edges())
        best = min(counts, key=lambda edge: (-counts[edge], edge), default=None)
        if best is None or counts[best] < min_count:
            break
        for tree in trees:
            tree.fuse(best, grammar.n_productions + len(motifs))
        motifs.append(Motif(*best))
    return motifs, [tree.ids() for tree in trees]


def random_derivation(grammar: Grammar, rng: np.random.Generator, steps: int) -> list[int]:
    """Any usable production while steps are left, then the one with the shortest completion."""
    tables, stack, ids = grammar.tables, [grammar.tables.start], []
    while stack:
        choices = np.flatnonzero(tables.mask[stack.pop()])
        if len(ids) >= steps:
            choices = choices[[tables.shortest_production[choices].argmin()]]
        ids.append(int(rng.choice(choices)))
        stack += tables.children[ids[-1], : tables.n_children[ids[-1]]][::-1].tolist()
    return ids


def random_derivations(grammar: Grammar, seed: int, n: int, steps: int) -> Derivations:
    rng = np.random.default_rng(seed)
    return Derivations.from_list([random_derivation(grammar, rng, steps) for _ in range(n)], grammar.dtype)


@st.composite
def grammars(draw: st.DrawFn) -> Grammar:
    """Small ones, often ambiguous; every nonterminal derives something."""
    names = [Nonterminal(name) for name in "ABC"[: draw(st.integers(1, 3))]]
    symbols = st.sampled_from([*names, "a", "b"])
    rules = draw(st.lists(st.tuples(st.sampled_from(names), st.lists(symbols, max_size=3)), max_size=6))
    padding = draw(st.sampled_from([[], [(Nonterminal("Nothing"), [Nonterminal("None")])]]))
    return Grammar("random", [*((name, ["c"]) for name in names), *rules, *padding], names[0])


corpora = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(1, 30))


def as_lists(derivations: Derivations) -> list[list[int]]:
    return [ids.tolist() for ids in derivations]


class TestLearning:
    @given(grammar=grammars(), corpus=corpora, n=st.integers(0, 12), min_count=st.integers(0, 4))
    def test_agrees_with_recounting_and_application_leaves_what_learning_left(self, grammar, corpus, n, min_count):
        derivations = random_derivations(grammar, *corpus)
        motifs = learn_motifs(grammar, derivations, n, min_count=min_count)
        expected, left = recounting_learner(grammar, derivations, n, max(min_count, 1))
        assert list(motifs) == expected
        extended = grammar.extend(motifs)
        assert as_lists(apply_motifs(extended, derivations)) == left
        uses = Counter(step for ids in left for step in ids)
        assert [motif.uses for motif in motifs] == [uses[grammar.n_productions + i] for i in range(len(motifs))]

    @given(grammar=grammars(), corpus=corpora, n=st.integers(0, 8), seed=st.integers(0, 99))
    def test_twice_the_same_in_any_order(self, grammar, corpus, n, seed):
        derivations = random_derivations(grammar, *corpus)
        shuffled = derivations[np.random.default_rng(seed).permutation(len(derivations))]
        motifs = learn_motifs(grammar, derivations, n)
        assert learn_motifs(grammar, derivations, n) == motifs
        assert learn_motifs(grammar, shuffled, n) == motifs

    @given(grammar=grammars(), corpus=corpora, n=st.integers(0, 5), more=st.integers(0, 5))
    def test_in_two_goes_as_in_one(self, grammar, corpus, n, more):
        derivations = random_derivations(grammar, *corpus)
        first = grammar.extend(learn_motifs(grammar, derivations, n))
        both = first.extend(learn_motifs(first, apply_motifs(first, derivations), more))
        assert both.motifs == learn_motifs(grammar, derivations, n + more)
        short = apply_motifs(both, derivations)
        assert as_lists(apply_motifs(both, apply_motifs(first, derivations))) == as_lists(short)
        assert as_lists(expand_motifs(both, short)) == as_lists(derivations)

    def test_overlapping_occurrences_are_fused_from_the_top(self):
        chain = CHAIN.parse("aaaaab")
        assert chain.tolist() == [0, 0, 0, 0, 0, 1]
        derivations = Derivations.from_list([chain], np.uint8)
        assert learn_motifs(CHAIN, derivations, 1) == (Motif(0, 0, 0),)
        assert as_lists(apply_motifs(CHAIN.extend([Motif(0, 0, 0)]), derivations)) == [[2, 2, 0, 1]]

    def test_chains_that_come_about_from_below_are_fused_from_the_top(self):
        grammar = Grammar.from_text("A -> A A | 'c'")
        comb = Derivations.from_list([[0, 0, 0, 1, 1, 1, 1]] * 2, np.uint8)
        assert learn_motifs(grammar, comb, 3) == (Motif(0, 1, 1), Motif(2, 0, 2), Motif(2, 0, 1))

    def test_equally_frequent_triples_smallest_first(self):
        derivations = random_derivations(LISTS, 0, 1, 0)
        assert as_lists(derivations) == [[1]]
        two = Derivations.from_list([LISTS.parse("[x]"), LISTS.parse("[y]")], np.uint8)
        assert learn_motifs(LISTS, two, 9) == (Motif(0, 0, 3),)
        assert learn_motifs(LISTS, two, 9, min_count=1) == (Motif(0, 0, 3), Motif(7, 0, 5), Motif(7, 0, 6))

    def test_stops_where_nothing_is_frequent(self):
        derivations = Derivations.from_list([CHAIN.parse("b")], np.uint8)
        assert learn_motifs(CHAIN, derivations, 5, min_count=0) == ()
        assert learn_motifs(CHAIN, Derivations.from_list([], np.uint8), 5) == ()

    def test_from_a_sample(self):
        derivations = random_derivations(LISTS, 1, 200, 40)
        sampled = learn_motifs(LISTS, derivations, 20, sample=50, seed=3)
        assert sampled == learn_motifs(LISTS, derivations, 20, sample=50, seed=3)
        assert sampled != learn_motifs(LISTS, derivations, 20, sample=50, seed=4)
        assert learn_motifs(LISTS, derivations, 20, sample=200) == learn_motifs(LISTS, derivations, 20)

    def test_tells_its_progress(self):
        told = []
        learn_motifs(LISTS, random_derivations(LISTS, 1, 50, 40), 3, progress=lambda done, n: told.append((done, n)))
        assert told == [(1, 3), (2, 3), (3, 3)]

    @pytest.mark.parametrize("n", [-1, 2**16 - 8 + 1])
    def test_no_more_than_two_bytes_can_number(self, n):
        with pytest.raises(SettingsError, match=rf"cannot learn {n} motifs: between 0 and 65528"):
            learn_motifs(LISTS, random_derivations(LISTS, 1, 2, 4), n)

    def test_long_chains_take_linear_time(self):
        derivations = Derivations.from_list([[0] * 400_000 + [1]], np.uint8)
        learn_motifs(CHAIN, derivations[:0], 1)
        began = time.perf_counter()
        motifs = learn_motifs(CHAIN, derivations, 20)
        extended = CHAIN.extend(motifs)
        short = apply_motifs(extended, derivations)
        assert np.array_equal(expand_motifs(extended, short).ids, derivations.ids)
        assert time.perf_counter() - began < 20
        assert len(short.ids) < 10


class TestApplication:
    @given(grammar=grammars(), corpus=corpora, n=st.integers(0, 12), n_jobs=st.integers(1, 2))
    def test_expansion_gives_the_derivation_back(self, grammar, corpus, n, n_jobs):
        """With motifs that were learned elsewhere."""
        extended = grammar.extend(learn_motifs(grammar, random_derivations(grammar, 0, 10, 30), n))
        derivations = random_derivations(grammar, *corpus)
        short = apply_motifs(extended, derivations, n_jobs=n_jobs)
        assert short.ids.dtype == extended.dtype
        assert (short.lengths <= derivations.lengths).all()
        long = expand_motifs(extended, short, n_jobs=n_jobs)
        assert long.ids.dtype == grammar.dtype
        assert as_lists(long) == as_lists(derivations)
        assert decode(extended, short) == decode(grammar, derivations)
        assert as_lists(apply_motifs(extended, short)) == as_lists(short)

    @given(grammar=grammars(), corpus=corpora, n=st.integers(1, 12))
    def test_both_grammars_derive_the_same_strings(self, grammar, corpus, n):
        """Any derivation with motifs, not only those that application gives, is one of the base."""
        extended = grammar.extend(learn_motifs(grammar, random_derivations(grammar, 0, 10, 30), n))
        derivations = random_derivations(extended, *corpus)
        texts = decode(extended, derivations)
        assert decode(grammar, expand_motifs(extended, derivations)) == texts
        assert grammar.parser.parse_batch(texts).ok.all()

    @given(grammar=grammars(), corpus=corpora, n=st.integers(1, 12))
    def test_ambiguity_stays_out_of_encoding(self, grammar, corpus, n):
        extended = grammar.extend(learn_motifs(grammar, random_derivations(grammar, 0, 10, 30), n))
        texts = decode(extended, random_derivations(extended, *corpus))
        encoded = encode(extended, texts).derivations
        assert as_lists(encoded) == as_lists(apply_motifs(extended, encode(grammar, texts).derivations))
        assert decode(extended, encoded) == texts
        assert [extended.parse(text).tolist() for text in texts] == as_lists(encoded)

    def test_more_derivations_than_one_thread_takes_at_a_time(self):
        derivations = random_derivations(LISTS, 5, 2 * CHUNK + 10, 8)
        extended = LISTS.extend(learn_motifs(LISTS, derivations, 30, sample=500))
        short = apply_motifs(extended, derivations, n_jobs=2)
        assert as_lists(short[CHUNK - 2 : CHUNK + 2]) == as_lists(
            apply_motifs(extended, derivations[CHUNK - 2 : CHUNK + 2])
        )
        assert np.array_equal(expand_motifs(extended, short, n_jobs=2).ids, derivations.ids)
        broken = derivations.ids.copy()
        broken[derivations.offsets[CHUNK + 3]] = 250
        with pytest.raises(DerivationError, match=f"row {CHUNK + 3}: "):
            apply_motifs(extended, Derivations(broken, derivations.offsets))

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64])
    def test_any_integers_from_anywhere_in_an_array(self, dtype):
        derivations = Derivations(np.array([99, 1, 0, 3, 5, 0, 3, 5, 99], dtype), np.array([1, 2, 5, 8]))
        motifs = learn_motifs(LISTS, derivations, 1)
        assert motifs == (Motif(0, 0, 3),)
        assert motifs[0].uses == 2
        extended = LISTS.extend(motifs)
        short = apply_motifs(extended, derivations)
        assert as_lists(short) == [[1], [7, 5], [7, 5]]
        assert as_lists(expand_motifs(extended, short)) == [[1], [0, 3, 5], [0, 3, 5]]

    def test_without_motifs_nothing_changes(self):
        derivations = random_derivations(LISTS, 2, 20, 20)
        assert as_lists(apply_motifs(LISTS, derivations)) == as_lists(derivations)
        assert as_lists(expand_motifs(LISTS, derivations)) == as_lists(derivations)

    @pytest.mark.parametrize("work", [apply_motifs, expand_motifs])
    @pytest.mark.parametrize(
        "ids",
        [[0, 3], [1, 1], [3], [8], [-1], [2**40], [1, 8], [], [0, 3, 3]],
        ids=["ends early", "goes on", "other symbol", "padding", "negative", "huge", "padded", "empty", "mismatch"],
    )
    def test_what_is_no_derivation(self, work, ids):
        extended = LISTS.extend([Motif(3, 0, 5)])
        derivations = Derivations.from_list([[1], ids, [1]], np.int64)
        with pytest.raises(DerivationError, match=r"row 1: the ids are not a complete leftmost derivation of lists"):
            work(extended, derivations)
        with pytest.raises(DerivationError, match="row 1: "):
            learn_motifs(LISTS, derivations, 1)

    def test_encoding_with_motifs_rejects_the_same_rows(self):
        extended = LISTS.extend([Motif(3, 0, 5)])
        encoded = encode(extended, ["[x]", "[", "[]", "", "[x,y,[x]]"], on_invalid="skip", n_jobs=2)
        assert encoded.rows.tolist() == [0, 2, 4]
        assert [rejection.row for rejection in encoded.rejections] == [1, 3]
        assert decode(extended, encoded.derivations) == ["[x]", "[]", "[x,y,[x]]"]
        assert encode(extended, ["[x]"], max_length=2).rows.tolist() == [0]


@cache
def least_steps(grammar: Grammar, nonterminal: Nonterminal) -> int:
    """Productions in the shortest completion, by trying 1, 2, 3 and so on."""

    @cache
    def derives(symbols: tuple[Nonterminal, ...], steps: int) -> bool:
        if not symbols or steps < len(symbols):
            return not symbols and steps == 0
        return any(derives(p.children + symbols[1:], steps - 1) for p in grammar.productions if p.lhs == symbols[0])

    return next((steps for steps in range(1, 12) if derives((nonterminal,), steps)), UNREACHED)


def least_terminals(grammar: Grammar) -> dict[Nonterminal, float]:
    """Terminals in the shortest string of each nonterminal."""
    least = dict.fromkeys(grammar.nonterminals, float("inf"))
    for _ in range(2 * len(least)):
        for p in grammar.productions:
            size = sum(1 if isinstance(symbol, str) else least[symbol] for symbol in p.rhs)
            least[p.lhs] = min(least[p.lhs], size)
    return least


class TestExtendedGrammar:
    @given(grammar=grammars(), n=st.integers(0, 12))
    def test_tables(self, grammar, n):
        extended = grammar.extend(learn_motifs(grammar, random_derivations(grammar, 0, 10, 30), n))
        base, tables = grammar.tables, extended.tables
        assert extended.nonterminals == grammar.nonterminals
        assert extended.terminals == grammar.terminals
        for name in ("lhs", "usable"):
            assert np.array_equal(getattr(tables, name)[: grammar.n_productions], getattr(base, name))
        for name in ("nullable", "first", "follow"):
            assert np.array_equal(getattr(tables, name), getattr(base, name))
        assert tables.usable[grammar.n_productions :].all()
        assert (tables.shortest <= base.shortest).all()
        assert least_terminals(extended) == least_terminals(grammar)
        for nonterminal, shortest in zip(extended.nonterminals, tables.shortest, strict=True):
            assert shortest == least_steps(extended, nonterminal)
        for production, shortest in zip(extended.productions, tables.shortest_production, strict=True):
            rest = sum(least_steps(extended, child) for child in production.children)
            assert shortest == (1 + rest if rest < UNREACHED else UNREACHED)

    @given(grammar=grammars(), n=st.integers(0, 12))
    def test_text_is_read_back(self, grammar, n):
        extended = grammar.extend(learn_motifs(grammar, random_derivations(grammar, 0, 10, 30), n))
        again = Grammar.from_text(extended.text, extended.name)
        assert again == extended
        assert again.text == extended.text
        assert again.motifs == extended.motifs
        assert [motif.uses for motif in again.motifs] == [motif.uses for motif in extended.motifs]
        assert again.base == (grammar if extended.motifs else None)
        assert len(nltk.CFG.fromstring(extended.text).productions()) == extended.n_productions

    def test_composition(self):
        extended = LISTS.extend([Motif(2, 0, 5), Motif(2, 1, 3), Motif(7, 0, 8)])
        assert [str(p) for p in extended.productions[7:]] == [
            "M -> 'x' ',' M",
            "M -> I ',' I",
            "M -> 'x' ',' I ',' I",
        ]
        assert [p.id for p in extended.productions] == list(range(10))
        assert extended.base == LISTS
        assert LISTS.base is None
        assert LISTS.extend([]) == LISTS
        assert extended.extend([Motif(9, 1, 6)]).base == LISTS

    def test_fingerprint_knows_how_motifs_compose(self):
        grammar = Grammar.from_text("A -> B B\nB -> 'x'")
        both_ways = [grammar.extend([Motif(0, slot, 1), Motif(2, 0, 1)]) for slot in (0, 1)]
        assert both_ways[0].productions[-1] == both_ways[1].productions[-1]
        assert both_ways[0] != both_ways[1]
        assert both_ways[0] == Grammar.from_text(both_ways[0].text)

    def test_padding(self):
        arithmetic = load_grammar("arithmetic")
        assert arithmetic.extend([Motif(0, 0, 3)]).pad == arithmetic.pad == 11
        assert LISTS.pad == 7
        assert LISTS.extend([Motif(2, 0, 5), Motif(2, 1, 3)]).pad == 9

    @pytest.mark.parametrize(
        ("motif", "message"),
        [
            (Motif(0, 0, 7), "motif 0 0 7: its parts are productions 0 to 6"),
            (Motif(-1, 0, 1), "motif -1 0 1: its parts are"),
            (Motif(2, 2, 3), r"motif 2 2 3: production 2 'M -> I ',' M' has 2 nonterminals"),
            (Motif(1, 0, 3), "has 0 nonterminals"),
            (Motif(2, 0, 3), r"production 3 'M -> I' does not expand I, nonterminal 0 of production 2"),
        ],
    )
    def test_what_does_not_compose(self, motif, message):
        with pytest.raises(GrammarError, match=message):
            LISTS.extend([motif])

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            ("#% motif 1 0\nS -> 'a'", "line 2: cannot read motif '1 0'"),
            ("#% motif 0 0 1 used\nS -> 'a' 'b'", "line 2: cannot read motif"),
            (
                "#% motif 0 0 1\nS -> 'a' 'a'",
                r"line 3: 'S -> 'a' 'a'' is not what motif 0 0 1 composes: 'S -> 'a' 'b''",
            ),
            ("#% motif 0 0 1\nT -> 'a' 'b'", "line 3: 'T -> 'a' 'b'' is not what motif"),
            ("#% motif 0 0 9\nS -> 'a' 'b'", "line 3: motif 0 0 9: its parts are productions 0 to 1"),
            ("#% motif 0 0 1\n#% motif 0 0 1\nS -> 'a' 'b'", "line 3: the motif before this one has no production"),
            ("#% motif 0 0 1", "the last motif has no production"),
            ("#% motif 0 0 1\nS -> 'a' 'b'\nS -> 'c'", "line 4: 'S -> 'c'' comes after motifs and is none"),
            ("#% motif 0 0 1\nS -> 'a' 'b' | 'c'", "line 3: 'S -> 'c'' comes after motifs and is none"),
        ],
    )
    def test_what_cannot_be_read(self, lines, message):
        with pytest.raises(GrammarError, match=message):
            Grammar.from_text(f"S -> 'a' S | 'b'\n{lines}", "broken")

    def test_a_grammar_of_motifs_alone(self):
        with pytest.raises(GrammarError, match="1 motifs for 1 productions"):
            Grammar.from_text("#% motif 0 0 0\nS -> 'a'")

    def test_as_many_as_two_bytes_number(self):
        grammar = Grammar("wide", [(Nonterminal("S"), [Nonterminal("D")]), (Nonterminal("D"), ["x"])])
        most = grammar.extend([Motif(0, 0, 1)] * (2**16 - 3))
        assert most.dtype == np.uint16
        assert most.pad == 2**16 - 1
        with pytest.raises(GrammarError, match="65536 productions with the motifs"):
            most.extend([Motif(0, 0, 1)])

    def test_travels_between_processes(self):
        extended = LISTS.extend([Motif(3, 0, 5)])
        assert extended.base == LISTS
        assert pickle.loads(pickle.dumps(extended)).base == LISTS  # noqa: S301


def test_arithmetic():
    arithmetic = load_grammar("arithmetic")
    derivations = random_derivations(arithmetic, 0, 500, 30)
    motifs = learn_motifs(arithmetic, derivations, 300, min_count=1)
    extended = arithmetic.extend(motifs)
    assert len(motifs) == 300
    assert extended.dtype == np.uint16
    assert extended.pad == arithmetic.pad
    texts = decode(arithmetic, derivations)
    encoded = encode(extended, [f" {text} " for text in texts]).derivations
    assert decode(extended, encoded) == texts
    assert encoded.lengths.mean() < derivations.lengths.mean() / 3


@pytest.mark.parametrize(("name", "n"), [("smiles", 100), ("smiles-gvae", 300)])
def test_molecules_in_few_steps(data_home: Path, name: str, n: int):
    with tarfile.open(data_home / "zinc250k/zinc.txt.gz") as archive:
        file = archive.extractfile(next(member for member in archive if member.name.endswith("zinc.txt")))
        assert file is not None
        molecules = [line.decode().strip() for line in itertools.islice(file, 6000)]
    plain = load_grammar(name)
    learned = learn_motifs(plain, encode(plain, molecules[:3000]).derivations, n)
    encoded = encode(plain.extend(learned), molecules).derivations
    assert decode(plain.extend(learned), encoded) == molecules
    assert encoded.lengths.mean() <= 19
    assert encoded.lengths.max() <= 60
