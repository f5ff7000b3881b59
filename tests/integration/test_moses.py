"""MOSES's published figures, met: those of its training set, by molecules of its test set, which were drawn alike."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from grae.chemistry import fingerprint, passes_filters, read
from grae.datasets import open_source
from grae.evaluation.distribution import internal_diversity
from grae.evaluation.resampling import interval_of_mean, subsamples_of
from grae.evaluation.tanimoto import nearest

PRINTED = {"IntDiv": 0.856675535150156, "IntDiv2": 0.8507542837548052, "SNN/TestSF": 0.5858705935050414}
"""The row "Train" of the benchmark's table: data/samples/train_metrics.csv of molecularsets/moses."""


def prints(texts: list[str]) -> np.ndarray:
    return np.array([fingerprint(molecule) for text in texts if (molecule := read(text)) is not None])


@pytest.mark.slow
def test_spread_and_nearest_neighbours_are_the_printed_ones(data_home: Path):
    """The file's order is not random, so 30,000 are drawn from all of it; the rest of the error is theirs."""
    texts = list(open_source("moses-test").texts())
    rows = np.random.default_rng(0).choice(len(texts), 30_000, replace=False)
    drawn, scaffolds = prints([texts[row] for row in rows]), prints(list(open_source("moses-test-scaffolds").texts()))
    (first, of_first), (second, of_second) = internal_diversity(drawn, subsamples_of(len(drawn), 0), n_jobs=-1)
    similarities = nearest(drawn, scaffolds, n_jobs=-1)
    found = {
        "IntDiv": (first, of_first),
        "IntDiv2": (second, of_second),
        "SNN/TestSF": (float(similarities.mean()), interval_of_mean(similarities, 0)),
    }
    for name, (value, interval) in found.items():
        print(name, value, interval)
        assert value == pytest.approx(PRINTED[name], abs=5e-4), name
        assert interval is not None
        assert interval[0] < PRINTED[name] < interval[1], name


@pytest.mark.slow
def test_its_molecules_pass_its_filters(data_home: Path):
    for name in ("moses-test", "moses-test-scaffolds"):
        failing = [
            text
            for text in islice(open_source(name).texts(), 20_000)
            if (molecule := read(text)) is None or not passes_filters(molecule)
        ]
        assert failing == [], name
