"""The main job from the command line, in small: molecules in, a table and a drawing of new ones out."""

from itertools import islice
from pathlib import Path

from grae.datasets import open_source


def test_molecules_from_data_to_drawing(grae, tmp_path: Path):
    smiles = tmp_path / "some.smi"
    smiles.write_text("".join(f"{text} name\n" for text in islice(open_source("nci").texts(), 200)))
    options = ("--preset", "quick", "--epochs", "1", "--motifs", "20", "--latent-dim", "8", "--batch-size", "32")
    trained = grae("train", "--grammar", "smiles", "--data", smiles, *options)
    assert (trained.status, trained.out) == (0, "runs/smiles-grae-1\n")
    sampled = grae("sample", "-n", "40", "--out", "new.smi", "--draw", "new.png")
    assert sampled.status == 0
    assert "logP" in sampled.out
    assert len(Path("new.smi").read_text().splitlines()) == 40
    assert Path("new.png").read_bytes().startswith(b"\x89PNG")
    found = grae("evaluate", "-n", "40", "--json").json
    assert found["in_language"] == 1.0
    assert found["valid_means"] == "read and sanitized by RDKit"
