"""Searches with several objectives: their scores, the Pareto front, its hypervolume, and what is promising."""
