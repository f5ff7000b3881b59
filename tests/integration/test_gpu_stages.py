"""The stages that are made for a GPU, run in small on the CPU, so that nothing is tried for the first time there."""

import importlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grae.images import ImageAutoencoder
from grae.sequence import GrammarAutoencoder
from grae.training.interruption import Interrupted
from grae.training.run_folder import RunFolder

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MOST_FILES, LARGEST = 8, 16_000_000


@pytest.fixture(scope="module", autouse=True)
def importable():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield


def run(stage: str, out: Path, *more: str, status: int = 0) -> dict[str, list[dict[str, Any]]]:
    """Runs a stage, and gives the lines of its results by what they are of."""
    command = [stage, "--small", "--device", "cpu", "--minutes", "30", "--out", str(out), *more]
    assert importlib.import_module("gpu").main(command, began=time.monotonic()) == status
    found: dict[str, list[dict[str, Any]]] = {}
    results = out / "results.jsonl"
    for line in results.read_text().splitlines() if results.exists() else []:
        record = json.loads(line)
        assert record["stage"] == stage
        found.setdefault(record["what"], []).append(record)
    if stage != "unpack":
        files = list(out.iterdir())
        assert len(files) <= MOST_FILES
        assert all(path.is_file() and path.stat().st_size < LARGEST for path in files)
        assert all(path.name.replace(".", "").replace("-", "").isalnum() for path in files)
    return found


def test_every_check_passes(tmp_path: Path):
    found = run("check", tmp_path)
    checks = importlib.import_module("gpu_stages.check").CHECKS
    assert {name: found[name][0]["ok"] for name in checks} == dict.fromkeys(checks, True)
    decoding, resume = found["decoding"][0], found["resume"][0]
    assert decoding["same_semantic"] == decoding["same_grammar"] == 1
    assert resume["steps"][1] > resume["steps"][0]
    assert len(found["image models"][0]["loss"]) == 10
    assert found["training speed"][0]["rows_per_second"] > 0


def test_zinc_becomes_a_run(tmp_path: Path):
    found = run("zinc", tmp_path / "one")
    (measures,) = found["measures"]
    assert 0 <= measures["exact"] <= 1
    assert 0 <= measures["gmm"]["valid"] <= 1
    run("unpack", tmp_path / "runs", "--resume", str(tmp_path / "one"))
    model = GrammarAutoencoder.load(tmp_path / "runs" / "grae", device="cpu")
    assert len(model.sample(3)) == 3


def test_published_models_go_on_where_they_stood(tmp_path: Path):
    one = run("paper-zinc", tmp_path / "one", "--models", "grae,cvae")
    two = run("paper-zinc", tmp_path / "two", "--models", "grae,cvae", "--resume", str(tmp_path / "one"))
    for name in (0, 1):
        assert two["training"][name]["resumed"]
        assert two["training"][name]["before"] == one["trained"][name]["steps"]
        assert two["trained"][name]["steps"] > one["trained"][name]["steps"]
    kept = json.loads((tmp_path / "two" / "state.json").read_text())["state"]["measures"]
    assert [len(kept[name]) for name in ("grae", "cvae")] == [2, 2]


def test_images_are_trained_once_and_the_last_goes_on(tmp_path: Path):
    one = run("mnist", tmp_path / "one", "--models", "vae,rae-sn")
    two = run("mnist", tmp_path / "two", "--models", "rae-sn,rae", "--resume", str(tmp_path / "one"))
    assert [row["model"] for row in one["measures"]] == ["vae", "rae-sn"]
    assert [(row["model"], row["resumed"]) for row in two["training"]] == [("rae-sn", True), ("rae", False)]
    assert two["measures"][0]["epochs"] > one["measures"][1]["epochs"]
    (table,) = two["table"]
    assert [line.split(" ")[1] for line in table["markdown"].splitlines()[2:]] == ["VAE", "RAE-SN", "RAE"]
    assert (tmp_path / "two" / "figure.png").stat().st_size > 1000
    run("unpack", tmp_path / "runs", "--resume", str(tmp_path / "two"))
    assert ImageAutoencoder.load(tmp_path / "runs" / "rae", device="cpu").sample(2).shape == (2, 8, 8, 1)


def test_scale_measures_each_size(tmp_path: Path):
    found = run("scale", tmp_path)
    assert [(row["hidden"], row["batch"]) for row in found["speed"]] == [(8, 16), (8, 32), (16, 16), (16, 32)]
    default, large = found["trained"]
    assert large["parameters"] > 2 * default["parameters"]


def test_an_earlier_call_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "state.json").write_text("{}")
    run("zinc", tmp_path, status=2)
    assert "--resume" in capsys.readouterr().err
    run("zinc", tmp_path / "two", "--resume", str(tmp_path), status=2)
    assert "no state of the stage zinc" in capsys.readouterr().err


def test_the_end_of_the_time_keeps_the_training(tmp_path: Path):
    module = importlib.import_module("gpu_stages.session")
    strings = importlib.import_module("gpu_stages.strings")
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    clock = module.Clock(3600, began=time.monotonic())
    session = module.Session("zinc", clock, out, None, scratch, small=True, device="cpu", given={"epochs": 10**6})
    data = strings.opened(session, "smiles", form="kekule")

    def end_once_begun() -> None:
        while not (scratch / "grae" / RunFolder.CHECKPOINT).is_file():
            time.sleep(0.05)
        clock._interrupt()

    threading.Thread(target=end_once_begun, daemon=True).start()
    with pytest.raises(Interrupted):
        strings.trained(session, "grae", data, strings.SMALL, 600)
    assert (out / "grae.0.part").is_file()
    session.before, session.scratch, session.given = out, tmp_path / "again", {}
    model = strings.trained(session, "grae", data, strings.SMALL, 600)
    assert model.result_ is not None
    assert model.result_.epochs >= 1
    told = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [record["resumed"] for record in told if record["what"] == "training"] == [False, True]


def test_a_call_without_time_loses_nothing(tmp_path: Path):
    about = {"format": "grae gpu stages 1", "stage": "zinc", "small": True, "seed": 0, "state": {"kept": "grae"}}
    (tmp_path / "state.json").write_text(json.dumps(about))
    run("zinc", tmp_path, "--resume", str(tmp_path), "--minutes", "1e-6", status=1)
    assert json.loads((tmp_path / "state.json").read_text()) == about


def test_the_time_ends():
    clock = importlib.import_module("gpu_stages.session").Clock(0.1, began=time.monotonic())
    with pytest.raises(KeyboardInterrupt), clock.enforced():
        time.sleep(60)


def test_what_is_written_is_written_whole():
    clock = importlib.import_module("gpu_stages.session").Clock(3600, began=time.monotonic())
    written = False

    def write() -> None:
        nonlocal written
        with clock.writing_down():
            threading.Thread(target=clock._interrupt, daemon=True).start()
            time.sleep(0.2)
            written = True
        time.sleep(60)

    with pytest.raises(KeyboardInterrupt), clock.enforced():
        write()
    assert written


def test_second_moments_of_rank_one_come_back():
    compact = importlib.import_module("gpu_stages.compact")
    rng = np.random.default_rng(0)
    rank_one = np.outer(rng.random(3), rng.random(8)).astype(np.float32).reshape(3, 2, 4)
    back = compact._product(compact._factored(rank_one)).reshape(rank_one.shape)
    np.testing.assert_allclose(back, rank_one, rtol=1e-5)
    zeros = np.zeros((2, 3), np.float32)
    np.testing.assert_array_equal(compact._product(compact._factored(zeros)), zeros)


def test_kernels_that_overlap_count_once():
    measuring = importlib.import_module("gpu_stages.measuring")
    assert measuring.union([(0, 2), (1, 3), (1, 2), (5, 6)]) == 4
    assert measuring.host_waits(lambda: None) is (None if not torch.cuda.is_available() else {})
