"""The whole way on expressions, at the size of the default preset."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def grae(folder: Path, *arguments: str) -> dict:
    command = [sys.executable, "-P", "-c", "from grae.cli.main import main; main()", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_default_preset_learns_the_expressions_in_six_epochs(tmp_path):
    """As many as eight minutes, its time budget, allow on one idle core."""
    trained = grae(tmp_path, "train", "--grammar", "arithmetic", "--epochs", "6", "--out", "run")
    assert trained["training"]["epochs"] == 6
    found = grae(tmp_path, "evaluate", "run", "-n", "10000")
    print(json.dumps(found, indent=1))
    assert found["in_language"] == 1.0
    assert found["exact_reconstruction"] >= 0.95
    assert found["counts"]["exact_reconstruction"]["of"] >= 1000
    samples = grae(tmp_path, "sample", "run", "-n", "10000")["samples"]
    assert len(set(samples)) >= 9000
