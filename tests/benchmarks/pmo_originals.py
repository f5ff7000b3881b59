"""Predictions of a pickled classifier, for `pmo_classifiers.py --check`; runs in an old interpreter, without grae.

python pmo_originals.py FOLDER    reads model.pkl and features.npy there, writes probabilities.npy
"""

import pickle
import sys
import warnings
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pickle is from another version
        model = pickle.loads((folder / "model.pkl").read_bytes())  # noqa: S301 - the reference model
    features = np.load(folder / "features.npy").astype(np.float64)
    for part in (model, *getattr(model, "estimators_", ())):
        part.n_features_in_ = features.shape[1]  # not stored by scikit-learn 0.23
    if hasattr(model, "estimators_"):
        model.n_jobs = 1
    np.save(folder / "probabilities.npy", model.predict_proba(features)[:, 1])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
