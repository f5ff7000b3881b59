"""Measures that are added up block by block, beside those of all samples at once."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grae.errors import DataError
from grae.evaluation import Comparison, Evaluation, Strings, evaluate_samples, tally
from grae.evaluation.large import about_part, as_blocks, merged, tallied
from grae.evaluation.measures import Wanted
from grae.evaluation.planned import PAIRS, Plan
from grae.evaluation.sampling import Samples
from grae.evaluation.tallied import evaluation_of
from grae.grammar import load_grammar
from grae.shards import Part, Shard, parts_in

SMILES = load_grammar("smiles")
SHARES = ("in_language", "valid", "unique", "novel", "Filters")
DISTANCES = (
    "SNN/Test",
    "Frag/Test",
    "Scaf/Test",
    "logP",
    "SA",
    "QED",
    "weight",
    "FCD/Test",
    "SNN/TestSF",
    "Scaf/TestSF",
)
SIZE = 20  # samples in a block


@pytest.fixture(scope="module")
def samples(molecules) -> list[str]:
    some = molecules("wehi", 120)
    return [*some[:100], "C1CC", some[3], *some[100:], "", "c1cccc1", some[3], "OCC", "CCO", "CC(C)(C)(C)C"]


@pytest.fixture(scope="module")
def comparison(molecules) -> Comparison:
    pytest.importorskip("fcd")
    reference = [*molecules("nci", 100), "CCO", *molecules("wehi", 20)]
    return Comparison(Strings.of_list("reference", reference), Strings.of_list("scaffolds", reference[60:]), fcd=True)


@pytest.fixture(scope="module")
def training(molecules) -> Strings:
    return Strings.of_list("training", [*molecules("wehi", 30), "OCC"])


@pytest.fixture(scope="module")
def at_once(samples: list[str], comparison: Comparison, training: Strings) -> Evaluation:
    return evaluate_samples(SMILES, samples, training=training, comparison=comparison)


@pytest.fixture(scope="module")
def parts(samples, comparison, training, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The parts of three shards."""
    plan = Plan.of(SMILES, Wanted(), comparison, training=True)
    paths = []
    for shard in (Shard(1, 3), Shard(2, 3), Shard(3, 3)):
        blocks = as_blocks(shard.blocks(samples, SIZE))
        with tallied(SMILES, blocks, plan, training=training, comparison=comparison) as tally:
            paths.append(tmp_path_factory.mktemp("parts") / str(shard.index))
            about = about_part(tally, "valid")
            Part(paths[-1], "evaluate", shard, {"plan": plan.to_dict()}, about).write(
                tally.arrays() | tally.known.arrays()
            )
    return paths


def test_shares_are_equal_and_distances_to_rounding(at_once: Evaluation, parts: list[Path]):
    found = merged(list(parts_in(parts).values()))
    assert found.n == at_once.n
    for name in SHARES:
        assert found.figures[name] == at_once.figures[name]
    for name in DISTANCES:
        of_all, of_parts = at_once.figures[name], found.figures[name]
        assert of_all is not None
        assert of_parts is not None
        assert of_parts.value == pytest.approx(of_all.value, rel=1e-7)
        assert of_parts.of == of_all.of
    assert found.causes == at_once.causes
    assert found.references == at_once.references
    assert found.caveats == at_once.caveats
    assert {name for name in PAIRS if "all pairs" in found.left_out[name]} == set(PAIRS)
    rest = {name: why for name, why in found.left_out.items() if name not in PAIRS}
    assert rest == at_once.left_out


def test_intervals_of_means_are_those_of_the_bootstrap(at_once: Evaluation, parts: list[Path]):
    found = merged(list(parts_in(parts).values())).figures["SNN/Test"]
    expected = at_once.figures["SNN/Test"]
    assert found is not None
    assert expected is not None
    assert found.interval == pytest.approx(expected.interval, abs=0.01)


def test_parts_and_the_whole_are_alike(samples, comparison, training, parts: list[Path]):
    plan = Plan.of(SMILES, Wanted(), comparison, training=True)
    blocks = as_blocks(Shard().blocks(samples, SIZE))
    with tallied(SMILES, blocks, plan, training=training, comparison=comparison) as tally:
        whole = evaluation_of(tally, "valid").to_dict()
    of_parts = merged(list(parts_in(parts).values())).to_dict()
    fcd = [name for name in whole if name.startswith("FCD")]
    for name in fcd:  # sums of floats, added in another order
        assert of_parts.pop(name) == pytest.approx(whole.pop(name), rel=1e-9)
    assert of_parts == whole


def test_the_first_valid_ones_are_the_first_of_all_parts(monkeypatch: pytest.MonkeyPatch, lists):
    """Unique@k counts the first k valid samples in the order in which they were drawn."""
    monkeypatch.setattr(tally, "FIRST", 7)
    grammar = lists.language_grammar_
    texts = ["[a]", "[", "[b]", "[a]", "[c]", "[a,a]", "[b]", "[a,b]", "[a,c]", "[b,c]"]
    plan = Plan.of(grammar, Wanted(), Comparison(), training=False)
    firsts = []
    for shard in (Shard(), Shard(1, 2), Shard(2, 2)):
        with tallied(grammar, as_blocks(shard.blocks(texts, 3)), plan) as counted:
            firsts.append(counted.first)
    whole, odd, even = firsts
    assert whole.shape == (2, 7)
    both = np.concatenate([odd, even], axis=1)
    np.testing.assert_array_equal(both[:, np.argsort(both[0])[:7]], whole)


def test_without_a_valid_sample(comparison: Comparison):
    plan = Plan.of(SMILES, Wanted(), comparison, training=False)
    with tallied(SMILES, [(0, Samples(["C1CC", None], ["C1", "C"]))], plan, comparison=comparison) as tally:
        found: dict[str, Any] = evaluation_of(tally, "valid").to_dict()
    at_once: dict[str, Any] = evaluate_samples(SMILES, ["C1CC", None], comparison=comparison).to_dict()
    assert (found["valid"], found["unique"], found["SNN/Test"]) == (0.0, None, None)
    assert found["counts"]["unique"] == at_once["counts"]["unique"] == {"count": 0, "of": 0}
    assert found["left_out"]["SNN/Test"] == at_once["left_out"]["SNN/Test"] == "no sample is valid"
    assert found["invalid"] == {"unclosed ring": {"count": 1, "of": 2}}


def test_parts_without_samples(tmp_path: Path, lists):
    plan = Plan.of(lists.language_grammar_, Wanted(), Comparison(), training=False)
    with tallied(lists.language_grammar_, [], plan) as tally:
        part = Part(tmp_path / "part", "evaluate", Shard(), {"plan": plan.to_dict()}, about_part(tally, "valid"))
        part.write(tally.arrays())
    with pytest.raises(DataError, match="hold no samples"):
        merged([Part.read(tmp_path / "part")])
