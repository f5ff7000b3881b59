"""Grammars, and the way between a string and its leftmost derivation. Knows neither torch nor rdkit."""

from grae.grammar.cfg import Grammar, Nonterminal, Production, load_grammar, shipped_grammars

__all__ = ["Grammar", "Nonterminal", "Production", "load_grammar", "shipped_grammars"]
