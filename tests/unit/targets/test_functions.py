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
from grae.targets.failures import ScoresError
from grae.targets.functions import FunctionTarget
from grae.targets.named import target_named

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


def test_what_functions_of_many_strings_may_give():
    import torch

    values = [2.0, 0.5, 2.0]
    for given in (
        values,
        tuple(values),
        iter(values),
        (value for value in values),
        np.array(values),
        np.array(values)[:, None],
        [np.array([value]) for value in values],
        torch.tensor(values, requires_grad=True) * 1,
        torch.tensor(values)[:, None],
        pd.Series(values, index=[7, 8, 9]),
        pd.DataFrame({"score": values}),
    ):
        target = FunctionTarget(lambda texts, given=given: given, batch=True)
        np.testing.assert_array_equal(target.evaluate(["a", "b", "c"]), values)
    masked = FunctionTarget(lambda texts: np.ma.masked_array(values, mask=[False, True, False]), batch=True)
    np.testing.assert_array_equal(masked.evaluate(["a", "b", "c"]), [2.0, math.nan, 2.0])


def endless():
    while True:
        yield 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0], "1 score for 3 strings"),
        ([], "0 scores for 3 strings"),
        ([1.0] * 4, "4 scores for 3 strings"),
        ((value for value in [1.0]), "1 score for 3 strings"),
        (endless(), "more than 3 scores for 3 strings"),
        (1.0, "a value of type float for 3 strings"),
        (None, "gave None for 3 strings"),
        ({1.0, 2.0, 3.0}, "type set"),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, "type dict"),
        ("123", "type str"),
        (b"123", "type bytes"),
        (np.zeros((1, 3)), r"shape \(1, 3\)"),
        (np.zeros((3, 2)), r"shape \(3, 2\)"),
        (np.float64(1), r"shape \(\)"),
        (pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]}), r"shape \(3, 2\)"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else repr(value),
)
def test_what_gives_no_score_for_each_string(given: object, message: str):
    with pytest.raises(ScoresError, match=message):
        FunctionTarget(lambda texts: given, batch=True, name="mine").evaluate(["a", "b", "c"])
    copy = pickle.loads(pickle.dumps(ScoresError("mine", "1 score", 3)))  # noqa: S301 - as from another process
    assert str(copy) == str(ScoresError("mine", "1 score", 3))
