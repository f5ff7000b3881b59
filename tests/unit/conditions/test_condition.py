"""Conditions: what they mean, and what is said of those that mean nothing."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors

from grae.conditions import Condition
from grae.errors import ParseError, SettingsError
from grae.grammar import Grammar, load_grammar
from grae.targets import target_named

SMILES = load_grammar("smiles")
MOLECULES = ["CCO", "c1ccccc1C", "C[N+](=O)[O-]", "C1CC", "CCCCCCCCCCCCCC", "NS(=O)(=O)c1ccccc1"]
VALID = np.array([text != "C1CC" for text in MOLECULES])
READ = [Chem.MolFromSmiles(text if valid else "C") for text, valid in zip(MOLECULES, VALID, strict=True)]
LOGP = np.array([Crippen.MolLogP(molecule) for molecule in READ])  # pyright: ignore[reportAttributeAccessIssue]
WEIGHT = np.array([Descriptors.MolWt(molecule) for molecule in READ])  # pyright: ignore[reportAttributeAccessIssue]
QED = np.nan_to_num(target_named("qed").evaluate(MOLECULES), nan=0.0)
PENALIZED = np.nan_to_num(target_named("logp").evaluate(MOLECULES), nan=0.0)
NITRO = np.array([molecule.HasSubstructMatch(Chem.MolFromSmarts("[N+](=O)[O-]")) for molecule in READ])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("logP < 2", LOGP < 2),
        ("logp < 2", PENALIZED < 2),
        ("QED>=.4", QED >= 0.4),
        ("qEd>=.4", QED >= 0.4),
        ("2 < logP < 3", (LOGP > 2) & (LOGP < 3)),
        ("200 > weight >= 46 > logP", (WEIGHT < 200) & (WEIGHT >= 46) & (LOGP < 46)),
        ("heavy_atoms == 3", np.array([molecule.GetNumHeavyAtoms() == 3 for molecule in READ])),
        ("heavy_atoms != 3", np.array([molecule.GetNumHeavyAtoms() != 3 for molecule in READ])),
        ("not logP < 2", LOGP >= 2),
        ("not not logP < 2", LOGP < 2),
        ("not (logP < 2 or weight > 150)", (LOGP >= 2) & (WEIGHT <= 150)),
        ("logP < 0 or logP > 2 and weight > 150", (LOGP < 0) | ((LOGP > 2) & (WEIGHT > 150))),
        ("(logP < 0 or logP > 2) and weight > 150", ((LOGP < 0) | (LOGP > 2)) & (WEIGHT > 150)),
        ("(logP) < (2)", LOGP < 2),
        ("logP + 1 > -logp*2", LOGP + 1 > -PENALIZED * 2),
        ("min(logP, QED) > 0.1", np.minimum(LOGP, QED) > 0.1),
        ("abs(logP - raw-logp) > 1", np.abs(LOGP - np.nan_to_num(target_named("raw-logp").evaluate(MOLECULES))) > 1),
        ("substructure('[N+](=O)[O-]')", NITRO),
        ('not substructure("[N+](=O)[O-]") and\n\tlogP < 2', ~NITRO & (LOGP < 2)),
        ("pmo:qed > 0.4", QED > 0.4),
        ("characters == 9", np.array([len(text) == 9 for text in MOLECULES])),
    ],
)
def test_conditions_mean_what_they_say(text: str, wanted: np.ndarray):
    condition = Condition.read(text, SMILES)
    assert condition.fulfilled(MOLECULES).tolist() == (wanted & VALID).tolist()
    measured = condition.measure(MOLECULES)
    violation = condition.violation(measured)
    assert ((violation == 0) == condition.holds(measured)).all()
    assert (violation[~condition.holds(measured)] > 0).all()
    again = Condition.read(str(condition), SMILES)
    assert again.fulfilled(MOLECULES).tolist() == condition.fulfilled(MOLECULES).tolist()


numbers: Any = st.sampled_from(["logP", "weight", "3", "0.5", "-2", "100", "logP + 1", "2*weight"])
claims = st.recursive(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers)
    .filter(lambda parts: any("P" in part or "w" in part for part in parts))
    .map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: "({}) {} ({})".format(*parts)),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)


@given(claims)
def test_conditions_are_as_python_computes_them(text: str):
    def value(row: int) -> bool:
        return bool(eval(text, {"logP": LOGP[row], "weight": WEIGHT[row]}))  # noqa: S307 - this test wrote it itself

    wanted = [bool(valid) and value(row) for row, valid in enumerate(VALID)]
    assert Condition.read(text, SMILES).fulfilled(MOLECULES).tolist() == wanted


def test_nearer_strings_violate_less():
    condition = Condition.read("heavy_atoms >= 10 and logP > 1", SMILES)
    first, second, third = condition.violation(condition.measure(["CC", "CCCCCC", "CCCCCCCCCCCC"]))
    assert first > second > third == 0


OWN = """
def even(text):
    if "N" in text:
        raise ValueError("no nitrogen")
    return 1 - len(text) % 2
"""


def test_a_function_of_ones_own_that_fails_fulfils_nothing(tmp_path: Path):
    (tmp_path / "mine.py").write_text(OWN)
    source = f"{tmp_path}/mine.py:even"
    for text in (f"{source} == 1", f"not {source} != 1"):
        condition = Condition.read(text, SMILES)
        assert condition.own
        assert condition.fulfilled(["CC", "CCO", "NN"]).tolist() == [True, False, False]
        assert condition.failures.kinds == {"ValueError": 1}
    cheap, costly = Condition.read(f"logP < 2 and {source} == 1 and weight > 1", SMILES).split()
    assert (str(cheap), cheap is not None and cheap.own) == ("logP < 2 and weight > 1", False)
    assert costly is not None
    assert list(costly.numbers) == [source]
    assert Condition.read("logP < 2", SMILES).split()[1] is None


@pytest.mark.parametrize(
    ("text", "position", "messages"),
    [
        ("lopP < 3", 0, ["unknown name 'lopP'", "did you mean 'logP'"]),
        ("QED > .5 and weigth < 3", 13, ["unknown name 'weigth'", "did you mean 'weight'"]),
        ("logP < 3 AND QED > 1", 9, ["unknown name 'AND'", "did you mean 'and'"]),
        ("LogP < 3", 0, ["logp (penalized logP) or logP (octanol-water"]),
        ("sin(logP) < 3", 0, ["unknown name 'sin'"]),
        ("logP < ", 7, ["it ends too early", "'a number'", "'a name'"]),
        ("logP = 3", 5, ["unexpected '='", "'=='"]),
        ("logP", 4, ["it ends too early", "'<'"]),
        ("(logP < 3", 9, ["it ends too early", "')'"]),
        ("logP < 3)", 8, ["unexpected ')'"]),
        ("substructure('C(') and logP < 3", 13, ["reads no SMARTS 'C('"]),
        ("logP < 3 and substructure('')", 26, ["reads no SMARTS ''"]),
        ("substructure(CC)", 13, ["unknown name 'CC'"]),
        ("logP < '3'", 7, ["cannot be read"]),
    ],
)
def test_what_is_no_condition_is_pointed_at(text: str, position: int, messages: list[str]):
    with pytest.raises(ParseError) as raised:
        Condition.read(text, SMILES)
    assert raised.value.position == position
    for message in ("--where", *messages):
        assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no number"),
        ("1 < 2", "names no number"),
        ("logP < 3 and 1 < 2", "1 < 2 names no number"),
        ("mine.py:f > 2", re.escape("condition (--where): there is no file mine.py")),
        ("pmo:qued > 2", "qued"),
        ("logP < 1e999", "too large a number"),
        ("logP/0 < 1", "divided by 0"),
    ],
)
def test_what_names_nothing(text: str, message: str):
    with pytest.raises(SettingsError, match=message):
        Condition.read(text, SMILES)


def test_a_language_without_chemistry_has_sizes():
    lists = Grammar.from_text("list -> '[' ']' | '[' items ']'\nitems -> 'a' | 'a' ',' items")
    assert Condition.read("3 <= symbols < 5 and characters < 4", lists).fulfilled(["[]", "[a]", "[a,a]"]).tolist() == [
        False, True, False,
    ]  # fmt: skip
    with pytest.raises(ParseError, match="there are symbols, characters"):
        Condition.read("logP < 3", lists)
    with pytest.raises(ParseError, match="no grammar of those"):
        Condition.read("symbols < 3 and substructure('CC')", lists)
    arithmetic = load_grammar("arithmetic")
    assert Condition.read("log-mse < 3", arithmetic).fulfilled(["x", "1/3+x+sin(x*x)"]).tolist() == [True, True]
    assert Condition.read("log-mse < 1e-9", arithmetic).fulfilled(["x", "1/3+x+sin(x*x)"]).tolist()[0] is False
