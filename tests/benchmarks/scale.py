"""Peak memory and CPU time per string of `grae sample`, `encode`, `evaluate` and `merge` against the number of strings.

    python tests/benchmarks/scale.py --run runs/mine --sizes 1000000 10000000 --out scale

The strings are samples of the run. Each command is a separate process; its peak resident memory and its CPU time (user
and system) are reported by the kernel. Prints one JSON line per command, then a table.
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
    """Cost of a command.

    Attributes:
        verb: the command.
        n: number of strings.
        peak_mib: peak resident memory of the process, MiB.
        cpu_s: CPU time, seconds.
    """

    verb: str
    n: int
    peak_mib: float
    cpu_s: float


def measured(verb: str, n: int, words: Sequence[str | Path]) -> Cost:
    """Runs a command and returns its cost.

    Raises:
        SystemExit: the command failed.
    """
    arguments = [sys.executable, "-m", "grae", *map(str, words)]
    child = os.posix_spawn(sys.executable, arguments, os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(arguments)} failed with exit status {os.waitstatus_to_exitcode(status)}")
    cost = Cost(verb, n, round(usage.ru_maxrss * KIBIBYTE / MEBIBYTE, 1), round(usage.ru_utime + usage.ru_stime, 2))
    print(json.dumps(cost._asdict()), flush=True)
    return cost


def costs_of(run: str, n: int, folder: Path, references: Sequence[str]) -> list[Cost]:
    """Runs the commands on n strings, removes their files and returns their costs."""
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
    """Measures and prints costs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", required=True, help="folder of a run, or a pretrained model")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, default=Path("scale"), help="new folder for temporary files")
    parser.add_argument("--grammar", default="smiles", help="grammar of the run's strings")
    parser.add_argument("--train", help="training set, for novelty")
    parser.add_argument("--reference", help="molecules: reference set")
    parser.add_argument("--measures", help="measures to compute [default: all that can be merged]")
    given = parser.parse_args()
    named = {"--train": given.train, "--reference": given.reference, "--measures": given.measures}
    references = ["--jobs", "1", "-g", given.grammar]
    references += [word for name, value in named.items() if value is not None for word in (name, value)]
    given.out.mkdir(parents=True)
    costs = [cost for n in given.sizes for cost in costs_of(given.run, n, given.out, references)]
    given.out.rmdir()
    print("command      strings  peak MiB  CPU ms per string  peak relative to the first size")
    first = {cost.verb: cost for cost in reversed(costs)}
    for cost in costs:
        ratio = cost.peak_mib / first[cost.verb].peak_mib
        print(f"{cost.verb:<8}{cost.n:>12,}{cost.peak_mib:>10.0f}{1000 * cost.cpu_s / cost.n:>19.4f}{ratio:>33.3f}")


if __name__ == "__main__":
    main()
