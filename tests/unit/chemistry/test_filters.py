from itertools import islice
from pathlib import Path

import pytest
from rdkit import Chem

from grae.chemistry import first_alert, passes_filters, read
from grae.chemistry.filters import structural_alerts
from grae.datasets import open_source


def test_all_patterns_are_there_and_can_be_read():
    alerts = structural_alerts()
    assert len(alerts.names) == len(alerts.patterns) == len(alerts.screens) == 22 + 480
    assert all(pattern is not None and pattern.GetNumAtoms() for pattern in alerts.patterns)


@pytest.mark.parametrize(
    ("smiles", "alert"),
    [
        ("CCC=O", "aldehyde"),
        ("CC1CO1", "epoxide"),
        ("CN=[N+]=[N-]", "azide"),
        ("CCSSCC", "disulfide"),
        ("CCCCBr", "alkyl halide"),
        ("Nc1ccccc1", None),  # the ring must not be aromatic for the alert "aniline", as MOSES writes it
        ("FC(F)(F)c1cc(C(F)(F)F)cc(C(F)(F)F)c1", "more than 6 fluorine"),
        ("O=C1C=CC(=O)C=C1", "quinone_A(370)"),
        ("CCOC(C)=O", None),
    ],
)
def test_alerts_by_name(smiles: str, alert: str | None):
    molecule = read(smiles)
    assert molecule is not None
    assert first_alert(molecule) == alert


@pytest.mark.parametrize(
    ("smiles", "passes"),
    [
        ("CCO", True),
        ("C1CCCCCC1", True),  # seven atoms
        ("C1CCCCCCC1", False),  # eight
        ("CC[NH3+]", False),
        ("CC(=O)[O-].[Na+]", False),
        ("CCP", False),
        ("CCI", False),
        ("[2H]C", True),  # an isotope of hydrogen is hydrogen
        ("CCC=O", False),
    ],
)
def test_rules_besides_the_alerts(smiles: str, passes: bool):
    molecule = read(smiles)
    assert molecule is not None
    assert passes_filters(molecule) is passes


def test_the_screen_hides_no_match():
    """Trying all patterns one by one finds the same, on molecules of which many are PAINS."""
    alerts = structural_alerts()
    hits = 0
    for smiles in islice(open_source("wehi").texts(), 0, 6000, 25):
        molecule = read(smiles)
        assert molecule is not None
        explicit = Chem.AddHs(molecule)
        matching = [
            name
            for name, pattern in zip(alerts.names, alerts.patterns, strict=True)
            if explicit.HasSubstructMatch(pattern)
        ]
        assert first_alert(molecule) == next(iter(matching), None)
        hits += bool(matching)
    assert hits > 20


def test_the_molecules_of_moses_pass(data_home: Path):
    """Its data were filtered by these rules; so the README of molecularsets/moses prints 1.0 for its training set."""
    texts = [text for name in ("moses-test", "moses-test-scaffolds") for text in islice(open_source(name).texts(), 400)]
    assert all(passes_filters(molecule) for text in texts if (molecule := read(text)) is not None)
