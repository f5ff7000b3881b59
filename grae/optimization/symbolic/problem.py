"""The problem of a search for formulas: a grammar in the columns, the data, and optionally a model as a proposer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from grae.formulas.operations import OPERATIONS, Operation
from grae.formulas.scoring import FormulaScorer
from grae.formulas.template import for_columns
from grae.grammar import Grammar

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder


class Proposals(Protocol):
    """A source of further formulas for a round, such as a model that decodes them."""

    def __call__(self, best: Sequence[str], n: int, seed: int) -> Sequence[str]:
        """About `n` texts, given the best so far."""
        ...


@dataclass(frozen=True)
class FormulaProblem:
    """The data, and the candidate formulas.

    Attributes:
        grammar: grammar of formulas in the columns of the data.
        scorer: scorer of the data.
        proposals: proposals of a model, half of each round; None for none.
    """

    grammar: Grammar
    scorer: FormulaScorer
    proposals: Proposals | None = None

    @classmethod
    def of(
        cls,
        grammar: Grammar,
        names: Sequence[str],
        rows: np.ndarray,
        y: np.ndarray,
        *,
        operations: Mapping[str, Operation] = OPERATIONS,
        n_jobs: int = 1,
        load: "Callable[[], GrammarAutoencoder] | None" = None,
    ) -> Self:
        """The problem of a grammar of formulas and the columns of a data set.

        Args:
            grammar: grammar of formulas; its nonterminal `variable` stands for any column.
            names: names of the p columns, as written in formulas.
            rows: (K, p) float64.
            y: (K,) float64, the dependent variable.
            operations: operations by name.
            n_jobs: number of processes for scoring, as in joblib.
            load: loads a model that also proposes; called after everything else has been checked.

        Raises:
            GrammarError: a terminal is not part of a formula.
            SettingsError: the model has another grammar.
        """
        in_columns = for_columns(grammar, names, operations)
        scorer = FormulaScorer.of(names, rows, y, operations, n_jobs)
        if load is None:
            return cls(in_columns, scorer)
        from grae.optimization.symbolic.latent import ModelProposals

        return cls(in_columns, scorer, ModelProposals(load(), in_columns))
