"""`grae reproduce moses` in small: trained, evaluated, its table, resumed, and what it refuses."""

import csv
import json
from itertools import islice
from pathlib import Path

import pytest

from grae.chemistry import canonical_all
from grae.datasets import open_source
from grae.reproduction import moses
from grae.reproduction.moses_published import MEASURES, PUBLISHED
from grae.training.interruption import Interrupted

OPTIONS = (
    *("reproduce", "moses", "--preset", "quick", "--epochs", "1", "--rate", "12"),
    *("--samples", "24", "--no-fcd", "--jobs", "1"),
    *("--train", "train.smi", "--reference", "test.smi", "--scaffold-reference", "scaffolds.smi", "--device", "cpu"),
)


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """A folder with small sets."""
    forms = [form for form in canonical_all(islice(open_source("wehi").texts(), 150)) if form is not None]
    for name, texts in (("train", forms[:110]), ("test", forms[110:130]), ("scaffolds", forms[130:])):
        (tmp_path / f"{name}.smi").write_text("".join(f"{text}\n" for text in texts))
    return tmp_path


def test_our_row_beside_the_published_ones(grae, sets: Path, monkeypatch: pytest.MonkeyPatch):
    ended = grae(*OPTIONS)
    assert ended.status == 0, ended.err
    for word in ("GRAE", "JTN-VAE", "raw", "U@10k", "1.0000", "0.9748", "0.3954"):
        assert word in ended.out
    assert max(len(line.rstrip()) for line in ended.out.splitlines()) <= 100
    assert ended.out.splitlines()[-1] == "runs/moses"
    assert "FCD/Test" in ended.err
    folder = Path("runs/moses")
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        *("experiment.json", "table.csv", "table.json", "table.md"),
    }
    rows = json.loads((folder / "table.json").read_text())
    assert [row["model"] for row in rows] == [*PUBLISHED, "GRAE"]
    ours = rows[-1]
    assert (ours["valid"], ours["n"], ours["FCD/Test"]) == (1.0, 24, None)
    assert 0 <= ours["valid_without_constraints"] <= 1
    assert 0 < ours["SNN/TestSF"] < 1
    assert json.loads((folder / "run" / "config.json").read_text())["parameters"]["rate"] == 12
    assert ours["left_out"]["unique@1000"].startswith("it needs 1,000 valid samples")
    held = json.loads((folder / "run" / "evaluation.json").read_text())
    assert held["evaluations"][0]["found"]["counts"]["exact_reconstruction"]["of"] > 0
    assert "| 0.9748 ± 0.026 |" in (folder / "table.md").read_text()
    table = {row["model"]: row for row in csv.DictReader((folder / "table.csv").read_text().splitlines())}
    assert table["CharRNN"]["FCD/Test"] == "0.0732"
    monkeypatch.setattr(moses, "train", None)  # neither trained nor measured again
    again = grae(*OPTIONS, "--json")
    assert (again.status, again.out.count("\n")) == (0, 1)
    assert again.json["rows"] == rows
    refused = grae(*OPTIONS, "--seed", "1")
    assert (refused.status, refused.out) == (2, "")
    assert "holds another experiment: seed" in " ".join(refused.err.split())


def test_an_interrupted_training_resumes(grae, sets: Path, monkeypatch: pytest.MonkeyPatch):
    from grae.sequence import GrammarAutoencoder

    fit, resumed = GrammarAutoencoder.fit, []

    def interrupted(self, *arguments, **options):
        resumed.append(options["resume"])
        fitted = fit(self, *arguments, **options)
        if len(resumed) == 1:
            (options["run"] / "model.safetensors").unlink()  # as after an interruption before the end
            raise Interrupted("interrupted")
        return fitted

    monkeypatch.setattr(GrammarAutoencoder, "fit", interrupted)
    first = grae(*OPTIONS, "--time-budget", "5")
    assert first.status == 130
    assert "the same command resumes runs/moses" in " ".join(first.err.split())
    second = grae(*OPTIONS, "--time-budget", "6")
    assert second.status == 0, second.err
    assert resumed == [False, True]


def test_bad_input(grae, sets: Path):
    for options, message in (
        (("--reference", "moses-tset"), "moses-test"),
        (("--preset", "quik"), "did you mean 'quick'"),
    ):
        ended = grae(*OPTIONS, *options, "--out", f"runs/{options[1]}")
        assert (ended.status, ended.out) == (2, "")
        assert message in " ".join(ended.err.split())


def test_the_published_rows_are_those_of_the_readme():
    assert len(MEASURES) == 15
    assert list(PUBLISHED) == [
        "Train",
        "HMM",
        "NGram",
        "Combinatorial",
        "CharRNN",
        "AAE",
        "VAE",
        "JTN-VAE",
        "LatentGAN",
    ]
    assert PUBLISHED["JTN-VAE"]["novel"] == (0.9143, 0.0058)
    assert PUBLISHED["Train"]["Scaf/TestSF"] == (0.0, None)
    assert PUBLISHED["LatentGAN"]["IntDiv2"] == (0.8505, 0.0006)
