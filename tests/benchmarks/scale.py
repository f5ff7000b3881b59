"""Peak memory and processor time a string of `grae sample`, `encode` and `evaluate` at growing numbers of strings.

    python tests/benchmarks/scale.py --run runs/mine --sizes 1000000 10000000 --out scale

The strings are the run's own samples. Each command is a process of its own; its peak resident memory and its processor
time (user and system) come from the kernel. Prints one JSON line per command, then a table.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MEBIBYTE = 2**20
KIBIBYTE = 1024


class Cost(NamedTuple):
    """What a command took.

    Attributes:
        verb: the command.
        n: number of strings.
        peak_mib: peak resident memory of the process, MiB.
        cpu_s: processor time, seconds.
    """

    verb: str
    n: int
    peak_mib: float
    cpu_s: float


def measured(verb: str, n: int, words: Sequence[str | Path]) -> Cost:
    """Runs a command.

    Raises:
        SystemExit: the command failed.
    """
    arguments = [sys.executable, "-m", "grae", *map(str, words)]
    child = os.posix_spawn(sys.executable, arguments, os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} ended with status {os.waitstatus_to_exitcode(status)}")
    cost = Cost(verb, n, round(usage.ru_maxrss * KIBIBYTE / MEBIBYTE, 1), round(usage.ru_utime + usage.ru_stime, 2))
    print(json.dumps(cost._asdict()), flush=True)
    return cost


def costs_of(run: str, n: int, folder: Path, references: Sequence[str]) -> list[Cost]:
    """The costs of the commands for n strings; their files are removed."""
    strings, codes, part = folder / "strings.smi", folder / "codes.npy", folder / "part.shard"
    options = {
        "sample": ["sample", run, "-n", str(n), "--out", strings],
        "encode": ["encode", run, "--in", strings, "--on-invalid", "skip", "--out", codes],
        "evaluate": ["evaluate", "--samples", strings, "--shard", "1/1", "--out", part, *references],
        "merge": ["merge", part, "--json"],
    }
    costs = [measured(verb, n, words) for verb, words in options.items()]
    for file in folder.iterdir():
        file.unlink()
    return costs


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", required=True, help="folder of a run, or a pretrained model")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, default=Path("scale"), help="folder for files that are removed again")
    parser.add_argument("--grammar", default="smiles", help="grammar of the run's strings")
    parser.add_argument("--train", help="training set, for novelty")
    parser.add_argument("--reference", help="molecules: reference set")
    parser.add_argument("--measures", help="measures to compute; all that can be added up by default")
    given = parser.parse_args()
    named = {"--train": given.train, "--reference": given.reference, "--measures": given.measures}
    references = ["--jobs", "1", "-g", given.grammar]
    references += [word for name, value in named.items() if value is not None for word in (name, value)]
    given.out.mkdir(parents=True)
    costs = [cost for n in given.sizes for cost in costs_of(given.run, n, given.out, references)]
    given.out.rmdir()
    print("verb         strings  peak MiB  CPU ms a string  peak against the smallest")
    smallest = {cost.verb: cost for cost in reversed(costs)}
    for cost in costs:
        ratio = cost.peak_mib / smallest[cost.verb].peak_mib
        print(f"{cost.verb:<8}{cost.n:>12,}{cost.peak_mib:>10.0f}{1000 * cost.cpu_s / cost.n:>17.4f}{ratio:>28.3f}")


if __name__ == "__main__":
    main()
