"""Formulas for data: parsing, simplification, and scoring with fitted constants. Independent of torch.

operations   the operations of formulas, and their derivatives
program      a formula parsed from text, and evaluated on rows
canonical    canonical forms of formulas
constants    fitting of constants by least squares
template     grammars with the columns of a data set
data         columns of numbers
scoring      scores of many formulas
expression   a formula with its constants, simplified, as text
symbolic     formulas as sympy expressions and as LaTeX
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
