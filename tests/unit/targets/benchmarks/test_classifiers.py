"""PMO's classifiers as arrays: the same as scikit-learn's models, and files that are missing or damaged."""

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

from grae import files
from grae.chemistry import read
from grae.errors import DataError, RunError
from grae.optimization import target_named
from grae.targets.benchmarks.classifiers import (
    BITS,
    Forest,
    SupportVectorMachine,
    coupled,
    fingerprints,
    place,
    read_classifier,
    write_classifier,
)

sys.path.append(str(Path(__file__).parents[3] / "benchmarks"))
import pmo_classifiers  # pyright: ignore[reportMissingImports]  (tests/benchmarks)


@pytest.fixture
def bits() -> tuple[np.ndarray, np.ndarray]:
    """Fingerprints (80, BITS) and labels (80,)."""
    random = np.random.default_rng(3)
    features = (random.random((80, BITS)) < 0.1).astype(np.int32)
    labels = (features[:, :40].sum(axis=1) + random.normal(0, 1, 80) > 4).astype(np.int64)
    return features, labels


class Stand:
    """What `pmo_classifiers.Reader` makes of an object: its state."""

    def __init__(self, **state: Any) -> None:
        self.state = state


def stand_of(tree: Any) -> Stand:
    return Stand(tree_=Stand(nodes=tree.tree_.__getstate__()["nodes"], values=tree.tree_.__getstate__()["values"]))


@pytest.fixture
def forest(bits) -> tuple[RandomForestClassifier, dict[str, np.ndarray]]:
    model = RandomForestClassifier(12, random_state=0).fit(*bits)
    return model, pmo_classifiers.forest(Stand(estimators_=[stand_of(tree) for tree in model.estimators_]))


def test_a_forest_is_that_of_scikit_learn(bits, forest):
    model, arrays = forest
    ours = Forest.of_arrays(arrays)(bits[0])
    np.testing.assert_allclose(ours, model.predict_proba(bits[0])[:, 1], atol=1e-12)
    assert len(np.unique(ours)) > 5


def test_a_machines_decision_is_that_of_scikit_learn(bits):
    """Its probabilities are compared with the published model's own by `pmo_classifiers.py --check`."""
    model = SVC(gamma=0.01, C=4)  # pyright: ignore[reportArgumentType]
    model.fit(*bits)
    state = {name: getattr(model, name) for name in ("support_vectors_", "_dual_coef_", "_intercept_", "_gamma")}
    arrays = pmo_classifiers.machine(Stand(**state, kernel="rbf", _probA=np.array([-2.0]), _probB=np.array([0.3])))
    ours = SupportVectorMachine.of_arrays(arrays)(bits[0])
    decisions = model.decision_function(bits[0])  # for the active
    assert np.array_equal(np.argsort(ours, kind="stable"), np.argsort(decisions, kind="stable"))
    wanted = 1 - 1 / (1 + np.exp(-2.0 * -decisions + 0.3))
    assert np.abs(ours - wanted).max() < 0.02


def test_coupling_stops_near_the_probability_itself():
    first = np.array([1e-7, 0.01, 0.3, 0.5, 0.8, 1 - 1e-7])
    found = coupled(first)
    assert np.abs(found - (1 - first)).max() < 0.03
    assert found[3] == 0.5
    assert np.allclose(coupled(1 - first), 1 - found, atol=5e-3)


def test_fingerprints():
    molecules = [read(text) for text in ("CCO", "CCCCCCCCO", "c1ccccc1O")]
    counts, circles = fingerprints("drd2", molecules), fingerprints("gsk3b", molecules)
    assert counts.shape == circles.shape == (3, BITS)
    assert counts.max() > 1
    assert circles.max() == 1
    assert np.array_equal(fingerprints("jnk3", molecules), circles)


def test_a_classifier_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits, forest):
    monkeypatch.setenv("GRAE_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"pmo:gsk3b needs its classifier, .*cache.pmo.gsk3b.safetensors") as error:
        target_named("pmo:gsk3b")
    assert "python tests/benchmarks/pmo_classifiers.py" in str(error.value.remedy)
    for folder in (tmp_path / "cache", tmp_path):
        path = folder / "pmo" / "gsk3b.safetensors"
        write_classifier(path, "gsk3b", forest[1], "a test")
        assert place("gsk3b") == path
    target = target_named("pmo:gsk3b")
    molecules = ["CCO", "c1ccccc1O", "C1CC"]
    scores = target.evaluate(molecules)
    expected = Forest.of_arrays(forest[1])(fingerprints("gsk3b", [read(text) for text in molecules[:2]]))
    assert scores[:2].tolist() == expected.tolist()
    assert np.isnan(scores[2])


@pytest.mark.parametrize("name", ["roots", "bits", "absent", "present", "probabilities"])
def test_a_damaged_classifier_is_an_error(tmp_path: Path, forest, name: str):
    path = tmp_path / "gsk3b.safetensors"
    broken = {**forest[1], name: forest[1][name] + 10**4}
    if name == "bits":
        broken[name] = broken[name].astype(np.int16)
    write_classifier(path, "gsk3b", broken, "a test")
    with pytest.raises(DataError, match="is not the classifier of pmo:gsk3b"):
        read_classifier(path, "gsk3b")
    path = tmp_path / "without.safetensors"
    write_classifier(path, "gsk3b", {key: array for key, array in forest[1].items() if key != name}, "a test")
    with pytest.raises(DataError, match=name):
        read_classifier(path, "gsk3b")


def test_another_file_is_not_a_classifier(tmp_path: Path, forest):
    path = tmp_path / "jnk3.safetensors"
    write_classifier(path, "gsk3b", forest[1], "a test")
    with pytest.raises(DataError, match="its header says"):
        read_classifier(path, "jnk3")
    path = tmp_path / "cut.safetensors"
    files.write_tensors(path, {"roots": np.zeros(3)})
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(RunError, match="truncated"):
        read_classifier(path, "jnk3")


def test_the_converter_runs_nothing_of_a_pickle():
    with pytest.raises(DataError, match=r"it names \w+.system"):
        pmo_classifiers.convert(pickle.dumps(_Runs()))
    with pytest.raises(DataError, match="not a pickled classifier"):
        pmo_classifiers.convert(pickle.dumps({"a": 1}))
    with pytest.raises(DataError, match="not a pickled classifier"):
        pmo_classifiers.convert(b"")


class _Runs:
    def __reduce__(self):
        import os

        return os.system, ("false",)


def test_the_converter_says_what_it_needs(tmp_path: Path):
    with pytest.raises(DataError, match="does not hold molscore's classifiers"):
        pmo_classifiers.pickled(tmp_path)
    (tmp_path / "some.whl").write_text("no wheel")
    with pytest.raises(DataError, match="does not hold molscore's classifiers"):
        pmo_classifiers.pickled(tmp_path / "some.whl")
