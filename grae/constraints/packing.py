"""Several vectors of whole numbers as one: compiled functions are called with few arrays, for each costs time."""

from collections.abc import Sequence

import numpy as np


def packed(vectors: Sequence[np.ndarray]) -> np.ndarray:
    """One int32 vector: where each part begins, in as many numbers as there are parts; then the parts."""
    begins = np.cumsum([len(vectors), *map(len, vectors)])[:-1]
    return np.concatenate([begins, *vectors]).astype(np.int32)
