"""Formulas that users write, read by a grammar: nothing of them is ever run as code."""

import re
from collections.abc import Iterable
from pathlib import Path

from grae.grammar import Grammar

NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def grammar_of(file: str, text: str, **leaves: Iterable[str]) -> Grammar:
    """The grammar of a formula: one of the .cfg files beside this module, with terminals of its own.

    Args:
        file: the file's name.
        text: the formula; each number in it becomes a production of `number`.
        leaves: terminals to add, by their nonterminal.
    """
    numbers = dict.fromkeys(match.group() for match in NUMBER.finditer(text))
    added = {"number": numbers or {"1": None}, **leaves}
    lines = [f"{name} -> '{leaf}'" for name, some in added.items() for leaf in some]
    frame = (Path(__file__).parent / file).read_text(encoding="utf-8")
    return Grammar.from_text("\n".join([frame, *lines]), Path(file).stem)
