"""What every test shares: fixed seeds, a cache of its own, and the local copy of the public data sets."""

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:  # the processes share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in ("COLUMNS", "LINES"):  # readline, imported by the first process, sets them for those that it starts
        os.environ.pop(name, None)

settings.register_profile("grae", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("grae")


@pytest.fixture(autouse=True, scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory):
    """A cache for this session, so that tests neither read nor write the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAE_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def seeds():
    """The global generators at a known point; torch's only where a test file has imported torch."""
    random.seed(0)
    np.random.seed(0)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def data_home() -> Path:
    """The folder `GRAE_DATA_HOME`; tests that need it are skipped where it is not set."""
    home = os.environ.get("GRAE_DATA_HOME", "")
    if not home or not Path(home).is_dir():
        pytest.skip("needs GRAE_DATA_HOME, a local copy of the public data sets")
    return Path(home)
