"""One and the same structure written in each notation accepts the strings that `re` matches in full."""

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.formats import read_grammar

TEXTS = ["".join(text) for size in range(5) for text in product("abA", repeat=size)]

Node = tuple  # ("text", text) | ("nocase", text) | ("set", characters) | ("seq" | "or", nodes) | ("rep", node, m, n)


def nodes() -> st.SearchStrategy[Node]:
    leaves = st.one_of(
        st.tuples(st.just("text"), st.text("abA", min_size=1, max_size=2)),
        st.tuples(st.just("nocase"), st.text("abA", min_size=1, max_size=2)),
        st.tuples(st.just("set"), st.sets(st.sampled_from("abA"), min_size=1).map(lambda s: "".join(sorted(s)))),
    )
    bounds = st.sampled_from([(0, None), (1, None), (0, 1), (2, 2), (1, 3), (0, 2), (2, None)])

    def larger(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(parts, min_size=1, max_size=3)
        return st.one_of(
            st.tuples(st.just("seq"), several),
            st.tuples(st.just("or"), several),
            st.builds(lambda part, most: ("rep", part, *most), parts, bounds),
        )

    return st.recursive(leaves, larger, max_leaves=6)


def spelled(node: Node, *, text: str, nocase: str, either: str, bar: str, times) -> str:
    """A structure in a notation, given how the notation writes its parts; `times` gets a group in brackets."""

    def write(node: Node) -> str:
        match node:
            case ("text", word):
                return text.format(word)
            case ("nocase", word):
                return nocase.format(word) if nocase else spelled_nocase(word)
            case ("set", characters):
                return either.format(characters)
            case ("seq", parts):
                return " ".join(map(write, parts))
            case ("or", parts):
                return "(" + bar.join(map(write, parts)) + ")"
            case ("rep", part, least, most):
                return times("(" + write(part) + ")", least, most)
        raise AssertionError(node)

    def spelled_nocase(word: str) -> str:
        return " ".join(either.format(letter.lower() + letter.upper()) for letter in word)

    return write(node)


def bounds(part: str, least: int, most: int | None) -> str:
    sign = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    if sign is not None:
        return part + sign
    return f"{part}{{{least}}}" if most == least else f"{part}{{{least},{'' if most is None else most}}}"


def signs(part: str, least: int, most: int | None) -> str:
    """Where a notation has no bounds."""
    sign = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    if sign is not None:
        return part + sign
    return " ".join([part] * least + ([part + "*"] if most is None else [part + "?"] * (most - least)))


def of_lark(part: str, least: int, most: int | None) -> str:
    if (least, most) in ((0, None), (1, None), (0, 1)):
        return signs(part, least, most)
    return f"({part} ~ {least} {part}*)" if most is None else f"{part} ~ {least}..{most}"


def of_abnf(part: str, least: int, most: int | None) -> str:
    return f"{least or ''}*{'' if most is None else most}{part}"


def abnf_set(node: Node) -> Node:
    """ABNF has no sets: one is a choice."""
    match node:
        case ("set", characters):
            return ("or", [("text", one) for one in characters])
        case ("seq" | "or" as kind, parts):
            return (kind, [abnf_set(part) for part in parts])
        case ("rep", part, least, most):
            return ("rep", abnf_set(part), least, most)
    return node


def expression(node: Node) -> str:
    return spelled(node, text="{}", nocase="(?i:{})", either="[{}]", bar="|", times=bounds).replace(" ", "")


def written(node: Node) -> dict[str, str]:
    """The structure in each notation."""
    quoted = {"text": '"{}"', "either": "[{}]", "bar": " | "}
    plain = spelled(node, **quoted, nocase="", times=bounds)
    token = spelled(node, text="'{}'", nocase="", either="[{}]", bar=" | ", times=signs)
    lark = spelled(node, text='"{}"', nocase='"{}"i', either="/[{}]/", bar=" | ", times=of_lark)
    abnf = spelled(abnf_set(node), text='%s"{}"', nocase='"{}"', either="", bar=" / ", times=of_abnf)
    return {
        "regex": expression(node),
        "gbnf": f"root ::= {plain}",
        "ebnf": f"start ::= {spelled(node, **quoted, nocase='', times=signs)}",
        "g4": f"grammar T;\nstart : TOKEN EOF ;\nTOKEN : {token} ;",
        "lark": f"start: {lark}\n",
        "abnf": f"start = {abnf}",
    }


def accepted(grammar: Grammar) -> list[str]:
    return [text for text, ok in zip(TEXTS, grammar.parser.parse_batch(TEXTS).ok, strict=True) if ok]


@settings(max_examples=60, deadline=None)
@given(nodes())
def test_each_notation_says_the_same(node: Node):
    matched = [text for text in TEXTS if re.fullmatch(expression(node), text)]
    for notation, text in written(node).items():
        grammar = read_grammar(text, "drawn", notation)
        assert accepted(grammar) == matched, (notation, text)
        assert Grammar.from_text(grammar.text, "drawn") == grammar


EXPRESSIONS = [
    "a|", "", "(a|b)*?A", "(?i)ab", "(?i:a)b", "(?-i:a)(?i:b)", "a{2}", "a{,2}b", "a{}", "a{b", "^a|b$", r"\Aab\Z",
    "[^b]{2}(?#two)", "[]a]b", "[a-]", "[^^]", r"[\x61-b]", r"\141\x62", "(?:a+)+b", "(a*)*", "(a?b?){3}",
    "(?x) a b # c", "(?s).", "(?P<name>a)b", r"[\w]{2}", r"a\Sb", r"\N{LATIN SMALL LETTER A}", "(?i)[^a]",
    "(a|ab)(b|)", "((a){2}){1,2}", "(|a)+", "(a|b|A|aa|bb|AA|ab|ba|aA)*", "(?:)", "a{0}b", "(a{0,2}){0,2}",
    "(a?){2,}", "(|b){3,}A", "((a?)+b?)+",
]  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_match_as_in_full(text: str):
    grammar = read_grammar(text, "expression", "regex", alphabet="printable")
    assert accepted(grammar) == [one for one in TEXTS if re.fullmatch(text, one)]


def test_names_say_what_they_stand_for():
    text = 'root ::= (item ",")* item\nitem ::= [0-9]+ | [eE] sign? [a-f]{1,3} | "x"*\nsign ::= [-+]'
    grammar = read_grammar(text, "names", "gbnf")
    names = [str(nonterminal) for nonterminal in grammar.nonterminals]
    assert names == [
        "root", "root/1", "item", "digit", "digit/some", "e/E", "sign/opt", "a-f", "a-f/opt", "a-f/0-2", "x/any",
        "sign",
    ]  # fmt: skip
    assert {production.line for production in grammar.productions if production.lhs.name == "item"} == {2}


def test_a_set_that_a_rule_names_goes_by_the_rule():
    grammar = read_grammar("a = DIGIT %x30-39\nb = 2*(DIGIT)", "names", "abnf")
    assert [str(p) for p in grammar.productions[:1]] == ["a -> digit digit"]
    assert len({p.lhs for p in grammar.productions}) == 4


def test_repetitions_derive_each_string_once():
    from grae.grammar.counting import DerivationCounter

    for text in ("(a|b)*", "(a*)*", "(a?b?)*", "(?:a|){2}b", "((a*)+)*", "(a{1,2}|b)+"):
        grammar = read_grammar(text, "t", "regex")
        assert [str(f) for f in grammar.analysis.findings if f.kind == "empty cycle"] == []
        assert DerivationCounter(grammar, 12).total > 0


@pytest.mark.parametrize(
    ("alphabet", "size"), [("printable", 93), ("ascii", 126), ('[a-c"]', 3), ("[ -~äöü]", 96), ('[^"]', None)]
)
def test_an_alphabet_bounds_large_sets_alone(alphabet: str, size: int | None):
    text = 'root ::= "\\"" [^"\\\\]* "\\"" [\\xE0-\\xFF]'
    if size is None:
        with pytest.raises(SettingsError, match="not a set"):
            read_grammar(text, "strings", "gbnf", alphabet=alphabet)
        return
    grammar = read_grammar(text, "strings", "gbnf", alphabet=alphabet)
    counts = [sum(p.lhs == lhs and p.rhs != () for p in grammar.productions) for lhs in grammar.nonterminals]
    assert sorted(counts) == sorted([1, 1, size, 32])


def test_what_is_skipped_may_stand_anywhere_but_in_tokens():
    rules = "s : NAME ('=' NUMBER)* EOF; NAME : [a-z]+; NUMBER : [0-9]+;"
    g4 = f"grammar T; {rules} WS : [ \\n]+ -> skip; C : '/*' -> channel(X);"
    grammar = read_grammar(g4, "t", "g4")
    texts = ["a=1", " a =\n1 ", "/*ab/*=12=3  ", "a b", "a=1 2", "a=1/ *", ""]
    assert grammar.parser.parse_batch(texts).ok.tolist() == [True, True, True, False, False, False, False]
    assert len({p.rhs for p in grammar.productions if p.lhs.name == "skipped"}) == 4
