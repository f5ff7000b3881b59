"""Reconstruction against sample quality: models of equal training at several rates, and real molecules as the floor.

    python tests/benchmarks/frontier.py --epochs 2 --out runs/frontier --plot docs/figures/frontier.png

Trains each variant with `grae train` and evaluates it with `grae evaluate`, each in a subfolder of --out; interrupted
runs are resumed and existing results reused. For the floor, molecules of the training set are evaluated as samples,
against the same held-out molecules. Prints a table; `--plot` plots it. To add variants later, name them after
`--variants`.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

VARIANTS = {
    "no noise": ("--noise", "0", "--beta", "0.01"),
    "rate 45": ("--rate", "45"),
    "rate 30": ("--rate", "30"),
    "rate 20": ("--rate", "20"),
    "rate 10": ("--rate", "10"),
    "learned noise, rate 30": ("--model", "gvae", "--noise", "1", "--rate", "30"),
    "learned noise, rate 20": ("--model", "gvae", "--noise", "1", "--rate", "20"),
}
COLUMNS = {  # by measure: column, factor, number format, unit
    "exact_reconstruction": ("reconstruction accuracy", 100, ".1f", " %"),
    "refined_reconstruction": ("refined codes", 100, ".1f", " %"),
    "valid_without_constraints": ("raw validity", 100, ".1f", " %"),
    "FCD/Test": ("FCD", 1, ".2f", ""),
    "Filters": ("filters", 100, ".1f", " %"),
    "Scaf/Test": ("Scaf", 1, ".3f", ""),
}
FLOOR = "molecules of the training set"


def main() -> None:
    """Trains, evaluates, prints and plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="*", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--data", default="zinc250k")
    parser.add_argument("--epochs", default="2")
    parser.add_argument("-n", "--number", type=int, default=10_000, help="samples per model")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--out", type=Path, default=Path("runs/frontier"))
    parser.add_argument("--plot", help="file to save the plot to")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = {name: measured(name, options) for name in options.variants}
    rows[FLOOR] = measured_floor(options)
    print(table(rows))
    if options.plot:
        draw(rows, options.plot)


def folder_of(name: str, options: argparse.Namespace) -> Path:
    return options.out / name.replace(",", "").replace(" ", "-")


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """The evaluation of a variant, which is trained and evaluated unless results exist."""
    run = folder_of(name, options)
    results = run.with_suffix(".json")
    if not results.exists():
        if not (run / "model.safetensors").exists():
            new = ("--grammar", "smiles", "--data", options.data, "--epochs", options.epochs, "--seed", options.seed)
            grae("train", "--out", str(run), *(("--resume",) if run.exists() else (*new, *VARIANTS[name])))
        flags = ("-n", str(options.number), "--measures", ",".join(COLUMNS), "--json")
        results.write_text(grae("evaluate", str(run), *flags))
    return json.loads(results.read_text())


def measured_floor(options: argparse.Namespace) -> dict[str, Any]:
    """The evaluation of molecules of the training set in place of samples."""
    results = options.out / "floor.json"
    if not results.exists():
        from grae.evaluation.runs import open_run

        run = open_run(folder_of(options.variants[0], options))
        assert run.training is not None
        training = np.array(list(run.training.read()))
        chosen = np.random.default_rng(0).choice(training, options.number, replace=False)
        samples, reference = options.out / "training.smi", options.out / "held-out.smi"
        samples.write_text("\n".join(chosen) + "\n")
        reference.write_text("\n".join(run.held_out) + "\n")
        flags = ("--measures", "FCD/Test,Filters,Scaf/Test", "--json")
        results.write_text(grae("evaluate", "--samples", str(samples), "--reference", str(reference), *flags))
    return json.loads(results.read_text())


def grae(*arguments: str) -> str:
    """Runs a grae command and returns its standard output."""
    print("grae", *arguments, file=sys.stderr, flush=True)
    return subprocess.run(
        [sys.executable, "-m", "grae", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def table(rows: dict[str, dict[str, Any]]) -> str:
    lines = ["| | " + " | ".join(column for column, *_ in COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, row in rows.items():
        cells = []
        for measure, (_, factor, digits, unit) in COLUMNS.items():
            value = row.get(measure)
            cells.append("" if value is None else f"{factor * value:{digits}}{unit}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(rows: dict[str, dict[str, Any]], path: str) -> None:
    """Plots Fréchet ChemNet distance and raw validity against reconstruction accuracy, of encoded and refined codes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    floor = rows[FLOOR]["FCD/Test"]
    left.axhline(floor, color="black", linewidth=1, linestyle="--", label=FLOOR)
    models = {name: row for name, row in rows.items() if name != FLOOR}
    for number, (name, row) in enumerate(models.items()):
        style: dict[str, Any] = {"color": f"C{number}", "marker": "os^Dv*P"[number % 7]}
        exact, refined = 100 * row["exact_reconstruction"], 100 * row["refined_reconstruction"]
        for axes, height in ((left, row["FCD/Test"]), (right, 100 * row["valid_without_constraints"])):
            axes.plot([exact, refined], [height] * 2, color=style["color"], linewidth=0.8)
            axes.plot(exact, height, linestyle="none", label=name if axes is left else None, **style)
            axes.plot(refined, height, linestyle="none", fillstyle="none", **style)
    left.set_ylim(bottom=0)
    left.set_ylabel("Fréchet ChemNet distance of samples")
    right.set_ylabel("raw validity of samples, %")
    for axes in (left, right):
        axes.set_xlabel("reconstruction accuracy, % (open: refined codes)")
        axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
