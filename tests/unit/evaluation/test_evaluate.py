from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from grae.chemistry import kekule_all
from grae.errors import SettingsError
from grae.evaluation import (
    Estimate,
    Share,
    Strings,
    Work,
    densities_named,
    evaluate,
    evaluate_densities,
    evaluate_samples,
)
from grae.evaluation.reconstruction import right_steps, step_accuracy
from grae.evaluation.resampling import interval_of_share
from grae.grammar import Grammar, load_grammar
from grae.sequence import GrammarAutoencoder
from grae.sequence.refinement import STEPS


class Echo:
    """A model that samples what it was told to, with rules beyond the grammar where it has other strings without."""

    language_grammar_ = grammar_ = Grammar.from_text("S -> '[' I ']'\nI -> 'a' I | 'b' I |", "letters")

    def __init__(self, samples: Sequence[str | None], without: Sequence[str] | None = None) -> None:
        self.strings: dict[str | None, list[Any]] = {
            None: list(samples),
            "grammar": list(samples if without is None else without),
        }
        self.used = "grammar" if without is None else "semantic"
        self.asked: dict[str, object] = {}

    def sampled_density(self, name: str | None) -> "Echo":
        self.asked["density"] = name
        return self

    density_named = sampled_density

    def sample(self, n: int, seed: int) -> np.ndarray:
        self.asked["seed"] = seed
        return np.arange(n)

    def constraints_used(self, constraints: str | None) -> str:
        return constraints or self.used

    def inverse_transform(self, X: np.ndarray, *, constraints: str | None, raw: bool, **asked: object) -> list[str]:
        assert raw
        assert asked["seed"] == self.asked["seed"]
        self.asked |= asked
        return [self.strings[constraints][place] for place in X if place < len(self.strings[constraints])]

    def decodings(self, X: np.ndarray, n: int, *, raw: bool, **asked: object) -> list[list[str | None]]:
        assert (n, raw) == (1, True)
        self.asked |= asked
        return [[self.strings[None][place]] for place in X]


def measures(found: Any) -> dict[str, Share | Estimate | None]:
    return {name: None if figure is None else figure.measure for name, figure in found.figures.items()}


def test_each_measure_over_its_own_sample():
    model: Any = Echo(["[a]", "[a]", "[b]", "[c]", "[]"])
    found = evaluate(
        model,
        training=Strings.of_list("training", ["[b]", "[bb]"]),
        n=5,
        density="gaussian",
        temperature=0.5,
        work=Work(seed=3),
    )
    assert measures(found) == {
        "in_language": Share(4, 5),
        "valid": Share(4, 5),
        "unique": Share(3, 4),
        "novel": Share(2, 3),
    }
    assert found.causes == {"outside the grammar": Share(1, 5)}
    assert model.asked == {"density": "gaussian", "temperature": 0.5, "seed": 3, "template": None}
    record: Any = found.to_dict()
    assert (record["n"], record["valid"], record["exact_reconstruction"]) == (5, 4 / 5, None)
    assert record["counts"]["novel"] == {"count": 2, "of": 3}
    assert record["invalid"] == {"outside the grammar": {"count": 1, "of": 5}}
    low, high = record["intervals"]["valid"]
    assert low < 4 / 5 < high


def test_incomplete_samples_are_invalid_and_counted_as_such():
    model: Any = Echo(["[a]", None, "[c]", "[b]", None])
    found = evaluate(model, n=5, completion="none", constraints="grammar", temperature=1.0)
    assert measures(found) == {
        "complete": Share(3, 5),
        "in_language": Share(2, 5),
        "valid": Share(2, 5),
        "unique": Share(2, 2),
    }
    assert found.causes == {"incomplete": Share(2, 5), "outside the grammar": Share(1, 5)}
    assert found.samples == ("[a]", None, "[c]", "[b]", None)
    assert model.asked == {"density": None, "seed": 0, "temperature": 1.0, "constraints": "grammar", "template": None}
    compared = evaluate_densities(model, ["one"], n=5, completion="none")["one"]
    assert measures(compared)["complete"] == Share(3, 5)
    assert "complete" not in measures(evaluate(Echo(["[a]"]), n=1))  # pyright: ignore[reportArgumentType]


def test_what_the_codes_decode_to_under_the_grammar_alone_stands_apart():
    model: Any = Echo(["[a]", "[b]"], without=["[c]", "[b]"])
    found = evaluate(model, n=2)
    assert measures(found)["valid"] == Share(2, 2)
    assert measures(found)["valid_without_constraints"] == Share(1, 2)
    assert found.causes == {"outside the grammar": Share(1, 2)}
    assert measures(evaluate(model, n=2, constraints="grammar"))["valid"] == Share(1, 2)


def test_what_was_not_given_is_not_measured():
    model: Any = Echo(["[a]"])
    found = evaluate(model, n=1)
    assert found.left_out == {
        "novel": "no training set was given",
        "exact_reconstruction": "there are no held-out strings",
        "step_accuracy": "there are no held-out strings",
    }
    assert found.to_dict()["novel"] is None


def test_unique_at_k_takes_k_valid_samples():
    texts = ["CCO", "CCN"] * 500
    record: Any = evaluate_samples(load_grammar("smiles"), [*texts, "C1"]).to_dict()
    assert record["unique@1000"] == 0.002
    assert record["unique@10000"] is None
    assert record["left_out"]["unique@10000"] == "it needs 10,000 valid samples; there are 1,000"
    fewer: Any = evaluate_samples(load_grammar("smiles"), texts[1:]).to_dict()
    assert fewer["unique@1000"] is None
    assert fewer["left_out"]["unique@1000"] == "it needs 1,000 valid samples; there are 999"


def test_what_no_valid_sample_leaves_undefined_is_null_with_a_reason():
    grammar, training = load_grammar("arithmetic"), Strings.of_list("training", ["x"])
    record: Any = evaluate_samples(grammar, ["x x"], training=training).to_dict()
    assert (record["valid"], record["unique"], record["novel"]) == (0.0, None, None)
    assert record["left_out"] == {"unique": "no sample is valid", "novel": "no sample is valid"}


def test_expressions_that_are_not_finite_and_others_that_are_none():
    grammar = load_grammar("arithmetic")
    found = evaluate_samples(grammar, ["x*x", "x*x", "exp(exp(exp(x)))", "x x", "exp(exp(x*x))"])
    assert measures(found) == {"in_language": Share(4, 5), "valid": Share(2, 5), "unique": Share(1, 2)}
    assert found.causes == {"not finite": Share(2, 5), "outside the grammar": Share(1, 5)}


def test_the_same_seed_gives_the_same_intervals():
    grammar, texts = load_grammar("smiles"), ["C" * n + "O" for n in range(1, 31)]
    one, same, other = (evaluate_samples(grammar, texts, work=Work(seed)).to_dict() for seed in (0, 0, 1))
    assert one == same
    assert one["intervals"] != other["intervals"]


@pytest.fixture(scope="module")
def texts(lists: Any) -> list[str]:
    return [*dict.fromkeys(lists.sample(40, seed=1)), "[a,b]", "[[],c]"]


def test_held_out_strings_come_back(lists: Any, texts: list[str]):
    found = evaluate(lists, held_out=texts, n=10)
    exact, steps = found.figures["exact_reconstruction"], found.figures["step_accuracy"]
    assert exact is not None
    assert steps is not None
    assert exact.measure == Share(sum(a == b for a, b in zip(texts, lists.reconstruct(texts), strict=True)), len(texts))
    assert steps.of == sum(len(lists.grammar_.parse(text)) for text in texts)
    assert steps.interval is not None
    assert steps.value is not None
    assert steps.interval[0] <= steps.value <= steps.interval[1]


def test_refined_codes_give_more_strings_back_if_requested(lists: Any, texts: list[str]):
    assert "refined_reconstruction" not in evaluate(lists, held_out=texts, n=10).figures
    requested = ["exact_reconstruction", "refined_reconstruction"]
    found: Any = measures(evaluate(lists, held_out=texts, n=10, measures=requested))
    back = lists.reconstruct(texts, refine=STEPS)
    assert found["refined_reconstruction"] == Share(sum(a == b for a, b in zip(texts, back, strict=True)), len(texts))
    assert found["refined_reconstruction"].count > found["exact_reconstruction"].count


def test_a_string_whose_steps_are_all_right_comes_back_exactly(lists: Any, texts: list[str]):
    """Greedy decoding takes the likeliest production; where that is always the true one, the string is its own."""
    right, steps = right_steps(lists, lists.derive(texts).derivations)
    back = [a == b for a, b in zip(texts, lists.reconstruct(texts), strict=True)]
    assert 0 < sum(back) < len(texts)
    assert np.array_equal(right == steps, back)


def test_step_accuracy_does_not_depend_on_the_order(lists: Any, texts: list[str]):
    one, other = (step_accuracy(lists, lists.derive(some).derivations, 0) for some in (texts, texts[::-1]))
    assert one.measure == other.measure


def test_steps_that_are_all_right_have_an_interval_that_is_no_point(lists: Any, texts: list[str]):
    back = [text for text, other in zip(texts, lists.reconstruct(texts), strict=True) if text == other]
    found = step_accuracy(lists, lists.derive(back).derivations, 0)
    assert found.value == 1.0
    assert found.interval == interval_of_share(len(back), len(back))


def test_reconstructions_are_compared_in_the_form_in_which_the_model_learned():
    """Aromatic and other spellings against a model of Kekule forms that gives each string back."""
    molecules = ["c1ccccc1", "CCO", "OCC", "Cc1ccncc1", "C1=CC=CC=C1", "[nH]1cccc1"]
    settings: dict[str, Any] = {"preset": "quick", "epochs": 1, "latent_dim": 8, "motifs": 0, "device": "cpu"}
    model = GrammarAutoencoder("smiles", form="kekule", validation=0.0, **settings).fit(molecules * 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "inverse_transform", lambda codes, **asked: kekule_all(molecules))  # a perfect decoder
        found = evaluate(model, held_out=molecules, n=1)
    assert measures(found)["exact_reconstruction"] == Share(len(molecules), len(molecules))


def test_densities_side_by_side(lists: Any, texts: list[str]):
    names = densities_named(lists, "all")
    assert names == list(lists.densities_)
    found = evaluate_densities(
        lists, names, training=Strings.of_list("training", texts), held_out=texts, n=30, work=Work(seed=5)
    )
    codes = lists.transform(texts)
    for name in names:
        figures = found[name].figures
        likelihood, by_dimension = figures["log_likelihood"], figures["log_likelihood_per_dimension"]
        assert likelihood is not None
        assert by_dimension is not None
        mean = float(lists.densities_[name].log_prob(codes).mean())
        assert likelihood.measure == Estimate(pytest.approx(mean), len(texts))  # pyright: ignore[reportArgumentType]
        assert by_dimension.value == pytest.approx(mean / 8)
        samples = lists.sample(30, density=name, seed=5)
        assert figures["unique"] is not None
        assert figures["unique"].measure == Share(len(set(samples)), 30)
        assert found[name].to_dict()["valid"] == 1.0
    assert found["gmm"].figures["log_likelihood"] != found["gaussian"].figures["log_likelihood"]


def test_densities_without_held_out_strings(lists: Any):
    found = evaluate_densities(lists, ["gmm"], n=5)["gmm"]
    assert found.left_out["log_likelihood"] == "there are no held-out strings"
    assert found.to_dict()["log_likelihood"] is None


def test_strings_in_the_place_of_a_model():
    with pytest.raises(SettingsError, match="model is a list, not a fitted GrammarAutoencoder") as error:
        evaluate(["[a]"])  # pyright: ignore[reportArgumentType]
    assert "evaluate_samples" in str(error.value.remedy)


def test_densities_by_name(lists: Any):
    assert densities_named(lists, "gaussian, gmm,gaussian") == ["gaussian", "gmm"]
    with pytest.raises(SettingsError, match="no density 'flow' is fitted in this run; there are: ") as error:
        densities_named(lists, "gmm,flow")
    assert "remedy" in str(error.value)
