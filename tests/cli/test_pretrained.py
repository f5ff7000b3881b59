"""Models that come with grae, in small: a run packed, put in their place, and used where a user has no run."""

import json
import os
import shutil
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import grae as library
from grae.chemistry import canonical_all
from grae.cli.main import app
from grae.datasets import open_source
from grae.datasets.split import Split
from grae.errors import RunError
from grae.files import read_tensors
from grae.optimization.start import training_strings
from grae.pretrained import MOST_BYTES

SMALL = ("--preset", "quick", "--epochs", "1", "--motifs", "20", "--latent-dim", "8", "--batch-size", "32")
PACKING = ("-n", "20", "--starts", "60", "--no-fcd")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A folder with a run, `runs/smiles-grae-1`, and `packed/zinc250k`, the same packed; read only."""
    folder = tmp_path_factory.mktemp("packing")
    (folder / "some.smi").write_text("\n".join(islice(open_source("nci").texts(), 300)) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for arguments in (
            ("train", "-g", "smiles", "-d", "some.smi", *SMALL),
            (
                "models",
                "pack",
                "-o",
                "packed/zinc250k",
                "-n",
                "20",
                "--starts",
                "60",
                "--no-fcd",
                "--description",
                "of a test",
            ),
        ):
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def comes_along(packed: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packed model as one that comes with grae, under the name zinc250k."""
    monkeypatch.setattr("grae.pretrained.home", lambda: packed / "packed")
    return packed / "packed" / "zinc250k"


def state(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_packed_run_is_half_as_large_and_says_what_it_is(packed: Path):
    run, small = packed / "runs" / "smiles-grae-1", packed / "packed" / "zinc250k"
    assert (small / "model.safetensors").stat().st_size < 0.52 * (run / "model.safetensors").stat().st_size
    weights, rounded = (read_tensors(place / "model.safetensors")[0] for place in (run, small))
    assert weights.keys() == rounded.keys()
    for name, array in weights.items():
        np.testing.assert_allclose(rounded[name].astype(array.dtype), array, rtol=1e-3, atol=1e-7)
    about = json.loads((small / "model.json").read_text())
    split, whole = Split.load(small / "split.safetensors"), Split.load(run / "split.safetensors")
    assert (about["language"], about["grammar"], about["model"]) == ("molecules", "smiles", "grae")
    assert (about["data"], about["strings"], about["held_out"]) == ("some.smi", len(whole.train), len(whole.test))
    assert set(about["exact"]) == {"float32", "float16"}
    assert about["measures"]["valid"] == 1.0
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(split, part), getattr(whole, part))


def test_a_packed_run_holds_no_training_string_and_no_path(packed: Path):
    small = packed / "packed" / "zinc250k"
    starts = (small / "start.txt").read_text().splitlines()
    forms = canonical_all(starts)
    assert 0 < len(starts) <= 60
    assert len(set(forms)) == len(starts)
    training = set(canonical_all(list(islice(open_source("nci").texts(), 300))))
    assert None not in forms
    assert not training & set(forms)
    for file, content in state(small).items():
        assert str(packed).encode() not in content, file


def test_packing_overwrites_nothing(grae, packed: Path):
    for out in ("packed/zinc250k", "runs/smiles-grae-1"):
        ended = grae("models", "pack", packed / "runs" / "smiles-grae-1", "-n", "20", "-o", packed / out)
        assert (ended.status, ended.out) == (2, "")
        assert "already exists" in ended.err


def test_models_are_listed_and_shown(grae, comes_along: Path):
    assert "zinc250k" in grae("models", "list").out
    (one,) = grae("models", "list", "--json").json["models"]
    assert (one["name"], one["description"]) == ("zinc250k", "of a test")
    assert one["bytes"] == sum(map(len, state(comes_along).values()))
    shown = grae("models", "show", "zinc250k").out
    assert "of a test" in shown
    assert (comes_along / "start.txt").read_text().splitlines()[0] in shown
    assert grae("models", "show", "zinc250k", "--json").json == one
    wrong = grae("models", "show", "zinc25k")
    assert (wrong.status, wrong.out) == (2, "")
    assert "did you mean 'zinc250k'?" in wrong.err


@pytest.mark.parametrize("name", [(), ("zinc250k",), ("--model", "zinc250k"), ("--grammar", "smiles")])
def test_commands_take_it_where_there_is_no_run(grae, comes_along: Path, name: tuple[str, ...]):
    before = state(comes_along)
    ended = grae("sample", *name, "-n", "20", "--json")
    assert ended.status == 0
    assert "model: zinc250k (pretrained)" in ended.err
    assert all(canonical_all(ended.json["samples"]))
    assert state(comes_along) == before
    assert not Path("runs").exists()


def test_searches_take_the_model_for_searches(grae, comes_along: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(comes_along.parent, tmp_path / "models")
    other = shutil.copytree(comes_along, tmp_path / "models" / "zinc250k-search")
    about = json.loads((other / "model.json").read_text())
    (other / "model.json").write_text(json.dumps({**about, "search": True}))
    monkeypatch.setattr("grae.pretrained.home", lambda: tmp_path / "models")
    assert "model: zinc250k (pretrained)" in grae("sample", "-n", "2").err
    pace = ("--rounds", "1", "--batch-size", "2", "--start-limit", "20")
    assert "model: zinc250k-search (pretrained)" in grae("optimize", "--target", "qed", *pace).err
    shutil.rmtree(other)
    assert "model: zinc250k (pretrained)" in grae("optimize", "--target", "qed", *pace, "--out", "again").err


def test_a_run_of_ones_own_comes_first(grae, comes_along: Path, trained: Path, tmp_path: Path):
    (tmp_path / "runs").mkdir()
    os.symlink(trained / "runs" / "lists-grae-1", tmp_path / "runs" / "mine")
    assert "run: runs/mine" in grae("sample", "-n", "2").err
    assert "(pretrained)" in grae("sample", "-n", "2", "--grammar", "smiles").err
    assert "(pretrained)" in grae("sample", "zinc250k", "-n", "2").err
    os.symlink(trained / "runs" / "lists-grae-1", tmp_path / "runs" / "zinc250k")
    ended = grae("sample", "zinc250k", "-n", "2", "--json")
    assert (ended.json["run"], "comes with grae" in ended.err) == ("runs/zinc250k", False)


def test_no_model_of_another_language_is_taken(grae, comes_along: Path):
    for arguments, message in (
        (("sample", "--grammar", "arithmetic"), "no run of grammar 'arithmetic'"),
        (("optimize", "--target", "log-mse"), "no run of expressions"),
        (("sample", "zinc250k", "--model", "zinc250k"), "give only one of them"),
        (("train", "--resume"), "no run under"),
        (("images", "sample", "zinc250k"), "no run 'zinc250k'"),
    ):
        ended = grae(*arguments)
        assert (ended.status, ended.out) == (2, "")
        assert message in ended.err


def test_a_search_starts_from_its_own_samples_and_is_kept_with_the_users_runs(grae, comes_along: Path):
    before = state(comes_along)
    options = ("--target", "logp", "--rounds", "1", "--batch-size", "2")
    found = grae("optimize", *options, "--json")
    assert (found.status, found.json["out"]) == (0, "runs/zinc250k/optimize/logp-1")
    assert found.json["start"]["of"] == len((comes_along / "start.txt").read_text().splitlines())
    again = grae("optimize", "--resume", "--rounds", "2", "--json")
    assert (again.status, again.json["out"]) == (0, "runs/zinc250k/optimize/logp-1")
    page = grae("report", "zinc250k", "-n", "20", "--json")
    assert (page.json["report"], page.json["searches"]) == ("runs/zinc250k/report.html", ["logp-1"])
    assert Path("runs/zinc250k/evaluation.json").is_file()
    assert state(comes_along) == before


def test_codes_and_back(grae, comes_along: Path):
    Path("some.smi").write_text("CCO\nc1ccccc1\n")
    assert grae("encode", "--model", "zinc250k", "-i", "some.smi", "-o", "codes.npy").status == 0
    assert np.load("codes.npy").shape == (2, 8)
    decoded = grae("decode", "--model", "zinc250k", "-i", "codes.npy")
    assert decoded.status == 0
    assert len(decoded.out.splitlines()) == 2


def test_load_takes_its_name(comes_along: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    model = library.load("zinc250k", device="cpu")
    assert all(canonical_all(model.sample(5)))
    assert training_strings(model) == (comes_along / "start.txt").read_text().splitlines()
    with pytest.raises(RunError, match="no folder nowhere"):
        library.load("nowhere")


def test_a_model_is_trained_anew_by_one_command(grae, tmp_path: Path):
    texts = [f"{a}*x+{b}" for a in "123x" for b in ("1", "2", "3", "x", "sin(x)", "exp(2)", "x/3", "(x)")]
    (tmp_path / "some.txt").write_text("\n".join(texts) + "\n")
    options = ("expressions", "--data", "some.txt", "--time-budget", "0.05", "-n", "30", "--json")
    made = grae("reproduce", "pretrained", *options)
    assert made.status == 0, made.err
    assert made.json["path"] == "models/expressions"
    assert made.json["bytes"] == sum(map(len, state(Path("models/expressions")).values())) < MOST_BYTES
    assert made.json["command"].startswith("grae train --grammar arithmetic --data expressions-published --seed 1")
    assert library.load("models/expressions", device="cpu").sample(3)
    again = grae("reproduce", "pretrained", *options)
    assert (again.status, "already exists" in again.err) == (2, True)
    config = (tmp_path / "runs/expressions-pretrained/config.json").read_bytes()
    assert grae("reproduce", "pretrained", *options, "--out", "other").status == 0  # the run is taken as it is
    assert (tmp_path / "runs/expressions-pretrained/config.json").read_bytes() == config
    assert grae("reproduce", "pretrained", "zinc").status == 2


@pytest.mark.parametrize("harm", ['{"format": 3}', "{", '{"format": "grae model 1", "description": 3}'])
def test_a_damaged_description_is_said(grae, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str):
    monkeypatch.setattr("grae.pretrained.home", lambda: tmp_path / "models")
    (tmp_path / "models" / "zinc250k").mkdir(parents=True)
    (tmp_path / "models" / "zinc250k" / "model.json").write_text(harm)
    ended = grae("models", "list")
    assert (ended.status, ended.out) == (2, "")
    assert "model.json" in ended.err
    assert "reinstall grae" in ended.err
