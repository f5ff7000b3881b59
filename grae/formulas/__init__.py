"""Formulas for data: read, simplified, scored with their constants fitted. No torch.

operations   what formulas are made of, and the derivatives
program      a formula read from text, and evaluated on rows
canonical    what tells formulas apart
constants    constants fitted by least squares
template     a grammar with the columns of some data
data         columns of numbers
scoring      many formulas scored
expression   a formula with its constants, simplified, as text
symbolic     the same as sympy and LaTeX
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr

if TYPE_CHECKING:
    from grae.formulas.data import Data
    from grae.formulas.scoring import FormulaScorer
    from grae.formulas.template import for_columns

__all__ = ["Data", "FormulaScorer", "for_columns"]

_HOMES = {
    "Data": "grae.formulas.data",
    "FormulaScorer": "grae.formulas.scoring",
    "for_columns": "grae.formulas.template",
}

__getattr__ = lazy_getattr(__name__, _HOMES)
