"""Grammars, and the conversion between strings and leftmost derivations. Imports neither torch nor rdkit."""

from grae.grammar.cfg import Grammar
from grae.grammar.loading import load_grammar, shipped_grammars
from grae.grammar.symbols import Motif, Nonterminal, Production

__all__ = ["Grammar", "Motif", "Nonterminal", "Production", "load_grammar", "shipped_grammars"]
