"""The Fréchet ChemNet distance (Preuer et al., J. Chem. Inf. Model. 58, 2018), with the network of the package `fcd`.

MOSES pads each SMILES to 350 characters before the network reads it, and the activations depend on the padding; a
longer one is padded to its own length here, alone, so that it changes no other's.
"""

from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from grae.errors import MissingExtraError
from grae.evaluation.descriptions import Progress
from grae.evaluation.resampling import Halves

WIDTH = 512  # numbers that the network gives
PADDED = 350  # characters
BATCH = 256
MODEL = "ChemNet_v0.13_pretrained.pt"


class Moments(NamedTuple):
    """The mean and the covariance of activations.

    Attributes:
        n: how many there were.
        mean: (512,) float64.
        covariance: (512, 512) float64, unbiased: over n - 1.
    """

    n: int
    mean: np.ndarray
    covariance: np.ndarray


def has_fcd() -> bool:
    """Whether the extra `fcd` is installed."""
    return find_spec("fcd") is not None


class ChemNet:
    """The network, on a device.

    Args:
        device: as torch calls it.

    Raises:
        MissingExtraError: the extra `fcd` is not installed.
    """

    def __init__(self, device: str = "cpu") -> None:
        if not has_fcd():
            raise MissingExtraError("fcd", "fcd")
        from fcd import load_ref_model

        with resources.as_file(resources.files("fcd") / MODEL) as path:
            self._network = load_ref_model(str(path)).to(device)
        self._device = device

    def activations(self, smiles: Sequence[str], *, progress: Progress | None = None) -> np.ndarray:
        """What the network makes of canonical SMILES, (n, 512) float32."""
        found = np.empty((len(smiles), WIDTH), np.float32)
        for rows, part in self._parts(smiles, progress):
            found[rows] = part
        return found

    def moments(self, smiles: Sequence[str], weights: np.ndarray, *, progress: Progress | None = None) -> Moments:
        """The moments of the activations of canonical SMILES, each counted as often as `weights`, (n,) ints, says.

        Memory holds one batch at a time.
        """
        total, products = np.zeros(WIDTH), np.zeros((WIDTH, WIDTH))
        for rows, part in self._parts(smiles, progress):
            weighted = part.astype(np.float64) * weights[rows, None]
            total += weighted.sum(axis=0)
            products += weighted.T @ part.astype(np.float64)
        return moments_of_sums(int(weights.sum()), total, products)

    def _parts(self, smiles: Sequence[str], progress: Progress | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows, and the activations of the SMILES there."""
        import torch
        from fcd.utils import get_one_hot

        lengths = np.array([len(text) + 1 for text in smiles])  # with the end token
        done = 0
        for padded in np.unique(np.maximum(lengths, PADDED)).tolist():
            rows = np.flatnonzero(np.maximum(lengths, PADDED) == padded)
            for first in range(0, len(rows), BATCH):
                some = rows[first : first + BATCH]
                texts = [str(smiles[row]) for row in some]
                read = np.stack([get_one_hot(text, padded) for text in texts])  # B L 35
                batch = torch.from_numpy((read / read.shape[2]).astype(np.float32)).to(self._device)
                with torch.inference_mode():
                    found = self._network(batch.transpose(1, 2))  # B 512
                yield some, found.cpu().numpy()
                done += len(some)
                if progress is not None:
                    progress(done / len(smiles))


def moments_of(activations: np.ndarray) -> Moments:
    """The moments of activations (n, 512), n at least 2."""
    return Moments(len(activations), activations.mean(axis=0, dtype=np.float64), np.cov(activations.T))


def moments_of_sums(n: int, total: np.ndarray, products: np.ndarray) -> Moments:
    """The moments from the sum of the activations and the sum of their outer products."""
    mean = total / n
    covariance = (products - n * np.outer(mean, mean)) / (n - 1) if n > 1 else np.full_like(products, np.nan)
    return Moments(n, mean, covariance)


def frechet_distance(a: Moments, b: Moments) -> float:
    """The squared Fréchet distance of two Gaussians (Dowson and Landau, J. Multivariate Analysis 12, 1982).

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)); the last trace is the sum of the roots of the eigenvalues of
    R' C_b R with C_a = R R', which rounding leaves real.
    """
    return _distance(a, root_of(a.covariance), b)


def root_of(covariance: np.ndarray) -> np.ndarray:
    """An R with R R' = C."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(eigenvalues, 0))


def distances_of_halves(reference: Moments, activations: np.ndarray, halves: Halves) -> np.ndarray:
    """The distance of the activations of each half to the reference, (B,)."""
    groups = halves.chosen.shape[1]
    totals, products = np.zeros((groups, WIDTH)), np.zeros((groups, WIDTH * WIDTH))
    for group in range(groups):
        some = activations[halves.group == group].astype(np.float64)
        totals[group], products[group] = some.sum(axis=0), (some.T @ some).ravel()
    root = root_of(reference.covariance)
    return np.array(
        [
            _distance(reference, root, moments_of_sums(int(n), half @ totals, (half @ products).reshape(WIDTH, WIDTH)))
            for n, half in zip(halves.sizes, halves.chosen.astype(np.float64), strict=True)
        ]
    )


def _distance(a: Moments, root: np.ndarray, b: Moments) -> float:
    difference = a.mean - b.mean
    eigenvalues = np.linalg.eigvalsh(root.T @ b.covariance @ root)
    shared = np.sqrt(np.maximum(eigenvalues, 0)).sum()
    distance = float(difference @ difference + np.trace(a.covariance) + np.trace(b.covariance) - 2 * shared)
    return max(0.0, distance)  # of equal sets rounding leaves a little less than 0
