"""Formulas written by users: parsed by a grammar, never executed as code."""

import re
from collections.abc import Iterable
from pathlib import Path

from grae.grammar import Grammar
from grae.grammar.quoting import quoted

NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


FOLDER = Path(__file__).parent


def grammar_of(file: str | Path, text: str, *, beside: str | None = None, **leaves: Iterable[str]) -> Grammar:
    """The grammar of a formula: a .cfg file, with terminals for this formula.

    Args:
        file: name of a file in this module's folder, or its path. Leaves are escaped if the file uses escapes.
        text: the formula; each number in it becomes a production of `number`.
        beside: name of another file in this module's folder, whose productions are added.
        leaves: terminals to add, by nonterminal.
    """
    frame = (FOLDER / file).read_text(encoding="utf-8")
    escapes = "#% escapes" in frame
    numbers = dict.fromkeys(match.group() for match in NUMBER.finditer(text))
    added = {"number": numbers or {"1": None}, **leaves}
    lines = [f"{name} -> {quoted(leaf, escapes=escapes)}" for name, some in added.items() for leaf in some]
    if beside is not None:
        shared = (FOLDER / beside).read_text(encoding="utf-8").splitlines()
        lines += [line for line in shared if not line.startswith(("#", "%"))]
    return Grammar.from_text("\n".join([frame, *lines]), Path(file).stem)
