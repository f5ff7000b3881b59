"""Search for hidden strings of a language without chemistry or values: default search against model-free baselines.

    python tests/benchmarks/tunes.py [--evaluations 500] [--batch-size 20] [--seeds 5]

Tunes are strings of bars, repeats and chords. A model is trained on 2,000 random tunes for half a minute; the searches
start from these. Prints the best score of each seed; higher is better. Targets:

similar     length of the longest common subsequence with a hidden tune, divided by the longer length
distance    negative edit distance to the hidden tune
phrases     occurrences of eight hidden phrases with diminishing returns, minus 0.02 * |length - 40|
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import grae
from grae import GrammarAutoencoder
from grae.grammar import Grammar
from grae.grammar.counting import sample_uniform

TUNES = """
tune -> bar tune | bar
bar -> '|' notes | '|:' notes ':|'
notes -> note notes | note
note -> pitch | pitch length | '[' pitch chord ']'
chord -> pitch chord | pitch
pitch -> 'C' | 'D' | 'E' | 'F' | 'G' | 'A' | 'B'
length -> '2' | '/2' | '3'
"""
HIDDEN = "|:C/2EG[CEG]:||A2GFE/2D3|:[DFA]B/2C2:|"
PHRASES = ("CE", "EG/2", "[DF", "A2G", ":||", "B3", "/2F", "GG")
LONGEST = 60  # maximum productions of a random tune
SEARCHES: dict[str, dict[str, str]] = {
    "mixed": {},
    "mixed, derivation": {"propose": "derivation"},
    "genetic": {"strategy": "genetic"},
    "random": {"strategy": "random"},
}


def similar(tune: str) -> float:
    row = [0] * (len(HIDDEN) + 1)
    for symbol in tune:
        diagonal = 0
        for place, hidden in enumerate(HIDDEN, start=1):
            diagonal, row[place] = row[place], diagonal + 1 if symbol == hidden else max(row[place], row[place - 1])
    return row[-1] / max(len(tune), len(HIDDEN))


def distance(tune: str) -> float:
    row = list(range(len(HIDDEN) + 1))
    for number, symbol in enumerate(tune, start=1):
        diagonal, row[0] = row[0], number
        for place, hidden in enumerate(HIDDEN, start=1):
            changed = diagonal + (symbol != hidden)
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, changed)
    return -float(row[-1])


def phrases(tune: str) -> float:
    return float(sum(np.tanh(tune.count(phrase)) for phrase in PHRASES)) - 0.02 * abs(len(tune) - 40)


TARGETS: dict[str, Callable[[str], float]] = {"similar": similar, "distance": distance, "phrases": phrases}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--targets", nargs="*", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--searches", nargs="*", choices=list(SEARCHES), default=list(SEARCHES))
    parser.add_argument("--minutes", type=float, default=0.5, help="training time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    grammar = Grammar.from_text(TUNES, "tunes")
    texts = list(dict.fromkeys(grammar.unparse(ids) for ids in sample_uniform(grammar, 2000, LONGEST, 0)))
    model = GrammarAutoencoder(grammar, time_budget=options.minutes, device="cpu").fit(texts)
    for target in options.targets:
        start = max(map(TARGETS[target], texts))
        for name in options.searches:
            best = []
            for seed in range(options.seeds):
                with tempfile.TemporaryDirectory() as folder:
                    result = grae.optimize(
                        model,
                        TARGETS[target],
                        start=texts,
                        batch_size=options.batch_size,
                        rounds=options.evaluations // options.batch_size,
                        seed=seed,
                        out=Path(folder, "search"),
                        **SEARCHES[name],  # pyright: ignore[reportArgumentType]
                    )
                best.append(max(record.score for record in result.records if record.score is not None))
            each = ", ".join(f"{score:.3f}" for score in best)
            print(
                f"{target:10s} {name:17s} mean {np.mean(best):.3f}   {each}   (best of the start {start:.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
