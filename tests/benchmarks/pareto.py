"""Multi-objective search for QED and published penalized logP, compared with two searches at half the evaluations each.

    python tests/benchmarks/pareto.py [--evaluations 500] [--seed 0] [--batch-size 5] [--start-limit 20000]

Prints the hypervolume of the starting strings and that reached by each method, with the medians of the starting strings
as reference point: the multi-objective search with each acquisition function (`ParetoRanking`), and the union of the
two single-objective searches.
"""

import argparse
from functools import partial

import numpy as np

import grae
from grae.optimization import mixed
from grae.optimization.mixed import MixedSettings
from grae.optimization.objectives.hypervolume import hypervolume
from grae.targets import target_named

TARGETS = ("qed", "logp")
PREFERENCES = ("hypervolume", "chebyshev")


def scores(texts: list[str]) -> np.ndarray:
    """Scores of strings, (n, 2)."""
    return np.column_stack([target_named(name).evaluate(texts) for name in TARGETS])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zinc250k-search")
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=5)
    parser.add_argument("--start-limit", type=int, default=20_000)
    parser.add_argument("--most-atoms", type=int, default=38)
    options = parser.parse_args()
    model = grae.load(options.model)

    def search(target: str | list[str], evaluations: int):
        return grae.optimize(
            model,
            target,
            rounds=evaluations // options.batch_size,
            batch_size=options.batch_size,
            seed=options.seed,
            start_limit=options.start_limit,
            most_atoms=options.most_atoms,
        )

    found = {}
    front = None
    for preference in PREFERENCES:
        mixed.MixedSettings = partial(MixedSettings, preference=preference)
        result = search(list(TARGETS), options.evaluations)
        front = result.front
        assert front is not None
        found[preference] = [record.string for record in result.records if record.valid]
        print(f"{preference}: hypervolume {front.hypervolume:.4f}, start {front.start_hypervolume:.4f}", flush=True)
    mixed.MixedSettings = MixedSettings
    singles = [search(name, options.evaluations // len(TARGETS)) for name in TARGETS]
    found["single searches"] = [record.string for result in singles for record in result.records if record.valid]
    assert front is not None
    reference = np.array(front.reference)
    for name, texts in found.items():
        volume = hypervolume(np.concatenate([front.begun, scores(texts)]), reference)
        print(f"{name}: hypervolume {volume:.4f}, {len(texts)} evaluations, reference point {reference}", flush=True)


if __name__ == "__main__":
    main()
