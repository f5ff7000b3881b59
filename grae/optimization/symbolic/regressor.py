"""`FormulaRegressor`: formulas that fit data, as a scikit-learn regressor."""

from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from grae.formulas.data import columns_of
from grae.formulas.operations import with_own
from grae.grammar import Grammar, load_grammar
from grae.optimization.symbolic.front import Equation, frame
from grae.optimization.symbolic.problem import FormulaProblem
from grae.optimization.symbolic.run import FormulaSettings, search_formulas

if TYPE_CHECKING:
    import pandas as pd

    from grae.sequence import GrammarAutoencoder


class FormulaRegressor(RegressorMixin, BaseEstimator):
    """Searches for formulas that fit, and predicts with one of them.

    Candidates are children of good formulas, by moves between derivations of a grammar, which defines the space of
    formulas; with a model, half of each round is decoded from its latent space. Constants (`c`) are fitted by least
    squares. The formula with the lowest Bayesian information criterion, with productions as parameters, is used for
    prediction; `equations_` contains the Pareto front of size and error.

    Args:
        grammar: a grammar of formulas, or its name or path; its nonterminal `variable` stands for any column.
        evaluations: maximum number of formulas scored; the search ends early at an exact one (mean squared error below
            1e-14 of the variance).
        batch_size: formulas scored together.
        max_length: maximum number of productions of a formula.
        max_constants: maximum number of constants of a formula.
        functions: user-defined numpy functions of one or two arrays, by their names in the grammar.
        model: a fitted `GrammarAutoencoder` of the same grammar in these columns; None for moves only.
        n_jobs: number of processes for scoring, as in joblib.
        random_state: seed of random draws.

    Attributes:
        equations_: the Pareto front as a DataFrame, smallest first: complexity (productions), mse, r2, test_r2 (None),
            formula, equation (a `grae.optimization.symbolic.front.Equation`).
        equation_: the `Equation` used for prediction.
        grammar_: the grammar with the columns in it.
        n_evaluations_: number of formulas scored.
        n_features_in_: number of columns; `feature_names_in_` if they have names.
    """

    def __init__(
        self,
        *,
        grammar: str | Path | Grammar = "formulas",
        evaluations: int = 5000,
        batch_size: int = 100,
        max_length: int = 30,
        max_constants: int = 8,
        functions: Mapping[str, Callable[..., np.ndarray]] | None = None,
        model: "GrammarAutoencoder | None" = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.grammar = grammar
        self.evaluations = evaluations
        self.batch_size = batch_size
        self.max_length = max_length
        self.max_constants = max_constants
        self.functions = functions
        self.model = model
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Searches for formulas.

        Args:
            X: (K, p) numbers, an array or a DataFrame, whose column names are used in formulas (else x0, x1, ...).
            y: (K,) numbers.

        Raises:
            GrammarError, SettingsError: the grammar or a setting cannot be used.
            DataError: no formula is finite on the rows.
        """
        names = columns_of(X)
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        names = names or tuple(f"x{place}" for place in range(X.shape[1]))
        given = self.grammar if isinstance(self.grammar, Grammar) else load_grammar(self.grammar)
        model = self.model
        problem = FormulaProblem.of(
            given,
            names,
            X,
            y,
            operations=with_own(self.functions),
            n_jobs=self.n_jobs,
            load=None if model is None else lambda: model,
        )
        self.grammar_ = problem.grammar
        seed = self.random_state
        settings = FormulaSettings(
            evaluations=self.evaluations,
            batch_size=self.batch_size,
            max_length=self.max_length,
            max_constants=self.max_constants,
            seed=int(seed) if isinstance(seed, Integral) else int(check_random_state(seed).randint(2**31 - 1)),
        )
        result = search_formulas(problem, settings)
        self.front_: list[Equation] = result.front
        self.equation_ = result.best
        self.n_evaluations_ = result.evaluations
        return self

    @property
    def equations_(self) -> "pd.DataFrame":
        """See the class."""
        check_is_fitted(self, "front_")
        return frame(self.front_)

    def predict(self, X: Any) -> np.ndarray:
        """The values of `equation_` on rows (K, p), (K,) float64; NaN or infinite where it is undefined."""
        check_is_fitted(self, "front_")
        rows = np.asarray(validate_data(self, X, dtype=np.float64, reset=False))
        return self.equation_.predict(rows)
