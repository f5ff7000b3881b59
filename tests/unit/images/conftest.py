"""Small images and a small model that many tests share."""

import numpy as np
import pytest

from grae.images import ImageAutoencoder, load_images

SMALL = {"width": 0.1, "epochs": 1, "batch_size": 32, "device": "cpu"}


@pytest.fixture(scope="session")
def digits():
    return load_images("digits")


@pytest.fixture(scope="session")
def few(digits) -> np.ndarray:
    """200 images of digits."""
    return digits.train.images[:200]


@pytest.fixture(scope="session")
def fitted(few) -> ImageAutoencoder:
    """An RAE-L2 after three epochs; read only."""
    return ImageAutoencoder("rae-l2", **{**SMALL, "epochs": 3}).fit(few)
