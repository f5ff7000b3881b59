"""The models by name, their settings, and their densities from the command line."""

import json
import shutil
from pathlib import Path

import pytest

from grae.autoencoder import MODELS
from grae.density import DENSITIES, TwoStage
from grae.grammar import load_grammar

QUICK = ("--preset", "quick", "--epochs", "1", "--motifs", "0", "--latent-dim", "4", "--batch-size", "64")


@pytest.fixture(autouse=True)
def small_two_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second stage that takes no minutes."""

    class Small(TwoStage):
        def __init__(self, width: int = 8, epochs: int = 1, **settings) -> None:
            super().__init__(width, epochs=epochs, **settings)

    monkeypatch.setitem(DENSITIES, "two-stage", Small)


def test_help_names_every_model_and_density(grae):
    said = " ".join(grae("train", "--help").out.replace("│", " ").split())
    for name in (*MODELS, *DENSITIES):
        assert name in said


def test_settings_by_hand_are_those_of_the_run(grae, trained: Path):
    strings = ("-g", trained / "lists.cfg", "-d", trained / "lists.txt")
    weights = ("--model", "rae-gp", "--beta", "0.25", "--lambda", "1e-3", "--noise", "0.125", "--density", "gaussian")
    ended = grae("train", *strings, *QUICK, *weights, "--out", "run", "--json")
    assert (ended.status, ended.json["model"]) == (0, "rae-gp")
    settings = json.loads(Path("run/config.json").read_text())["settings"]
    assert settings["weights"] == {"beta": 0.25, "lambda_": 1e-3, "rate": None, "penalized_every": 4}
    assert settings["bottleneck"] == {"kind": "noisy", "noise": 0.125, "reduction": None, "log_sigma_bound": None}
    assert settings["density"] == "gaussian"
    again = grae("train", *strings, *QUICK, *weights, "--out", "run", "--resume")
    assert again.status == 0
    other = grae("train", "--resume", "--out", "run", "--lambda", "2")
    assert (other.status, other.out) == (2, "")
    assert "--lambda 2.0: run was started with 0.001" in other.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "rae-sn", "--lambda", "1"), "model 'rae-sn' has no regularizer for lambda to weight"),
        (("--model", "wae", "--noise", "1"), "'wasserstein' has no noise"),
        (("--beta", "-1"), "--beta"),
        (("--density", "two-stages"), "did you mean 'two-stage'?"),
    ],
)
def test_settings_that_contradict_each_other_start_nothing(grae, trained: Path, tmp_path: Path, arguments, message):
    ended = grae("train", "-g", trained / "lists.cfg", "-d", trained / "lists.txt", *QUICK, *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert not (tmp_path / "runs").exists()


def test_density_of_choice_is_fitted_once(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    drawn = {name: grae("sample", "-n", "50", "--density", name).out for name in ("gmm", "gaussian", "normal")}
    assert len(set(drawn.values())) == 3
    first = grae("sample", "-n", "5", "--density", "two-stage")
    assert first.status == 0
    assert "fitting the density 'two-stage'" in first.err
    again = grae("sample", "-n", "5", "--density", "two-stage")
    assert (again.status, again.out) == (0, first.out)
    assert "fitting" not in again.err
    compared = grae("evaluate", "-n", "20", "--density", "gmm,gmm-auto", "--json")
    assert set(compared.json["densities"]) == {"gmm", "gmm-auto"}
    wrong = grae("sample", "-n", "5", "--density", "two-stages")
    assert (wrong.status, wrong.out) == (2, "")
    assert "did you mean 'two-stage'?" in wrong.err


def test_two_stage_is_fitted_where_it_is_asked_for(grae, trained: Path):
    strings = ("-g", trained / "lists.cfg", "-d", trained / "lists.txt")
    for run, options in (("asked", ("--density", "two-stage")), ("own", ("--model", "2svae"))):
        assert grae("train", *strings, *QUICK, *options, "--out", run).status == 0
        own = grae("sample", run, "-n", "30")
        assert (own.status, own.out) == (0, grae("sample", run, "-n", "30", "--density", "two-stage").out)


def test_character_model_keeps_the_named_grammar(grae, trained: Path, tmp_path: Path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    ended = grae("train", "-g", "lists.cfg", "-d", "lists.txt", *QUICK, "--model", "cvae", "--json")
    assert (ended.status, ended.json["run"], ended.json["grammar"]) == (0, "runs/lists-cvae-1", "lists")
    run = Path("runs/lists-cvae-1")
    assert load_grammar(run / "language.cfg") == load_grammar("lists.cfg")
    assert str(load_grammar(run).start) == "characters"
    assert "run: runs/lists-cvae-1" in grae("sample", "-n", "1", "--grammar", "lists.cfg").err
    assert set(grae("sample", "-n", "50", "--temperature", "1").out) <= set("[],ab\n")
    codes = grae("encode", "--in", "lists.txt", "--on-invalid", "skip", "--json").json
    assert codes["n"] == 300  # and "[a;b]" has a character that no string of the training has
    resumed = grae("train", "--resume", "--epochs", "2", "--json")
    assert (resumed.status, resumed.json["training"]["epochs"]) == (0, 2)
