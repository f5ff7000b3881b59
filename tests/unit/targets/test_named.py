"""The built-in targets in closed form, and how they are named."""

import gzip
import math

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen

from grae.chemistry import properties
from grae.errors import DataError, ParseError, SettingsError
from grae.grammar import Grammar
from grae.targets.curves import WORST, formula_values, read_points
from grae.targets.named import target_named


def test_penalized_logp_is_the_published_sum():
    """Source of the constants: the data published with Kusner et al. 2017."""
    text = "CCCCc1ccccc1"
    found = properties(text)
    assert found is not None
    wanted = (found.logp - 2.45777691) / 1.43341767 - (found.sa - 3.05352042) / 0.83460587 + 0.04861121 / 0.28746695
    assert target_named("logp").evaluate([text])[0] == pytest.approx(wanted, abs=1e-12)
    assert target_named("raw-logp").evaluate([text])[0] == pytest.approx(found.logp - found.sa, abs=1e-12)


def test_large_rings_are_penalized_by_what_exceeds_six_atoms():
    for atoms, penalty in ((5, 0), (6, 0), (7, 1), (12, 6)):
        ring = "C1" + "C" * (atoms - 2) + "C1"
        found = properties(ring)
        assert found is not None
        unpenalized = found.logp - found.sa
        assert unpenalized - target_named("raw-logp").evaluate([ring])[0] == pytest.approx(penalty)
    naphthalene = "c1ccc2ccccc2c1"  # ten atoms around, but no ring of more than six
    found = properties(naphthalene)
    assert found is not None
    assert target_named("raw-logp").evaluate([naphthalene])[0] == pytest.approx(found.logp - found.sa)


def test_qed_is_rdkits_and_invalid_molecules_are_nan():
    target = target_named("qed")
    scores = target.evaluate(["CC(=O)Oc1ccccc1C(=O)O", "C1CC", "", "CCO ethanol"])
    assert scores[0] == pytest.approx(QED.qed(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")))
    assert np.isnan(scores[1:]).all()
    assert (target.direction, target.language, target.worst, target.own) == ("maximize", "molecules", 0.0, False)


def test_the_score_of_expressions_in_closed_form():
    target = target_named("log-mse")
    x = np.linspace(-10, 10, 1000)
    scores = target.evaluate(["1/3+x+sin(x*x)", "x", "exp(x*x)", "x / 1"])
    assert scores[0] == pytest.approx(0.0, abs=1e-12)
    assert scores[1] == pytest.approx(math.log1p(np.mean((1 / 3 + np.sin(x * x)) ** 2)))
    cut = np.minimum((np.exp(x * x) - 1 / 3 - x - np.sin(x * x)) ** 2, 1000)
    assert scores[2] == pytest.approx(math.log1p(cut.mean()))
    assert scores[3] == scores[1]
    assert np.isnan(target.evaluate(["1/(x-x)", "exp(exp(x*x))", "y", "", "1+"])).all()
    assert (target.direction, target.worst) == ("minimize", pytest.approx(math.log(1001)))
    assert pytest.approx(math.log(1001)) == WORST


def test_a_formula_of_ones_own():
    target = target_named("log-mse", formula="2*x - .5*cos(3e-1*x) / -(1 + tanh(x))")
    x = np.linspace(-10, 10, 1000)
    y = 2 * x - 0.5 * np.cos(0.3 * x) / -(1 + np.tanh(x))
    keep = np.isfinite(y)
    assert keep.all()
    assert target.evaluate(["x+x"])[0] == pytest.approx(math.log1p(np.mean(np.minimum((2 * x - y) ** 2, 1000))))
    np.testing.assert_allclose(formula_values("sqrt(abs(x))*log(exp(1))", x), np.sqrt(np.abs(x)))
    np.testing.assert_array_equal(formula_values("x", x), x)
    with pytest.raises(ParseError, match="position 4"):
        target_named("log-mse", formula="2*x+z")
    with pytest.raises(ParseError):
        target_named("log-mse", formula="__import__('os')")
    with pytest.raises(SettingsError, match="not finite at x ="):
        target_named("log-mse", formula="log(x)")


@pytest.mark.parametrize("text", ["x,y\n1,2\n2,4.5\n", "1 2\n\n2\t4.5\n", "1,2\r\n2,4.5"])
def test_points_of_ones_own(tmp_path, text):
    file = tmp_path / "points.csv"
    file.write_text(text)
    x, y = read_points(file)
    assert (x.tolist(), y.tolist()) == ([1.0, 2.0], [2.0, 4.5])
    target = target_named("log-mse", points=file)
    assert target.evaluate(["x+x"])[0] == pytest.approx(math.log1p(0.125))


@pytest.mark.parametrize(
    ("text", "message"),
    [("1,2\n3\n", "line 2"), ("1,2\n3,nan\n", "line 2"), ("x,y\n", "there are none"), ("1,2\na,b\n", "line 2")],
)
def test_points_that_cannot_be_read(tmp_path, text, message):
    file = tmp_path / "points.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        read_points(file)
    with pytest.raises(DataError, match="nowhere"):
        read_points(tmp_path / "nowhere.csv")
    file.write_bytes(b"PK\x03\x04 a workbook")
    with pytest.raises(DataError, match="a zip archive or a workbook"):
        read_points(file)
    with pytest.raises(DataError, match="is a folder"):
        read_points(tmp_path)


def test_points_are_unpacked(tmp_path):
    file = tmp_path / "points.csv.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbfx;y\r\n1 2\r\n2 3\r\n"))
    assert read_points(file)[1].tolist() == [2.0, 3.0]


def test_expressions_of_another_grammar():
    grammar = Grammar.from_text("#% language expressions\nS -> 'x' | S '*' S | 'cos(' S ')'", "cosines")
    target = target_named("log-mse", grammar=grammar, formula="cos(x)")
    assert target.evaluate(["cos(x)"])[0] == 0.0
    assert np.isnan(target.evaluate(["sin(x)"])[0])


def test_names_that_are_none():
    with pytest.raises(SettingsError, match="did you mean 'logp'"):
        target_named("lgp")
    with pytest.raises(SettingsError, match="give target log-mse"):
        target_named("qed", formula="x")
    with pytest.raises(SettingsError, match="direction of its own"):
        target_named("qed", direction="minimize")
    with pytest.raises(SettingsError, match="give only one of them"):
        target_named("log-mse", formula="x", points="some.csv")


def test_logp_agrees_with_rdkits_crippen():
    found = properties("CCO")
    assert found is not None
    assert found.logp == Crippen.MolLogP(Chem.MolFromSmiles("CCO"))  # pyright: ignore[reportAttributeAccessIssue]
