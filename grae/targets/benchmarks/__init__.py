"""Benchmarks of molecular design as targets: GuacaMol's goal-directed tasks and PMO's, by name."""
