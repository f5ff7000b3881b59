"""`grae images`: every verb, on digits and on a folder of pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from grae.cli.main import app
from grae.images import load_images
from grae.images.projectors import inception_weights, standard_projector_path
from grae.images.projectors.inception_weights import published_shapes

QUICK = ("--width", "0.1", "--epochs", "1")


@pytest.fixture(scope="module")
def trained_images(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A folder with a run, `runs/images/digits-rae-1`, and a projector, `p.safetensors`; read only."""
    folder = tmp_path_factory.mktemp("trained-images")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, arguments in {
            "train": ["train", "--model", "rae", *QUICK, "--json"],
            "projector": ["projector", "--epochs", "2", "--out", "p.safetensors", "--json"],
        }.items():
            done = CliRunner().invoke(app, ["images", *arguments])
            assert done.exit_code == 0, done.output
            (folder / f"{name}.json").write_text(done.stdout)
    return folder


@pytest.fixture
def here(trained_images: Path, tmp_path: Path) -> Path:
    """A copy of that folder where the command runs."""
    shutil.copytree(trained_images, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_train_says_what_it_did(trained_images):
    told = json.loads((trained_images / "train.json").read_text())
    assert told["run"] == "runs/images/digits-rae-1"
    assert (told["model"], told["recipe"], told["width"]) == ("rae", "digits", 0.1)
    assert told["data"] == {"name": "digits", "train": 1078, "validation": 119}
    assert told["training"]["ended"] == "epochs"


def test_projector_says_what_it_tells_apart(trained_images):
    told = json.loads((trained_images / "projector.json").read_text())
    assert (told["name"], told["told_apart"], told["epochs"]) == ("digits-classes", "classes", 2)


def test_a_run_goes_on_with_its_own_settings(grae, here):
    ended = grae("images", "train", "--resume", "--epochs", "2")
    assert (ended.status, ended.out) == (0, "runs/images/digits-rae-1\n")
    assert len((here / "runs/images/digits-rae-1/metrics.jsonl").read_text().splitlines()) == 2
    ended = grae("images", "train", "--resume", "--model", "vae")
    assert ended.status == 2
    assert "--model vae: runs/images/digits-rae-1 was started with rae" in ended.err


def test_sample_draws_a_picture_or_writes_an_array(grae, here):
    told = grae("images", "sample", "-n", "5", "--out", "s.npy", "--density", "gaussian", "--json")
    assert told.json == {"run": "runs/images/digits-rae-1", "n": 5, "density": "gaussian", "out": "s.npy"}
    assert np.load("s.npy").shape == (5, 8, 8, 1)
    assert grae("images", "sample", "-n", "5").status == 0
    with Image.open("samples.png") as picture:
        assert picture.format == "PNG"
    ended = grae("images", "sample", "--density", "two-stage")
    assert (ended.status, ended.out) == (2, "")
    assert "no density 'two-stage' is fitted" in ended.err


def test_evaluate_gives_the_four_distances(grae, here):
    ended = grae("images", "evaluate", "digits-rae-1", "--projector", "p.safetensors", "-n", "100", "--json")
    assert ended.status == 0, ended.err
    assert set(ended.json) == {"run", "feature", "n", "rec", "normal", "gmm", "interp"}
    assert (ended.json["feature"], ended.json["n"]) == ("FD(digits-classes)", 100)
    shown = grae("images", "evaluate", "--projector", "p.safetensors", "-n", "100").out
    assert f"{ended.json['gmm']:.3f}" in shown
    assert "FID" not in shown


def test_evaluate_compares_densities(grae, here):
    options = ["images", "evaluate", "digits-rae-1", "--projector", "p.safetensors", "-n", "100"]
    ended = grae(*options, "--density", "gmm,gaussianization", "--json")
    assert ended.status == 0, ended.err
    assert "fitting the density 'gaussianization'" in ended.err
    densities = ended.json["densities"]
    assert list(densities) == ["gmm", "gaussianization"]
    assert densities["gmm"]["distance"] == pytest.approx(grae(*options, "--json").json["gmm"])
    assert densities["gmm"]["log_likelihood"] != densities["gaussianization"]["log_likelihood"]
    shown = grae(*options, "--density", "all")
    assert "fitting" not in shown.err
    lines = shown.out.splitlines()
    assert all(any(name in line for line in lines) for name in ("gmm", "gaussian ", "normal", "gaussianization"))
    assert f"{densities['gaussianization']['distance']:.3f}" in shown.out
    wrong = grae(*options, "--density", "gmn")
    assert (wrong.status, wrong.out) == (2, "")
    assert "did you mean 'gmm'" in wrong.err


def test_without_the_inception_network_a_line_says_so_and_fd_stands(grae, here, monkeypatch):
    place = standard_projector_path(load_images("digits"))
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy("p.safetensors", place)
    monkeypatch.setattr(inception_weights, "packaged", lambda: None)
    nowhere = inception_weights.PORT.model_copy(update={"addresses": ("http://127.0.0.1:9/w.pth",), "file": "none.pth"})
    monkeypatch.setattr(inception_weights, "PORT", nowhere)
    ended = grae("images", "evaluate", "--fid", "-n", "50", "--json")
    assert (ended.status, ended.json["feature"]) == (0, "FD(digits-classes)")
    (line,) = [line for line in ended.err.splitlines() if "FID" in line]
    assert line.startswith("no FID, but FD: none.pth cannot be downloaded")
    assert "grae[fid]" in line


def test_inception_distances_of_a_run_and_of_real_images(grae, here):
    generator = torch.Generator().manual_seed(0)
    weights = {name: 0.05 * torch.rand(shape, generator=generator) for name, shape in published_shapes().items()}
    torch.save(weights, "w.pth")
    options = ["--inception-weights", "w.pth", "-n", "8"]
    floor = grae("images", "floor", *options, "--json")
    assert floor.status == 0, floor.err
    assert set(floor.json) == {"data", "feature", "n", "distance", "kernel"}
    assert (floor.json["feature"], floor.json["n"]) == ("FID", 8)
    shown = grae("images", "evaluate", *options)
    assert shown.status == 0, shown.err
    assert "KID x 1000" in shown.out
    assert "FID of 8 images: its bias falls with their number" in shown.err


def test_a_floor_in_other_features(grae, here):
    told = grae("images", "floor", "--projector", "p.safetensors", "--infinity", "--json").json
    assert set(told) == {"data", "feature", "n", "distance", "limit"}
    assert (told["data"], told["feature"], told["n"]) == ("digits", "FD(digits-classes)", 600)
    assert told["limit"] < told["distance"]
    assert f"{told['distance']:.3f}" in grae("images", "floor", "--projector", "p.safetensors").out


def test_table_then_figure(grae, here):
    options = ["--models", "vae,rae", *QUICK, "--projector", "p.safetensors", "-n", "100", "--json"]
    ended = grae("images", "table", *options)
    assert ended.status == 0, ended.err
    assert [row["model"] for row in ended.json["rows"]] == ["vae", "rae"]
    assert ended.json["table"] == "runs/images/digits-table"
    assert ended.json["floor"]["model"] == "real"
    assert "real images" in (here / "runs/images/digits-table/table.md").read_text()
    again = grae("images", "table", *options)
    assert again.json == ended.json
    assert "vae (1 of 2): done before" in again.err
    refused = grae("images", "table", *options, "--seed", "1")
    assert refused.status == 2
    assert "another experiment: random_state (was 0, now 1)" in refused.err
    drawn = grae("images", "figure", "digits-table", "--columns", "3", "--json")
    assert drawn.json == {"figure": "figure.png", "models": ["vae", "rae"]}
    with Image.open("figure.png") as picture:
        assert picture.width > picture.height
    missing = grae("images", "figure", "digits-table", "--models", "vae,wae")
    assert missing.status == 2
    assert "holds no complete run of wae" in missing.err


def test_a_figure_of_runs(grae, here):
    options = ["--columns", "3", "--json"]
    shutil.copytree("runs/images/digits-rae-1", "elsewhere/digits-rae-1")
    drawn = grae("images", "figure", "digits-rae-1", *options)
    assert drawn.json["models"] == ["digits-rae-1"]
    both = grae("images", "figure", "digits-rae-1", "elsewhere/digits-rae-1", *options)
    assert both.json["models"] == ["runs/images/digits-rae-1", "elsewhere/digits-rae-1"]
    refused = grae("images", "figure", "digits-rae-1", "--models", "rae", *options)
    assert refused.status == 2
    assert "remedy: omit it" in refused.err


def test_a_seed_is_no_negative_number(grae, here):
    for verb in (["sample"], ["evaluate"], ["figure", "digits-rae-1"]):
        ended = grae("images", *verb, "--seed", "-1")
        assert (ended.status, ended.out) == (2, "")
        assert "--seed" in ended.err


@pytest.mark.parametrize(
    ("n", "message"), [(0, "0 pictures;"), (1, "1 picture;"), (2, "1 image is too few"), (4, "3 images")]
)
def test_a_folder_of_few_pictures(grae, tmp_path, n, message):
    (tmp_path / "few").mkdir()
    for number in range(n):
        Image.new("RGB", (32, 32), (9 * number, 0, 0)).save(tmp_path / "few" / f"{number}.png")
    ended = grae("images", "train", "-d", "few", "--epochs", "1", "--out", "new")
    assert ended.status == 2
    assert message in ended.err
    assert "to validate on," not in ended.err  # no split is shown that cannot be made
    assert not (tmp_path / "new").exists()


def test_a_folder_of_pictures(grae, tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    for number in range(12):
        colours = rng.integers(0, 256, (70, 80, 3), dtype=np.uint8)
        Image.fromarray(colours).save(tmp_path / "pictures" / f"{number}.png")
    (tmp_path / "pictures" / "broken.png").write_bytes(b"nothing")
    ended = grae("images", "train", "-d", "pictures", "--width", "0.02", "--epochs", "1", "--json")
    assert ended.status == 0, ended.err
    assert "found: 12 pictures, 80x70 pixels (12 RGB); 1 left out that cannot be read: broken.png (" in ended.err
    assert "the middle square of each, scaled to 64x64 RGB; 8 to train on, 2 to validate on, 2 held back" in ended.err
    config = json.loads((tmp_path / ended.json["run"] / "config.json").read_text())
    assert list(config["data"]["pictures"]["broken"]) == ["broken.png"]
    assert ended.json["run"] == "runs/images/pictures-rae-l2-1"
    assert (ended.json["recipe"], ended.json["data"]["name"]) == ("celeba", str(tmp_path / "pictures"))
    ended = grae("images", "evaluate")
    assert ended.status == 2
    assert "cannot train a projector" in ended.err
    (tmp_path / "pictures" / "0.png").unlink()
    ended = grae("images", "evaluate")
    assert ended.status == 2
    assert "was trained on other images than" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "--model", "grae"], "unknown model of images 'grae'"),
        (["train", "--data", "mnits"], "did you mean 'mnist'"),
        (["train", "--recipe", "mnist", "--epochs", "1"], "the recipe 'mnist' is for images of 32x32"),
        (["train", "--width", "0", "--epochs", "1"], "width is 0.0"),
        (["sample"], "train one with `grae images train`"),
        (["sample", "--out", "samples.jpg"], "end it in .png or .npy"),
        (["figure", "digits-table", "--out", "figure.pdf"], "end it in .png"),
        (["train", "--epochs", "1", "--learning-rate", "0"], "learning_rate"),
        (["train", "--epochs", "1", "--density", "gm"], "did you mean 'gmm'"),
        (["evaluate", "none"], "no run 'none'"),
        (["figure", "none"], "no run 'none'"),
        (["table", "--projector", "a.pt", "--inception-weights", "b.pth"], "cannot be combined"),
        (["table", "--inception-weights", "b.pth"], "there is no file b.pth"),
        (["table", "--projector", "a.pt", "--fid"], "cannot be combined"),
        (["floor", "--data", "mnits", "--fid"], "did you mean 'mnist'"),
        (["projector", "--out", "p.pt"], "end it in .safetensors"),
    ],
)
def test_bad_input_ends_with_2_and_a_remedy(grae, arguments, said):
    ended = grae("images", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert "remedy:" in ended.err


def test_image_runs_are_not_taken_for_those_of_strings(grae, here):
    ended = grae("sample")
    assert ended.status == 2
    assert "no run under" in ended.err


def test_data_knows_the_sets_of_images(grae):
    listed = grae("data", "list", "--json").json["images"]
    assert [record["name"] for record in listed] == ["digits", "mnist", "fashion-mnist", "cifar10", "celeba"]
    assert listed[0]["paths"] == []
    assert "fashion-mnist" in grae("data", "list").out
    assert grae("data", "show", "cifar10", "--json").json["format"] == "cifar"
    assert "www.cs.toronto.edu" in grae("data", "show", "cifar10").out
    assert grae("data", "fetch", "digits", "--json").json == {"name": "digits", "paths": []}
    ended = grae("data", "show", "mnits")
    assert ended.status == 2
    assert "did you mean 'mnist'?" in ended.err
