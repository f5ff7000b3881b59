"""Grammars as people write them, in each notation, and the strings that they accept beside an independent parser."""

import csv
import json
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from lark import Lark, LarkError
from nltk import PCFG, ChartParser

from grae.grammar import Grammar, codec, load_grammar
from grae.grammar.counting import sample_uniform

FILES = Path(__file__).parent / "files"
Accepts = Callable[[str], bool]

FORMULA = r"""
start: compound ("*" [count] "H2O")? ("^" [count] /[+-]/)?
compound: (("(" compound ")" | "[" compound "]" | ELEMENT) [count])+
ELEMENT: "H" | "B" | "C" | "Cl" | "N" | "Na" | "Ni" | "O" | "F" | "Fe" | "S" | "Si" | "P" | "K" | "Cu" | "Zn"
count: /[1-9][0-9]?[0-9]?/
"""
HELM = r"""
start: polymer ("|" polymer)* "$" [link ("|" link)*] "$$$" ["V2.0"]
polymer: chain "{" monomer ("." monomer)* "}"
monomer: /[ACDEFGHIKLMNPQRSTVWY]/ | "[" (/(d|me)[A-Z]/ | "Aib" | "ac") "]"
link: chain "," chain "," NUMBER ":" GROUP "-" NUMBER ":" GROUP
chain: "PEPTIDE" NUMBER
GROUP: /R[123]/
NUMBER: /[1-9][0-9]*/
"""
CALCULATOR = r"""
start: ("let"i NAME "=" e ";")* e
e: e ("^" | "*" | "/" | "+" | "-") e | "(" e ")" | NUMBER | NAME
NAME: /[a-zA-Z_][a-zA-Z_0-9]*/
NUMBER: /[0-9]+(\.[0-9]+)?/
%ignore /[ \t]/
%ignore /#[ !"$-~]*#/
"""
_PIECE = r"[KQRBN][a-h]?[1-8]?x?[a-h][1-8]"
_MOVE = rf"(?:(?:[a-h]x)?[a-h][1-8](?:=[QRBN])?|{_PIECE}|O-O(?:-O)?)[+#]?"
_TURN = rf"[1-9][0-9]?\. {_MOVE}(?: {_MOVE})?"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_LABEL = r"[A-Za-z](?:[A-Za-z0-9]|-[A-Za-z]){0,8}"
_NUMBER, _ANY = r"(?:0|[1-9][0-9]*)", r"[0-9A-Za-z-]"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-]{_ANY}*)"
EXPRESSIONS = {
    "chess": rf"{_TURN}(?: {_TURN}){{0,2}}",
    "timestamp": r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])[Tt ]"
    rf"{_TIME}:(?:[0-5][0-9]|60)(?:\.[0-9]{{1,6}})?(?:Z|[+-]{_TIME})",
    "address": rf"(?:[hH][tT][tT][pP][sS]?|ftp)://(?:{_LABEL}(?:\.{_LABEL}){{0,3}}|[0-9]{{1,3}}(?:\.[0-9]{{1,3}}){{3}})"
    r"(?::[1-9][0-9]{0,4})?(?:/(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*)*",
    "version": rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?(?:\+{_ANY}+(?:\.{_ANY}+)*)?",
}


def matches(expression: str) -> Accepts:
    return lambda text: re.fullmatch(expression, text) is not None


def parses(text: str) -> Accepts:
    parser = Lark(text, parser="earley", lexer="dynamic_complete")

    def accepts(string: str) -> bool:
        try:
            parser.parse(string)
        except LarkError:
            return False
        return True

    return accepts


def is_json(text: str) -> bool:
    def refuse(name: str):
        raise ValueError(name)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


def content(name: str) -> str:
    (path,) = FILES.glob(f"{name}.*")
    return path.read_text(encoding="utf-8")


def derives() -> Accepts:
    grammar = PCFG.fromstring(content("sentence"))
    parser = ChartParser(grammar)

    def accepts(text: str) -> bool:
        words = text.split(" ")
        if not set(words) <= {symbol for p in grammar.productions() for symbol in p.rhs() if isinstance(symbol, str)}:
            return False
        whole = (0, len(words))
        edges = parser.chart_parse(words).select(span=whole, lhs=grammar.start())
        return any(edge.is_complete() for edge in edges)

    return accepts


ORACLES: dict[str, Callable[[], Accepts]] = {
    "json": lambda: is_json,
    "select": lambda: parses(content("select")),
    "arithmetic": lambda: parses(content("arithmetic")),
    "formula": lambda: parses(FORMULA),
    "helm": lambda: parses(HELM),
    "calculator": lambda: parses(CALCULATOR),
    "sentence": derives,
    "plate": lambda: matches(content("plate")),
    **{name: lambda expression=expression: matches(expression) for name, expression in EXPRESSIONS.items()},
}
LONGEST = {"json": 28, "select": 48, "timestamp": 40, "helm": 36, "calculator": 26}


@cache
def grammar_of(name: str) -> Grammar:
    (path,) = FILES.glob(f"{name}.*")
    return load_grammar(path)


@cache
def drawn(name: str, n: int) -> list[str]:
    """Strings of a grammar, most of them of about the greatest length."""
    grammar = grammar_of(name)
    derivations = sample_uniform(grammar, n, LONGEST.get(name, 30), 1)
    return [grammar.unparse(ids) for ids in derivations]


def mutated(text: str, others: str, rng: random.Random) -> str:
    """A string with a character or two left out, put in, or in another place."""
    for _ in range(rng.randint(1, 2)):
        place, last = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        sign = rng.choice(others)
        text = rng.choice(
            [
                text[:place] + text[place + 1 :],
                text[:place] + sign + text[place:],
                text[:place] + sign + text[place + 1 :],
                text[:place] + text[last:],
                text[:place] + text[last:] + text[place:last],
            ]
        )
    return text


@pytest.mark.parametrize("name", ORACLES)
def test_what_a_grammar_derives_the_other_parser_accepts(name: str):
    accepts = ORACLES[name]()
    assert [text for text in drawn(name, 80) if not accepts(text)] == []


@pytest.mark.parametrize("name", ORACLES)
def test_what_almost_is_a_string_both_accept_or_refuse(name: str):
    accepts, rng = ORACLES[name](), random.Random(5)
    texts = drawn(name, 80)
    others = "".join(sorted(set("".join(texts)))) + " aZ0-\"'("
    near = [mutated(rng.choice(texts), others, rng) for _ in range(240)]
    ok = grammar_of(name).parser.parse_batch(near).ok.tolist()
    assert [(text, ours) for text, ours in zip(near, ok, strict=True) if accepts(text) != ours] == []
    assert 0 < sum(ok) < 235


@pytest.mark.parametrize("name", ORACLES)
def test_conversion_comes_back_from_its_own_file(name: str):
    grammar = grammar_of(name)
    again = Grammar.from_text(grammar.text, grammar.name)
    assert again == grammar
    assert [production.rhs for production in again.productions] == [p.rhs for p in grammar.productions]
    texts = drawn(name, 40)
    assert codec.decode(again, codec.encode(again, texts).derivations) == texts
    assert [str(f) for f in grammar.analysis.findings if f.kind in ("undefined", "unproductive", "unreachable")] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ORACLES)
def test_two_commands_lead_from_the_file_to_samples(name: str, tmp_path: Path):
    from typer.testing import CliRunner

    from grae.cli.main import app

    (path,) = FILES.glob(f"{name}.*")
    data = tmp_path / "drawn.csv"
    with data.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["string"], *([text] for text in drawn(name, 300))])
    run = tmp_path / "run"
    quick = ["--preset", "quick", "--epochs", "1", "--device", "cpu"]
    trained = CliRunner().invoke(
        app, ["train", "-g", str(path), "-d", str(data), "--column", "string", *quick, "--out", str(run)]
    )
    assert trained.exit_code == 0, trained.output
    sampled = CliRunner().invoke(app, ["sample", str(run), "-n", "60", "--temperature", "1", "--json"])
    samples = json.loads(sampled.stdout)["samples"]
    assert len(samples) == 60
    accepts = ORACLES[name]()
    assert [text for text in samples if not accepts(text)] == []
