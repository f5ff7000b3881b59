"""Languages for the comparison of parsers and samplers, with strings that were not sampled from their grammars.

JSON and SQL SELECT are small grammars in this folder; arithmetic and SMILES are included in grae. The strings are JSON
of random values, SELECT statements of a random generator, and the expressions and molecules of grae's data sets.
"""

import json
import random
import re
from itertools import islice
from pathlib import Path

from grae.datasets import open_source
from grae.grammar import Grammar, load_grammar
from grae.grammar.symbols import Nonterminal

FOLDER = Path(__file__).parent
NAMES = ("JSON", "SQL", "arithmetic", "SMILES")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def grammar_of(name: str) -> Grammar:
    """The grammar of a language."""
    match name:
        case "arithmetic":
            return load_grammar("arithmetic")
        case "SMILES":
            return load_grammar("smiles")
        case _:
            return load_grammar(str(FOLDER / f"{name.lower()}.cfg"))


def strings_of(name: str, n: int, seed: int = 0) -> list[str]:
    """n strings of a language."""
    draw = random.Random(seed)
    match name:
        case "JSON":
            return [json.dumps(_value(draw, 3), separators=(",", ":")) for _ in range(n)]
        case "SQL":
            return [_select(draw) for _ in range(n)]
        case "arithmetic":
            return list(islice(open_source("expressions").texts(), n))
        case _:
            return list(islice(open_source("wehi").texts(), n))


def rules_of(grammar: Grammar) -> dict[str, list[tuple[int, list[str]]]]:
    """The productions reachable from the start symbol, which comes first; the grammar's padding is left out.

    Returns:
        By nonterminal, named n0, n1, ...: the number and right-hand side of each production, of names and JSON strings.
    """
    names = {nonterminal: f"n{number}" for number, nonterminal in enumerate(grammar.nonterminals)}
    reached, waiting = [], [grammar.start]
    while waiting:
        nonterminal = waiting.pop()
        if nonterminal not in reached:
            reached.append(nonterminal)
            waiting += [child for p in grammar.productions if p.lhs == nonterminal for child in p.children]
    return {
        names[nonterminal]: [
            (number, [names[s] if isinstance(s, Nonterminal) else json.dumps(s) for s in production.rhs])
            for number, production in enumerate(grammar.productions)
            if production.lhs == nonterminal
        ]
        for nonterminal in reached
    }


def lark_text(grammar: Grammar, *, aliases: bool = True) -> str:
    """The grammar in lark's notation; the alias of production i is pi."""
    rules = rules_of(grammar)
    lines = [f"start: {next(iter(rules))}"]
    for name, right in rules.items():
        sides = [" ".join(side) + (f" -> p{number}" if aliases else "") for number, side in right]
        lines.append(f"{name}: {' | '.join(sides)}")
    if grammar.ignore:
        lines.append(f"%ignore {json.dumps(grammar.ignore)}")
    return "\n".join(lines) + "\n"


def backus_naur(grammar: Grammar, start: str = "root") -> str:
    """The grammar in xgrammar's EBNF."""
    rules = rules_of(grammar)
    lines = [f"{start} ::= {next(iter(rules))}"]
    lines += [f"{name} ::= {' | '.join(' '.join(side) or chr(34) * 2 for _, side in r)}" for name, r in rules.items()]
    return "\n".join(lines) + "\n"


def angled(grammar: Grammar) -> str:
    """The grammar in fandango's notation."""
    return re.sub(r"(?<!\S)(n\d+|start)(?!\S)", r"<\1>", backus_naur(grammar, "start"))


def antlr(grammar: Grammar, name: str) -> str:
    """The grammar in ANTLR 4's notation, for grammarinator, with inline terminals."""
    rules = rules_of(grammar)
    lines = [f"grammar {name};", f"start_: {next(iter(rules))} ;"]
    for rule, right in rules.items():
        sides = [" ".join(part if part[0] == "n" else _single(part) for part in side) for _, side in right]
        lines.append(f"{rule}: {' | '.join(sides)} ;")
    return "\n".join(lines) + "\n"


def _single(part: str) -> str:
    """Converts a JSON string to ANTLR's single quotes."""
    return "'" + json.loads(part).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _value(draw: random.Random, depth: int) -> object:
    kind = draw.randrange(7 if depth else 4)
    match kind:
        case 0:
            return draw.choice([True, False, None])
        case 1:
            return draw.randrange(-10_000, 10_000)
        case 2:
            return round(draw.uniform(-100, 100), 3)
        case 3:
            return _word(draw)
        case 4 | 5:
            return {_word(draw): _value(draw, depth - 1) for _ in range(draw.randrange(5))}
        case _:
            return [_value(draw, depth - 1) for _ in range(draw.randrange(5))]


def _word(draw: random.Random) -> str:
    return "".join(draw.choices(LETTERS, k=draw.randint(1, 8)))


def _select(draw: random.Random) -> str:
    columns = ", ".join(_column(draw) for _ in range(draw.randint(1, 4)))
    text = f"SELECT {draw.choice(['', 'DISTINCT '])}{columns} FROM {_word(draw)}"
    if draw.random() < 0.4:
        text += f" JOIN {_word(draw)} ON {_column(draw)} = {_column(draw)}"
    if draw.random() < 0.7:
        text += f" WHERE {_condition(draw, 2)}"
    if draw.random() < 0.3:
        text += f" GROUP BY {_column(draw)}"
    if draw.random() < 0.3:
        text += f" ORDER BY {_column(draw)} {draw.choice(['ASC', 'DESC'])}"
    return text


def _column(draw: random.Random) -> str:
    return draw.choice([_word(draw), f"{_word(draw)}.{_word(draw)}", f"COUNT({_word(draw)})"])


def _condition(draw: random.Random, depth: int) -> str:
    if depth and draw.random() < 0.5:
        one, other = _condition(draw, depth - 1), _condition(draw, depth - 1)
        return f"({one}) {draw.choice(['AND', 'OR'])} ({other})"
    right = draw.choice([str(draw.randrange(1000)), f"'{_word(draw)}'", _column(draw)])
    return f"{_column(draw)} {draw.choice(['=', '<', '>', '<>'])} {right}"
