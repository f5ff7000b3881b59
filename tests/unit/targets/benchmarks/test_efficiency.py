"""The area under the curve of the best ten, beside a plain rewriting of PMO's definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import SettingsError
from grae.targets.benchmarks.efficiency import distinct_scores, top_auc


def reference(scores: list[float], budget: int, top: int, every: int) -> float:
    """Every evaluation by itself: its value on the straight lines between the readings, integrated step by step."""
    scores = scores[:budget]
    if not scores:
        return 0.0

    def best(number: int) -> float:
        return float(np.mean(sorted(scores[:number], reverse=True)[:top]))

    def curve(evaluations: int) -> float:
        if evaluations >= len(scores):
            return best(len(scores))
        before = evaluations // every * every
        after = min(before + every, len(scores))
        low = best(before) if before else 0.0
        return low + (best(after) - low) * (evaluations - before) / (after - before)

    return sum((curve(number) + curve(number + 1)) / 2 for number in range(budget)) / budget


@given(
    st.lists(st.floats(0, 1), max_size=60),
    st.integers(1, 80),
    st.integers(1, 12),
    st.integers(1, 20),
)
def test_it_is_the_area_of_the_definition(scores: list[float], budget: int, top: int, every: int):
    assert top_auc(scores, budget, top=top, every=every) == pytest.approx(reference(scores, budget, top, every))


def test_known_values():
    assert top_auc([], 100) == 0
    assert top_auc(np.ones(1000), 1000) == pytest.approx((50 + 900) / 1000)  # the first hundred rise from 0
    assert top_auc(np.ones(100), 1000) == pytest.approx((50 + 900) / 1000)  # held to the end
    assert top_auc([0.5] * 100 + [1.0] * 100, 200) == pytest.approx((100 * 0.25 + 100 * 0.75) / 200)
    assert top_auc([0.0] * 200 + [1.0], 200) == 0  # beyond the budget
    with pytest.raises(SettingsError, match="budget of 0"):
        top_auc([1.0], 0)


def test_each_molecule_counts_once():
    evaluations = [("CCO", 0.5), (None, None), ("OCC", 0.9), ("C1CC", None), ("CC", 0.25), ("CCO", 0.5)]
    molecules, scores = distinct_scores(evaluations)
    assert molecules == ["CCO", "CC"]
    assert scores.tolist() == [0.5, 0.25]
