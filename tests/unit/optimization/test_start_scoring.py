"""The scores of the strings to start from, as a user's own target gives them."""

from itertools import pairwise

import numpy as np

from grae.optimization import start_scoring
from grae.optimization.scoring import Scorer
from grae.optimization.start_scoring import user_scores
from grae.targets.functions import FunctionTarget


def test_batches_follow_the_pace_of_the_target(monkeypatch):
    clock, sizes, noted = [0.0], [], []

    def lengths(texts: list[str]) -> list[int]:
        sizes.append((len(texts), len(noted)))
        clock[0] += len(texts) / (10 if sum(size for size, _ in sizes) < 70 else 1)
        return [len(text) for text in texts]

    monkeypatch.setattr(start_scoring, "perf_counter", lambda: clock[0])
    texts = ["x" * n for n in range(1, 101)]
    scores = user_scores(texts, Scorer(FunctionTarget(lengths, batch=True)), note=lambda text, _: noted.append(text))
    np.testing.assert_array_equal(scores, np.arange(1, 101))
    assert sizes == [(10, 0), (20, 10), (40, 30), (10, 70), (10, 80), (10, 90)]  # the slower, the smaller
    assert noted == texts


def test_a_quick_target_gets_many_together():
    sizes = []

    def lengths(texts: list[str]) -> list[int]:
        sizes.append(len(texts))
        return [len(text) for text in texts]

    user_scores([str(n) for n in range(4_000)], Scorer(FunctionTarget(lengths, batch=True)))
    assert sum(sizes) == 4_000
    assert max(sizes) == start_scoring.MOST_TOGETHER
    assert all(after <= 2 * before for before, after in pairwise(sizes))
