"""Derivations as text trees: bracketed, or drawn with lines; without recursion, so that any depth works."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grae.grammar.symbols import Nonterminal, Symbol, written

if TYPE_CHECKING:
    import numpy as np

    from grae.grammar.cfg import Grammar


@dataclass(slots=True)
class Node:
    """A symbol of a derivation.

    Attributes:
        symbol: the nonterminal or terminal.
        children: the symbols of the production that expands it, if it is a nonterminal.
    """

    symbol: Symbol
    children: list["Node"] = field(default_factory=list)


def tree_of(grammar: "Grammar", ids: "np.ndarray | Sequence[int]") -> Node:
    """The tree of a complete leftmost derivation.

    Args:
        grammar: the grammar of the derivation.
        ids: production ids, shape (T,).
    """
    steps = iter(ids)
    root = Node(grammar.start)
    waiting = [root]  # stack of nodes to expand
    while waiting:
        node = waiting.pop()
        node.children = [Node(symbol) for symbol in grammar.productions[int(next(steps))].rhs]
        waiting += [child for child in reversed(node.children) if isinstance(child.symbol, Nonterminal)]
    return root


def bracketed(root: Node, width: int) -> str:
    """A tree in brackets, such as `(S 'a' (S 'b'))`: on one line what fits into the width, otherwise indented."""
    lines: list[str] = []
    sizes = _sizes(root)
    waiting: list[tuple[Node, int, int]] = [(root, 0, 0)]  # node, indentation, brackets to close
    while waiting:
        node, indent, closing = waiting.pop()
        if indent + sizes[id(node)] + closing <= width or not node.children:
            lines.append(" " * indent + _flat(node) + ")" * closing)
            continue
        lines.append(f"{' ' * indent}({node.symbol}")
        *others, last = node.children
        waiting.append((last, indent + 2, closing + 1))
        waiting += [(child, indent + 2, 0) for child in reversed(others)]
    return "\n".join(lines)


def drawn(root: Node) -> str:
    """A tree drawn with lines, one symbol per line."""
    lines = [str(root.symbol)]
    waiting = [(child, "", child is root.children[-1]) for child in reversed(root.children)]
    while waiting:
        node, before, is_last = waiting.pop()
        lines.append(f"{before}{'└── ' if is_last else '├── '}{written(node.symbol)}")
        before += "    " if is_last else "│   "
        waiting += [(child, before, child is node.children[-1]) for child in reversed(node.children)]
    return "\n".join(lines)


def _sizes(root: Node) -> dict[int, int]:
    """The number of characters of each node on one line, by its identity."""
    order, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += node.children
    sizes: dict[int, int] = {}
    for node in reversed(order):
        below = sum(1 + sizes[id(child)] for child in node.children)
        sizes[id(node)] = below + (2 + len(str(node.symbol)) if _is_bracketed(node) else len(written(node.symbol)))
    return sizes


def _flat(node: Node) -> str:
    parts: list[str] = []
    waiting: list[Node | str] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            parts.append(part)
        elif _is_bracketed(part):
            parts.append(f" ({part.symbol}")
            waiting += [")", *reversed(part.children)]
        else:
            parts.append(f" {written(part.symbol)}")
    return "".join(parts)[1:]


def _is_bracketed(node: Node) -> bool:
    return isinstance(node.symbol, Nonterminal)
