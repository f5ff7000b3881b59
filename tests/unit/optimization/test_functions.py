"""Functions of the user as targets."""

import math
import pickle
from pathlib import Path

import numpy as np
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
