"""Searches for formulas: what they find, that they resume, and the scikit-learn regressor."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import grae
from grae.errors import GrammarError, RunError, SettingsError
from grae.formulas.scoring import FormulaScorer
from grae.formulas.template import for_columns
from grae.grammar import Grammar, load_grammar
from grae.optimization.symbolic.front import chosen, pareto, write_front
from grae.optimization.symbolic.problem import FormulaProblem
from grae.optimization.symbolic.run import FormulaSettings, search_formulas

RNG = np.random.default_rng(0)
ROWS = RNG.uniform(0.2, 2.0, (60, 2))
Y = 2.5 * ROWS[:, 0] ** 2 - 1.5 * ROWS[:, 1] + 4.0


def search(y=Y, *, evaluations=1500, **options):
    problem = FormulaProblem.of(load_grammar("formulas"), ("a", "b"), ROWS, y)
    return search_formulas(problem, FormulaSettings(evaluations=evaluations, batch_size=50), **options)


@parametrize_with_checks([grae.FormulaRegressor(evaluations=400)])
def test_the_regressor_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_formula_is_found_and_predicts():
    frame = pd.DataFrame(ROWS, columns=["a", "b (m)"])
    model = grae.FormulaRegressor(evaluations=3000).fit(frame, Y)
    assert model.score(frame, Y) > 1 - 1e-10
    assert str(model.equation_) in ("2.5*a^2 - 1.5*b_m + 4", "-1.5*b_m + 2.5*a^2 + 4")
    assert model.n_evaluations_ < 3000
    table = model.equations_
    assert list(table.columns[:3]) == ["complexity", "mse", "r2"]
    assert table.complexity.is_monotonic_increasing
    assert table.mse.is_monotonic_decreasing
    assert model.predict(frame).shape == (60,)


def test_a_function_of_ones_own_and_a_grammar_with_a_known_form():
    grammar = Grammar.from_text(
        "form -> 'c' '*' 'bump(' inner ')'\ninner -> variable | 'c' '*' variable | inner '+' 'c'\nvariable -> 'x'",
        "bumps",
    )
    y = 3.0 * np.exp(-((2.0 * ROWS[:, 0] - 1.0) ** 2))
    with pytest.raises(GrammarError, match="'bump' in"):
        grae.FormulaRegressor(grammar=grammar).fit(ROWS, y)
    model = grae.FormulaRegressor(grammar=grammar, functions={"bump": bump}, evaluations=100).fit(ROWS, y)
    assert model.score(ROWS, y) > 0.999999
    assert str(model.equation_).startswith("3*bump(")


def bump(values):
    return np.exp(-values * values)


def test_a_search_that_was_killed_resumes_and_ends_as_if_it_was_not(tmp_path):
    y = np.sin(5 * ROWS[:, 0]) * ROWS[:, 1]
    whole = search(y, evaluations=400, folder=tmp_path / "whole")
    search(y, evaluations=220, folder=tmp_path / "cut")
    history = tmp_path / "cut" / "history.jsonl"
    lines = history.read_text().splitlines()
    assert len(lines) == 220
    history.write_text("\n".join(lines[:171]) + '\n{"round": 3, "formu')
    resumed = search(y, evaluations=400, folder=tmp_path / "cut", resume=True)
    assert [one.formula for one in resumed.front] == [one.formula for one in whole.front]
    assert history.read_text() == (tmp_path / "whole" / "history.jsonl").read_text()
    assert json.loads(lines[0]).keys() == {"round", "formula", "productions", "constants", "mse"}


def test_a_folder_holds_one_search(tmp_path):
    folder = tmp_path / "one"
    with pytest.raises(RunError, match="no search to resume"):
        search(evaluations=50, folder=folder, resume=True)
    search(evaluations=50, folder=folder)
    with pytest.raises(RunError, match="already holds a search"):
        search(evaluations=50, folder=folder)
    with pytest.raises(RunError, match="data"):
        search(Y + 1, evaluations=50, folder=folder, resume=True)


def test_the_front_has_the_best_of_each_size(tmp_path):
    grammar = for_columns(load_grammar("formulas"), ["a", "b"])
    scorer = FormulaScorer.of(("a", "b"), ROWS, Y)
    texts = ["c", "c+c*a", "c+c*b", "c+c*a^2", "c+c*a^2+c*b", "c+c*a^3+c*b"]
    scored = [(one, len(grammar.parse(one.text))) for one in scorer(texts)]
    front = pareto(scored, scorer, (ROWS[:10], Y[:10]))
    assert [one.skeleton for one in front] == ["c", "c+c*a^2", "c+c*a^2+c*b"]
    assert [one.complexity for one in front] == [1, 4, 7]
    assert front[-1].test_r2 == pytest.approx(1.0)
    assert chosen(front, scorer) is front[-1]
    table = pd.read_csv(write_front(tmp_path, front))
    values = FormulaScorer.of(("a", "b"), ROWS, Y).program(table.formula[2]).values(ROWS.T)
    np.testing.assert_allclose(values, Y)
    assert table.latex[2] == "2.5 a^{2} - 1.5 b + 4"


def test_settings_are_checked():
    with pytest.raises(SettingsError, match="unknown setting of a search for formulas 'size'"):
        FormulaSettings(**{"size": 3})
    with pytest.raises(SettingsError, match="evaluations"):
        grae.FormulaRegressor(evaluations=0).fit(ROWS, Y)
    grammar = Grammar.from_text("S -> 'c' '*' T\nT -> U\nU -> variable\nvariable -> 'x'")
    with pytest.raises(GrammarError, match="derives no formula of at most 2 productions"):
        grae.FormulaRegressor(grammar=grammar, max_length=2).fit(ROWS[:, :1], Y)
