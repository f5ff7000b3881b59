"""The estimator of images: fitting, using, saving, resuming."""

import json

import numpy as np
import pytest
from sklearn.base import clone

from grae.density import TwoStage
from grae.errors import DataError, RunError, SettingsError
from grae.estimator.interpolation import slerp
from grae.images import ImageAutoencoder, densities, load
from grae.images.densities import unfitted
from grae.images.recipes import PUBLISHED_MODELS
from grae.images.resolution import resolve_settings
from grae.images.settings import Settings
from grae.training.run_folder import RunFolder

SMALL = {"width": 0.1, "epochs": 1, "batch_size": 32, "device": "cpu"}


@pytest.mark.parametrize("model", [model for model in PUBLISHED_MODELS if model != "2svae"])
def test_every_model_trains_and_samples(few, model):
    fitted = ImageAutoencoder(model, **SMALL).fit(few[:100])
    codes = fitted.transform(few[:5])
    assert codes.shape == (5, 8)
    assert codes.dtype == np.float32
    assert fitted.inverse_transform(codes).shape == (5, 8, 8, 1)
    assert fitted.sample(3).dtype == np.uint8
    assert np.isfinite(fitted.score_samples(few[:5])).all()
    assert set(fitted.densities_) == {"gaussian", "gmm", "normal"}
    assert fitted.settings_.density == ("normal" if model in ("vae", "wae") else "gmm")
    assert fitted.settings_.recipe == "digits"


def test_the_second_stage_is_fitted_under_the_recipes_weight(few):
    settings = resolve_settings(ImageAutoencoder("2svae", **SMALL, latent_dim=2).get_params(), (8, 8, 1))
    assert settings.density == "two-stage"
    density = unfitted("two-stage", settings)
    assert isinstance(density, TwoStage)
    assert density.gamma == pytest.approx((1.5e-3 * 2 / 2) ** 0.5)


def test_the_two_stage_model_takes_up_a_vae(few, monkeypatch):
    vae = ImageAutoencoder("vae", **SMALL, latent_dim=2).fit(few)
    monkeypatch.setattr(densities, "TwoStage", lambda gamma: TwoStage(8, epochs=1, gamma=gamma))
    taken = ImageAutoencoder("2svae", **SMALL, latent_dim=2).fit_like(vae, few)
    trained = ImageAutoencoder("2svae", **SMALL, latent_dim=2).fit(few)
    for some in (taken, trained):
        assert np.array_equal(some.transform(few), vae.transform(few))
        assert np.array_equal(some.sample(3), trained.sample(3))
    with pytest.raises(SettingsError, match="differs in its objective"):
        ImageAutoencoder("rae", **SMALL, latent_dim=2).fit_like(vae, few)
    with pytest.raises(SettingsError, match="differs in its training"):
        ImageAutoencoder("2svae", **{**SMALL, "epochs": 2}, latent_dim=2).fit_like(vae, few)
    with pytest.raises(DataError, match="other images"):
        ImageAutoencoder("2svae", **SMALL, latent_dim=2).fit_like(vae, few[1:])


def test_reconstructions_and_interpolations_of_the_two_stage_model_pass_through_the_second_stage(few, monkeypatch):
    vae = ImageAutoencoder("vae", **SMALL, latent_dim=2).fit(few)
    monkeypatch.setattr(densities, "TwoStage", lambda gamma: TwoStage(8, epochs=1, gamma=gamma))
    two = ImageAutoencoder("2svae", **SMALL, latent_dim=2).fit_like(vae, few)
    codes, stage = two.transform(few), two.density_named("two-stage")
    assert isinstance(stage, TwoStage)
    u = stage.encode(codes)
    back = stage.decode(u).astype(np.float32)
    assert np.array_equal(two.reconstruct(few), two.inverse_transform(back))
    assert np.array_equal(vae.reconstruct(few), vae.inverse_transform(codes))
    half = (u[:50] + u[50:100]) / 2  # as published: mid-points in u, at the mean of the two lengths
    lengths = (np.linalg.norm(u[:50], axis=1) + np.linalg.norm(u[50:100], axis=1)) / 2
    expected = stage.decode(half / np.linalg.norm(half, axis=1, keepdims=True) * lengths[:, None])
    assert np.allclose(two.interpolated_codes(codes[:50], codes[50:100], 0.5), expected, atol=1e-4)
    assert np.array_equal(vae.interpolated_codes(codes[:5], codes[5:10], 0.5), slerp(codes[:5], codes[5:10], 0.5))
    assert np.allclose(two.interpolated_codes(codes[:5], codes[5:10], 1.0), back[5:10], atol=1e-5)


def test_the_rate_falls_as_asked(few):
    assert ImageAutoencoder("vae", **SMALL).fit(few[:60]).settings_.training.schedule == "plateau"
    fitted = ImageAutoencoder("vae", **{**SMALL, "epochs": 2}, schedule="cosine", learning_rate=1e-2).fit(few[:60])
    assert fitted.result_ is not None
    assert [record["learning_rate"] for record in fitted.result_.metrics] == pytest.approx([5e-3, 0.0])
    with pytest.raises(SettingsError, match="schedule"):
        ImageAutoencoder("vae", schedule="falling").fit(few)  # pyright: ignore[reportArgumentType]


def test_training_brings_images_back(digits):
    few = digits.train.images[:400]
    before = ImageAutoencoder("rae", **{**SMALL, "width": 0.25}).fit(few).score(digits.test.images)
    after = ImageAutoencoder("rae", **{**SMALL, "width": 0.25, "epochs": 30}).fit(few).score(digits.test.images)
    assert after > before
    assert after > -np.var(digits.test.images / 255)  # better than the mean image could be


def test_rows_are_trained_on_or_validated_on_never_both(fitted, few):
    rows = np.concatenate([fitted.split_.train, fitted.split_.validation])
    assert np.array_equal(np.sort(rows), np.arange(len(few)))
    assert (len(fitted.split_.train), len(fitted.split_.validation)) == (180, 20)


def test_the_same_seed_gives_the_same_model(few):
    one, two = (ImageAutoencoder("vae", **SMALL, random_state=3).fit(few[:60]) for _ in range(2))
    assert np.array_equal(one.sample(4), two.sample(4))
    other = ImageAutoencoder("vae", **SMALL, random_state=4).fit(few[:60])
    assert not np.array_equal(one.sample(4), other.sample(4))


def test_the_score_is_minus_the_mean_squared_error(fitted, few):
    expected = np.square((fitted.reconstruct(few).astype(float) - few) / 255).mean()
    assert fitted.score(few) == pytest.approx(-expected)


def test_parameters_as_scikit_learn_has_them(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "network_")
    assert list(fitted.get_feature_names_out()[:1]) == ["imageautoencoder0"]


def test_a_saved_model_is_the_same(fitted, few, tmp_path):
    fitted.save(tmp_path / "run")
    again = load(tmp_path / "run", device="cpu")
    assert np.array_equal(again.transform(few), fitted.transform(few))
    assert np.array_equal(again.sample(5, density="gaussian"), fitted.sample(5, density="gaussian"))
    assert again.settings_ == fitted.settings_
    assert again.about_ == fitted.about_
    assert not [path for path in (tmp_path / "run").rglob("*") if path.suffix in (".pt", ".pkl", ".pth")]


@pytest.mark.parametrize("model", ["rae-l2", "vae", "rae-sn"])
def test_a_run_that_goes_on_ends_where_an_unbroken_one_does(few, tmp_path, model):
    settings = {**SMALL, "width": 0.25}
    unbroken = ImageAutoencoder(model, **{**settings, "epochs": 3}).fit(few[:100], run=tmp_path / "unbroken")
    ImageAutoencoder(model, **settings).fit(few[:100], run=tmp_path / "broken")
    resumed = ImageAutoencoder(model, **{**settings, "epochs": 3}).fit(few[:100], run=tmp_path / "broken", resume=True)
    for name in ("model", "density"):
        one, other = (tmp_path / run / f"{name}.safetensors" for run in ("unbroken", "broken"))
        assert one.read_bytes() == other.read_bytes()
    assert np.array_equal(resumed.sample(3), unbroken.sample(3))


def test_other_settings_or_images_are_no_resumption(few, tmp_path):
    ImageAutoencoder("rae", **SMALL).fit(few[:60], run=tmp_path)
    with pytest.raises(RunError, match="other settings: objective"):
        ImageAutoencoder("rae", **SMALL, beta=1.0).fit(few[:60], run=tmp_path, resume=True)
    with pytest.raises(RunError, match="other data"):
        ImageAutoencoder("rae", **SMALL).fit(255 - few[:60], run=tmp_path, resume=True)
    with pytest.raises(RunError, match="already holds a training"):
        ImageAutoencoder("rae", **SMALL).fit(few[:60], run=tmp_path)
    with pytest.raises(RunError, match="no folder to resume from"):
        ImageAutoencoder("rae", **SMALL).fit(few[:60], resume=True)


def test_what_cannot_be_used_is_named(fitted, few):
    with pytest.raises(DataError, match="images have shape"):
        ImageAutoencoder(**SMALL).fit(few.astype(np.float32))
    with pytest.raises(SettingsError, match="no recipe for images of 7x8"):
        ImageAutoencoder(**SMALL).fit(few[:, :7])
    with pytest.raises(SettingsError, match="the recipe 'mnist' is for images of 32x32"):
        ImageAutoencoder(recipe="mnist", **SMALL).fit(few)
    with pytest.raises(SettingsError, match="unknown model of images 'gvae'"):
        ImageAutoencoder("gvae", **SMALL).fit(few)
    with pytest.raises(SettingsError, match="unknown density 'gm'"):
        ImageAutoencoder(density="gm", **SMALL).fit(few)
    with pytest.raises(SettingsError, match="width is -1"):
        ImageAutoencoder(width=-1).fit(few)
    with pytest.raises(SettingsError, match="latent_dim"):
        ImageAutoencoder(latent_dim=0).fit(few)
    with pytest.raises(SettingsError, match=r"validation=|train and validate on"):
        ImageAutoencoder(validation=0.0).fit(few)
    with pytest.raises(DataError, match="too few"):
        ImageAutoencoder(**SMALL).fit(few[:3])
    with pytest.raises(DataError, match="those of the training set had 8 x 8 x 1"):
        fitted.transform(np.zeros((1, 32, 32, 1), np.uint8))
    with pytest.raises(DataError, match="codes have shape"):
        fitted.inverse_transform(np.zeros((2, 3)))
    with pytest.raises(DataError, match="row 1 contains NaN"):
        fitted.inverse_transform(np.array([[0.0] * 8, [np.nan] * 8]))
    with pytest.raises(SettingsError, match="no density 'two-stage' is fitted"):
        fitted.sample(1, density="two-stage")


def test_damaged_and_foreign_folders_are_refused(fitted, tmp_path):
    with pytest.raises(RunError, match="there is no folder"):
        load(tmp_path / "none")
    fitted.save(tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    config = run.read_json(run.CONFIG)
    run.write_json(run.CONFIG, {**config, "format": "grae run 1"})
    with pytest.raises(RunError, match="not the configuration of a run"):
        load(run.path)
    changed = json.loads(json.dumps(config))
    changed["settings"]["architecture"]["latent_dim"] = 9
    run.write_json(run.CONFIG, changed)
    with pytest.raises(RunError, match="weights of another model"):
        load(run.path)
    changed["settings"]["architecture"]["latent_dim"] = "nine"
    run.write_json(run.CONFIG, changed)
    with pytest.raises(RunError, match=r"settings\.architecture\.latent_dim"):
        load(run.path)
    run.write_json(run.CONFIG, config)
    (run / run.MODEL).unlink()
    with pytest.raises(RunError, match="has not finished"):
        load(run.path)


def test_settings_of_older_runs_are_read():
    settings = resolve_settings(ImageAutoencoder("vae", **SMALL).get_params(), (8, 8, 1)).model_dump(mode="json")
    objective = dict(settings["objective"])
    bottleneck, weights = objective.pop("bottleneck"), objective.pop("weights")
    older = {
        **objective,
        "bottleneck": bottleneck["kind"],
        "bottleneck_options": {"reduction": bottleneck["reduction"], "log_sigma_bound": bottleneck["log_sigma_bound"]},
        "beta": weights["beta"],
        "lambda_": weights["lambda_"],
    }
    assert Settings.model_validate({**settings, "objective": older}).model_dump(mode="json") == settings
