"""What is searched for: a target scores strings. The built-in ones by name, sums of them, and functions of the user.

logp, raw-logp, qed             of molecules; `molecules.py`
log-mse                         of expressions; `curves.py`
0.7*logp + 0.3*qed              sums of the above; `sums.py`
package.module:function         one's own, also `path/to/file.py:function`; `functions.py`
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from grae.errors import SettingsError

if TYPE_CHECKING:
    from grae.grammar import Grammar

Direction = Literal["maximize", "minimize"]
MOLECULES = ("logp", "raw-logp", "qed")
EXPRESSIONS = ("log-mse",)
BUILT_IN = (*MOLECULES, *EXPRESSIONS)


class Target(Protocol):
    """Scores strings.

    Attributes:
        name: what the history and the messages call it.
        direction: "maximize" where higher is better, "minimize" where lower is.
        language: of the grammars whose strings it scores, "molecules" or "expressions"; None for any.
        worst: what an invalid string counts as where no data say; infinite for a target without bound.
        own: whether it is the user's own code, which may hang, raise or take its process down.
    """

    name: str
    direction: Direction
    language: str | None
    worst: float
    own: bool

    def evaluate(self, strings: Sequence[str]) -> np.ndarray:
        """The scores of strings, (n,) float64; NaN for the invalid."""
        ...


def target_named(
    name: str,
    *,
    grammar: "Grammar | None" = None,
    formula: str | None = None,
    points: str | Path | None = None,
    direction: Direction = "maximize",
) -> Target:
    """The target of a name, a sum or a function, as the head of this module lists them.

    Args:
        name: as a user writes it.
        grammar: the grammar of the strings, for expressions; the shipped one when left out.
        formula: for `log-mse`: the curve to fit, as a formula in x.
        points: for `log-mse`: a file of the points to fit.
        direction: of the user's own function; a built-in target has its own.

    Raises:
        SettingsError: there is no such target, or an option does not belong to it.
        ParseError: the sum or the formula cannot be read.
        DataError: the points cannot be read.
    """
    name = name.strip()
    if name not in EXPRESSIONS and (formula is not None or points is not None):
        raise SettingsError(f"a formula or points say nothing to target {name!r}", remedy="give target log-mse")
    if ":" in name:
        from grae.optimization.functions import FunctionTarget

        return FunctionTarget.named(name, direction)
    if direction != "maximize":
        raise SettingsError(
            f"target {name!r} has a direction of its own", remedy="leave the direction out; it is for functions"
        )
    if name in MOLECULES:
        from grae.optimization.molecules import MOLECULE_TARGETS

        return MOLECULE_TARGETS[name]
    if name in EXPRESSIONS:
        from grae.optimization.curves import curve_target

        return curve_target(grammar, formula=formula, points=points)
    if name.startswith("-") or any(sign in name for sign in "*+/ "):
        from grae.optimization.sums import SumTarget

        return SumTarget.read(name, {part: target_named(part, grammar=grammar) for part in BUILT_IN})
    raise SettingsError.unknown(
        "target", name, BUILT_IN, otherwise="give one of these, a sum of them, or module:function of your own"
    )
