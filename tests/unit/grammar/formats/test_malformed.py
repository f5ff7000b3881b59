"""Grammars that cannot be read: each names the line, shows the place with a caret, and says what to do."""

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grae.cli.main import app
from grae.errors import GraeError, GrammarError
from grae.grammar import Grammar, load_grammar
from grae.grammar.formats import read_grammar

FILES = Path(__file__).parent / "files"

# By ending: a grammar with the place of its fault behind the sign ¡, and a part of the message.
MALFORMED = [
    ("gbnf", 'root ::= ¡item\nthing ::= "a"', "nothing defines item"),
    ("gbnf", 'root ::= "a"\nitem ::= ¡"a', "unterminated literal"),
    ("gbnf", 'root ::= ¡[a-z', "[ without ]"),
    ("gbnf", 'root ::= ¡[^"]', "a set of 1,112,063 characters"),
    ("gbnf", "root ::= ¡[]", "a set of no characters"),
    ("gbnf", "root ::= [a¡z-a]", "a range that ends before it begins"),
    ("gbnf", 'root ::= ¡("a" | "b"', "( without )"),
    ("gbnf", 'root ::= "a"¡)', "expected a rule and not ')'"),
    ("gbnf", 'root ::= "a"¡{3,2}', "at least 3 and at most 2 times"),
    ("gbnf", 'root ::= "a"¡{x}', "cannot read the bounds"),
    ("gbnf", "root ::= ¡* ", "repeats nothing"),
    ("gbnf", 'root ::= "a¡\\q"', "unknown escape"),
    ("gbnf", "root ::= ¡'a'", "single quotes"),
    ("gbnf", 'root ::= "a"\n¡root ::= "b"', "a second rule root"),
    ("gbnf", '¡item ::= "a"', "no rule root"),
    ("gbnf", "root ::= ¡<think>", "tokens of a language model"),
    ("gbnf", 'root ::= ¡(="a")', "look-ahead"),
    ("gbnf", '¡root = "a"', "expected a rule"),
    ("gbnf", "root ::= " + "(" * 100 + "¡(", "more than 100 groups"),
    ("gbnf", 'root ::= "a"\n#% ¡langauge molecules', "unknown directive 'langauge'"),
    ("gbnf", 'root ::= "a"\n#% alphabet ¡printabel', "unknown alphabet"),
    ("gbnf", "¡# nothing but a comment", "no rule"),
    ("gbnf", '¡root ::= "a"{99999}', "a repetition of more than 10,000"),
    ("gbnf", '¡root ::= (("a" | "bc"){1000}){1000}', "an alternative of more than 10,000 symbols"),
    ("abnf", "a = ¡b", "nothing defines b"),
    ("abnf", 'a = "x"\n¡A = "y"', "a second rule a"),
    ("abnf", 'a = "x"\n¡b =/ "y"', "nothing before =/ defines b"),
    ("abnf", "a = ¡<a rule in words>", "prose"),
    ("abnf", "a = ¡%x110000", "no characters have these values"),
    ("abnf", "a = ¡%d4F", "a digit that base 10 does not have"),
    ("abnf", "a = ¡%y41", "cannot read this value"),
    ("abnf", "a = ¡3*2DIGIT", "at least 3 and at most 2"),
    ("abnf", "a = ¡3* / DIGIT", "a repetition of nothing"),
    ("abnf", "a = ¡[DIGIT", "[ without ]"),
    ("abnf", "a = DIGIT ¡| ALPHA", "expected a rule and not '|'"),
    ("abnf", "a = ¡%x80-10FFFF", "a set of"),
    ("ebnf", "¡a = 'x', 'y';", "not W3C's notation"),
    ("ebnf", "a ::= 'x' | ¡b", "nothing defines b"),
    ("ebnf", "a ::= ¡#x110000", "no character has this code point"),
    ("ebnf", "a ::= 'x' -¡", "nothing behind the minus sign"),
    ("ebnf", "¡a ::= [a-z]* - 'if'", "only sets of single characters"),
    ("ebnf", "a ::= ¡[a-z] - [a-z]", "a set of no characters"),
    ("g4", "¡a : 'x' ;", "expected a grammar's head"),
    ("g4", "grammar T;\na : 'x' ¡{count++;} ;", "actions cannot be converted"),
    ("g4", "grammar T;\n¡@header { import x; }\na : 'x' ;", "actions cannot be converted"),
    ("g4", "grammar T;\n¡import Other;\na : 'x' ;", "import"),
    ("g4", "grammar T;\na : 'x'\n¡b : 'y' ;", "expected ; and not 'b'"),
    ("g4", "grammar T;\na : B ;\nB : 'x' ¡-> pushMode(X) ;", "this command cannot be converted"),
    ("g4", "grammar T;\na : B ;\nB : '\"' .*¡? '\"' ;", "a lazy repetition"),
    ("g4", "grammar T;\na : B ;\nB : [¡\\p{L}] ;", "a property of Unicode"),
    ("g4", "grammar T;\na : ¡~'x' ;", "any token"),
    ("g4", "grammar T;\na ¡[int x] : 'x' ;", "actions cannot be converted"),
    ("g4", "grammar T;\na : ¡'x' .. 'yy' ;", "a range needs two characters"),
    ("regex", "(a)b¡\\1", "a back-reference"),
    ("regex", "ab¡(?!c)", "a negative look-ahead"),
    ("regex", "a¡(?<=b)c", "a look-behind"),
    ("regex", "¡(a", "not a regular expression"),
    ("regex", "a*¡*", "not a regular expression"),
    ("regex", "a¡\\bc", "looks around"),
    ("regex", "(a¡$)b", "an anchor inside"),
    ("regex", "a+¡+", "possessive"),
    ("regex", "[A-Z]¡.", "a set of"),
    ("regex", "¡\\d+", "a set of"),
    ("regex", "(?P<x>a)¡(?(x)b)", "a condition"),
    ("lark", "start: ¡item", "'item' used but not defined"),
    ("lark", 'start: ("a"¡\n', "expected )"),
    ("lark", '¡begin: "a"\n', "no rule start"),
    ("lark", 'start: A\nA: /a¡(?=b)/\n', "a look-ahead"),
    ("lark", 'start: A\nA: /".¡*?"/\n', "a lazy repetition"),
    ("lark", 'start: A\n%declare ¡A\n', "only declared"),
    ("lark", 'start: ¡"b".."a"\n', "a range needs two characters"),
    ("lark", "start: " + "(" * 100 + "¡(", "more than 100 groups"),
    ("abnf", "a = ¡%xD800", "a surrogate is not a character"),
    ("lark", "start: ¡{", "Incorrect type of value"),
    ("lark", 'start: "a"\n¡start: "b"\n', "'start' defined more than once"),
    ("lark", "¡%import other.A\nstart: A\n", "cannot import"),
    ("lark", 'start: A\nA: /¡[^"]/\n', "a set of"),
    ("cfg", "S -> 'a' | ¡'b", "unterminated string"),
    ("cfg", "S -> 'a'\nT ¡= 'b'", "expected an arrow"),
    ("cfg", "S -> 'a'¡*", "expected a nonterminal or a quoted terminal"),
    ("cfg", "#% escapes\nS -> 'a¡\\q'", "unknown escape"),
]  # fmt: skip


@pytest.mark.parametrize(("ending", "text", "message"), MALFORMED)
def test_the_fault_is_shown_where_it_is(tmp_path: Path, ending: str, text: str, message: str):
    at = text.index("¡")
    text = text.replace("¡", "")
    path = tmp_path / f"mine.{ending}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GrammarError) as raised:
        load_grammar(path)
    said = str(raised.value)
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)
    assert message in said
    assert f"line {line}" in said.partition("\n")[0]
    _, shown, caret, *_ = said.split("\n")
    assert caret.endswith("^")
    assert shown[len(caret) - 1 :] == text.split("\n")[line - 1][column : column + 60]
    assert raised.value.remedy
    ended = CliRunner().invoke(app, ["grammar", "show", str(path)])
    assert ended.exit_code == 2
    assert f"line {line}" in ended.stderr


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_is_read_or_refused(seed: int):
    rng = random.Random(seed)
    for _ in range(40):
        path = rng.choice(sorted(FILES.iterdir()))
        text = path.read_text(encoding="utf-8")
        for _ in range(rng.randint(1, 3)):
            first = rng.randrange(len(text) + 1)
            last = min(len(text), first + rng.randint(0, 9))
            sign = rng.choice("()[]{}*+?|/\\\"'~-=:;.#%<>$^ \n\té0a,")
            text = rng.choice(
                [text[:first] + text[last:], text[:first] + sign + text[first:], text[:last] + text[first:]]
            )
        refusals = []
        try:
            if path.suffix == ".pcfg":
                Grammar.from_text(text)
            else:
                read_grammar(text, "damaged", path.suffix[1:], alphabet="printable")
        except GraeError as error:
            refusals.append(error)
        assert all(error.remedy for error in refusals)
        assert all("line" in error.message or path.suffix == ".pcfg" for error in refusals)
