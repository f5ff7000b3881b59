"""Symbolic regression: search for formulas that fit data, by moves between derivations and optionally a model."""
