"""Strings of a file, densities side by side, runs side by side."""

import csv
import json
import shutil
from itertools import islice
from pathlib import Path

import pytest

from grae.datasets import open_source
from grae.evaluation import MEASURES, EvalRequest, chemnet, evaluate_run


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained run, and a second one like it but for its name, where the commands are run."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    shutil.copytree(trained / "runs" / "lists-grae-1", tmp_path / "runs" / "other")
    return tmp_path / "runs"


@pytest.fixture
def molecules(tmp_path: Path) -> Path:
    """A folder with `samples.smi` and `reference.csv`."""
    texts = list(islice(open_source("nci").texts(), 60))
    (tmp_path / "samples.smi").write_text("".join(f"{text}\n" for text in [*texts[:30], "C1CC", "", texts[0]]))
    (tmp_path / "reference.csv").write_text("id,SMILES\n" + "".join(f"1,{text}\n" for text in texts[10:]))
    return tmp_path


def test_samples_against_a_reference(grae, molecules: Path):
    options = ("evaluate", "--samples", "samples.smi", "--reference", "reference.csv", "--no-fcd", "--jobs", "1")
    ended = grae(*options, "--train", "reference.csv", "--scaffold-reference", "reference.csv", "--json")
    found = ended.json
    assert (ended.status, found["n"], ended.out.count("\n")) == (0, 33, 1)
    assert found["valid"] == 31 / 33
    assert found["novel"] == 1 / 3
    assert found["counts"]["unique"] == {"count": 30, "of": 31}
    assert found["SNN/Test"] == found["SNN/TestSF"]
    assert 0 < found["Filters"] < 1
    low, high = found["intervals"]["SNN/Test"]
    assert low <= found["SNN/Test"] <= high
    assert found["references"]["Test"]["n"] == 50
    assert found["left_out"] == {
        "unique@1000": "it needs 1,000 valid samples; there are 31",
        "unique@10000": "it needs 10,000 valid samples; there are 31",
        "FCD/Test": "it was not requested",
        "FCD/TestSF": "it was not requested",
    }
    assert "1 of 33 samples are empty strings" in ended.err
    again = grae(*options)
    assert again.status == 0
    assert "unclosed ring" in again.out
    assert "against reference.csv, 50 molecules" in again.out
    assert "FCD/Test" in again.err


@pytest.mark.parametrize("n", [1, 2])
def test_undefined_measures_are_null_with_a_reason(grae, molecules: Path, n: int):
    """One sample has no covariance; neither samples nor reference has a scaffold; FCD of few says that it is biased."""
    pytest.importorskip("fcd")
    (molecules / "few.smi").write_text("CCO\nCCN\n"[: 4 * n])
    ended = grae("evaluate", "--samples", "few.smi", "--reference", "reference.csv", "--fcd", "--jobs", "1", "--json")
    found = ended.json
    assert ended.status == 0
    assert found["Scaf/Test"] is None
    assert found["left_out"]["Scaf/Test"] == "no scaffold of 2 rings or more in the samples"
    assert "no scaffold of 2 rings" in ended.err
    if n == 1:
        assert found["FCD/Test"] is None
        assert "needs two molecules or more" in found["left_out"]["FCD/Test"]
        assert found["caveats"] == {}
    else:
        assert found["FCD/Test"] > 0
        assert "biased upwards by small sets (2 valid samples, 50 reference" in found["caveats"]["FCD/Test"]
        assert "FCD/Test is biased upwards" in ended.err


def test_measures_by_name(grae, molecules: Path):
    options = ("evaluate", "--samples", "samples.smi", "--reference", "reference.csv", "--jobs", "1", "--measures")
    found = grae(*options, "SNN, valid", "--json").json
    assert {name for name in MEASURES if found.get(name) is not None} == {"SNN/Test", "valid"}
    refused = grae(*options, "SNN,FDC")
    assert (refused.status, refused.out) == (2, "")
    assert "unknown measure 'FDC'" in refused.err


def test_a_run_is_evaluated_by_a_call(grae, runs: Path):
    found = grae("evaluate", "lists-grae-1", "-n", "30", "--json").json
    called = evaluate_run(runs / "other", EvalRequest(n=30, device="cpu"))
    assert {name: value for name, value in found.items() if name != "run"} == called
    kept = json.loads((runs / "other" / "evaluation.json").read_text())["evaluations"]
    assert kept[0]["found"] == called
    assert evaluate_run(runs / "other", EvalRequest(n=30, device="cpu"), again=False) == called
    (runs / "other" / "evaluation.json").unlink()
    some = evaluate_run(runs / "other", EvalRequest(n=30, measures=("valid",), device="cpu"))
    assert (some["valid"], some["unique"]) == (1.0, None)


def test_samples_of_another_language_from_stdin(grae):
    ended = grae("evaluate", "--samples", "-", "--grammar", "arithmetic", "--json", stdin="x*x\nx*x\nx x\n")
    assert (ended.json["in_language"], ended.json["unique"]) == (2 / 3, 1 / 2)
    assert ended.json["invalid"] == {"outside the grammar": {"count": 1, "of": 3}}
    assert "IntDiv" not in ended.json


def test_a_column_of_a_table_of_samples(grae, tmp_path: Path):
    (tmp_path / "a.csv").write_text("drawn,other\nx*x,x\nx+x,x\n")
    found = grae("evaluate", "--samples", "a.csv", "--column", "drawn", "--grammar", "arithmetic", "--json").json
    assert (found["n"], found["unique"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--samples", "nowhere.smi"), "no file nowhere.smi"),
        (("--samples", "empty.smi"), "holds no samples"),
        (("--samples", "nothing.csv"), "holds no samples"),
        (("--samples", "samples.smi", "--reference", "moses-tset"), "moses-test"),
        (("--samples", "samples.smi", "--reference", "bad.smi"), "contains no valid molecule"),
        (("--samples", "samples.smi", "--density", "gmm"), "--samples cannot be combined with a run or --density"),
        (("runs/x", "--samples", "samples.smi"), "--samples cannot be combined with a run or --density"),
        (("--column", "smiles"), "--column requires --samples"),
        (("--samples", "samples.smi", "--grammar", "smils"), "did you mean 'smiles'?"),
    ],
)
def test_bad_input(grae, molecules: Path, arguments: tuple[str, ...], message: str):
    (molecules / "empty.smi").write_text("")
    (molecules / "nothing.csv").write_text("smiles\n")
    (molecules / "bad.smi").write_text("C1CC\n")
    ended = grae("evaluate", *arguments, "--no-fcd", "--jobs", "1")
    assert (ended.status, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert "remedy" in ended.err


def test_a_missing_extra_that_is_asked_for_is_an_error(grae, molecules: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chemnet, "find_spec", lambda name: None)
    options = ("evaluate", "--samples", "samples.smi", "--reference", "reference.csv", "--jobs", "1", "--json")
    refused = grae(*options, "--fcd")
    assert (refused.status, refused.out) == (2, "")
    assert "pip install 'grae[fcd]'" in refused.err
    without = grae(*options)
    assert without.status == 0
    assert without.json["FCD/Test"] is None
    assert "grae[fcd]" in without.json["left_out"]["FCD/Test"]
    assert "FCD/Test" in without.err


def test_densities_side_by_side(grae, runs: Path):
    ended = grae("evaluate", "lists-grae-1", "--density", "all", "-n", "40", "--json")
    found = ended.json["densities"]
    assert ended.status == 0
    assert {"gmm", "gaussian"} <= found.keys()
    for one in found.values():
        assert one["counts"]["log_likelihood"]["of"] == one["counts"]["log_likelihood_per_dimension"]["of"] > 0
        assert one["log_likelihood_per_dimension"] == pytest.approx(one["log_likelihood"] / 8)
        assert (one["n"], one["valid"]) == (40, 1.0)
        assert one["novel"] is not None
    assert found["gmm"]["log_likelihood"] != found["gaussian"]["log_likelihood"]
    shown = grae("evaluate", "lists-grae-1", "--density", "gaussian,gmm", "-n", "40").out
    assert "log likelihood" in shown
    assert shown.index("gaussian") < shown.index("gmm")
    refused = grae("evaluate", "lists-grae-1", "--density", "gmm,kernel", "-n", "40")
    assert (refused.status, refused.out) == (2, "")
    assert "unknown density 'kernel'" in refused.err


def test_runs_side_by_side(grae, runs: Path):
    config = runs / "other" / "config.json"
    held = json.loads(config.read_text())
    held["settings"]["weights"]["beta"] = 0.125
    config.write_text(json.dumps(held))
    ended = grae("compare", "lists-grae-1", "runs/other", "-n", "50", "--csv", "table.csv", "--json")
    found = ended.json
    assert ended.status == 0
    assert found["runs"] == ["runs/lists-grae-1", "runs/other"]
    assert list(found["settings"]) == ["weights.beta"]
    assert found["settings"]["weights.beta"][1] == 0.125
    assert found["measures"]["valid"]["values"] == [1.0, 1.0]
    assert found["measures"]["valid"]["best"] == found["runs"]
    assert found["measures"]["exact_reconstruction"]["of"][0] > 0
    rows = {row["name"]: row for row in csv.DictReader(Path("table.csv").read_text().splitlines())}
    assert rows["valid"]["runs/other"] == "1.0"
    shown = grae("compare", "lists-grae-1", "other", "-n", "50")
    assert "weights.beta" in shown.out
    assert "100.00 % [92.87 to 100.00 %] *" in shown.out


def test_compare_measures_once(grae, runs: Path):
    options = ("compare", "lists-grae-1", "other", "-n", "30", "--json")
    first = grae(*options).json
    file = runs / "other" / "evaluation.json"
    held = json.loads(file.read_text())
    held["evaluations"][0]["found"]["unique"] = 0.125
    file.write_text(json.dumps(held))
    assert grae(*options).json["measures"]["unique"]["values"][1] == 0.125
    assert grae(*options, "--seed", "1").json["measures"]["unique"]["values"][1] != 0.125
    assert grae(*options, "--force").json == first
    assert grae(*options).json == first


def test_compare_takes_what_evaluate_found(grae, runs: Path):
    found = grae("evaluate", "lists-grae-1", "-n", "30", "--json").json
    written = (runs / "lists-grae-1" / "evaluation.json").read_bytes()
    compared = grae("compare", "lists-grae-1", "-n", "30", "--json").json
    assert compared["measures"]["step_accuracy"]["values"] == [found["step_accuracy"]]
    assert (runs / "lists-grae-1" / "evaluation.json").read_bytes() == written


def test_compare_bad_input(grae, runs: Path):
    (runs / "other" / "evaluation.json").write_text("{")
    for arguments, message in (
        (("nowhere",), "no run 'nowhere'"),
        (("other",), "is truncated or not JSON"),
        ((), "RUN"),
    ):
        ended = grae("compare", *arguments)
        assert (ended.status, ended.out) == (2, ""), arguments
        assert message in ended.err
