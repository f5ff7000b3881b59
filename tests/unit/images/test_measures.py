"""The four measures, the table and the figure."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from grae.density import TwoStage
from grae.errors import DataError, RunError, SettingsError
from grae.estimator.interpolation import slerp
from grae.frechet import limit_of_many
from grae.images import ImageAutoencoder, Moments, densities, frechet_distance
from grae.images.data import ImageSet
from grae.images.decoding import Part
from grae.images.figure import CELL, GAP, HEADING, between, draw_figure, grid_as_png, label_width
from grae.images.kernel import kernel_distance
from grae.images.measures import HeldOut, measure, normal_density
from grae.images.projectors import Classifier, Projector
from grae.images.recipes import PUBLISHED_MODELS
from grae.reproduction import images_table as table_module
from grae.reproduction.images_published import DISTANCES
from grae.reproduction.images_table import FLOOR, as_markdown, make_table

SMALL = {"width": 0.1, "epochs": 1, "batch_size": 32, "device": "cpu"}


class Pixels(torch.nn.Module):
    """Features are the pixels themselves."""

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)


PIXELS = Projector("pixels", Pixels(), torch.device("cpu"))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    first, second = (Moments.of(images.reshape(len(images), -1) / 255) for images in (one, other))
    return frechet_distance(first, second)


def test_each_measure_is_the_distance_that_it_is_said_to_be(fitted, digits):
    images = digits.test.images
    found = measure(fitted, HeldOut(images, PIXELS, seed=3))
    assert (found.feature, found.n) == ("FD(pixels)", 600)
    assert found.rec == pytest.approx(distance(images, fitted.reconstruct(images)), rel=1e-4)
    assert found.normal == pytest.approx(distance(images, fitted.sample(600, density="gaussian", seed=3)), rel=1e-4)
    assert found.gmm == pytest.approx(distance(images, fitted.sample(600, density="gmm", seed=3)), rel=1e-4)
    assert found.interp > 0
    assert set(found.to_dict()) == {"feature", "n", "rec", "normal", "gmm", "interp"}


def test_inception_distances_come_with_kernel_distances_and_limits(fitted, digits):
    inception = Projector("Inception", Pixels(), torch.device("cpu"))
    told: list[int] = []
    held_out = HeldOut(digits.test.images, inception, n=200, limits=True, tell=told.append)
    found = measure(fitted, held_out)
    assert found.feature == "FID"
    assert set(found.kernel) == set(found.limit) == {"rec", "normal", "gmm", "interp"}
    real, samples = (images.reshape(200, -1) / 255 for images in (held_out.images[held_out.rows], fitted.sample(200)))
    assert found.kernel["gmm"].value == pytest.approx(kernel_distance(real, samples).value, rel=1e-3)
    assert found.limit["gmm"] == pytest.approx(limit_of_many(Moments.of(real), samples), rel=1e-3)
    assert found.limit["gmm"] > 0
    assert sum(told) == 5 * 200
    told_as_json = json.loads(json.dumps(found.to_dict()))
    assert set(told_as_json["kernel"]["rec"]) == {"value", "error"}


def test_the_floor_is_the_distance_of_training_images(fitted, digits):
    held_out = HeldOut(digits.test.images, PIXELS, n=300)
    found = held_out.floor(digits.train.images)
    rows = np.random.default_rng(0).choice(len(digits.train.images), 300, replace=False)
    real = digits.test.images[held_out.rows]
    assert found.frechet == pytest.approx(distance(real, digits.train.images[rows]), rel=1e-4)
    assert found.kernel is None
    assert found.frechet < measure(fitted, held_out).normal


def test_features_of_real_images_are_computed_once(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))

    class Counting(Pixels):
        seen = 0

        def features(self, x):
            self.seen += len(x)
            return super().features(x)

    network = Counting()
    for _ in range(2):
        first = HeldOut(digits.test.images, Projector("p", network, torch.device("cpu"), identity="a"), n=50)
        assert np.allclose(first.features, digits.test.images[first.rows].reshape(50, -1) / 255)
    assert network.seen == 50
    others = [
        HeldOut(digits.test.images, Projector("p", network, torch.device("cpu"), identity="b"), n=50),
        HeldOut(digits.test.images, Projector("p", network, torch.device("cpu"), identity="a"), n=50, seed=1),
        HeldOut(digits.train.images, Projector("p", network, torch.device("cpu"), identity="a"), n=50),
        HeldOut(digits.test.images, Projector("p", network, torch.device("cpu")), n=50),
    ]
    assert all(len(some.features) == 50 for some in others)
    assert network.seen == 250
    assert len(list((tmp_path / "features").iterdir())) == 4
    for path in (tmp_path / "features").iterdir():
        path.write_bytes(b"damaged")
    again = HeldOut(digits.test.images, Projector("p", network, torch.device("cpu"), identity="a"), n=50)
    assert np.array_equal(again.features, first.features)
    assert network.seen == 300


def test_interpolations_are_half_way_between_different_images(digits):
    images = np.concatenate([np.full((5, 8, 8, 1), 0, np.uint8), np.full((1, 8, 8, 1), 255, np.uint8)])

    class Brightness:
        """A model whose code is (brightness, 1) and whose decoder gives every image that brightness."""

        settings_ = type("Settings", (), {"model": "rae"})
        seen: list[np.ndarray] = []  # noqa: RUF012

        def transform(self, X):
            return np.stack([X.mean(axis=(1, 2, 3)) / 255, np.ones(len(X))], axis=1).astype(np.float32)

        def decoded(self, X):
            self.seen.append(X)
            return iter([np.zeros((len(X), 8, 8, 1), np.uint8)])

        def reconstructed_codes(self, codes):
            return codes

        def interpolated_codes(self, first, second, t):
            return slerp(first, second, t)

        def density_named(self, name):
            return type("Density", (), {"sample": lambda self, n, seed: np.zeros((n, 2), np.float32)})()

    model = Brightness()
    measure(model, HeldOut(images, PIXELS))  # pyright: ignore[reportArgumentType]
    halves = model.seen[-1]
    mixed = halves[(halves[:, 0] > 0.01)]
    assert len(mixed) == 2  # the one bright image is the first of one pair and the second of another
    assert (mixed[:, 0] < 0.99).all()


def test_fewer_images_are_drawn_where_fewer_are_asked_for(fitted, digits):
    found = measure(fitted, HeldOut(digits.test.images, PIXELS, n=50))
    assert found.n == 50
    assert found != measure(fitted, HeldOut(digits.test.images, PIXELS, n=50, seed=1))
    assert found == measure(fitted, HeldOut(digits.test.images, PIXELS, n=50))
    with pytest.raises(DataError, match="too few"):
        HeldOut(digits.test.images[:1], PIXELS)


def test_the_measure_normal_samples_what_the_paper_samples():
    assert {name: normal_density(name) for name in PUBLISHED_MODELS} == {
        **dict.fromkeys(PUBLISHED_MODELS, "gaussian"),
        "vae": "normal",
        "wae": "normal",
        "2svae": "two-stage",
    }


def test_the_printed_figures_are_there_for_nine_models():
    for published in DISTANCES.values():
        assert tuple(published) == tuple(name for name in PUBLISHED_MODELS if name != "ae-l2")
        assert published["2svae"][2] is None
    assert DISTANCES["mnist"]["rae-l2"] == (10.53, 22.22, 8.69, 14.54)


@pytest.fixture(scope="module")
def small_set(digits) -> ImageSet:
    return ImageSet("mnist", Part(digits.train.images[:80], None), Part(digits.test.images[:40], None))


@pytest.fixture(scope="module")
def toy_projector() -> Projector:
    torch.manual_seed(0)
    return Projector("toy", Classifier(8, 1, 10), torch.device("cpu"))


def test_a_table_is_made_once_and_goes_on(small_set, toy_projector, tmp_path, monkeypatch):
    said: list[str] = []
    rows = make_table(tmp_path, small_set, toy_projector, models=("vae",), n=30, tell=said.append, **SMALL)
    assert [row["model"] for row in rows] == ["vae"]
    assert rows[0]["printed_rec"] == 18.26
    assert rows[0]["n"] == 30
    assert rows[0]["epochs"] == 1
    both = make_table(tmp_path, small_set, toy_projector, models=("ae", "vae"), n=30, tell=said.append, **SMALL)
    assert [row["model"] for row in both] == ["ae", "vae"]
    assert both[1] == rows[0]
    assert said[-1] == "vae (2 of 2): done before"
    monkeypatch.setattr(table_module, "ImageAutoencoder", None)  # nothing is trained or opened again
    assert make_table(tmp_path, small_set, toy_projector, models=("ae", "vae"), n=30, **SMALL) == both
    kept = json.loads((tmp_path / "table.json").read_text())
    assert [row["model"] for row in kept] == [FLOOR, "vae", "ae"]  # in the paper's order
    assert kept[0]["rec"] is None
    assert kept[0]["gmm"] == kept[0]["normal"] > 0
    with (tmp_path / "table.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert float(lines[1]["rec"]) == rows[0]["rec"]
    assert (tmp_path / "table.md").read_text() == as_markdown(kept)


def test_a_table_goes_on_in_the_middle_of_a_training(small_set, toy_projector, tmp_path):
    options = {**SMALL, "epochs": 2, "width": 0.25}
    whole = make_table(tmp_path / "whole", small_set, toy_projector, models=("rae",), n=30, **options)
    fitted = ImageAutoencoder("rae", **{**options, "epochs": 1})
    fitted.fit(small_set.train.images, run=tmp_path / "broken" / "rae", data={"name": small_set.name})
    (tmp_path / "broken" / "rae" / "model.safetensors").unlink()  # as if it had been killed after an epoch
    table_module.files.write_json(
        tmp_path / "broken" / "experiment.json",
        json.loads((tmp_path / "whole" / "experiment.json").read_text()),
    )
    resumed = make_table(tmp_path / "broken", small_set, toy_projector, models=("rae",), n=30, **options)
    timing = ("minutes",)
    assert {k: v for k, v in resumed[0].items() if k not in timing} == {
        k: v for k, v in whole[0].items() if k not in timing
    }


def test_the_two_stage_model_shares_the_vaes_network(small_set, toy_projector, tmp_path, monkeypatch):
    monkeypatch.setattr(densities, "TwoStage", lambda gamma: TwoStage(8, epochs=1, gamma=gamma))
    rows = make_table(tmp_path, small_set, toy_projector, models=("vae", "2svae"), n=30, **SMALL)
    assert rows[1]["minutes"] == rows[0]["minutes"]
    assert all(rows[1][name] != rows[0][name] for name in ("rec", "normal", "interp"))  # through the second stage
    assert not (tmp_path / "2svae" / "state").exists()  # nothing was trained
    (tmp_path / "measures.jsonl").unlink()
    assert make_table(tmp_path, small_set, toy_projector, models=("2svae",), n=30, **SMALL) == rows[1:]


def test_another_experiment_is_refused(small_set, toy_projector, tmp_path):
    make_table(tmp_path / "t", small_set, toy_projector, models=("ae",), n=30, **SMALL)
    with pytest.raises(RunError, match=r"another experiment: n \(was 30, now 20\), epochs \(was 1, now 2\)"):
        make_table(tmp_path / "t", small_set, toy_projector, models=("ae",), n=20, **{**SMALL, "epochs": 2})
    with pytest.raises(RunError, match="is not empty"):
        make_table(tmp_path, small_set, toy_projector, models=("ae",), n=30, **SMALL)
    with pytest.raises(SettingsError, match="unknown model of images 'grae'"):
        make_table(tmp_path / "u", small_set, toy_projector, models=("grae",), n=30, **SMALL)


def test_markdown_has_ours_beside_the_printed():
    row = {"model": "rae-l2", "feature": "FD(x)", "n": 5, "rec": 1.0, "normal": 2.0, "gmm": 3.0, "interp": 4.125}
    printed = {"printed_rec": 10.53, "printed_normal": 22.22, "printed_gmm": None, "printed_interp": 14.54}
    real = {**row, "model": FLOOR, "rec": None, "interp": None, **dict.fromkeys(printed)}
    plain = (
        "| FD(x), ours / printed FID | rec | normal | gmm | interp |\n|---|---|---|---|---|\n"
        "| real images | - / - | 2.00 / - | 3.00 / - | - / - |\n"
        "| RAE-L2 | 1.00 / 10.53 | 2.00 / 22.22 | 3.00 / - | 4.12 / 14.54 |\n"
    )
    rows = [real, {**row, **printed}]
    assert as_markdown(rows) == plain
    rows[1] |= {"kid_gmm": 0.0012, "kid_gmm_error": 0.0001, "limit_gmm": 1.5}
    assert as_markdown(rows) == plain + (
        "\n| KID x 1000, with its standard error | rec | normal | gmm | interp |\n|---|---|---|---|---|\n"
        "| real images | - | - | - | - |\n| RAE-L2 | - | - | 1.20 ± 0.10 | - |\n"
        "\n| FD(x), extrapolated to many images | rec | normal | gmm | interp |\n|---|---|---|---|---|\n"
        "| real images | - | - | - | - |\n| RAE-L2 | - | - | 1.50 | - |\n"
    )


def test_the_figure_shows_originals_above_their_reconstructions(fitted, digits, tmp_path):
    draw_figure({"one": fitted, "two": fitted}, digits.test.images, tmp_path / "f.png", columns=3, seed=1)
    picture, left = np.asarray(Image.open(tmp_path / "f.png")), label_width(["originals", "one", "two"])
    chosen = digits.test.images[np.random.default_rng(1).choice(600, 3, replace=False)]
    enlarged = np.repeat(np.repeat(chosen[0, :, :, 0], CELL // 8, axis=0), CELL // 8, axis=1)
    assert np.array_equal(picture[HEADING : HEADING + CELL, left : left + CELL, 0], enlarged)
    back = fitted.reconstruct(chosen)[0, :, :, 0]
    below = picture[HEADING + CELL + GAP : HEADING + 2 * CELL + GAP, left : left + CELL, 0]
    assert np.array_equal(below[:: CELL // 8, :: CELL // 8], back)
    assert (picture[:HEADING] < 128).any()  # headings
    assert (picture[:, :left] < 128).any()  # names


def test_nothing_of_a_long_name_is_cut(fitted, digits, tmp_path):
    sizes = []
    for name in ("rae", "runs/images/digits-rae-l2-1"):
        draw_figure({name: fitted}, digits.test.images, tmp_path / "f.png", columns=2)
        picture = np.asarray(Image.open(tmp_path / "f.png"))[:, :, 0]
        margin = picture[HEADING:, label_width(["originals", name]) - GAP]
        assert (margin == 255).all()
        sizes.append(picture.shape[1])
    assert sizes[0] < sizes[1]


def test_interpolations_begin_and_end_with_reconstructions(fitted, few):
    found = between(fitted, few[:2], 5)
    assert found.shape == (5, 8, 8, 1)
    assert np.abs(found[[0, -1]].astype(int) - fitted.reconstruct(few[:2])).max() <= 1


def test_a_figure_of_too_few_images_is_refused(fitted, few, tmp_path):
    with pytest.raises(DataError, match="too few for 8 columns"):
        draw_figure({"one": fitted}, few[:5], tmp_path / "f.png")


@pytest.mark.parametrize(("n", "width", "height"), [(1, 1, 1), (5, 3, 2), (9, 3, 3)])
def test_a_grid_holds_every_image(few, tmp_path, n, width, height):
    (tmp_path / "g.png").write_bytes(grid_as_png(few[:n]))
    with Image.open(tmp_path / "g.png") as picture:
        assert picture.size == (width * (CELL + GAP) - GAP, height * (CELL + GAP) - GAP)
        assert np.array_equal(np.asarray(picture)[: CELL : CELL // 8, : CELL : CELL // 8, 0], few[0, :, :, 0])
