"""Trees in text: brackets that fit a width, lines, and any depth."""

import pytest

from grae.grammar import Grammar
from grae.grammar.trees import bracketed, drawn, tree_of

SUMS = Grammar.from_text("S -> S '+' T | T\nT -> 'x' | '(' S ')' | E\nE ->")


def tree(text: str):
    return tree_of(SUMS, SUMS.parse(text))


def test_brackets_on_one_line():
    assert bracketed(tree("x+(x)"), 80) == "(S (S (T 'x')) '+' (T '(' (S (T 'x')) ')'))"
    assert bracketed(tree(""), 80) == "(S (T (E)))"


@pytest.mark.parametrize("width", [1, 10, 16, 20, 28, 40])
def test_brackets_on_lines_of_a_width(width: int):
    text = bracketed(tree("x+(x+x)"), width)
    assert " ".join(line.strip() for line in text.splitlines()) == bracketed(tree("x+(x+x)"), 1000)
    if width >= 16:
        assert max(map(len, text.splitlines())) <= width + 8


def test_what_does_not_fit_is_indented():
    assert bracketed(tree("x+x"), 16).splitlines() == ["(S", "  (S (T 'x'))", "  '+'", "  (T 'x'))"]


def test_lines():
    assert drawn(tree("x+x")).splitlines() == [
        "S",
        "├── S",
        "│   └── T",
        "│       └── 'x'",
        "├── '+'",
        "└── T",
        "    └── 'x'",
    ]


def test_any_depth():
    grammar = Grammar.from_text("S -> 'a' S | 'a'")
    deep = tree_of(grammar, grammar.parse("a" * 3000))
    assert len(drawn(deep).splitlines()) == 6000
    assert bracketed(deep, 10**6).count("(S") == 3000
    assert bracketed(deep, 20).count("'a'") == 3000
