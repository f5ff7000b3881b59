"""The main job from the command line, in small: molecules in, a table and a drawing of new ones out."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from grae.chemistry import canonical_all, readable_all
from grae.cli.main import app
from grae.datasets import open_source
from grae.grammar import load_grammar

DRAWN = ("-n", "60", "--seed", "3", "--temperature", "1")
SMALL = ("--preset", "quick", "--epochs", "1", "--motifs", "20", "--latent-dim", "8", "--batch-size", "32")


def test_molecules_from_data_to_drawing(grae, tmp_path: Path):
    smiles = tmp_path / "some.smi"
    smiles.write_text("".join(f"{text} name\n" for text in islice(open_source("nci").texts(), 200)))
    trained = grae("train", "--grammar", "smiles", "--data", smiles, *SMALL)
    assert (trained.status, trained.out) == (0, "runs/smiles-grae-1\n")
    sampled = grae("sample", "-n", "40", "--out", "new.smi", "--draw", "new.png")
    assert sampled.status == 0
    assert "logP" in sampled.out
    assert len(Path("new.smi").read_text().splitlines()) == 40
    assert Path("new.png").read_bytes().startswith(b"\x89PNG")
    assert "40 samples: validity 100.00 %" in sampled.err
    found = grae("evaluate", "-n", "40", "--json").json
    assert found["in_language"] == 1.0
    assert found["valid_means"] == "read and sanitized by RDKit"


@pytest.fixture(scope="module")
def kekule_run(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A folder with a run, `runs/smiles-grae-1`, of a barely trained model on molecules in Kekule form; read only."""
    folder = tmp_path_factory.mktemp("kekule")
    (folder / "some.smi").write_text("\n".join(islice(open_source("nci").texts(), 300)) + "\nno molecule\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(app, ["train", "-g", "smiles", "-d", "some.smi", "--on-invalid", "skip", *SMALL])
    assert done.exit_code == 0, done.output
    return folder / "runs" / "smiles-grae-1"


def test_a_sample_says_how_many_are_valid_with_the_rules_and_without(grae, kekule_run: Path):
    told = grae("sample", kekule_run, *DRAWN, "--json").json
    assert told["valid"] == 1.0
    assert 0 <= told["valid_without_constraints"] < 1
    assert 0 < told["unique"] <= 1
    assert 0 <= told["novel"] <= 1
    assert all(canonical_all(told["samples"]))
    plain = grae("sample", kekule_run, *DRAWN, "--constraints", "grammar", "--json").json
    assert (told["constraints"], plain["constraints"]) == ("semantic", "grammar")
    assert plain["valid"] == plain["valid_without_constraints"] == told["valid_without_constraints"]
    assert sum(text is not None for text in canonical_all(plain["samples"])) == 60 * plain["valid_without_constraints"]
    raw = grae("sample", kekule_run, *DRAWN, "--raw").out.splitlines()
    assert readable_all(raw) == told["samples"]
    assert all(load_grammar("smiles").unparse(load_grammar("smiles").parse(text)) == text for text in raw)


def test_under_a_template_there_is_no_raw_validity(grae, kekule_run: Path):
    options = [kekule_run, "-n", "30", "--template", "c1ccc(*c2ccncc2)cc1"]
    ended = grae("sample", *options, "--json")
    assert ended.status == 0
    assert ended.json["valid"] == 1.0
    assert ended.json["valid_without_constraints"] is None
    assert "under a template" in ended.json["left_out"]["valid_without_constraints"]
    assert "raw validity" not in ended.err
    assert "30 samples: validity 100.00 %\n" in grae("sample", *options).err
    plain = grae("sample", *options, "--constraints", "grammar")
    assert "samples: validity" in plain.err
    assert "raw validity" not in plain.err


def test_codes_go_out_and_come_back_in_any_spelling(grae, kekule_run: Path):
    lines = "c1ccccc1O\nC1=CC=CC=C1O\nOc1ccccc1\n"
    codes = grae("encode", kekule_run, stdin=lines)
    assert codes.status == 0
    found = np.loadtxt(codes.out.splitlines()[1:], delimiter=",")
    np.testing.assert_allclose(found, found[[0, 0, 0]], rtol=0, atol=1e-6)
    decoded = grae("decode", kekule_run, stdin=codes.out).out.splitlines()
    raw = grae("decode", kekule_run, "--raw", stdin=codes.out).out.splitlines()
    assert readable_all(raw) == decoded
    broken = grae("encode", kekule_run, stdin="CCO\nC1CC\n")
    assert (broken.status, broken.out) == (2, "")
    assert "line 2 is not read by RDKit: unclosed ring" in broken.err
    skipped = grae("encode", kekule_run, "--on-invalid", "skip", "--json", stdin="CCO\nC1CC\nCC\n").json
    assert (skipped["n"], [skip["line"] for skip in skipped["skipped"]]) == (2, [2])


def test_aromatic_runs_have_the_grammar_s_rules_alone(grae, tmp_path: Path):
    (tmp_path / "some.smi").write_text("\n".join(islice(open_source("nci").texts(), 200)))
    options = ("--form", "canonical", "--out", "aromatic")
    assert grae("train", "-g", "smiles", "-d", "some.smi", "--on-invalid", "skip", *options, *SMALL).status == 0
    assert json.loads(Path("aromatic/config.json").read_text())["settings"]["form"] == "canonical"
    told = grae("sample", "aromatic", "-n", "20", "--json").json
    assert told["constraints"] == "grammar"
    assert told["valid"] == told["valid_without_constraints"]
    for command in (("sample",), ("decode", "--in", "codes.csv")):
        Path("codes.csv").write_text(",".join("0" * 8) + "\n")
        ended = grae(command[0], "aromatic", *command[1:], "--constraints", "semantic")
        assert (ended.status, ended.out) == (2, "")
        assert "--form kekule" in ended.err
    assert grae("train", "--resume", "--out", "aromatic", "--form", "kekule").status == 2


def test_forms_of_what_is_no_molecule(grae, lists: Path):
    lists.with_suffix(".txt").write_text("[]\n[a]\n")
    for command in ("train", "-g", lists, "-d", lists.with_suffix(".txt"), "--out", "run"), ("grammar", "check", lists):
        data = () if command[0] == "train" else ("--data", lists.with_suffix(".txt"))
        ended = grae(*command, *data, "--form", "kekule")
        assert ended.status == 2
        assert "strings have the form as-written alone" in ended.err


def test_check_covers_a_form(grae, tmp_path: Path):
    (tmp_path / "some.smi").write_text("c1ccccc1\nC1CC\n")
    told = grae("grammar", "check", "smiles", "--data", "some.smi", "--form", "kekule", "--json").json["coverage"]
    assert (told["in_language"], told["longest"]) == (1, len("C1=CC=CC=C1") + 2)
    assert told["rejected"][0]["reason"] == "not read by RDKit"
