"""Conversion of grammars and trees to and from nltk objects."""

import nltk

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.symbols import Nonterminal, Symbol
from grae.grammar.trees import Node

NAME = "nltk"  # name of converted grammars


def from_nltk(source: object) -> Grammar:
    """Converts an nltk grammar; productions are numbered in its order.

    Args:
        source: an `nltk.CFG`, or an `nltk.PCFG`, whose probabilities become weights.

    Raises:
        GrammarError: the source is neither, or has symbols that are not strings.
    """
    if not isinstance(source, nltk.CFG):
        raise GrammarError(
            f"cannot load a grammar from a {type(source).__name__}",
            remedy="give the name of a shipped grammar, a path, an nltk.CFG or an nltk.PCFG",
        )
    productions = [(_nonterminal(p.lhs()), tuple(map(_symbol, p.rhs()))) for p in source.productions()]
    weights = [p.prob() for p in source.productions()] if isinstance(source, nltk.PCFG) else None
    return Grammar(NAME, productions, _nonterminal(source.start()), weights=weights)


def to_nltk(grammar: Grammar) -> nltk.CFG:
    """Converts a grammar to nltk: the same productions in the same order; with weights, an `nltk.PCFG`."""
    if grammar.weights is not None:
        weighted = zip(grammar.productions, grammar.weights, strict=True)
        probable = [
            nltk.ProbabilisticProduction(_theirs(p.lhs), [_theirs(symbol) for symbol in p.rhs], prob=weight)
            for p, weight in weighted
        ]
        return nltk.PCFG(_theirs(grammar.start), probable)
    productions = [nltk.Production(_theirs(p.lhs), [_theirs(symbol) for symbol in p.rhs]) for p in grammar.productions]
    return nltk.CFG(_theirs(grammar.start), productions)


def to_tree(root: Node) -> nltk.Tree:
    """The tree of a derivation as an `nltk.Tree`."""
    tree = nltk.Tree(str(root.symbol), [])
    waiting = [(root, tree)]
    while waiting:
        node, theirs = waiting.pop()
        for child in node.children:
            if isinstance(child.symbol, Nonterminal):
                below = nltk.Tree(child.symbol.name, [])
                theirs.append(below)
                waiting.append((child, below))
            else:
                theirs.append(child.symbol)
    return tree


def _theirs(symbol: Symbol) -> "nltk.Nonterminal | str":
    return nltk.Nonterminal(symbol.name) if isinstance(symbol, Nonterminal) else symbol


def _nonterminal(theirs: nltk.Nonterminal) -> Nonterminal:
    if not isinstance(theirs.symbol(), str):
        raise GrammarError(
            f"the nonterminal {theirs.symbol()!r} is a {type(theirs.symbol()).__name__}, not a string",
            remedy="feature grammars have no counterpart here: name each nonterminal with a string",
        )
    return Nonterminal(theirs.symbol())


def _symbol(theirs: object) -> Symbol:
    if isinstance(theirs, nltk.Nonterminal):
        return _nonterminal(theirs)
    if not isinstance(theirs, str):
        raise GrammarError(
            f"the terminal {theirs!r} is a {type(theirs).__name__}, not a string", remedy="make it a string"
        )
    return theirs
