"""Functions of the user as targets."""

import math
import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grae.errors import SettingsError
from grae.optimization.functions import FunctionTarget
from grae.optimization.targets import target_named

OWN = Path(__file__).parent / "own_targets.py"


def test_a_function_of_a_file():
    target = target_named(f"{OWN}:length", direction="minimize")
    np.testing.assert_array_equal(target.evaluate(["", "abc"]), [0.0, 3.0])
    assert (target.direction, target.language, target.own, target.worst) == ("minimize", None, True, math.inf)
    again = pickle.loads(pickle.dumps(target))  # noqa: S301 - as joblib sends it to a process of ours
    assert (again.name, again.direction) == (target.name, "minimize")
    np.testing.assert_array_equal(again.evaluate(["abc"]), [3.0])


def test_a_function_of_a_module():
    assert target_named("operator:length_hint").evaluate(["abcd"])[0] == 4.0


def test_what_functions_may_give():
    import torch

    plain: dict[str, object] = {
        "array": np.array([2.0]), "nested": np.ones((1, 1)), "tensor": torch.tensor([3.0]), "scalar": torch.tensor(4),
        "gradient": torch.tensor([[5.0]], requires_grad=True), "decimal": Decimal("6.5"), "fraction": Fraction(1, 2),
        "series": pd.Series([7]), "bool": np.bool_(True), "masked": np.ma.masked,
    }  # fmt: skip
    one_element = FunctionTarget(plain.get)
    wanted = [2, 1, 3, 4, 5, 6.5, 0.5, 7, 1, math.nan]
    np.testing.assert_array_equal(one_element.evaluate(list(plain)), wanted)
    for wrong, message in (
        (np.ones(2), r"array of shape \(2,\), not a number"),
        (torch.ones(0), r"array of shape \(0,\), not a number"),
        ([1.0], "gave a list"),
        ("1", "gave a str"),
        (1j, "gave a complex"),
    ):
        with pytest.raises(TypeError, match=message):
            FunctionTarget(lambda text, wrong=wrong: wrong).evaluate(["a"])
    given = {"a": 1, "b": np.float32(0.5), "c": None, "d": math.nan, "e": np.array(2.0), "f": True}
    target = FunctionTarget(given.get)  # pyright: ignore[reportArgumentType]
    np.testing.assert_array_equal(target.evaluate(list(given)), [1.0, 0.5, math.nan, math.nan, 2.0, 1.0])
    with pytest.raises(TypeError, match="gave a str, not a number"):
        target_named(f"{OWN}:wordy").evaluate(["a"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{OWN}:lenght", "did you mean 'length'"),
        (f"{OWN}:NOT_A_FUNCTION", "unknown function"),
        ("nowhere.py:f", "there is no file nowhere.py"),
        ("no_such_module_of_ours:f", "there is no module"),
        ("no_such.module:f", "there is no module"),
        (":f", "there is no module"),
    ],
)
def test_functions_that_are_none(name, message):
    with pytest.raises(SettingsError, match=message):
        target_named(name)


class Lengths:
    """As a user may write one."""

    def evaluate(self, strings):
        return [None if text == "" else len(text) for text in strings]


def test_objects_that_evaluate_many_strings():
    for given in (Lengths(), Lengths):
        target = FunctionTarget(given)
        assert target.batch
        np.testing.assert_array_equal(target.evaluate(["", "ab"]), [math.nan, 2.0])
    with pytest.raises(ValueError, match="1 scores for 2 strings"):
        FunctionTarget(lambda texts: [1.0], batch=True).evaluate(["a", "b"])
    with pytest.raises(TypeError, match="not a score for each string"):
        FunctionTarget(lambda texts: 1.0, batch=True).evaluate(["a", "b"])
