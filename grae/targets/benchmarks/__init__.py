"""Benchmarks of molecular design as targets: the goal-directed tasks of GuacaMol and PMO, by name."""
