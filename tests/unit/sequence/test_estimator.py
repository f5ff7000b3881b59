"""The estimator, on a language small enough to learn in seconds."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

import grae
from grae import files
from grae.chemistry import canonical_all, kekule_all, readable_all
from grae.cli.saved_options import options_of
from grae.datasets import Source, build_store
from grae.density import DENSITIES, AutoMixture, TwoStage, save_densities
from grae.errors import DataError, ParseError, RunError, SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder
from grae.sequence.resolution import resolve_settings

LISTS = Grammar.from_text(
    """
    list -> '[' ']' | '[' items ']'
    items -> item | item ',' items
    item -> list | 'a' | 'b' | 'c'
    """,
    "lists",
)
TEXTS = [LISTS.unparse(ids) for ids in sample_uniform(LISTS, 400, 14, 0)]


def new(**changes):
    settings = {"preset": "quick", "epochs": 6, "latent_dim": 8, "motifs": 0, "learning_rate": 3e-3, "batch_size": 32}
    return GrammarAutoencoder(LISTS, **{**settings, "device": "cpu", **changes})


@pytest.fixture(scope="module")
def fitted() -> Any:
    return new(motifs=5).fit(TEXTS)


def test_fit_learns_and_transform_has_the_shape_it_says(fitted):
    codes = fitted.transform(TEXTS[:30])
    assert codes.shape == (30, 8)
    assert codes.dtype == np.float32
    losses = [record["validation"]["loss"] for record in fitted.result_.metrics]
    assert fitted.result_.best["loss"] == min(losses)
    untrained: Any = new(motifs=5, epochs=1, learning_rate=1e-9).fit(TEXTS)
    assert fitted.result_.best["loss"] < 0.7 * untrained.result_.best["loss"]


def test_samples_of_a_model_with_noise_are_decoded_from_codes_with_that_noise(tmp_path, fitted):
    noisy: Any = new(noise=0.5, epochs=1).fit(TEXTS)
    noisy.save(tmp_path)
    for model in (noisy, grae.load(tmp_path)):
        codes, without = model.sampled_density(None).sample(3000, 1), model.density_named(None).sample(3000, 1)
        assert (codes - without).std() == pytest.approx(0.5, rel=0.05)
        assert model.sample(20, seed=1) == model.inverse_transform(model.sampled_density(None).sample(20, 1), seed=1)
        assert model.sampled_density("normal") is model.density_named("normal")
        np.testing.assert_array_equal(
            model.score_samples(TEXTS[:5]), model.density_named(None).log_prob(model.transform(TEXTS[:5]))
        )
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"].pop("sampling_noise") == 0.5
    (tmp_path / "config.json").write_text(json.dumps(config))
    older = grae.load(tmp_path)
    assert older.sampled_density(None) is older.density_named(None)  # as the versions that wrote it
    assert fitted.sampled_density(None) is fitted.density_named(None)


def test_codes_do_not_depend_on_the_company(fitted):
    together = fitted.transform(TEXTS[:40])
    alone = np.concatenate([fitted.transform([text]) for text in TEXTS[:40]])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_samples_are_in_the_language_and_follow_the_seed(fitted):
    for density in ("gmm", "gaussian"):
        samples = fitted.sample(200, density=density, seed=3)
        assert all(LISTS.unparse(LISTS.parse(text)) == text for text in samples)
        assert samples == fitted.sample(200, density=density, seed=3)
        assert samples != fitted.sample(200, density=density, seed=4)
    assert fitted.sample(50, temperature=1.0, seed=3) != fitted.sample(50, temperature=2.0, seed=3)


def test_several_decodings_of_a_code_are_draws_around_it(fitted):
    codes = fitted.transform(TEXTS[:6])
    drawn = fitted.decodings(codes, 40, seed=1, completion="forced")
    assert [len(texts) for texts in drawn] == [40] * 6
    assert drawn == fitted.decodings(codes, 40, seed=1, completion="forced")
    assert len({text for texts in drawn for text in texts}) > 20
    cold = fitted.decodings(codes, 3, temperature=0, completion="forced")
    assert cold == [[text] * 3 for text in fitted.inverse_transform(codes)]


def test_without_forced_completion_some_run_out_of_steps(fitted):
    codes = 3 * np.random.default_rng(0).standard_normal((50, 8))
    drawn = [text for texts in fitted.decodings(codes, 20, temperature=3.0) for text in texts]
    complete = [text for text in drawn if text is not None]
    assert 0 < len(complete) < len(drawn)
    assert all(LISTS.unparse(LISTS.parse(text)) == text for text in complete)
    with pytest.raises(SettingsError, match="unknown completion 'maybe'"):
        fitted.decodings(codes, 2, completion="maybe")


def test_the_same_seed_gives_the_same_weights():
    first, second = (new(epochs=2).fit(TEXTS).network_.state_dict() for _ in range(2))
    for name, weight in first.items():
        assert np.array_equal(weight, second[name]), name


def test_score_samples_is_the_log_density_of_the_codes(fitted):
    scores = fitted.score_samples(TEXTS[:20])
    np.testing.assert_allclose(scores, fitted.densities_["gmm"].log_prob(fitted.transform(TEXTS[:20])))


def test_score_is_the_share_that_comes_back(fitted):
    texts = TEXTS[:60]
    assert fitted.score(texts) == np.mean([a == b for a, b in zip(texts, fitted.reconstruct(texts), strict=True)])


def test_a_saved_estimator_loads_equal(fitted, tmp_path):
    fitted.save(tmp_path / "run")
    loaded = grae.load(tmp_path / "run", device="cpu")
    np.testing.assert_array_equal(loaded.transform(TEXTS[:20]), fitted.transform(TEXTS[:20]))
    assert loaded.sample(20, seed=1) == fitted.sample(20, seed=1)
    assert loaded.grammar_.fingerprint == fitted.grammar_.fingerprint
    assert loaded.settings_ == fitted.settings_
    assert loaded.grammar_.base == LISTS
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again" / "config.json").read_bytes() == (tmp_path / "run" / "config.json").read_bytes()


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "grammar.cfg", "density.safetensors", "split.safetensors"]
)
@pytest.mark.parametrize("harm", ["missing", "truncated", "foreign"])
def test_a_damaged_run_is_an_error_that_names_the_file(fitted, tmp_path, name, harm):
    fitted.save(tmp_path)
    file = tmp_path / name
    whole = file.read_bytes()
    if harm == "missing":
        file.unlink()
    elif harm == "truncated":
        file.write_bytes(whole[: len(whole) // 2])
    else:
        file.write_text(json.dumps({"format": "another"}) if name != "grammar.cfg" else "S -> 'a' S | 'a'\n")
    with pytest.raises(RunError) as error:
        grae.load(tmp_path)
    assert name in str(error.value)
    assert error.value.remedy


def test_an_unbroken_and_a_resumed_run_end_with_the_same_weights(tmp_path):
    """The run is broken by ending it after fewer epochs; what differs then is only how long it was to go on."""
    unbroken = new(epochs=4, motifs=3).fit(TEXTS, run=tmp_path / "unbroken")
    run = tmp_path / "broken"
    broken = new(epochs=4, motifs=3)
    broken.fit(TEXTS, run=run)
    (run / "model.safetensors").unlink()
    with pytest.raises(RunError, match="has not finished"):
        grae.load(run)
    resumed = new(epochs=4, motifs=3).fit(TEXTS, run=run, resume=True)
    for name, weight in unbroken.network_.state_dict().items():
        assert np.array_equal(weight, resumed.network_.state_dict()[name]), name


def test_a_run_is_not_resumed_with_other_settings_or_data(tmp_path):
    new(epochs=1).fit(TEXTS, run=tmp_path)
    with pytest.raises(RunError, match="other settings: architecture"):
        new(epochs=1, latent_dim=9).fit(TEXTS, run=tmp_path, resume=True)
    with pytest.raises(RunError, match="other data"):
        new(epochs=1).fit(TEXTS[:-1], run=tmp_path, resume=True)
    with pytest.raises(RunError, match="already holds a training"):
        new(epochs=1).fit(TEXTS, run=tmp_path)


def test_strings_that_cannot_be_used_are_errors(fitted):
    with pytest.raises(ParseError, match="position 1"):
        fitted.transform(["[]", "[x]"])
    with pytest.raises(DataError, match="one string"):
        fitted.transform("[]")
    with pytest.raises(DataError, match=r"X\[1\] is a float"):
        fitted.transform(["[]", np.nan])
    with pytest.raises(DataError, match=r"too long|more than"):
        fitted.transform(["[" + ",".join("a" * 60) + "]"])
    with pytest.raises(ParseError):
        new().fit([*TEXTS, "nonsense"])
    derivations = Derivations.from_list([LISTS.parse(text) for text in TEXTS], LISTS.dtype)
    with pytest.raises(DataError, match=r"derivation \d+ has 14 productions, more than the limit of 9"):
        new(max_length=9).fit(derivations)
    assert len(new(epochs=1, on_invalid="skip").fit([*TEXTS, "nonsense"]).split_) == len(TEXTS)


@pytest.mark.parametrize(
    "codes", [np.zeros((3, 7)), np.zeros(8), np.full((2, 8), np.nan), np.full((2, 8), np.inf), np.full((2, 8), "a")]
)
def test_codes_that_cannot_be_used_are_errors(fitted, codes):
    with pytest.raises(DataError, match=r"codes have shape|NaN or infinite"):
        fitted.inverse_transform(codes)


def test_settings_that_cannot_be_used_are_errors():
    for wrong in (
        {"model": "gra"},
        {"preset": "fast"},
        {"density": "gnn"},
        {"latent_dim": 0},
        {"beta": -1.0},
        {"epochs": 0},
    ):
        with pytest.raises(SettingsError):
            new(**wrong).fit(TEXTS)
    with pytest.raises(SettingsError, match="'rae' has no regularizer for lambda to weight"):
        new(model="rae", lambda_=0.1).fit(TEXTS)
    with pytest.raises(SettingsError, match="'wasserstein' has no noise"):
        new(model="wae", noise=0.1).fit(TEXTS)


def test_a_density_that_is_not_fitted_is_an_error_with_a_remedy(fitted):
    assert set(fitted.densities_) == {"gmm", "gaussian", "normal"}
    with pytest.raises(SettingsError, match=r"no density 'flow' is fitted; .*\n.*fit_density\('flow', X\)"):
        fitted.sample(1, density="flow")
    with pytest.raises(
        SettingsError, match=r"no density 'kernel' is fitted; there are: gmm, gaussian, normal\n.*one of these$"
    ):
        fitted.sample(1, density="kernel")


def test_another_density_is_fitted_afterwards(fitted, tmp_path, monkeypatch):
    fitted.save(tmp_path)
    model: Any = grae.load(tmp_path, device="cpu")
    with pytest.raises(SettingsError, match="did you mean 'gmm'"):
        model.fit_density("gmmm", TEXTS)
    expected = model.density_named("gaussian").log_prob(model.transform(TEXTS))
    del model.densities_["gaussian"]
    training = model.derive([TEXTS[row] for row in model.split_.train]).derivations
    for strings in ([TEXTS[row] for row in model.split_.train], training):
        model.fit_density("gaussian", strings)
        np.testing.assert_allclose(model.density_named("gaussian").log_prob(model.transform(TEXTS)), expected)


@pytest.mark.parametrize("name", ["gvae", "gcvvae", "wae", "rae-gp", "rae-sn", "2svae"])
def test_each_kind_of_model_is_saved_and_loaded_equal(name, tmp_path, monkeypatch):
    monkeypatch.setitem(DENSITIES, "two-stage", SmallTwoStage)
    model: Any = new(model=name, epochs=2).fit(TEXTS, run=tmp_path)
    loaded = grae.load(tmp_path, device="cpu")
    np.testing.assert_array_equal(loaded.transform(TEXTS[:20]), model.transform(TEXTS[:20]))
    assert loaded.densities_.keys() == model.densities_.keys()
    for density in model.densities_:
        samples = model.sample(20, density=density, seed=1)
        assert samples == loaded.sample(20, density=density, seed=1)
        assert all(LISTS.unparse(LISTS.parse(text)) == text for text in samples)
    assert loaded.language_grammar_ == loaded.grammar_ == LISTS
    assert not (tmp_path / "language.cfg").exists()


class SmallTwoStage(TwoStage):
    def __init__(self, width: int = 8, **settings: Any) -> None:
        super().__init__(width, **{"epochs": 1, **settings})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tmp_path_factory.mktemp("characters")


@pytest.fixture(scope="module")
def characters(run) -> Any:
    return new(model="cvae", epochs=3).fit(TEXTS, run=run)


class TestCharacters:
    def test_its_grammar_is_that_of_the_characters_and_the_named_one_is_kept(self, characters):
        assert characters.language_grammar_ == LISTS
        assert characters.grammar_.terminals == tuple(sorted(set("".join(TEXTS))))
        assert characters.grammar_.name == "lists-characters"
        assert characters.settings_.max_length == max(map(len, TEXTS)) + 1
        alike: Any = new(epochs=1).fit(TEXTS)
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(characters.split_, part), getattr(alike.split_, part))

    def test_its_strings_are_any_characters(self, characters):
        drawn = characters.inverse_transform(np.random.default_rng(0).normal(size=(200, 8)) * 30, temperature=3.0)
        assert not all(text in drawn_in_language(drawn) for text in drawn)
        assert all(set(text) <= set("[],abc") for text in drawn)

    def test_a_string_that_is_too_long_is_told_in_characters(self, characters):
        longest = characters.settings_.max_length * 4
        rejected = characters.derive([f"[{','.join(['a'] * longest)}]"], on_invalid="skip").rejections
        assert [one.reason for one in rejected] == ["too long"]
        n = 2 * longest + 1
        assert rejected[0].detail == f"it has {n} characters; this run reads up to {longest - 1}"
        with pytest.raises(DataError, match=rf"{n} characters.*\n?.*--max-length"):
            characters.transform([f"[{','.join(['a'] * longest)}]"])

    def test_opens_again_with_both_grammars(self, characters, run):
        loaded: Any = grae.load(run, device="cpu")
        assert (loaded.grammar_, loaded.language_grammar_) == (characters.grammar_, LISTS)
        np.testing.assert_array_equal(loaded.transform(TEXTS[:20]), characters.transform(TEXTS[:20]))
        assert loaded.grammar == LISTS
        loaded.save(run / "again")
        assert (run / "again" / "language.cfg").read_bytes() == (run / "language.cfg").read_bytes()

    @pytest.mark.parametrize("harm", ["missing", "foreign"])
    def test_a_damaged_file_of_the_named_grammar_is_an_error(self, characters, tmp_path, harm):
        characters.save(tmp_path)
        file = tmp_path / "language.cfg"
        file.unlink() if harm == "missing" else file.write_text("S -> 'a' S | 'a'\n")
        with pytest.raises(RunError, match=r"language\.cfg"):
            grae.load(tmp_path)

    def test_resumes(self, characters, run):
        (run / "model.safetensors").unlink()
        resumed: Any = new(model="cvae", epochs=3).fit(TEXTS, run=run, resume=True)
        for name, weight in characters.network_.state_dict().items():
            assert np.array_equal(weight, resumed.network_.state_dict()[name]), name

    def test_molecules_are_decoded_under_no_rules_but_their_characters(self):
        texts = ["CCO", "CCN", "CC(C)O", "C1CC1", "c1ccccc1"] * 6
        model: Any = GrammarAutoencoder("smiles", model="cvae", preset="quick", epochs=1, device="cpu").fit(texts)
        assert model.constraints_used() == "grammar"
        assert len(model.sample(5)) == 5
        with pytest.raises(SettingsError, match="has no semantic rules"):
            model.sample(5, constraints="semantic")

    def test_the_paper_preset_has_room_for_the_published_characters(self):
        texts = ["1+x", "x*x", "sin(x)", "exp(2)/x"] * 8
        model: Any = GrammarAutoencoder("arithmetic", model="cvae", preset="paper", epochs=1, device="cpu").fit(texts)
        assert model.settings_.max_length == 20
        assert model.transform(["1 + x"]).shape == (1, 25)


def drawn_in_language(texts):
    from grae.grammar import codec

    return {texts[row] for row in codec.encode(LISTS, texts, on_invalid="skip").rows}


def test_noise_is_a_setting_that_the_run_keeps(tmp_path):
    noisy: Any = new(noise=0.5, epochs=1).fit(TEXTS, run=tmp_path)
    assert (noisy.settings_.bottleneck.kind, noisy.settings_.bottleneck.noise) == ("noisy", 0.5)
    assert grae.load(tmp_path).settings_ == noisy.settings_  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(RunError, match="other settings: bottleneck"):
        new(noise=0.4, epochs=1).fit(TEXTS, run=tmp_path, resume=True)


def test_a_run_with_an_unknown_bottleneck_is_an_error(fitted, tmp_path):
    fitted.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["settings"]["bottleneck"]["kind"] = "quantized"
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=r"config\.json: settings\.bottleneck\.kind: .*'quantized'"):
        grae.load(tmp_path)


def test_a_run_from_before_bottlenecks_could_be_chosen_still_opens(fitted, tmp_path):
    fitted.save(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    del config["settings"]["bottleneck"], config["settings"]["reconstruction"], config["language"]
    del config["parameters"]["noise"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    loaded: Any = grae.load(tmp_path, device="cpu")
    np.testing.assert_array_equal(loaded.transform(TEXTS[:20]), fitted.transform(TEXTS[:20]))
    assert loaded.language_grammar_ == LISTS


def test_a_run_with_the_former_name_of_a_density_still_opens(fitted, tmp_path):
    fitted.save(tmp_path)
    model: Any = grae.load(tmp_path, device="cpu")
    model.densities_["gmm-auto"] = AutoMixture((1, 2)).fit(model.transform(TEXTS[:40]), 0)
    config = json.loads((tmp_path / "config.json").read_text())
    config["settings"]["density"] = config["parameters"]["density"] = "gmm-chosen"
    config["parameters"] |= {"validation": 0.05, "test": 0.05}  # as `grae train` has them
    config["data"]["data"] = "mine.txt"
    (tmp_path / "config.json").write_text(json.dumps(config))
    path = tmp_path / "density.safetensors"
    save_densities(path, model.densities_)
    arrays, about = files.read_tensors(path)
    about["densities"]["gmm-chosen"] = about["densities"].pop("gmm-auto")
    arrays = {name.replace("gmm-auto", "gmm-chosen"): array for name, array in arrays.items()}
    files.write_tensors(path, arrays, about)
    loaded: Any = grae.load(tmp_path, device="cpu")
    assert (loaded.density, loaded.settings_.density) == ("gmm-auto", "gmm-auto")
    np.testing.assert_array_equal(loaded.density_named(None).sample(5, 0), model.density_named("gmm-auto").sample(5, 0))
    assert options_of(tmp_path / "config.json", "train")["density"] == "gmm-auto"


def test_it_works_in_a_pipeline_and_with_pandas(fitted):
    frame = pd.Series(TEXTS)
    target = frame.str.len().to_numpy()
    pipeline = make_pipeline(clone(fitted), LinearRegression()).fit(frame, target)
    predicted = pipeline.predict(frame)
    assert np.corrcoef(predicted, target)[0, 1] > 0.4  # eight random features would give 0.14
    assert list(fitted.get_feature_names_out())[:2] == ["grammarautoencoder0", "grammarautoencoder1"]


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_mixin_order,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
        estimator_checks.check_valid_tag_types,
    ],
)
def test_scikit_learn_accepts_it(check):
    """Those of its checks that need no matrix of numbers; it skips the others for estimators of strings."""
    check("GrammarAutoencoder", GrammarAutoencoder())


def test_an_estimator_that_is_not_fitted_says_so():
    with pytest.raises(NotFittedError):
        new().transform(TEXTS)
    with pytest.raises(NotFittedError):
        new().sample(1)


MOLECULES = [
    "c1ccccc1",
    "CCO",
    "C1CCCCC1O",
    "Cc1ccccc1",
    "c1ccncc1",
    "CC(=O)O",
    "OC1CC1",
    "CC(C)N",
    "Oc1ccccc1",
    "C#N",
] * 8


def molecules(**changes):
    settings = {"preset": "quick", "epochs": 2, "latent_dim": 8, "motifs": 5, "batch_size": 16, "device": "cpu"}
    return GrammarAutoencoder("smiles", **{**settings, **changes})


@pytest.fixture(scope="module")
def chemist() -> Any:
    return molecules().fit(MOLECULES)


def test_it_encodes_what_it_decodes(chemist):
    """RDKit's canonical form of a decoded molecule may take more productions than the decoder took."""
    codes = 100 * np.random.default_rng(0).normal(size=(300, chemist.settings_.architecture.latent_dim))
    texts = chemist.inverse_transform(codes, temperature=1.0, seed=0)
    encoded = chemist.derive(texts)
    assert len(encoded.rows) == len(texts)
    assert encoded.derivations.lengths.max() > chemist.settings_.max_length
    assert np.isfinite(chemist.transform(texts)).all()


def test_every_code_decodes_into_a_molecule(chemist):
    codes = np.random.default_rng(0).normal(size=(300, 8)) * np.logspace(-1, 4, 300)[:, None]
    for temperature in (0.0, 1.0, 10.0):
        texts = chemist.inverse_transform(codes, temperature=temperature)
        assert all(canonical_all(texts))
        raw = chemist.inverse_transform(codes, temperature=temperature, raw=True)
        assert readable_all(raw) == texts
        assert [chemist.grammar_.unparse(chemist.grammar_.parse(text)) for text in raw] == raw
    plain = chemist.inverse_transform(codes, temperature=10.0, constraints="grammar")
    assert None in canonical_all(plain)
    assert chemist.constraints_used() == chemist.constraints_used("semantic") == "semantic"
    assert chemist.constraints_used("grammar") == "grammar"
    assert all(canonical_all(chemist.sample(50, temperature=5.0)))
    assert None in canonical_all(chemist.sample(200, temperature=5.0, constraints="grammar"))


def test_the_form_is_kept_and_strings_are_brought_into_it(chemist, tmp_path):
    assert chemist.settings_.form == "kekule"
    np.testing.assert_array_equal(chemist.transform(["c1ccccc1C"]), chemist.transform(["CC1=CC=CC=C1"]))
    with pytest.raises(DataError, match=r"string 1 is not read by RDKit, unclosed ring"):
        chemist.transform(["CCO", "C1CC"])
    encoded = chemist.derive(["CCO", "C1CC"], on_invalid="skip")
    assert (encoded.rows.tolist(), encoded.rejections[0].reason) == ([0], "not read by RDKit")
    assert chemist.reconstruct(["c1ccccc1"]) == chemist.inverse_transform(chemist.transform(["c1ccccc1"]), raw=True)
    assert 0 <= chemist.score(MOLECULES) <= 1
    chemist.save(tmp_path)
    assert grae.load(tmp_path, device="cpu").settings_.form == "kekule"


def test_the_form_is_what_the_caller_says():
    as_written: Any = molecules(form="as-written", epochs=1).fit(MOLECULES)
    assert as_written.constraints_used() == "grammar"
    for call in (as_written.constraints_used, lambda name: as_written.sample(2, constraints=name)):
        with pytest.raises(SettingsError, match="form='kekule'"):
            call("semantic")
    smiles = load_grammar("smiles")
    plain = Derivations.from_list([smiles.parse(text) for text in kekule_all(MOLECULES) if text], smiles.dtype)
    assert molecules(epochs=1).fit(plain).settings_.form == "as-written"
    assert molecules(epochs=1, form="kekule").fit(plain).constraints_used() == "semantic"
    assert resolve_settings(molecules(preset="paper").get_params(), load_grammar("smiles")).preset.form == "as-written"
    with pytest.raises(SettingsError, match="form 'canonical': strings have the form as-written alone"):
        new(form="canonical").fit(TEXTS)
    with pytest.raises(DataError, match="not read by RDKit"):
        molecules().fit([*MOLECULES, "C1"])
    assert len(molecules(epochs=1, on_invalid="skip").fit([*MOLECULES, "C1"]).split_) == len(MOLECULES)


def test_a_store_is_in_the_form_that_it_was_built_in(tmp_path):
    (tmp_path / "some.smi").write_text("\n".join(MOLECULES))
    store = build_store(load_grammar("smiles"), Source(tmp_path / "some.smi"), form="kekule", n_jobs=1)
    assert molecules(epochs=1).fit(store).settings_.form == "kekule"
    with pytest.raises(SettingsError, match="holds strings in the form 'kekule'"):
        molecules(form="canonical").fit(store)


def test_rules_of_the_language_need_complete_strings(chemist):
    codes = chemist.densities_["gaussian"].sample(4, 0)
    with pytest.raises(SettingsError, match="require forced completion"):
        chemist.decodings(codes, 2, constraints="semantic")
    assert all(len(texts) == 2 for texts in chemist.decodings(codes, 2))
    valid = [text for texts in chemist.decodings(codes, 2, completion="forced") for text in texts]
    assert None not in canonical_all([str(text) for text in valid])


def test_constraints_that_there_are_not(fitted):
    assert fitted.constraints_used() == "grammar"
    with pytest.raises(SettingsError, match="has no semantic rules"):
        fitted.sample(1, constraints="semantic")
    with pytest.raises(SettingsError, match="did you mean 'semantic'"):
        fitted.sample(1, constraints="semantics")


@pytest.mark.parametrize(
    ("model", "preset", "motifs"),
    [("grae", "quick", 5), ("grae", "paper", None), ("cvae", "quick", None), ("cvae", "paper", None)],
)
def test_what_a_model_samples_it_encodes(model: str, preset: str, motifs: int | None):
    texts = ["1+x", "x*x", "sin(x)", "exp(2)/x", "sin(x*x)+1", "(x)", "3"] * 6
    fitted: Any = GrammarAutoencoder(
        "arithmetic", model=model, preset=preset, motifs=motifs, epochs=1, batch_size=16, device="cpu"
    ).fit(texts)
    for density in fitted.densities_:
        for temperature in (0.0, 2.0):
            drawn = fitted.sample(100, density=density, temperature=temperature, seed=1)
            assert len(fitted.derive(drawn).rows) == 100
