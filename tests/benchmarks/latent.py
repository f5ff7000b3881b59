"""Reconstruction accuracy against raw validity for variants of the molecule model, at an equal training budget.

    python tests/benchmarks/latent.py train --passes 2 --out latent.jsonl [--variants plain noise-0.5 ...]
    python tests/benchmarks/latent.py show latent.jsonl --plot docs/figures/latent.png
    python tests/benchmarks/latent.py mask runs/zinc          # cost of the semantic constraints per decoding step

Each variant is trained for the same number of epochs on the same strings, with the default preset except for the
settings in its row. Reported are reconstruction accuracy on held-out molecules; raw validity (without semantic
constraints) of samples from the Gaussian and the mixture fitted to the codes; and Wasserstein distances between
properties of samples and of held-out molecules, for the valid raw samples and for the same codes decoded with semantic
constraints. `show` prints the table and plots the frontier.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch

SAMPLES = 2_000
HELD_OUT = 4_000
SEEN = ("gaussian", "gmm")

WITHOUT_NOISE = {"noise": 0.0, "beta": 0.01}
"""Base settings of the variants that set no "model"; the default preset now has noise."""
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {"architecture": {"labels": False, "depth": False}},
    "rings": {"architecture": {"depth": False}},
    "default": {},
    "beta-0.05": {"beta": 0.05},
    "beta-0.2": {"beta": 0.2},
    "lambda-1e-5": {"lambda_": 1e-5},
    "gradient penalty": {"model": "rae-gp", "lambda_": 1e-3},
    "spectral": {"model": "rae-sn"},
    "gradient penalty 1e-4": {"model": "rae-gp", "lambda_": 1e-4},
    "gradient penalty 3e-4": {"model": "rae-gp", "lambda_": 3e-4},
    "gradient penalty width-112": {"model": "rae-gp", "lambda_": 1e-3, "latent_dim": 112},
    "noise-0.3": {"noise": 0.3, "beta": 0.05},
    "noise-0.5": {"noise": 0.5, "beta": 0.05},
    "noise-1": {"noise": 1.0, "beta": 0.05},
    "gaussian-0.02": {"model": "vae", "beta": 0.02},
    "gaussian-0.05": {"model": "vae", "beta": 0.05},
    "gaussian-0.1": {"model": "vae", "beta": 0.1},
    "gaussian-0.2": {"model": "vae", "beta": 0.2},
    "plain gaussian-0.05": {"model": "vae", "beta": 0.05, "architecture": {"labels": False, "depth": False}},
    "width-112": {"latent_dim": 112},
    "width-28": {"latent_dim": 28},
    "gaussian-0.05 width-112": {"model": "vae", "beta": 0.05, "latent_dim": 112},
    "dropout-0.3": {"architecture": {"dropout": 0.3}},
    "gaussian-0.05 dropout-0.3": {"model": "vae", "beta": 0.05, "architecture": {"dropout": 0.3}},
    "wide gaussian-0.05": {"model": "vae", "beta": 0.05, "architecture": {"hidden": 768}},
}


def train(arguments: argparse.Namespace) -> None:
    """Trains and evaluates each variant; appends a line of JSON per variant."""
    from grae.datasets import build_store, open_source
    from grae.grammar import load_grammar

    torch.set_num_threads(1)
    grammar = load_grammar("smiles")
    source = open_source(arguments.data)
    store = build_store(grammar, source, form=arguments.form, on_invalid="skip")
    for name in arguments.variants or list(VARIANTS):
        settings = VARIANTS[name] if "model" in VARIANTS[name] else {**WITHOUT_NOISE, **VARIANTS[name]}
        found = measured(grammar, store, settings, arguments)
        with Path(arguments.out).open("a") as file:
            print(json.dumps({"variant": arguments.name or name, **found}), file=file)
        print(name, found, file=sys.stderr, flush=True)


def measured(grammar: Any, store: Any, settings: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains and evaluates one variant."""
    from grae.chemistry import invalid_reason
    from grae.grammar import codec
    from grae.sequence import GrammarAutoencoder

    settings = {"form": arguments.form, **settings}
    model = GrammarAutoencoder(grammar, epochs=arguments.passes, test=0.02, device="cpu", **settings)
    began = time.process_time()
    model.fit(store, run=arguments.keep)
    minutes = (time.process_time() - began) / 60
    rows = model.split_.test[:HELD_OUT]
    held_out = codec.decode(grammar, store.derivations[rows])
    found: dict[str, Any] = {
        "settings": settings,
        "passes": arguments.passes,
        "minutes": minutes,
        "exact": model.score(held_out),
    }
    true = _properties(held_out)
    for density in SEEN:
        codes = model.sampled_density(density).sample(SAMPLES, 1)
        raw = model.inverse_transform(codes, constraints="grammar", raw=True)
        reasons = [invalid_reason(text) for text in raw]
        found[density] = {
            "valid": reasons.count(None) / SAMPLES,
            "invalid": Counter(reason for reason in reasons if reason),
            "raw": _distances(true, [text for text, reason in zip(raw, reasons, strict=True) if reason is None]),
            "kept": _distances(true, model.inverse_transform(codes, raw=True)),
            "log_likelihood": float(model.density_named(density).log_prob(model.transform(held_out)).mean()),
        }
    return found


def _properties(texts: list[str]) -> np.ndarray:
    from grae.chemistry import properties

    rows = [properties(text) for text in texts]
    return np.array([[row.logp, row.sa, row.qed, row.weight] for row in rows if row is not None])


def _distances(true: np.ndarray, texts: list[str]) -> dict[str, float]:
    from scipy.stats import wasserstein_distance

    values = _properties(texts)
    names = ("logP", "SA", "QED", "weight")
    return {name: float(wasserstein_distance(values[:, k], true[:, k])) for k, name in enumerate(names)}


def show(arguments: argparse.Namespace) -> None:
    """Prints the table of results, and plots them with `--plot`."""
    rows = [json.loads(line) for line in Path(arguments.results).read_text().splitlines()]
    print("| variant | reconstruction accuracy | raw validity: Gaussian | GMM-10 "
          "| raw: logP / SA / QED / weight | with semantic constraints | minutes |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: -row["gmm"]["valid"]):
        gmm = row["gmm"]
        distances = [
            " / ".join(f"{gmm[kind][name]:.{digits}f}" for name, digits in _DIGITS.items()) for kind in ("raw", "kept")
        ]
        print(f"| {row['variant']} | {100 * row['exact']:.1f} % | {100 * row['gaussian']['valid']:.1f} % "
              f"| {100 * gmm['valid']:.1f} % | {distances[0]} | {distances[1]} | {row['minutes']:.1f} |")  # fmt: skip
    if arguments.plot:
        _plot(rows, arguments.plot)


_DIGITS = {"logP": 2, "SA": 2, "QED": 3, "weight": 0}


def _plot(rows: list[dict[str, Any]], path: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    axes = figure.subplots()
    for number, row in enumerate(sorted(rows, key=lambda row: -row["gmm"]["valid"])):
        place = (100 * row["exact"], 100 * row["gmm"]["valid"])
        axes.plot(*place, "os^Dv*P"[number % 7], color=f"C{number % 10}", label=row["variant"], linestyle="none")
    figure.legend(loc="outside right upper", fontsize=9, frameon=False)
    axes.set_xlabel("reconstruction accuracy, %")
    axes.set_ylabel("raw validity of samples of the mixture, %")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def mask(arguments: argparse.Namespace) -> None:
    """Measures CPU time per decoding step without and with semantic constraints, alternating on the same codes."""
    import grae
    from grae.sequence.coding import decode_codes
    from grae.sequence.constrained import resolve_constraint

    torch.set_num_threads(1)
    model = grae.load(arguments.run, device="cpu")
    codes = model.density_named(None).sample(arguments.n, 1)
    length, grammar = model.settings_.max_length, model.grammar_
    kinds = {name: resolve_constraint(name, grammar, model.settings_.form, length) for name in ("grammar", "semantic")}

    def microseconds(constraint: Any, codes: np.ndarray) -> float:
        began = time.process_time()
        tensors: Any = model.network_.reconstruction.tensors
        decoded = decode_codes(
            model.network_,
            tensors,
            codes,
            max_length=length,
            dtype=grammar.dtype,
            device=torch.device("cpu"),
            constraint=constraint,
        )
        return 1e6 * (time.process_time() - began) / int(decoded.lengths.sum())

    for constraint in kinds.values():
        microseconds(constraint, codes[:100])  # warm-up
    rounds = [{name: microseconds(constraint, codes) for name, constraint in kinds.items()} for _ in range(5)]
    without, semantic = (float(np.median([one[name] for one in rounds])) for name in kinds)
    print(f"CPU time per step: {without:.1f} us without semantic constraints, {semantic:.1f} us with them; "
          f"their share {100 * (1 - without / semantic):.0f} %")  # fmt: skip


def main() -> None:
    """Parses the command line and runs the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    training = verbs.add_parser("train")
    training.add_argument("--variants", nargs="*", choices=list(VARIANTS))
    training.add_argument("--data", default="zinc250k")
    training.add_argument("--form", default="kekule", help="as-written for a file of randomized Kekule SMILES")
    training.add_argument("--name", help="name of the variant in the results")
    training.add_argument("--passes", type=int, default=2, help="epochs")
    training.add_argument("--out", default="latent.jsonl")
    training.add_argument("--keep", help="folder to save the run in")
    training.set_defaults(does=train)
    showing = verbs.add_parser("show")
    showing.add_argument("results")
    showing.add_argument("--plot")
    showing.set_defaults(does=show)
    masking = verbs.add_parser("mask")
    masking.add_argument("run")
    masking.add_argument("-n", type=int, default=3000)
    masking.set_defaults(does=mask)
    arguments = parser.parse_args()
    arguments.does(arguments)


if __name__ == "__main__":
    main()
