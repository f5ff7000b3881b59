"""The tables: coding, masks, and look-ahead sets against the strings that derivations write out."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from grae.errors import GrammarError
from grae.grammar import Grammar, Motif, Nonterminal, load_grammar
from grae.grammar.tables import NONE, UNREACHED, Tables

S, A, B, C = map(Nonterminal, "SABC")
SYMBOLS = [S, A, B, "a", "b", "c"]
EXAMPLE = Grammar.from_text("S -> 'x' A 'y' S | A\nA -> 'x' | \nB -> B 'z'\n")


@st.composite
def small_grammars(draw: st.DrawFn) -> Grammar:
    """Any grammars at all: ambiguous, cyclic, nullable, with undefined and unusable symbols."""
    rhs = st.lists(st.sampled_from([*SYMBOLS, C]), max_size=3)
    productions = draw(st.lists(st.tuples(st.sampled_from([S, A, B]), rhs), min_size=1, max_size=7))
    try:
        return Grammar("small", productions, S)
    except GrammarError:
        assume(False)
        raise


Form = tuple[Nonterminal | str, ...]
END = "$"


class Rewriting:
    """Look-ahead by definition: all sentential forms that the usable productions write from a form.

    Only the first terminal counts: a form is cut behind it, and only leftmost nonterminals are rewritten. A nonterminal
    that has stood further left is left out, so that forms are finitely many: it only counts once the first one has
    vanished, and begins with nothing that the first one does not begin with.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.usable = [p for p in grammar.productions if grammar.analysis.is_usable(p)]
        self.start = grammar.start

    def ahead(self, form: Form) -> set[str]:
        """The terminals that strings of a form, ended by `END`, begin with."""
        seen, queue, found = set(), [self._cut((*form, END))], set()
        for current in queue:
            if isinstance(current[0], str):
                found.add(current[0])
                continue
            for production in self.usable:
                if production.lhs == current[0]:
                    after = self._cut(production.rhs + current[1:])
                    if after not in seen:
                        seen.add(after)
                        queue.append(after)
        return found

    def rests(self, nonterminal: Nonterminal) -> set[Form]:
        """What stands behind a nonterminal in sentential forms (each cut), walking down from the start symbol."""
        queue: list[tuple[Nonterminal, Form]] = [(self.start, (END,))]
        seen = set(queue)
        for symbol, rest in queue:
            for production in self.usable:
                if production.lhs == symbol:
                    for place, child in enumerate(production.rhs):
                        if isinstance(child, Nonterminal):
                            below = (child, self._cut(production.rhs[place + 1 :] + rest))
                            if below not in seen:
                                seen.add(below)
                                queue.append(below)
        return {rest for symbol, rest in seen if symbol == nonterminal}

    def follow(self, nonterminal: Nonterminal) -> set[str]:
        return set[str]().union(*(self.ahead(rest) for rest in self.rests(nonterminal)))

    @staticmethod
    def _cut(form: Form) -> Form:
        cut = next(place for place, symbol in enumerate(form) if isinstance(symbol, str))
        return tuple(dict.fromkeys(form[: cut + 1]))


def terminals(grammar: Grammar, row: np.ndarray) -> set[str]:
    """A row of a look-ahead table in words."""
    return {(*grammar.terminals, END)[column] for column in np.flatnonzero(row[:-1])}


class TestCoding:
    def test_right_hand_sides(self):
        tables = EXAMPLE.tables
        assert EXAMPLE.nonterminals == (S, A, B)
        assert EXAMPLE.terminals == ("x", "y", "z")
        assert tables.start == 0
        assert tables.lhs.tolist() == [0, 0, 1, 1, 2]
        assert tables.rhs.tolist() == [
            [-1, 1, -2, 0], [1, NONE, NONE, NONE], [-1, NONE, NONE, NONE], [NONE] * 4, [2, -3, NONE, NONE]
        ]  # fmt: skip
        assert tables.rhs_length.tolist() == [4, 1, 1, 0, 2]

    def test_children(self):
        assert EXAMPLE.tables.children.tolist() == [[1, 0], [1, -1], [-1, -1], [-1, -1], [2, -1]]
        assert EXAMPLE.tables.n_children.tolist() == [2, 1, 0, 0, 1]

    def test_completions(self):
        assert EXAMPLE.tables.shortest.tolist() == [2, 1, UNREACHED]
        assert EXAMPLE.tables.shortest_production.tolist() == [4, 2, 1, 1, UNREACHED]

    def test_masks(self):
        assert EXAMPLE.tables.usable.tolist() == [True, True, True, True, False]
        assert EXAMPLE.tables.mask.tolist() == [
            [True, True, False, False, False], [False, False, True, True, False], [False] * 5
        ]  # fmt: skip

    def test_empty_derivations(self):
        assert EXAMPLE.tables.nullable.tolist() == [True, True, False]
        assert EXAMPLE.tables.empty.tolist() == [1, 3, -1]

    def test_a_grammar_without_nonterminals_on_the_right(self):
        tables = Grammar.from_text("S ->").tables
        assert tables.rhs.tolist() == [[NONE]]
        assert tables.children.tolist() == [[-1]]

    @pytest.mark.parametrize("grammar", [EXAMPLE, load_grammar("smiles"), load_grammar("smiles-gvae")], ids=repr)
    def test_arrays_are_contiguous_read_only_and_of_the_types_told(self, grammar: Grammar):
        tables = grammar.tables
        n, p, k = len(grammar.nonterminals), grammar.n_productions, len(grammar.terminals)
        w, r = tables.rhs_length.max(), tables.n_children.max()
        shapes = {
            "lhs": (np.int32, (p,)), "rhs": (np.int32, (p, w)), "rhs_length": (np.int32, (p,)),
            "children": (np.int32, (p, r)), "n_children": (np.int32, (p,)), "shortest": (np.int64, (n,)),
            "shortest_production": (np.int64, (p,)), "usable": (bool, (p,)), "mask": (bool, (n, p)),
            "nullable": (bool, (n,)), "empty": (np.int32, (n,)), "cycle_steps": (np.int32, (0, 3)),
            "first": (bool, (n + k, k + 2)), "follow": (bool, (n, k + 2)),
        }  # fmt: skip
        assert {field.name for field in fields(Tables)} == {"start", *shapes}
        for name, (dtype, shape) in shapes.items():
            array = getattr(tables, name)
            assert (array.dtype, array.shape) == (dtype, shape), name
            assert array.flags.c_contiguous, name
            assert not array.flags.writeable, name

    @given(small_grammars())
    def test_codes_stand_for_the_symbols(self, grammar: Grammar):
        tables = grammar.tables
        assert grammar.nonterminals[tables.start] == grammar.start
        for production in grammar.productions:
            row = tables.rhs[production.id]
            length = tables.rhs_length[production.id]
            symbols = [grammar.nonterminals[k] if k >= 0 else grammar.terminals[-k - 1] for k in row[:length]]
            assert tuple(symbols) == production.rhs
            assert (row[length:] == NONE).all()
            row, n = tables.children[production.id], tables.n_children[production.id]
            assert tuple(grammar.nonterminals[k] for k in row[:n]) == production.children
            assert (row[n:] == -1).all()
            assert grammar.nonterminals[tables.lhs[production.id]] == production.lhs

    @given(small_grammars())
    def test_masks_hold_each_usable_production_once(self, grammar: Grammar):
        tables = grammar.tables
        np.testing.assert_array_equal(tables.mask.sum(axis=0), tables.usable)
        for number, production in np.argwhere(tables.mask):
            assert tables.lhs[production] == number
        np.testing.assert_array_equal(tables.usable, [grammar.analysis.is_usable(p) for p in grammar.productions])

    @given(small_grammars())
    def test_cycle_steps_are_the_analysis_s_by_left_hand_side(self, grammar: Grammar):
        tables = grammar.tables
        production, place, symbol = tables.cycle_steps.T
        assert set(zip(production.tolist(), place.tolist(), strict=True)) == set(grammar.analysis.cycle_steps)
        np.testing.assert_array_equal(tables.rhs[production, place], symbol)
        order = list(zip(tables.lhs[production].tolist(), production.tolist(), place.tolist(), strict=True))
        assert order == sorted(order)

    @given(small_grammars())
    def test_a_completion_is_the_shortest_among_the_productions(self, grammar: Grammar):
        tables = grammar.tables
        for number in range(len(grammar.nonterminals)):
            own = tables.shortest_production[tables.lhs == number]
            assert tables.shortest[number] == own.min(initial=UNREACHED)


class TestLookAhead:
    def test_an_example_by_hand(self):
        tables = EXAMPLE.tables
        of_nonterminals, of_terminals = tables.first[:3], tables.first[3:][::-1]
        assert [terminals(EXAMPLE, row) for row in of_nonterminals] == [{"x"}, {"x"}, set()]
        assert [terminals(EXAMPLE, row) for row in of_terminals] == [{"x"}, {"y"}, {"z"}]
        assert [terminals(EXAMPLE, row) for row in tables.follow] == [{END}, {"y", END}, set()]
        assert tables.first[:, -1].all()
        assert tables.follow[:, -1].all()

    def test_the_published_molecules(self):
        grammar = load_grammar("smiles-gvae")
        numbers = {str(nonterminal): number for number, nonterminal in enumerate(grammar.nonterminals)}
        assert terminals(grammar, grammar.tables.follow[numbers["smiles"]]) == {END}
        bonds = set("-=#/\\")
        atoms = {t for t in grammar.terminals if t[0].isalpha() and t != "H"} | {"["}
        digits = set("12345678")
        assert terminals(grammar, grammar.tables.follow[numbers["atom"]]) == bonds | atoms | digits | {"(", ")", END}
        assert terminals(grammar, grammar.tables.follow[numbers["chiral"]]) == {"H", "+", "-", "]"}

    @settings(max_examples=200, deadline=None)
    @given(small_grammars())
    def test_any_grammar(self, grammar: Grammar):
        rewriting = Rewriting(grammar)
        for number, nonterminal in enumerate(grammar.nonterminals):
            assert terminals(grammar, grammar.tables.first[number]) == rewriting.ahead((nonterminal,)) - {END}
            assert terminals(grammar, grammar.tables.follow[number]) == rewriting.follow(nonterminal)

    @given(small_grammars())
    def test_motifs_leave_follow_sets_alone(self, grammar: Grammar):
        edges = [
            Motif(parent.id, slot, child.id)
            for parent in grammar.productions
            for slot, symbol in enumerate(parent.children)
            for child in grammar.productions
            if child.lhs == symbol
        ]
        extended = grammar.extend(edges[:3])
        np.testing.assert_array_equal(extended.tables.nullable, grammar.tables.nullable)
        for before, after in zip(grammar.tables.follow, extended.tables.follow, strict=True):
            assert terminals(extended, after) == terminals(grammar, before)
