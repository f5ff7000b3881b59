"""Searches for formulas that fit data: with moves between derivations, and with a model if there is one."""
