"""The benchmarks' tasks: stored scores of fixed molecules, the targets' names, modifiers and measures."""

import numpy as np
import pytest
from rdkit import Chem

from grae.errors import SettingsError
from grae.optimization import target_named
from grae.optimization.scoring import Scorer
from grae.targets.benchmarks.measures import Isomer, Pattern, Similarity, atoms_of, composition
from grae.targets.benchmarks.modifiers import AtLeast, AtMost, Gaussian, UpTo
from grae.targets.benchmarks.names import GUACAMOL, LEARNED, PMO, SUITES
from grae.targets.benchmarks.tasks import TASKS

MOLECULES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CCCCCCCCCCC",
    "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F",
    "COc1cc(N(C)CCO)c(NC(=O)C=C)cc1Nc2nccc(n2)c3c[nH]c4ccccc34",
    "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)c3ccc(F)cc3",
    "CCCCC(=O)N(Cc1ccc(cc1)c1ccccc1-c1nn[nH]n1)C(C(C)C)C(=O)O",
    "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1OC",
    "CNP(=O)(OCC(F)F)c1ccc(Cl)nc1",
    "C[N+](C)(C)CC(=O)[O-]",
    "CC(N)Cc1ccccc1.Cl",
]
# Scores that guacamol 0.5.5 gives these molecules, and the three classifiers of molscore 1.9.5 under scikit-learn 1.1.
STORED = {
    "celecoxib_rediscovery": [
        0.11578947,
        0.10204082,
        0.0099009901,
        1,
        0.15068493,
        0.18518519,
        0.19259259,
        0.13953488,
        0.11764706,
        0.022727273,
        0.11111111,
    ],
    "troglitazone_rediscovery": [
        0.12037037,
        0.10810811,
        0.03539823,
        0.1294964,
        0.1509434,
        0.13636364,
        0.16556291,
        0.14893617,
        0.093220339,
        0.05,
        0.095238095,
    ],
    "thiothixene_rediscovery": [
        0.14285714,
        0.11926606,
        0.035714286,
        0.20930233,
        0.19736842,
        0.20833333,
        0.21527778,
        0.15,
        0.084745763,
        0.050505051,
        0.14,
    ],
    "aripiprazole_similarity": [
        0.13213213,
        0.10434783,
        0.071428571,
        0.1822542,
        0.19047619,
        0.2739726,
        0.1991342,
        0.1971831,
        0.13559322,
        0.025641026,
        0.12578616,
    ],
    "albuterol_similarity": [
        0.23529412,
        0.14414414,
        0.17910448,
        0.1980198,
        0.20596206,
        0.3364486,
        0.24561404,
        0.18867925,
        0.23111111,
        0.088888889,
        0.36781609,
    ],
    "mestranol_similarity": [
        0.091503268,
        0.04040404,
        0.11947431,
        0.064078866,
        0.12304589,
        0.27095909,
        0.19444444,
        0.14755198,
        0.088631985,
        0.01459854,
        0.11316113,
    ],
    "isomers_c11h24": [
        4.3036226e-23,
        9.3764229e-18,
        1,
        5.0536092e-11,
        1.6359316e-26,
        1.2185425e-41,
        5.3110922e-27,
        1.9770368e-09,
        4.9643378e-17,
        3.3816661e-20,
        4.5990554e-10,
    ],
    "isomers_c9h10n2o2pf2cl": [
        0.1849814,
        0.43686765,
        5.7150077e-07,
        0.0003742356,
        1.225988e-22,
        9.6056672e-35,
        6.5347058e-25,
        2.0698386e-07,
        0.92484881,
        0.082084999,
        0.1849814,
    ],
    "median1": [
        0.039830418,
        0.069006556,
        0.034482759,
        0.017674908,
        0.028278616,
        0.087437177,
        0.052356739,
        0.023897745,
        0.035245369,
        0.077849894,
        0.044136741,
    ],
    "median2": [
        0.09552009,
        0.10734844,
        0.019440395,
        0.12965582,
        0.14258946,
        0.11168088,
        0.12183369,
        0.11925738,
        0.068596445,
        0.024802368,
        0.075303819,
    ],
    "osimertinib_mpo": [
        0.12951288,
        0.10402525,
        4.3866456e-07,
        0.18175081,
        0.32939392,
        0.1036835,
        0.21636775,
        0.041599421,
        0.029174253,
        0.0056997164,
        0.00061731306,
    ],
    "fexofenadine_mpo": [
        0.14855347,
        0.094729798,
        5.3816993e-07,
        0.40646089,
        0.56127078,
        0.7793802,
        0.64719156,
        0.23253088,
        0.030456655,
        0.0037323971,
        0.00045172409,
    ],
    "ranolazine_mpo": [
        0.0073328929,
        0.0001087057,
        0.014260618,
        0.066351081,
        0.18808538,
        0.34262268,
        0.24620377,
        0.26394113,
        0.013428729,
        1.483766e-05,
        0.0047898431,
    ],
    "perindopril_mpo": [
        0.11873258,
        0.24253563,
        0.005343221,
        0.062631955,
        0.004607799,
        0.388689,
        0.13456687,
        0.0043939961,
        0.086710016,
        0.0053190252,
        0.075093076,
    ],
    "amlodipine_mpo": [
        0.0085397107,
        0.11407457,
        3.2489124e-05,
        0.36023741,
        0.15419182,
        0.35951593,
        0.46795096,
        0.14673314,
        0.006384132,
        3.4610166e-05,
        0.0071448346,
    ],
    "sitagliptin_mpo": [
        0.00019548862,
        7.9499161e-16,
        6.6453318e-24,
        0.00043553654,
        8.28208e-12,
        1.0293973e-14,
        3.8094887e-13,
        8.550371e-12,
        0.00064637795,
        4.7147893e-24,
        4.4196585e-08,
    ],
    "zaleplon_mpo": [
        1.6660419e-07,
        1.9070529e-06,
        0.00024414528,
        0.22648467,
        8.948482e-06,
        4.9313253e-12,
        5.1551641e-07,
        0.34765644,
        4.2997066e-06,
        4.9076301e-09,
        4.2735839e-05,
    ],
    "valsartan_smarts": [0, 0, 0, 0, 0, 0, 9.5402216e-11, 0, 0, 0, 0],
    "deco_hop": [
        0.50915033,
        0.51552404,
        0.5,
        0.53618114,
        0.57613054,
        0.51845444,
        0.54640449,
        0.69742698,
        0.51430615,
        0.50044096,
        0.50132287,
    ],
    "scaffold_hop": [
        0.34716049,
        0.35679188,
        0.33333333,
        0.38800705,
        0.44837504,
        0.36122004,
        0.40345567,
        0.63166743,
        0.35495152,
        0.33399967,
        0.33533233,
    ],
    "isomers_c7h8n2o2": [
        0.27253179,
        0.21762106,
        1.1488672e-15,
        1.8283904e-11,
        7.3822942e-48,
        0,
        5.1265086e-52,
        2.7774456e-18,
        0.17817305,
        0.24659696,
        0.0045165809,
    ],
    "qed": [
        0.5501218,
        0.53846283,
        0.45261775,
        0.75410533,
        0.28096395,
        0.53363859,
        0.49443163,
        0.52948521,
        0.65716624,
        0.41040862,
        0.72404125,
    ],
    "drd2": [
        0.00030779248,
        0.002912575,
        0.0036249722,
        0.001428769,
        0.0048212087,
        0.73433893,
        0.0020358175,
        0.0021404432,
        0.00042666671,
        0.0029106413,
        0.017024293,
    ],
    "gsk3b": [0, 0.01, 0, 0.02, 0.62, 0.01, 0.12, 0.65, 0.02, 0.01, 0.01],
    "jnk3": [0, 0, 0, 0.02, 0.31, 0.01, 0.04, 0.33, 0, 0, 0],
}
NAMES = [f"{suite}:{task}" for suite, tasks in SUITES.items() for task in tasks]


def classifiers_here() -> bool:
    from grae.targets.benchmarks.classifiers import place

    return all(place(name).is_file() for name in LEARNED)


def test_the_suites_are_whole():
    assert len(GUACAMOL) == len(set(GUACAMOL)) == 20
    assert len(PMO) == len(set(PMO)) == 23
    assert set(STORED) == set(TASKS) == {*GUACAMOL, *PMO}


@pytest.mark.parametrize("name", NAMES)
def test_a_task_gives_the_stored_scores(name: str):
    task = name.partition(":")[2]
    if task in LEARNED and not classifiers_here():
        pytest.skip("needs PMO's classifiers: python tests/benchmarks/pmo_classifiers.py")
    found = target_named(name).evaluate(MOLECULES)
    assert found == pytest.approx(np.array(STORED[task]), rel=1e-6, abs=1e-30)


@pytest.mark.parametrize("name", ["guacamol:median1", "pmo:deco_hop"])
def test_a_molecules_score_does_not_depend_on_its_batch_or_spelling(name: str):
    target = target_named(name)
    together = target.evaluate(MOLECULES)
    alone = [target.evaluate([Chem.MolToSmiles(Chem.MolFromSmiles(text), canonical=False)])[0] for text in MOLECULES]
    assert together == pytest.approx(np.array(alone), rel=1e-12)


def test_what_is_not_a_molecule_has_no_score():
    scores = target_named("guacamol:osimertinib_mpo").evaluate(["CCO", "C1CC", "", "CCO"])
    assert np.isnan(scores).tolist() == [False, True, True, False]
    assert scores[0] == scores[3]
    assert np.isnan(target_named("pmo:qed").evaluate(["C1CC"])).all()
    assert target_named("pmo:qed").evaluate([]).shape == (0,)


def test_a_name_that_is_not_a_tasks_is_an_error():
    with pytest.raises(SettingsError, match=r"unknown task of guacamol 'osimertinib'") as error:
        target_named("guacamol:osimertinib")
    assert error.value.remedy == "did you mean 'osimertinib_mpo'?"
    with pytest.raises(SettingsError, match="there are: albuterol_similarity, amlodipine_mpo"):
        target_named("pmo:")
    with pytest.raises(SettingsError, match="there are: celecoxib_rediscovery"):
        target_named("guacamol")
    with pytest.raises(SettingsError, match="direction"):
        target_named("pmo:qed", direction="minimize")
    with pytest.raises(SettingsError, match="batch"):
        target_named("pmo:qed", batch=True)


def test_a_task_is_scored_in_other_processes():
    target = target_named("guacamol:sitagliptin_mpo")
    with Scorer(target, workers=2) as scorer:
        found = [outcome.score for outcome in scorer(MOLECULES[:3])]
    assert found == target.evaluate(MOLECULES[:3]).tolist()


def test_modifiers():
    values = np.array([-1.0, 0.0, 0.5, 1.0, 3.0])
    assert Gaussian(1, 2)(values)[[3, 4]] == pytest.approx([1, np.exp(-0.5)])
    assert AtMost(1, 2)(values).tolist() == pytest.approx([1, 1, 1, 1, np.exp(-0.5)])
    assert AtLeast(1, 2)(values).tolist() == pytest.approx([np.exp(-0.5), np.exp(-0.125), np.exp(-1 / 32), 1, 1])
    assert UpTo(0.5)(values).tolist() == [0, 0, 1, 1, 1]
    assert UpTo(2)(values).tolist() == [0, 0, 0.25, 0.5, 1]


def test_a_formula_and_a_composition():
    assert atoms_of("C9H10N2O2PF2Cl") == {"C": 9, "H": 10, "N": 2, "O": 2, "P": 1, "F": 2, "Cl": 1}
    for text in MOLECULES:
        whole = Chem.AddHs(Chem.MolFromSmiles(text))
        counts = composition(Chem.MolFromSmiles(text))
        assert counts.total() == whole.GetNumAtoms()
        assert counts["H"] == sum(atom.GetSymbol() == "H" for atom in whole.GetAtoms())
    assert Isomer("C2H6O")([Chem.MolFromSmiles("CCO"), Chem.MolFromSmiles("COC")]).tolist() == [1, 1]


def test_a_pattern_and_a_similarity():
    ethanol, ethane = Chem.MolFromSmiles("CCO"), Chem.MolFromSmiles("CC")
    assert Pattern("[OH]")([ethanol, ethane]).tolist() == [1, 0]
    assert Pattern("[OH]", wanted=False)([ethanol, ethane]).tolist() == [0, 1]
    similarities = Similarity("CCO", "ECFP4")([ethanol, ethane])
    assert similarities[0] == 1
    assert 0 < similarities[1] < 1
