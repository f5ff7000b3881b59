"""Formulas read from text: precedence, errors with positions, values and derivatives."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.errors import ParseError, SettingsError
from grae.formulas.operations import OPERATIONS, Operation, with_own
from grae.formulas.program import Evaluation, read

NAMES = ("x", "y")
COLUMNS = np.random.default_rng(0).uniform(0.2, 2.0, (2, 20))
X, Y = COLUMNS

LEAVES = st.sampled_from(["x", "y", "c", "2", "0.5"])
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({}{}{})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{}({})".format, st.sampled_from(["sin", "cos", "exp", "tanh"]), inner),
        st.builds("({})^2".format, inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1+2*x", 1 + 2 * X),
        ("-x^2", -(X**2)),
        ("x^y^2", X ** (Y**2)),
        ("2^-x", 2 ** (-X)),
        ("x-y-1", X - Y - 1),
        ("x/y/2", X / Y / 2),
        ("x**2", X**2),
        ("pow(x, y)", X**Y),
        ("-sin(x)*y", -np.sin(X) * Y),
        ("sqrt(abs(-x)) + log(exp(y))", np.sqrt(X) + Y),
        (".5e1", np.full(20, 5.0)),
    ],
)
def test_a_formula_means_what_mathematics_says(text, values):
    np.testing.assert_allclose(read(text, NAMES).values(COLUMNS), values)


@pytest.mark.parametrize(
    ("text", "position"),
    [("x y", 2), ("x+", 2), ("(x", 2), ("sin x", 4), ("pow(x)", 5), ("z", 0), ("x ? y", 2), ("", 0), ("neg(x)", 0)],
)
def test_what_reads_as_no_formula_is_an_error_with_its_position(text, position):
    with pytest.raises(ParseError) as caught:
        read(text, NAMES)
    assert caught.value.position == position


@settings(max_examples=60, deadline=None)
@given(FORMULAS, st.integers(0, 5))
def test_derivatives_are_those_of_the_values(text, seed):
    program = read(text, NAMES)
    constants = np.random.default_rng(seed).uniform(0.5, 1.5, (2, program.n_constants))
    values, derivatives = Evaluation(program, COLUMNS).jacobian(constants)
    step = 1e-6
    for number in range(program.n_constants):
        above, below = constants.copy(), constants.copy()
        above[:, number] += step
        below[:, number] -= step
        with np.errstate(all="ignore"):
            difference = (program.values(COLUMNS, above) - program.values(COLUMNS, below)) / (2 * step)
            close = np.isclose(derivatives[:, number], difference, rtol=1e-3, atol=1e-4)
            steep = ~(np.abs(values) < 1e4) | ~(np.abs(difference) < 1e4)
        assert (close | steep).all()


def test_constants_that_enter_a_formula_linearly_are_known():
    assert read("c+c*x*sin(c*y)+c/(x+c)", NAMES).linear == (0, 1, 3)
    assert read("sin(c*x)", NAMES).linear == ()


def test_derivatives_of_powers_and_of_ones_own_function():
    own = with_own({"bump": lambda a: np.exp(-a * a)})
    for text in ("c*x^c", "pow(x,c)", "bump(c*x)", "log(c*x)", "sqrt(c*x)", "abs(c*x)", "tan(c*x/3)"):
        program = read(text, NAMES, own)
        constants = np.full((1, program.n_constants), 1.3)
        _, derivatives = Evaluation(program, COLUMNS).jacobian(constants)
        for number in range(program.n_constants):
            above = constants.copy()
            above[:, number] += 1e-7
            difference = (program.values(COLUMNS, above) - program.values(COLUMNS, constants)) / 1e-7
            np.testing.assert_allclose(derivatives[0, number], difference[0], rtol=1e-4, atol=1e-5)


def test_operations_are_checked_and_pickled():
    with pytest.raises(SettingsError, match="operation 'c'"):
        Operation.of("c", np.sin)
    with pytest.raises(SettingsError, match="takes 3 arguments"):
        Operation.of("clip", lambda a, low, high: a)
    assert pickle.loads(pickle.dumps(OPERATIONS["sin"])) is OPERATIONS["sin"]  # noqa: S301
    assert pickle.loads(pickle.dumps(Operation.of("cube", np.cbrt))).values is np.cbrt  # noqa: S301
