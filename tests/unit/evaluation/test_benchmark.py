"""The measures of MOSES, recomputed one by one from their definitions, slowly, on molecules that come with RDKit."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import QED, Crippen, Descriptors, rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold
from scipy.spatial.distance import cosine
from scipy.stats import wasserstein_distance

from grae import chemistry
from grae.chemistry import passes_filters
from grae.errors import DataError, MissingExtraError, SettingsError
from grae.evaluation import Comparison, Evaluation, Strings, Work, chemnet, evaluate_samples
from grae.grammar import load_grammar

SMILES = load_grammar("smiles")


def measured(samples: list[str], reference: list[str], **comparison) -> Evaluation:
    compared = Comparison(Strings.of_list("reference", reference), **{"fcd": False, **comparison})
    return evaluate_samples(SMILES, samples, training=Strings.of_list("training", reference), comparison=compared)


@pytest.fixture(scope="module")
def samples(molecules) -> list[str]:
    """Molecules with duplicates, other spellings, and invalid strings among them."""
    some = molecules("wehi", 150)
    return [*some[:100], "C1CC", some[3], *some[100:], "", "c1cccc1", some[3], "OCC", "CCO", "CC(C)(C)(C)C"]


@pytest.fixture(scope="module")
def reference(molecules) -> list[str]:
    return [*molecules("nci", 150), "CCO", *molecules("wehi", 20)]


@pytest.fixture(scope="module")
def found(samples: list[str], reference: list[str]) -> Evaluation:
    return measured(samples, reference, scaffold_reference=Strings.of_list("scaffolds", reference[:60]))


@pytest.fixture(scope="module")
def generated(samples: list[str]) -> list[Chem.Mol]:
    """What MOSES makes of the samples first: canonical, without the invalid, read again."""
    with rdBase.BlockLogs():
        first = [Chem.MolFromSmiles(text) if text else None for text in samples]
    return [Chem.MolFromSmiles(Chem.MolToSmiles(molecule)) for molecule in first if molecule is not None]


@pytest.fixture(scope="module")
def known(reference: list[str]) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(text) for text in reference]


def value(found: Evaluation, name: str) -> float:
    figure = found.figures[name]
    assert figure is not None
    assert figure.value is not None
    return figure.value


def prints(of: list[Chem.Mol]) -> list[DataStructs.ExplicitBitVect]:
    with rdBase.BlockLogs():
        return [rdMolDescriptors.GetMorganFingerprintAsBitVect(molecule, 2, nBits=1024) for molecule in of]


def test_shares(found: Evaluation, samples: list[str], reference: list[str], generated: list[Chem.Mol]):
    forms = [Chem.MolToSmiles(molecule) for molecule in generated]
    assert len(forms) == len(samples) - 4
    assert value(found, "valid") == len(forms) / len(samples)
    assert value(found, "unique") == len(set(forms)) / len(forms)
    training = {Chem.MolToSmiles(Chem.MolFromSmiles(text)) for text in reference}
    assert value(found, "novel") == len(set(forms) - training) / len(set(forms))
    assert value(found, "Filters") == np.mean([passes_filters(molecule) for molecule in generated])
    assert found.figures["Filters"].of == len(forms)  # pyright: ignore[reportOptionalMemberAccess]


def test_internal_diversity(found: Evaluation, generated: list[Chem.Mol]):
    bits = prints(generated)
    table = np.array([DataStructs.BulkTanimotoSimilarity(one, bits) for one in bits])  # n n, the diagonal with it
    assert value(found, "IntDiv") == pytest.approx(1 - table.mean(), abs=1e-12)
    assert value(found, "IntDiv2") == pytest.approx(1 - np.sqrt((table**2).mean(axis=0)).mean(), abs=1e-12)


def test_nearest_neighbours(found: Evaluation, generated: list[Chem.Mol], known: list[Chem.Mol]):
    others = prints(known)
    nearest = [max(DataStructs.BulkTanimotoSimilarity(one, others)) for one in prints(generated)]
    assert value(found, "SNN/Test") == pytest.approx(np.mean(nearest), abs=1e-12)
    nearest = [max(DataStructs.BulkTanimotoSimilarity(one, others[:60])) for one in prints(generated)]
    assert value(found, "SNN/TestSF") == pytest.approx(np.mean(nearest), abs=1e-12)


def similarity(one: Counter[str], other: Counter[str]) -> float:
    keys = sorted(one.keys() | other.keys())
    return 1 - float(cosine([one[key] for key in keys], [other[key] for key in keys]))


def test_fragments(found: Evaluation, generated: list[Chem.Mol], known: list[Chem.Mol]):
    counts = [
        Counter(piece for molecule in of for piece in Chem.MolToSmiles(Chem.FragmentOnBRICSBonds(molecule)).split("."))
        for of in (generated, known, known[:60])
    ]
    assert value(found, "Frag/Test") == pytest.approx(similarity(counts[0], counts[1]), abs=1e-12)
    assert value(found, "Frag/TestSF") == pytest.approx(similarity(counts[0], counts[2]), abs=1e-12)


def test_scaffolds(found: Evaluation, generated: list[Chem.Mol], known: list[Chem.Mol]):
    counts = []
    for of in (generated, known, known[:60]):
        scaffolds = [MurckoScaffold.GetScaffoldForMol(molecule) for molecule in of]
        counts.append(Counter(Chem.MolToSmiles(one) for one in scaffolds if one.GetRingInfo().NumRings() >= 2))
    assert value(found, "Scaf/Test") == pytest.approx(similarity(counts[0], counts[1]), abs=1e-12)
    assert value(found, "Scaf/TestSF") == pytest.approx(similarity(counts[0], counts[2]), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("logP", Crippen.MolLogP),  # pyright: ignore[reportAttributeAccessIssue]
        ("QED", QED.qed),
        ("weight", Descriptors.MolWt),  # pyright: ignore[reportAttributeAccessIssue]
    ],
)
def test_properties(found: Evaluation, generated: list[Chem.Mol], known: list[Chem.Mol], name: str, of):
    distance = wasserstein_distance([of(molecule) for molecule in generated], [of(molecule) for molecule in known])
    assert value(found, name) == pytest.approx(distance, abs=1e-9)


def test_every_figure_has_its_size_and_an_interval_around_it(found: Evaluation):
    record = found.to_dict()
    intervals, counts = record["intervals"], record["counts"]
    assert isinstance(intervals, dict)
    assert isinstance(counts, dict)
    for name, figure in found.figures.items():
        assert figure is not None, name
        assert figure.value is not None
        assert counts[name]["of"] > 0
        low, high = intervals[name]
        assert low <= figure.value <= high, name
        assert high - low < 1.0 or name in ("logP", "weight"), name


def test_a_set_against_itself(molecules):
    some = molecules("nci", 60)
    found = measured(some, some)
    for name, expected in {
        "SNN/Test": 1,
        "Frag/Test": 1,
        "Scaf/Test": 1,
        "logP": 0,
        "SA": 0,
        "QED": 0,
        "novel": 0,
    }.items():
        assert value(found, name) == pytest.approx(expected, abs=1e-12), name


def test_nothing_valid_has_no_spread_and_says_so(reference: list[str]):
    found = measured(["C1CC", "c1cccc1"], reference)
    record = found.to_dict()
    assert (record["valid"], record["unique"], record["novel"]) == (0.0, None, None)
    assert (record["IntDiv"], record["SNN/Test"]) == (None, None)
    assert found.left_out["IntDiv"] == found.left_out["FCD/Test"] == "no sample is valid"
    assert {cause: share.count for cause, share in found.causes.items()} == {"unclosed ring": 1, "kekulization": 1}


def test_what_cannot_be_compared_is_named():
    found = evaluate_samples(SMILES, ["CCO", "CCC"])
    assert found.left_out["novel"] == "no training set was given"
    assert found.left_out["SNN/TestSF"] == found.left_out["logP"] == "no such reference was given"
    assert found.to_dict()["logP"] is None


def test_scaffold_similarity_of_molecules_without_scaffolds_is_undefined():
    found = measured(["CCO", "CCC"], ["CCN", "CCC"])
    assert found.figures["Scaf/Test"] is None
    assert found.to_dict()["Scaf/Test"] is None
    assert found.left_out["Scaf/Test"] == "no scaffold of 2 rings or more in the samples"
    fused = ["C1CC2CC12", "CCC"]
    assert measured(fused, ["CCN", "CCC"]).left_out["Scaf/Test"] == "no scaffold of 2 rings or more in reference"
    assert value(measured(fused, fused), "Scaf/Test") == 1.0


def test_no_measure_is_minus_zero(reference: list[str]):
    for some in (["CCO", "CCO"], ["CCO"], reference[:30]):
        record = measured(some, some).to_dict()
        negative = [name for name, value in record.items() if isinstance(value, float) and np.signbit(value)]
        assert negative == []
        assert all(record[name] <= 1.0 for name in ("SNN/Test", "Frag/Test"))  # pyright: ignore[reportOperatorIssue]


def test_molecules_far_from_drugs_are_measured_too():
    some = [
        "*",
        "[H][H]",
        "[Na+].[Cl-]",
        "[Fe]",
        "[2H]",
        "C",
        "[C-]#[O+]",
        "B1OB1",
        "O=[Os](=O)(=O)=O",
        "P12P3P1P23",
        "C" * 400,
    ]
    found = measured(some, some)
    assert value(found, "valid") == value(found, "SNN/Test") == 1
    assert value(found, "SA") == value(found, "QED") == 0


def test_a_reference_without_molecules_is_bad_input():
    with pytest.raises(DataError, match="contains no valid molecule"):
        measured(["CCO"], ["C1CC"])


def test_a_missing_extra_is_never_silent(monkeypatch: pytest.MonkeyPatch, reference: list[str]):
    monkeypatch.setattr(chemnet, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"grae\[fcd\]"):
        measured(["CCO", "CCC"], reference, fcd=True)
    found = measured(["CCO", "CCC"], reference, fcd=None)
    assert "pip install 'grae[fcd]'" in found.left_out["FCD/Test"]
    assert found.to_dict()["FCD/Test"] is None
    assert measured(["CCO"], reference, fcd=False).left_out["FCD/Test"] == "it was not requested"


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch, samples: list[str], found: Evaluation):
    from grae.evaluation import descriptions
    from grae.grammar import language

    for module in (language, descriptions):
        monkeypatch.setattr(module, "PARALLEL_FROM", 2)
    monkeypatch.setattr(descriptions, "CHUNK", 40)
    monkeypatch.setattr(language, "CHUNK", 40)
    told: list[tuple[str, float]] = []
    again = evaluate_samples(
        SMILES,
        samples,
        comparison=Comparison(fcd=False),
        work=Work(0, 2, lambda stage, fraction: told.append((stage, fraction))),
    )
    assert {name: figure for name, figure in again.figures.items() if figure} == {
        name: found.figures[name] for name in again.figures
    }
    assert again.causes == found.causes
    assert ("describing the samples", 1.0) in told


def test_molecules_of_moses_beside_the_facts(data_home: Path, molecules):
    """The scaffolds of its scaffold test set are in no other part of its data; all its molecules pass its filters."""
    test, scaffolds = molecules("moses-test", 400), molecules("moses-test-scaffolds", 400)
    found = measured(scaffolds, test)
    assert value(found, "Scaf/Test") == 0
    assert value(found, "Filters") == 1
    assert value(found, "Frag/Test") > 0.9
    assert 0.35 < value(found, "SNN/Test") < 0.55
    assert value(found, "IntDiv") == pytest.approx(0.85, abs=0.02)


def test_measures_alone_need_nothing_that_the_others_do(monkeypatch: pytest.MonkeyPatch, reference: list[str]):
    def refuse(*_, **__):
        raise AssertionError

    for name in ("fragments", "synthetic_accessibility", "drug_likeness", "passes_filters", "scaffold"):
        monkeypatch.setattr(chemistry, name, refuse)
    compared = Comparison(Strings.of_list("another reference", [*reference[1:60], "CCCC"]), fcd=False)
    found = evaluate_samples(SMILES, reference[:30], comparison=compared, measures=("SNN", "valid", "logP"))
    assert set(found.figures) == {"SNN/Test", "valid", "logP"}
    assert found.left_out["QED"] == found.left_out["novel"] == found.left_out["unique"] == "it was not requested"
    assert found.left_out["SNN/TestSF"] == "no such reference was given"
    monkeypatch.undo()
    whole = evaluate_samples(SMILES, reference[:30], comparison=compared)
    assert whole.figures["SNN/Test"] == found.figures["SNN/Test"]
    assert whole.figures["logP"] == found.figures["logP"]


def test_a_measure_that_there_is_not():
    with pytest.raises(SettingsError, match="unknown measure 'snn'"):
        evaluate_samples(SMILES, ["CCO"], measures=["snn"])
