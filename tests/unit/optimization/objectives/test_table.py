"""Several objectives as tables: which rows are dominated, scalarizations, units and hypervolumes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grae.optimization.objectives.hypervolume import cells, hypervolume, hypervolumes
from grae.optimization.objectives.ranking import expected_improvement
from grae.optimization.objectives.table import Units, chebyshev, dominated, nondominated, scalarized

tables = arrays.arrays(np.int64, st.tuples(st.integers(1, 12), st.integers(2, 3)), elements=st.integers(0, 5)).map(
    lambda table: table.astype(np.float64)
)


@given(tables)
def test_the_front_is_what_no_other_row_dominates(table):
    wanted = [not any((other >= row).all() and (other > row).any() for other in table) for row in table]
    assert nondominated(table).tolist() == wanted
    for row in table:
        assert dominated(row, table)
        assert not dominated(row + 6.0, table)


@given(tables)
def test_the_hypervolume_counts_the_unit_boxes_below_the_front(table):
    m = table.shape[1]
    boxes = np.stack(np.meshgrid(*[np.arange(5)] * m), axis=-1).reshape(-1, m)
    wanted = sum(any((row >= box + 1).all() for row in table) for box in boxes)
    assert hypervolume(table, np.zeros(m)) == pytest.approx(wanted)
    volumes = hypervolumes(table, np.zeros(m), table[:0])
    assert volumes[-1] == pytest.approx(wanted)
    assert (np.diff(volumes) >= 0).all()


def test_rows_that_do_not_count_leave_the_hypervolume():
    table = np.array([[1.0, np.nan], [2.0, 2.0], [1.0, 1.0], [3.0, 1.0]])
    assert hypervolumes(table, np.zeros(2), np.array([[1.0, 1.0]])).tolist() == [1.0, 4.0, 4.0, 5.0]


def test_the_expected_improvement_is_the_mean_of_what_draws_improve():
    rng = np.random.default_rng(0)
    front = np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0]])
    reference = np.array([-1.0, -1.0])
    means, deviations = np.array([[1.5, 1.5], [0.0, 0.0], [-3.0, 4.0]]), np.array([[0.5, 1.0], [1.0, 0.3], [1.0, 1.0]])
    before = hypervolume(front, reference)
    wanted = []
    for mean, deviation in zip(means, deviations, strict=True):
        drawn = mean + deviation * rng.standard_normal((4000, 2))
        lower, upper = cells(front, reference)
        parts = np.clip(np.minimum(drawn[:, None], upper) - lower, 0, None).prod(axis=2).sum(axis=1)
        assert parts[0] == pytest.approx(hypervolume(np.vstack([front, drawn[:1]]), reference) - before, abs=1e-9)
        wanted.append(parts.mean())
    np.testing.assert_allclose(expected_improvement(means, deviations, front, reference), wanted, rtol=0.1, atol=0.02)


def test_scalarizations_prefer_by_their_weights():
    table = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.6], [0.0, 0.0], [0.0, 0.0], [-100.0, 0.0]])
    assert scalarized(table, np.array([1.0, 0.0])).argmax() == 0
    assert scalarized(table, np.array([0.0, 1.0])).argmax() == 1
    assert scalarized(table, np.array([0.5, 0.5])).argmax() == 2
    assert chebyshev(np.ones(2), np.array([0.3, 0.7])) == 0


def test_units_are_those_of_the_start():
    scores = np.column_stack([np.arange(101.0), -2 * np.arange(101.0)])
    scores[7, 1] = np.nan
    units = Units.of(("up", "down"), np.array([1.0, -1.0]), scores)
    assert units.medians.tolist() == [50.0, 101.0]
    joined = units.joined(scores)
    assert np.isnan(joined[7])
    assert joined[50] == pytest.approx(0, abs=0.02)
    assert joined[95] == pytest.approx(1, abs=0.05)
    assert units.row({"up": 3.0, "down": -4.0}).tolist() == [3.0, 4.0]
    assert units.row({"up": None, "down": -4.0}).tolist() == [0.0, 4.0]
