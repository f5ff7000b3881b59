"""Searching for molecules: AUC of the top 10 on PMO's tasks, with equal numbers of evaluations and equal seeds.

grae uses its default strategy, with the pretrained model or --run, and its genetic strategy, which uses no model.
Peers: mol-ga (the genetic algorithm of PMO's table), a Gaussian process with gauche's Tanimoto kernel and mol-ga as
optimizer of the acquisition function, fragment exchanges by crem (fragments of the data set's molecules), and molecules
of the data set in random order. All start from the same molecules, which count as evaluations.
"""

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from measured import OURS, peer, spent, tell
from rdkit import rdBase
from searchers import FRAGMENTED, Counted, Scored, by_crem, by_gauche, by_mol_ga, fragments

import grae
from grae.datasets import open_source
from grae.optimization import target_named
from grae.reproduction.pmo import ROUNDS, STARTING
from grae.targets.benchmarks.efficiency import distinct_scores, top_auc

UNIT = "AUC of the top 10"
TASKS = "albuterol_similarity,median1,osimertinib_mpo"
SHIPPED = "zinc250k-search"
"""The pretrained model."""

Search = Callable[[Counted, Sequence[str], int], Scored]
"""Spends the budget of a counted target, given starting molecules and a seed."""


def by_grae(model: Any, counted: Counted, start: Sequence[str], seed: int, **options: Any) -> Scored:
    """Search by grae."""
    size = max(1, counted.budget // ROUNDS)
    rounds = -(-(counted.budget - len(start)) // size)
    with tempfile.TemporaryDirectory() as folder:
        result = grae.optimize(
            model,
            counted.target,
            start=start,
            start_limit=0,
            rounds=rounds,
            batch_size=size,
            seed=seed,
            out=Path(folder, "s"),
            **options,
        )
    starting = zip(result.start.texts, result.start.scores.tolist(), strict=True)
    return [*starting, *((record.string, record.score) for record in result.records)]


def searches(run: str, texts: Sequence[str], folder: Path) -> dict[str, Search]:
    """The searches whose packages are installed, by name."""
    model = grae.load(run)
    by_name: dict[str, Search] = {
        OURS: partial(by_grae, model),
        f"{OURS}, genetic": partial(by_grae, model, strategy="genetic"),
    }
    mol_ga = peer("mol_ga", "mol-ga")
    gauche = peer("gauche.kernels.fingerprint_kernels.tanimoto_kernel", "gauche")
    crem = peer("crem.crem", "crem")
    if mol_ga is not None:
        by_name["mol-ga"] = partial(by_mol_ga, mol_ga)
        if gauche is not None:
            by_name["gauche, mol-ga"] = partial(by_gauche, gauche, mol_ga)
    if crem is not None:
        by_name["crem"] = partial(by_crem, crem.mutate_mol, fragments(texts[:FRAGMENTED], folder))
    return by_name


def main() -> None:
    """Runs each task with each program and seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, default=1_000)
    parser.add_argument("--tasks", default=TASKS)
    parser.add_argument("--data", default="zinc250k")
    parser.add_argument("--run", default=SHIPPED, help="run or pretrained model of grae's search")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    texts = list(open_source(args.data).texts())
    with rdBase.BlockLogs(), tempfile.TemporaryDirectory() as folder:
        by_name = searches(args.run, texts, Path(folder))
        for task in args.tasks.split(","):
            target, work = target_named(f"pmo:{task}"), f"{task}, {args.budget:,} evaluations"
            for who in (*by_name, "random"):
                areas, seconds = [], 0.0
                for seed in range(args.seeds):
                    order = np.random.default_rng(seed).permutation(len(texts)).tolist()[: args.budget]
                    sampled = [texts[row] for row in order]
                    counted = Counted(target, args.budget)
                    if who == "random":
                        counted(sampled)
                        scored, cpu = counted.scored, 0.0
                    else:
                        start = sampled[: args.budget // STARTING]
                        scored, cpu = spent(partial(by_name[who], counted, start, seed))
                    _, scores = distinct_scores(scored)
                    areas.append(top_auc(scores, args.budget))
                    seconds += cpu
                tell(work, who, UNIT, areas, note=f"{seconds / args.seeds:,.0f} CPU seconds per search")


if __name__ == "__main__":
    sys.exit(main())
