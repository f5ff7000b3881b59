"""The stages of `tests/benchmarks/gpu.py`: what a GPU that is at hand for minutes is used for."""
