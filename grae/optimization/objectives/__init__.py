"""Searches with several objectives: their scores, the Pareto front, its hypervolume, and acquisition functions."""
