r"""Benchmarks of the search: expressions from the worse half of a data set, molecules, and the time of a round by part.

    python tests/benchmarks/search.py half --data expressions.txt --out half.txt    # the worse half, to train on
    grae train --grammar arithmetic --data half.txt --time-budget 5 --out runs/half
    python tests/benchmarks/search.py run runs/half --target log-mse --data half.txt --seeds 0 1 2 3 4
    python tests/benchmarks/search.py run runs/expr --target log-mse --data expressions-published --half worst-half \
        --start-limit 20000 --strategy genetic
    python tests/benchmarks/search.py run runs/zinc --target logp --data zinc250k --seeds 0 1 2
    python tests/benchmarks/search.py profile runs/half --target log-mse --data half.txt
    python tests/benchmarks/search.py speed zinc250k-search --target logp --data zinc250k --most-atoms 38 \
        --batch-size 20

`half` prints the best score of the half. `run` prints the best score of each seed after every 100 evaluations, and the
size of the best molecule. `profile` times ten rounds after 1,000 evaluations. `speed` times rounds after 1,000, 3,000
and 10,000 scored strings of the data set, in addition to the usual start.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import grae
from grae.callbacks.reporter import Reporter
from grae.chemistry import properties
from grae.datasets import open_source
from grae.optimization.candidates import Proposal
from grae.optimization.history import Record
from grae.optimization.scoring import Scorer
from grae.optimization.screen import Screen
from grae.optimization.search_settings import SearchSettings
from grae.optimization.space import LatentSpace
from grae.optimization.start import ALL, scored
from grae.optimization.strategies import strategy_of
from grae.targets.named import target_named

EVALUATIONS = 500
EVERY = 100
PROFILED = 1000  # evaluations before the profiled rounds
ROUNDS = 10
SCORED = (1_000, 3_000, 10_000)
STARTING = 2_200  # starting strings of `speed`


def half(data: str, out: Path) -> None:
    """Writes the strings with scores worse than the median."""
    texts = list(open_source(data).texts())
    start = scored(texts, Scorer(target_named("log-mse")), limit=ALL).worse_half(maximize=False)
    out.write_text("\n".join(start.texts) + "\n")
    print(f"{len(start.texts):,} expressions, scores from {np.nanmin(start.scores):.4f}")


def run(place: str, target: str, data: str, seeds: list[int], options: dict[str, Any]) -> None:
    """Runs the search with several seeds."""
    model = grae.load(place, device="cpu")
    texts = list(open_source(data).texts())
    found = []
    for seed in seeds:
        rounds = EVALUATIONS // options["batch_size"]
        result = grae.optimize(model, target, start=texts, rounds=rounds, seed=seed, **options)
        best = result.found[0]
        known = properties(best.string) if result.target.language == "molecules" else None
        size = "" if known is None else f"{known.heavy_atoms} heavy atoms, SA {known.sa:.2f}"
        steps = " ".join(f"{score:.4f}" for score in result.records.best_so_far[EVERY - 1 :: EVERY])
        print(f"seed {seed}: {steps}  {best.string} {size}  {_spent(result.seconds)}", flush=True)
        found.append(best.score)
    print(f"mean {np.mean(found):.4f}, standard deviation {np.std(found):.4f}")


def profile(place: str, target: str, data: str, batch_size: int, limit: int) -> None:
    """Time of a round after 1,000 evaluations, by part."""
    model = grae.load(place, device="cpu")
    texts = list(open_source(data).texts())
    rounds = PROFILED // batch_size
    options: dict[str, Any] = {"start": texts, "batch_size": batch_size, "start_limit": limit}
    with TemporaryDirectory() as folder:
        grae.optimize(model, target, rounds=rounds, out=folder, **options)
        after = grae.optimize(model, target, rounds=rounds + ROUNDS, out=folder, resume=True, **options)
    print(f"{ROUNDS} rounds after {rounds * batch_size:,} evaluations: {_spent(after.seconds)}")


def speed(place: str, target_name: str, data: str, rounds: int, options: dict[str, Any]) -> None:
    """Time of a round after 1,000, 3,000 and 10,000 scored strings."""
    model = grae.load(place, device="cpu")
    texts = list(dict.fromkeys(open_source(data).texts()))
    rng = np.random.default_rng(0)
    texts = [texts[row] for row in rng.choice(len(texts), STARTING + SCORED[-1], replace=False)]
    target = target_named(target_name)
    start = scored(texts[:STARTING], Scorer(target), limit=ALL)
    settings = SearchSettings(**options)
    space = LatentSpace(model, settings.decoding, Screen(settings.limits))
    strategy = strategy_of(settings, space, start, target, Reporter())
    previous = 0
    for number, count in enumerate(SCORED):
        strategy.tell(_records([_proposal(text) for text in texts[STARTING + previous : STARTING + count]], target))
        previous, seconds, cpu, attempts = count, [], [], 0
        for step in range(rounds):
            before = dict(strategy.seconds)
            began = time.perf_counter(), time.process_time()
            proposals = strategy.propose(number * rounds + step, settings.pace.batch_size)
            seconds.append(time.perf_counter() - began[0])
            cpu.append(time.process_time() - began[1])
            attempts += sum(proposal.attempts for proposal in proposals)
            strategy.tell(_records(proposals, target))
        parts = {name: strategy.seconds[name] - before[name] for name in before}
        print(
            f"{count:,} scored: {np.median(seconds):.2f} s per round (maximum {max(seconds):.2f}), "
            f"{np.median(cpu):.2f} s of CPU time, {attempts / rounds:,.0f} candidates per round; "
            f"last round: {_spent(parts)}",
            flush=True,
        )


def _proposal(text: str) -> Proposal:
    return Proposal(np.empty(0, np.float32), text, 1, 1)


def _records(proposals: Sequence[Proposal], target: Any) -> list[Record]:
    """Scores proposals and returns their records."""
    scores = target.evaluate([proposal.text for proposal in proposals])
    return [
        Record(
            0, (), proposal.text, None if score is None else float(score), True, 1, 1, 0.0, proposer=proposal.proposer
        )
        for proposal, score in zip(proposals, scores, strict=True)
    ]


def _spent(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())


def main() -> None:
    """Parses the command line and runs the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("half", "run", "profile", "speed"))
    parser.add_argument("place", nargs="?", help="folder of a run, or a pretrained model")
    parser.add_argument("--data", required=True)
    parser.add_argument("--target", default="log-mse")
    parser.add_argument("--out", type=Path, default=Path("half.txt"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--strategy", default="mixed")
    parser.add_argument("--propose")
    parser.add_argument("--surrogate")
    parser.add_argument("--most-atoms", type=int)
    parser.add_argument("--half", default="all")
    parser.add_argument("--batch-size", type=int, default=5)
    parser.add_argument("--start-limit", type=int, default=ALL)
    parser.add_argument("--retrain-every", type=int)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="speed: rounds at each number of scored strings")
    args = parser.parse_args()
    if args.what == "half":
        half(args.data, args.out)
    elif args.what == "run":
        names = ("strategy", "propose", "surrogate", "most_atoms", "half", "batch_size", "start_limit", "retrain_every")
        run(args.place, args.target, args.data, args.seeds, {name: getattr(args, name) for name in names})
    elif args.what == "speed":
        names = ("strategy", "propose", "surrogate", "most_atoms", "batch_size")
        speed(args.place, args.target, args.data, args.rounds, {name: getattr(args, name) for name in names})
    else:
        profile(args.place, args.target, args.data, args.batch_size, args.start_limit)


if __name__ == "__main__":
    main()
