"""Models on derivations: encoders, decoders, the pushdown machine, presets, and the estimator."""
