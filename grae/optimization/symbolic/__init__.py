"""Symbolic regression: formulas that fit data, by moves between derivations, and with a model if there is one."""
