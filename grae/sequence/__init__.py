"""Models on derivations: encoders, decoders, the pushdown machine, presets, and the estimator."""

from grae.sequence.estimator import GrammarAutoencoder, load

__all__ = ["GrammarAutoencoder", "load"]
