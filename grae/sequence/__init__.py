"""Models of strings: encoders and decoders of derivations, masked decoding, presets, and the estimator.

Its names are imported on first use, so that settings and configurations can be read without torch.
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder, load

__all__ = ["GrammarAutoencoder", "load"]

__getattr__ = lazy_getattr(__name__, dict.fromkeys(__all__, "grae.sequence.estimator"))
