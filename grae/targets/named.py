"""Targets by name: the built-in ones, formulas of them, and user functions.

logp, log-mse, ...              a row of `TARGETS`
0.7*logp + 0.3*qed              a formula of these; `composite.py`
guacamol:NAME, pmo:NAME         a benchmark task on molecules; `benchmarks/`
package.module:function         a user function, also `path/to/file.py:function`; `functions.py`
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grae.errors import SettingsError
from grae.targets.benchmarks.names import SUITES
from grae.targets.target import Direction, Target

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.targets.curves import CurveTarget
    from grae.targets.molecules import MoleculeTarget

_SIGNS = frozenset("*+()^, ")  # characters of formulas that module names do not contain
FORMULA = re.compile(r"^-|^[\d.]+$|[\s*+/^(),]")
"""Matches formulas but no names of targets."""


class TargetRequest(NamedTuple):
    """The arguments of a built-in target.

    Attributes:
        grammar: grammar of the strings; None for the built-in one.
        formula: a curve to fit, in x.
        points: a file of points to fit.
    """

    grammar: "Grammar | None" = None
    formula: str | None = None
    points: str | Path | None = None


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A built-in target.

    Attributes:
        make: creates the `Target` for a request.
        summary: a short description for help texts.
        options: the fields of a request besides the grammar ("formula", "points") that it uses.
    """

    make: Callable[[TargetRequest], Target]
    summary: str
    options: tuple[str, ...] = ()


def target_named(
    name: str,
    *,
    grammar: "Grammar | None" = None,
    formula: str | None = None,
    points: str | Path | None = None,
    direction: Direction = "maximize",
    batch: bool = False,
) -> Target:
    """The target of a name, formula or function; see the module's docstring.

    Args:
        name: the name as written by the user.
        grammar: the grammar of the strings, for expressions; the built-in one by default.
        formula: for `log-mse`: the curve to fit, as a formula in x.
        points: for `log-mse`: a file of points to fit.
        direction: direction of a user function; a built-in target has its own.
        batch: whether a user function takes a list of strings and returns as many scores.

    Raises:
        SettingsError: there is no such target, an option does not apply to it, or user code cannot be loaded.
        ParseError: the formula cannot be parsed.
        DataError: the points, or the classifier of a benchmark task, cannot be read.
    """
    name = name.strip()
    row = TARGETS.get(name)
    for option, value in (("formula", formula), ("points", points)):
        if value is not None and (row is None or option not in row.options):
            owners = " or ".join(owner for owner, other in TARGETS.items() if option in other.options)
            raise SettingsError(f"a formula or points say nothing to target {name!r}", remedy=f"give target {owners}")
    if name.endswith(".py"):
        from grae.targets.user_code import suggestion

        if not Path(name).is_file():
            raise SettingsError(f"target (--target): there is no file {name}", remedy="check the path")
        raise SettingsError(f"target (--target) {name!r} names a file and no function", remedy=suggestion(name))
    suite, colon, task = name.partition(":")
    if suite not in SUITES and colon:
        if not suite.endswith(".py") and _SIGNS.intersection(suite):
            raise SettingsError(
                f"target (--target) {name!r}: a formula joins {', '.join(TARGETS)} alone",
                remedy="give a task of a benchmark or a function of your own by itself, or join them in a function",
            )
        from grae.targets.functions import FunctionTarget

        return FunctionTarget.named(name, direction, batch=batch)
    if batch:
        raise SettingsError(
            f"batch (--batch) does not apply to target {name!r}", remedy="it is for functions of your own"
        )
    if direction != "maximize":
        raise SettingsError(
            f"target {name!r} has a direction of its own", remedy="omit the direction; it is for functions"
        )
    if suite in SUITES:
        from grae.targets.benchmarks.target import BenchmarkTarget

        return BenchmarkTarget(suite, task)
    request = TargetRequest(grammar, formula, points)
    if row is not None:
        return row.make(request)
    if FORMULA.search(name):
        from grae.targets.composite import CompositeTarget

        return CompositeTarget.read(name, {part: other.make(request) for part, other in TARGETS.items()})
    raise _unknown(name)


def _unknown(name: str) -> SettingsError:
    """The error of an unknown target; suggests a file of that name."""
    file = f"{name}.py"
    if name and Path(file).is_file():
        from grae.targets.user_code import suggestion

        return SettingsError(f"unknown target (--target) {name!r}; {file} is a file", remedy=suggestion(file))
    return SettingsError.unknown(
        "target (--target)",
        name,
        TARGETS,
        otherwise=f"give one of these, a formula of them, {' or '.join(f'{suite}:NAME' for suite in SUITES)}, or "
        "module:function or file.py:function of your own",
    )


def _logp(request: TargetRequest) -> "MoleculeTarget":
    from grae.targets.molecules import MoleculeTarget, penalized_logp

    return MoleculeTarget("logp", penalized_logp, -math.inf)


def _raw_logp(request: TargetRequest) -> "MoleculeTarget":
    from grae.targets.molecules import MoleculeTarget, raw_penalized_logp

    return MoleculeTarget("raw-logp", raw_penalized_logp, -math.inf)


def _qed(request: TargetRequest) -> "MoleculeTarget":
    from grae.chemistry import drug_likeness
    from grae.targets.molecules import MoleculeTarget

    return MoleculeTarget("qed", drug_likeness, 0.0)


def _log_mse(request: TargetRequest) -> "CurveTarget":
    from grae.targets.curves import curve_target

    return curve_target(request.grammar, formula=request.formula, points=request.points)


TARGETS: dict[str, TargetRow] = {
    "logp": TargetRow(_logp, "penalized logP"),
    "raw-logp": TargetRow(_raw_logp, "the same, its terms unstandardized"),
    "qed": TargetRow(_qed, "drug-likeness"),
    "log-mse": TargetRow(_log_mse, "expressions' distance from a curve", options=("formula", "points")),
}
"""The built-in targets by name; formulas are made of these."""
