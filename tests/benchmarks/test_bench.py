"""Runs `bench.py`; its comparisons also check that both sides give the same results."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).with_name("bench.py")


@pytest.mark.slow
def test_each_row_is_a_ratio():
    command = [sys.executable, str(BENCH), "--rounds", "1", "--threads", "1", "--json"]
    done = subprocess.run([*command, "--only", "rdkit", "decode", "disk"], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert report["data"] == "wehi"
    assert [row["against"] for row in report["rows"]] == [
        "Chem.MolFromSmiles",
        "Chem.MolFromSmiles",
        "Python stack decoder",
        "the same, Python stack decoder",
        "float32 one-hot",
    ]
    assert all(row["ratio"] > 0 for row in report["rows"])
