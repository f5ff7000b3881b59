"""Stages of `tests/benchmarks/gpu.py`: short, resumable GPU benchmarks."""
