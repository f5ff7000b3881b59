"""Constants fitted by least squares: linear ones exactly, others from several starts."""

import numpy as np
import pytest

from grae.errors import DataError
from grae.formulas.constants import fit
from grae.formulas.program import read
from grae.formulas.scoring import FormulaScorer

RNG = np.random.default_rng(1)
COLUMNS = RNG.uniform(0.1, 2.0, (2, 200))
X, Y = COLUMNS


@pytest.mark.parametrize(
    ("text", "y"),
    [
        ("c+c*x+c*x^2*y", 3.0 - 2.0 * X + 0.5 * X**2 * Y),
        ("c*exp(c*x)+c", 2.5 * np.exp(-1.3 * X) + 0.7),
        ("c*x/(y+c)", 4.0 * X / (Y + 0.3)),
        ("pow(x,c)*c", 3.0 * X**1.5),
        ("c+c*sin(c*x+c)", 1.0 + 2.0 * np.sin(2.2 * X + 0.4)),
        ("c+c*log(x+c)", 2.0 - 3.0 * np.log(X + 0.5)),
    ],
)
def test_the_constants_of_data_without_noise_are_found(text, y):
    program = read(text, ("x", "y"))
    fitted = fit(program, COLUMNS, y)
    assert fitted.error < 1e-16 * np.var(y)
    np.testing.assert_allclose(program.values(COLUMNS, fitted.constants), y, rtol=1e-6, atol=1e-7)


def test_linear_constants_are_those_of_ordinary_least_squares():
    y = np.sin(3 * X) + 0.1 * RNG.standard_normal(200)
    design = np.stack([np.ones(200), X, Y], axis=1)
    expected, squares, *_ = np.linalg.lstsq(design, y)
    fitted = fit(read("c+c*x+c*y", ("x", "y")), COLUMNS, y)
    np.testing.assert_allclose(fitted.constants, expected)
    assert fitted.error == pytest.approx(squares[0] / 200)


def test_a_fit_depends_on_its_arguments_alone_and_formulas_without_values_have_no_error():
    y = np.exp(X)
    program = read("c*sin(c*x)+c", ("x", "y"))
    assert fit(program, COLUMNS, y).constants.tolist() == fit(program, COLUMNS, y).constants.tolist()
    assert np.isnan(fit(read("log(0-x)", ("x", "y")), COLUMNS, y).error)
    assert np.isnan(fit(read("c*log(0-x)", ("x", "y")), COLUMNS, y).error)
    assert fit(read("x", ("x", "y")), COLUMNS, X).error == 0.0


def test_many_formulas_are_scored_in_order_by_one_process_and_by_two():
    texts = [f"c+c*x^2+{number}*y" for number in range(120)]
    with pytest.raises(DataError, match=r"values of up to 1e\+308"):
        FormulaScorer.of(("x", "y"), COLUMNS.T, np.full(len(X), 1e308))
    one = FormulaScorer.of(("x", "y"), COLUMNS.T, np.cos(X))
    two = FormulaScorer.of(("x", "y"), COLUMNS.T, np.cos(X), n_jobs=2)
    errors = [[scored.error for scored in scorer(texts)] for scorer in (one, two)]
    assert errors[0] == errors[1]
    assert [scored.text for scored in two(texts)] == texts
