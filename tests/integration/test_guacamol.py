"""Each of GuacaMol's goal-directed tasks beside guacamol's own definition, on the same molecules."""

from itertools import islice

import guacamol_suite  # pyright: ignore[reportMissingImports]  (tests/oracles)
import numpy as np
import pytest
from rdkit import rdBase

from grae.chemistry import canonical
from grae.datasets import open_source
from grae.optimization import target_named
from grae.targets.benchmarks import tasks
from grae.targets.benchmarks.names import GUACAMOL


@pytest.fixture(scope="module")
def theirs():
    return guacamol_suite.scores()


@pytest.fixture(scope="module")
def molecules() -> list[str]:
    """Molecules of two sets that RDKit carries, and the tasks' own references, 500 in all."""
    references = [value for name, value in vars(tasks).items() if name.isupper() and isinstance(value, str)]
    texts = [*references, *islice(open_source("wehi").texts(), 300), *islice(open_source("nci").texts(), 300)]
    return [text for text in texts if canonical(text) is not None][:500]


@pytest.mark.parametrize("name", GUACAMOL)
def test_a_task_scores_as_guacamol_does(theirs, molecules: list[str], name: str):
    with rdBase.BlockLogs():  # RDKit calls what guacamol uses deprecated
        expected = theirs[name](molecules)
    assert len(molecules) == 500
    assert len(np.unique(expected)) > 1
    np.testing.assert_allclose(target_named(f"guacamol:{name}").evaluate(molecules), expected, rtol=0, atol=1e-9)
