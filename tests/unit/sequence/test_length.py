"""How long a training takes where nobody says."""

from itertools import pairwise

import pytest

from grae.autoencoder import model_named
from grae.grammar import load_grammar
from grae.sequence.length import with_epochs
from grae.sequence.settings import preset_named
from grae.training import plan
from grae.training.settings import TrainingSettings


def epochs(grammar: str, n: int, preset: str = "default") -> int:
    found = with_epochs(preset_named(preset, load_grammar(grammar), model_named("grae")), n).training.epochs
    assert found is not None
    return found


def test_more_strings_take_more_steps_and_fewer_epochs():
    found = [epochs("smiles", n) for n in (100, 1000, 10_000, 237_000, 1_600_000)]
    assert found[2:] == [20, 7, 4]
    assert all(after < before for before, after in pairwise(found))
    steps = [e * -(-n // 256) for e, n in zip(found, (100, 1000, 10_000, 237_000, 1_600_000), strict=True)]
    assert steps == sorted(steps)


def test_expressions_are_short_and_seen_more_often():
    assert epochs("arithmetic", 100_000) == 24


def test_published_and_given_lengths_stay():
    assert epochs("smiles", 1000, "paper") == 100
    given = preset_named("default", load_grammar("smiles"), model_named("grae")).model_copy(update={"steps": None})
    assert with_epochs(given, 1000) is given


@pytest.mark.parametrize(
    ("limits", "seconds", "words"),
    [
        ({"epochs": 20}, 0.45, "about 6 minutes: 20 epochs of 10,000 molecules"),
        ({"epochs": 1}, 0.1, "about 4 seconds: 1 epoch of 10,000 molecules"),
        ({"epochs": 20, "time_budget": 60}, 0.45, "about 6 minutes: 20 epochs of 10,000 molecules"),
        ({"time_budget": 10}, 1.5, "10 minutes, its time budget: about 10.0 epochs, 10,000 molecules each"),
        (
            {"epochs": 20, "time_budget": 120},
            18.0,
            "2.0 hours, its time budget: about 10.0 epochs of the 20 planned, 10,000 molecules each",
        ),
    ],
)
def test_a_plan_in_words(limits, seconds, words):
    assert plan.in_words(TrainingSettings(batch_size=250, **limits), 10_000, "molecules", seconds) == words
