"""The operations of formulas: their values, and their derivatives, for fitting constants.

A user-defined operation consists of a name in the grammar and an `Operation` of a numpy function,
`Operation.of("erf", erf)`; its derivatives are central differences unless given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature

import numpy as np

from grae.errors import SettingsError

Values = Callable[..., np.ndarray]

STEP = np.finfo(np.float64).eps ** (1 / 3)
"""Step of central differences, relative to the argument: it balances truncation and rounding errors."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An elementwise operation on arrays.

    Attributes:
        name: name in formulas: an operator such as "+", or a function's name.
        arity: number of arguments.
        values: computes the values from broadcastable arrays.
        derivatives: computes, from the arguments and the values, the derivative with respect to each argument.
    """

    name: str
    arity: int
    values: Values
    derivatives: Callable[..., tuple[np.ndarray | float, ...]]

    def __reduce__(self) -> tuple:
        """Pickles the name or, for a user-defined operation, the function; derivatives are not pickled."""
        if OPERATIONS.get(self.name) is self:
            return operation_named, (self.name,)
        return Operation.of, (self.name, self.values)

    @classmethod
    def of(cls, name: str, function: Values) -> "Operation":
        """The operation of a numpy function of one or two arrays, with central differences for derivatives.

        Raises:
            SettingsError: the name is not an identifier, or the function takes neither one nor two arguments.
        """
        if not name.isidentifier() or name == CONSTANT:
            raise SettingsError(f"operation {name!r}", remedy=f"name it by letters and digits, other than {CONSTANT!r}")
        arity = _arity(function)
        if arity not in (1, 2):
            raise SettingsError(f"operation {name!r} takes {arity} arguments", remedy="give a function of one or two")

        def derivatives(*arguments: np.ndarray) -> tuple[np.ndarray, ...]:
            *given, _ = arguments
            return tuple(_difference(function, given, place) for place in range(arity))

        return cls(name, arity, function, derivatives)


CONSTANT = "c"
"""The terminal of a constant to fit."""
NEGATIVE = "neg"
"""The name of unary minus, as distinct from binary minus."""


def _arity(function: Values) -> int:
    if isinstance(function, np.ufunc):
        return function.nin
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in positional and one.default is one.empty for one in signature(function).parameters.values())


def _difference(function: Values, arguments: list[np.ndarray], place: int) -> np.ndarray:
    """The central difference of a function in one argument."""
    step = STEP * np.maximum(np.abs(arguments[place]), 1.0)
    above, below = list(arguments), list(arguments)
    above[place], below[place] = arguments[place] + step, arguments[place] - step
    return (function(*above) - function(*below)) / (2 * step)


def _power_derivatives(base: np.ndarray, exponent: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    of_exponent = np.where(base > 0, value * np.log(np.where(base > 0, base, 1.0)), 0.0)
    return exponent * np.power(base, exponent - 1.0), of_exponent


_ALL = (
    Operation("+", 2, np.add, lambda a, b, v: (1.0, 1.0)),
    Operation("-", 2, np.subtract, lambda a, b, v: (1.0, -1.0)),
    Operation("*", 2, np.multiply, lambda a, b, v: (b, a)),
    Operation("/", 2, np.divide, lambda a, b, v: (1.0 / b, -v / b)),
    Operation("^", 2, np.power, _power_derivatives),
    Operation("pow", 2, np.power, _power_derivatives),
    Operation(NEGATIVE, 1, np.negative, lambda a, v: (-1.0,)),
    Operation("sin", 1, np.sin, lambda a, v: (np.cos(a),)),
    Operation("cos", 1, np.cos, lambda a, v: (-np.sin(a),)),
    Operation("tan", 1, np.tan, lambda a, v: (1.0 + v * v,)),
    Operation("tanh", 1, np.tanh, lambda a, v: (1.0 - v * v,)),
    Operation("exp", 1, np.exp, lambda a, v: (v,)),
    Operation("log", 1, np.log, lambda a, v: (1.0 / a,)),
    Operation("sqrt", 1, np.sqrt, lambda a, v: (0.5 / v,)),
    Operation("abs", 1, np.abs, lambda a, v: (np.sign(a),)),
)
OPERATIONS: Mapping[str, Operation] = {one.name: one for one in _ALL}
"""The built-in operations by name."""
SIGNS = frozenset("+-*/^")


def operation_named(name: str) -> Operation:
    """The built-in operation of a name."""
    return OPERATIONS[name]


def with_own(functions: Mapping[str, Values] | None) -> dict[str, Operation]:
    """The built-in operations and user-defined functions, by their names in the grammar.

    Raises:
        SettingsError: a name or a function cannot be used; see `Operation.of`.
    """
    return {**OPERATIONS, **{name: Operation.of(name, function) for name, function in (functions or {}).items()}}
