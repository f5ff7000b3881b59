"""Templates: strings with holes, as sentential forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DerivationError, ParseError, SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.sentential import CHOICE, FORCED, HOLE, SEGMENT, SententialForm, form_of, regrown
from grae.grammar.splicing import subtree_sizes
from grae.grammar.symbols import Motif
from grae.grammar.template import has_holes, read_template, template_at, with_holes_as

ARITHMETIC = load_grammar("arithmetic")
TAGS = Grammar.from_text(
    """
text -> part text |
part -> 'a' | 'b' | '<' | '>' | 'part'
""",
    "tags",
)


def shown(grammar: Grammar, form: SententialForm) -> str:
    """The form without its productions: terminals, <holes> and [segments]."""
    parts = []
    for symbol in form.symbols.tolist():
        if symbol < 0:
            parts.append(grammar.terminals[-symbol - 1])
        elif symbol < FORCED:
            parts.append(f"<{grammar.nonterminals[symbol]}>")
        elif SEGMENT <= symbol < CHOICE:
            parts.append(f"[{grammar.nonterminals[symbol - SEGMENT]}]")
    return "".join(parts)


@pytest.mark.parametrize("text", ["x+sin(<S>)", "<S>*<T>", "<S>/(<S>)", "<S>"])
def test_a_template_is_read_into_its_text_and_holes(text):
    assert shown(ARITHMETIC, read_template(ARITHMETIC, text).form) == text


def test_characters_that_are_ignored_may_stand_between():
    assert shown(ARITHMETIC, read_template(ARITHMETIC, " x + sin( <S> )").form) == "x+sin(<S>)"


def test_the_shortest_derivation_counts_what_is_fixed():
    assert read_template(ARITHMETIC, "x+sin(<S>)").form.shortest == len(ARITHMETIC.parse("x+sin(x)"))


@pytest.mark.parametrize(
    ("text", "position"),
    [("x+sin(<S>", 9), ("x+<T>+", 6), ("x+<S>", 2), ("x<S>", 1), ("sin<S>", 0), ("<S>$", 3), ("x+<Z>*<T>", 2)],
)
def test_a_template_outside_the_grammar_is_an_error_with_its_place(text, position):
    with pytest.raises(ParseError) as caught:
        read_template(ARITHMETIC, text)
    assert caught.value.position == position
    assert caught.value.text == text
    assert "template" in caught.value.reason


def test_what_was_expected_names_holes():
    with pytest.raises(ParseError) as caught:
        read_template(ARITHMETIC, "<S>+")
    assert {"<T>", "x"} <= set(caught.value.expected)


@pytest.mark.parametrize("text", ["x+1", "", "<Z>"])
def test_a_template_has_a_hole(text):
    assert not has_holes(ARITHMETIC, text)
    with pytest.raises(SettingsError, match="no hole"):
        read_template(ARITHMETIC, text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("<<part><part>", "<part><part>"),  # the first is text
        ("a<<<part>", "a<<part>"),  # a literal bracket, then a hole
        ("a<b<part>", "a<b<part>"),
        ("a<<b<text>", "a<<b<text>"),
    ],
)
def test_literal_brackets(text, form):
    assert shown(TAGS, read_template(TAGS, text).form) == form
    n_holes = sum(0 <= symbol < FORCED for symbol in read_template(TAGS, text).form.symbols.tolist())
    assert n_holes == 1


def test_a_hole_before_more_of_a_right_recursive_nonterminal_is_a_segment():
    assert shown(TAGS, read_template(TAGS, "a<text>b").form) == "a[text]b"
    smiles = load_grammar("smiles")
    assert shown(smiles, read_template(smiles, "CC<rest>CN").form) == "CC[rest]CN"


@pytest.mark.parametrize(
    ("written", "spans", "form"),
    [
        ("CC(C)CN", [(3, 4)], "CC(<atom><rest>)CN"),
        ("CC(CC)CN", [(3, 5)], "CC(<atom><rest>)CN"),
        ("CC(CO)CN", [(3, 4)], "CC(<atom>[rest]O)CN"),
        ("CC(CO)CN", [(6, 7)], "CC(CO)[rest]N"),
        ("CCC", [(2, 3)], "CC<rest>"),
        ("CCCC", [(2, 4)], "CC<rest>"),
        ("CN", [(0, 1)], "<atom>[rest]N"),
        ("C1CC1", [(3, 4)], "C1C[rest]1"),
        ("C=CC", [(2, 3)], "C=<atom>[rest]C"),
    ],
)
def test_holes_at_places_of_a_string(written, spans, form):
    smiles = load_grammar("smiles")
    assert shown(smiles, template_at(smiles, "*", written, spans).form) == form


def test_holes_at_places_of_another_grammar():
    grammar = load_grammar("smiles-gvae")
    assert shown(grammar, template_at(grammar, "*", "CC(CC)N", [(3, 5)]).form) == "CC(<chain>)N"
    assert shown(grammar, template_at(grammar, "*", "CCN", [(1, 2)]).form) == "C<branched_atom>N"


def test_a_place_without_a_nonterminal_is_an_error():
    grammar = Grammar.from_text("S -> 'a' 'b' S | 'c'", "pairs")
    with pytest.raises(SettingsError, match="no nonterminal for this hole"):
        template_at(grammar, "*", "abc", [(0, 1)])


def test_holes_as_signs():
    assert with_holes_as(load_grammar("smiles"), "CC(<atom><rest>)O<rest>", "*") == "CC(*)O*"


def test_motifs_reach_into_holes():
    """The motif of '(' and what derives the bracket is a choice beside the production that the template fixes."""
    sin = next(p.id for p in ARITHMETIC.productions if p.rhs[:1] == ("sin(",))
    single = next(p.id for p in ARITHMETIC.productions if str(p) == "S -> T")
    grammar = ARITHMETIC.extend([Motif(sin, 0, single)])
    form = read_template(grammar, "x+sin(<S>)").form
    (choice,) = form.choices
    assert [grammar.productions[one.production].rhs for one in choice] == [
        ("sin(", *ARITHMETIC.productions[sin].rhs[1:]),
        ("sin(", *grammar.productions[-1].rhs[1:]),
    ]
    assert choice[1].pops == 3  # the choice, 'sin(' and the hole
    assert [grammar.nonterminals[symbol].name for symbol in choice[1].symbols if 0 <= symbol < FORCED] == ["T"]


def test_the_fixed_part_is_composed_as_that_of_a_string():
    sin = next(p.id for p in ARITHMETIC.productions if p.rhs[:1] == ("sin(",))
    single = next(p.id for p in ARITHMETIC.productions if str(p) == "S -> T")
    x = next(p.id for p in ARITHMETIC.productions if str(p) == "T -> 'x'")
    grammar = ARITHMETIC.extend([Motif(single, 0, x), Motif(sin, 0, single)])
    form = read_template(grammar, "x+x+exp(<S>)").form
    assert FORCED + ARITHMETIC.n_productions in form.symbols.tolist()  # S -> 'x'


@given(text=st.sampled_from(["x+sin(1)*2", "x", "exp(exp(x/3)+1)"]), data=st.data())
def test_a_prefix_and_a_regrowth_are_forms(text, data):
    ids = ARITHMETIC.parse(text)
    length = data.draw(st.integers(0, len(ids)))
    form = form_of(ARITHMETIC, ids[:length].tolist())
    assert (form.symbols >= FORCED).sum() == length
    assert form.is_open == (length < len(ids))
    node = data.draw(st.integers(0, len(ids) - 1))
    sizes = subtree_sizes(ARITHMETIC, ids.astype(np.int32), np.array([0, len(ids)]))
    form = regrown(ARITHMETIC, ids, node, int(sizes[node]))
    assert (form.symbols >= FORCED).sum() == len(ids) - sizes[node]
    assert form.is_open


def test_steps_that_are_no_derivation():
    with pytest.raises(DerivationError, match="does not expand"):
        form_of(ARITHMETIC, [int(ARITHMETIC.parse("x")[-1])])
    with pytest.raises(DerivationError, match="continues"):
        form_of(ARITHMETIC, [*ARITHMETIC.parse("x").tolist(), 0])
    assert form_of(ARITHMETIC, [HOLE]).shortest == 2
