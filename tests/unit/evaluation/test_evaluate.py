from collections.abc import Sequence

from grae.evaluation import Share, evaluate
from grae.grammar import Grammar


class Echo:
    """A model that samples what it was told to and reconstructs all but strings that end in `b]`."""

    grammar_ = Grammar.from_text("S -> '[' I ']'\nI -> 'a' I | 'b' I |", "letters")

    def __init__(self, samples: Sequence[str]) -> None:
        self.samples = list(samples)
        self.asked: dict[str, object] = {}

    def sample(self, n: int, **asked: object) -> list[str]:
        self.asked = asked
        return self.samples[:n]

    def reconstruct(self, texts: Sequence[str]) -> list[str]:
        return [text.replace("b]", "a]") for text in texts]


def test_each_measure_over_its_own_sample():
    model = Echo(["[a]", "[a]", "[b]", "[c]", "[]"])
    found = evaluate(
        model,  # pyright: ignore[reportArgumentType]
        training=iter(["[b]", "[bb]"]),
        held_out=["[aa]", "[ab]", "[ba]"],
        n=5,
        density="gaussian",
        temperature=0.5,
        seed=3,
    )
    assert found.in_language == Share(4, 5)
    assert found.valid == Share(4, 5)
    assert found.unique == Share(3, 4)
    assert found.novel == Share(2, 3)
    assert found.exact == Share(2, 3)
    assert model.asked == {"density": "gaussian", "temperature": 0.5, "seed": 3}
    measured = found.to_dict()
    assert (measured["n"], measured["valid"], measured["exact_reconstruction"]) == (5, 4 / 5, 2 / 3)
    assert measured["counts"]["novel"] == {"count": 2, "of": 3}  # pyright: ignore[reportIndexIssue]


def test_what_was_not_given_is_not_measured():
    found = evaluate(Echo(["[a]"]), n=1)  # pyright: ignore[reportArgumentType]
    assert (found.novel, found.exact) == (None, None)
    assert found.to_dict()["novel"] is None
