"""Targets called on dask and ray clusters of this machine: workers that die or hang cost their own string alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grae.optimization import scoring
from grae.optimization.scoring import Scorer
from grae.targets.named import target_named

OWN = Path(__file__).parent.parent / "targets" / "own_targets.py"
TEXTS = ["a", "bb", "ccc", "dddd", "eeeee"]
pytestmark = pytest.mark.filterwarnings("default")  # of the clusters' own packages


@pytest.fixture(params=["dask", "ray"], scope="module")
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """A backend, whose cluster is started by its first use and ended after the last."""
    if request.param == "dask":
        distributed = pytest.importorskip("distributed")
        yield "dask"
        distributed.get_client().shutdown()
    else:
        ray = pytest.importorskip("ray")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield "ray"
        ray.shutdown()


def scores(name: str, backend: Any, timeout: float | None = None) -> list[tuple[float | None, str | None]]:
    with Scorer(target_named(f"{OWN}:{name}"), workers=2, backend=backend, timeout=timeout) as scorer:
        return [(outcome.score, outcome.error) for outcome in scorer(TEXTS)]


def test_scores_come_in_order(backend: str):
    assert scores("length", backend) == [(1, None), (2, None), (3, None), (4, None), (5, None)]


def test_a_target_that_raises(backend: str):
    expected = [(1, None), (None, "ValueError: no twos"), (3, None), (None, None), (None, "the score is inf")]
    assert scores("fussy", backend) == expected


def test_a_killed_worker_costs_its_string_alone(backend: str):
    assert scores("deadly", backend) == [(1, None), (None, "its process died"), (3, None), (4, None), (5, None)]


def test_a_target_that_hangs(backend: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scoring, "GRACE", 15.0)
    outcomes = scores("sleepy", backend, timeout=1)
    assert [score for score, _ in outcomes] == [1, 2, None, 4, 5]
    assert str(outcomes[2][1]).startswith("no answer within 1 seconds")
