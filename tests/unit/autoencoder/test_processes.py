"""Two processes over gloo compute the whole loss of one, and its gradients, for each bottleneck and regularizer."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from grae import files
from grae.autoencoder import BOTTLENECKS, REGULARIZERS

WORKER = Path(__file__).parent / "process_worker.py"


def run(path: Path, *launcher: str) -> dict[str, np.ndarray]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *launcher, str(WORKER), str(path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    return files.read_tensors(path)[0]


def test_two_processes_have_the_loss_and_the_gradients_of_one(tmp_path):
    one = run(tmp_path / "one")
    two = run(tmp_path / "two", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    assert one.keys() == two.keys()
    kinds = {name.split(":")[0] for name in one}
    assert len(kinds) == len(BOTTLENECKS) + len(REGULARIZERS) - 1
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, rtol=2e-4, atol=2e-6, err_msg=name)
        if name.endswith(": loss"):
            assert np.isfinite(value)
    assert all(np.abs(one[f"{kind}: d encoder.weight"]).max() > 0 for kind in kinds)
