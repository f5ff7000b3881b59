"""Comparison of grae with other software on the same tasks, in one run: writes docs/peers.md.

    make bench-peers                                  # all rows, three seeds
    make bench-peers ARGS='--rows parsing masks --seconds 5'     # only these sections; the others are kept

Each row runs in its own process with a time limit; a missing package is reported in one line. The packages are those of
requirements.txt, installed without their dependencies in an environment with grae.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from measured import OURS

import grae

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "docs" / "peers.md"
ROWS = {
    "parsing": (600, ("--seeds", "--seconds")),
    "masks": (300, ("--seeds", "--seconds")),
    "strings": (900, ("--seeds",)),
    "samples": (1800, ("--data", "--samples")),
    "images": (14_400, ("--seeds",)),
    "molecules": (14_400, ("--minutes",)),
    "search": (7200, ("--seeds", "--data", "--run", "--budget")),
}
"""By row: time limit in seconds, and options."""
HEADINGS = {
    "parsing": "Parsing",
    "masks": "Token masks",
    "strings": "Random strings of a grammar",
    "samples": "Evaluating samples",
    "images": "Training on images",
    "molecules": "Training on molecules",
    "search": "Search",
}


REMARKS = "Where other software is better"
HEAD = """# Comparison with other software

grae and alternative software on the same tasks and machine, each section in one run:

    make bench-peers

All programs use one thread; rates and seconds are CPU time. A result is the median over seeds or repetitions, with
the range in parentheses. *grae / other* is the factor by which grae's best result is better; below 1, in bold, the
other is better. The packages are pinned in `tests/benchmarks/peers/requirements.txt`."""


def measured(row: str, options: Sequence[str], limit: float) -> list[dict[str, Any]]:
    """Runs a row; returns its lines, and the error of its process, if any, as `ended`."""
    command = [sys.executable, "-W", "ignore", str(FOLDER / f"{row}.py"), *options]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(FOLDER.parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            out, errors = process.communicate(timeout=limit)
            ended = None if process.returncode == 0 else (errors.strip().splitlines() or ["no message"])[-1]
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
            ended = f"timed out after {limit:.0f} s"
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [*lines, *([{"ended": f"{row}: {ended}"}] if ended else [])]


def table(lines: Iterable[dict[str, Any]]) -> list[str]:
    """The results of a row as a Markdown table, with the factor by which grae's best result is better."""
    cells = [line for line in lines if "who" in line]
    written = ["| task | software | result | grae / other | notes |", "|---|---|---|---|---|"]
    for work in dict.fromkeys(cell["work"] for cell in cells):
        of_work = [cell for cell in cells if cell["work"] == work]
        ours = [(median(c["values"]), c["higher"]) for c in of_work if c["who"].startswith(OURS) and "values" in c]
        best = max(ours, key=lambda one: one[0] if one[1] else -one[0])[0] if ours else None
        for cell in of_work:
            if "failed" in cell:
                written.append(f"| {work} | {cell['who']} | - | | {cell['failed']} |")
                continue
            value = median(cell["values"])
            ratio = ""
            if best is not None and not cell["who"].startswith(OURS):
                ratio = _ratio(best, value, cell["higher"])
            written.append(f"| {work} | {cell['who']} | {_figure(cell)} | {ratio} | {cell['note']} |")
    return written


def _figure(cell: dict[str, Any]) -> str:
    values = cell["values"]
    spread = f" ({_short(min(values))} to {_short(max(values))})" if len(values) > 1 else ""
    return f"{_short(median(values))} {cell['unit']}{spread}"


def _ratio(ours: float, other: float, higher: bool) -> str:
    above, below = (ours, other) if higher else (other, ours)
    if not below:
        return "-"
    ratio = above / below
    return f"{_short(ratio)}" if ratio >= 1 else f"**{_short(ratio)}**"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def section(row: str, lines: list[dict[str, Any]], options: Sequence[str]) -> str:
    """The section of a row."""
    versions = [f"{line['package']} {line['version']}" for line in lines if "package" in line]
    command = " ".join(["make bench-peers", f"ARGS='--rows {' '.join([row, *options])}'"])
    parts = [
        f"## {HEADINGS[row]}",
        f"`{command}`, on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), Python "
        f"{platform.python_version()}; {', '.join([f'grae {grae.__version__}', *versions])}.",
        *(f"Not installed: {line['missing']} ({line['why']})." for line in lines if "missing" in line),
        "\n".join(table(lines)),
        *(line["ended"] for line in lines if "ended" in line),
    ]
    return "\n\n".join(parts)


def page(found: dict[str, str], earlier: str) -> str:
    """The updated page; sections of other rows and the remarks are kept.

    Args:
        found: new sections by row.
        earlier: the current page.
    """
    kept = {part.partition("\n")[0]: f"## {part.strip()}" for part in earlier.split("\n## ")[1:]}
    sections = [found.get(row) or kept.get(heading) for row, heading in HEADINGS.items()]
    return "\n\n".join([HEAD, *(part for part in (*sections, kept.get(REMARKS)) if part)]) + "\n"


def main() -> int:
    """Runs the rows and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="minimum CPU time to measure a rate")
    parser.add_argument("--data", help="data set of samples and search [default: that of the row]")
    parser.add_argument("--samples", type=int, help="molecules to evaluate")
    parser.add_argument("--run", help="run or pretrained model for the search")
    parser.add_argument("--minutes", type=float, help="training time of a model of molecules")
    parser.add_argument("--budget", type=int, help="evaluations per search")
    parser.add_argument("--limit", type=float, help="time limit of a row in seconds [default: that of the row]")
    parser.add_argument("--out", type=Path, default=PAGE)
    args = parser.parse_args()
    found = {}
    for row in args.rows:
        limit, taken = ROWS[row]
        named = {option: getattr(args, option[2:]) for option in taken}
        options = [word for option, value in named.items() if value is not None for word in (option, str(value))]
        print(f"{row}: {' '.join(options)}", file=sys.stderr)
        lines = measured(row, options, args.limit or limit)
        for line in lines:
            if "missing" in line:
                print(f"  {line['missing']} is not installed: pip install 'grae[peers]'", file=sys.stderr)
            if "ended" in line:
                print(f"  {line['ended']}", file=sys.stderr)
        print("\n".join(table(lines)), file=sys.stderr)
        found[row] = section(row, lines, options)
    earlier = args.out.read_text(encoding="utf-8") if args.out.is_file() else ""
    args.out.write_text(page(found, earlier), encoding="utf-8")
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
