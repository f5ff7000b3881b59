"""Searching for molecules: the area under the curve of the best ten on PMO's tasks, at equal evaluations and seeds.

Peers: mol-ga (the genetic algorithm of PMO's table), and molecules of the data set in a random order. All start from
the same molecules, whose scores count; grae needs a run, --run. crem needs a database of fragments that its package
does not bring, and gauche comes as source alone: neither is here.
"""

import argparse
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measured import OURS, failed, peer, spent, tell
from rdkit import rdBase

import grae
from grae.datasets import open_source
from grae.optimization import target_named
from grae.optimization.benchmarks.efficiency import distinct_scores, top_auc
from grae.optimization.target import Target
from grae.reproduction.pmo import ROUNDS, STARTING

UNIT = "AUC of the top 10"
TASKS = "albuterol_similarity,median1,osimertinib_mpo"

Scored = list[tuple[str | None, float | None]]


class Counted:
    """A target that keeps what it was asked, and gives no new score beyond its budget.

    Args:
        target: the target.
        budget: different molecules that may be scored.
    """

    def __init__(self, target: Target, budget: int) -> None:
        self.target, self.budget = target, budget
        self.scores: dict[str, float] = {}

    def __call__(self, texts: Sequence[str]) -> list[float]:
        new = [text for text in dict.fromkeys(texts) if text not in self.scores][: self.left]
        found = self.target.evaluate(new).tolist() if new else []
        self.scores |= {text: 0.0 if np.isnan(score) else score for text, score in zip(new, found, strict=True)}
        return [self.scores.get(text, 0.0) for text in texts]

    @property
    def left(self) -> int:
        """Molecules that may still be scored."""
        return self.budget - len(self.scores)


def by_genes(mol_ga: Any, target: Target, begun: Sequence[str], budget: int, seed: int) -> Scored:
    """mol-ga as its authors preconfigure it."""
    counted = Counted(target, budget)
    size = max(1, budget // ROUNDS)
    mol_ga.default_ga(
        starting_population_smiles=list(begun),
        scoring_function=counted,
        max_generations=4 * ROUNDS,  # of which the last score nothing new: the budget is spent
        offspring_size=size,
        rng=random.Random(seed),
    )
    return list(counted.scores.items())


def by_latent_space(model: Any, target: Target, begun: Sequence[str], budget: int, seed: int) -> Scored:
    """grae's default search."""
    size = max(1, budget // ROUNDS)
    rounds = -(-(budget - len(begun)) // size)
    with tempfile.TemporaryDirectory() as folder:
        result = grae.optimize(
            model, target, start=begun, start_limit=0, rounds=rounds, batch_size=size, seed=seed, out=Path(folder, "s")
        )
    starting = zip(result.start.texts, result.start.scores.tolist(), strict=True)
    return [*starting, *((record.string, record.score) for record in result.records)]


def main() -> None:
    """Each task with each program and seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, default=1_000)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--data", default="zinc250k")
    parser.add_argument("--run", help="a trained run for grae's search")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    texts = list(open_source(args.data).texts())
    model = None if args.run is None else grae.load(args.run)
    genes, n, budget = peer("mol_ga", "mol-ga"), args.budget // STARTING, args.budget
    for task in args.tasks.split(","):
        target, work = target_named(f"pmo:{task}"), f"{task}, {args.budget:,} evaluations"

        def compared(who: str, search: Callable[[list[str], int], Scored], work: str = work) -> None:
            areas, seconds = [], 0.0
            for seed in range(args.seeds):
                order = np.random.default_rng(seed).permutation(len(texts)).tolist()[: args.budget]
                scored, took = spent(lambda seed=seed, order=order: search([texts[row] for row in order], seed))
                _, scores = distinct_scores(scored)
                areas.append(top_auc(scores, args.budget))
                seconds += took
            tell(work, who, UNIT, areas, note=f"{seconds / args.seeds:,.0f} CPU seconds a search")

        if model is None:
            failed(work, OURS, "needs a run: give --run")
        else:
            compared(OURS, lambda drawn, seed, t=target: by_latent_space(model, t, drawn[:n], budget, seed))
        if genes is not None:
            with rdBase.BlockLogs():
                compared("mol-ga", lambda drawn, seed, t=target: by_genes(genes, t, drawn[:n], budget, seed))
        compared("random", lambda drawn, seed, t=target: list(zip(drawn, t.evaluate(drawn).tolist(), strict=True)))


if __name__ == "__main__":
    sys.exit(main())
