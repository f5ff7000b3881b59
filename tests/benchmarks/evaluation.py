"""Evaluation of samples with an empty cache, compared with MOSES's own code: `tests/benchmarks/evaluation.py`.

Requires molsets (tests/oracles/molsets.py) and the extra `fcd`. Samples are drawn from the scaffold test set, the
reference from the test set. Both compute the metrics of MOSES's `get_all_metrics` for samples and one reference, except
validity and novelty: statistics of the reference, statistics and filters of the samples. CPU time of one thread;
grae's includes confidence intervals.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from rdkit import rdBase

from grae.datasets import open_source
from grae.evaluation import Comparison, Strings, Work, evaluate_samples
from grae.grammar import load_grammar

sys.path.insert(0, str(Path(__file__).parents[1] / "oracles"))
MEASURES = ("Filters", "IntDiv", "IntDiv2", "FCD", "SNN", "Frag", "Scaf", "logP", "SA", "QED", "weight")


def main() -> None:
    """Measures and prints CPU times and metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--references", type=int, default=1_760)
    args = parser.parse_args()
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    sets = []
    for name, n in (("moses-test-scaffolds", args.samples), ("moses-test", args.references)):
        texts = list(open_source(name).texts())
        sets.append([texts[row] for row in generator.choice(len(texts), n, replace=False)])
    samples, reference = sets
    warnings.simplefilter("ignore")
    with rdBase.BlockLogs():
        theirs, their_seconds = by_molsets(samples, reference)
    ours, our_seconds, cached_seconds = by_grae(samples, reference)
    print(f"{args.samples:,} samples against {args.references:,} reference molecules, CPU seconds on one thread")
    print(f"molsets: {their_seconds:.1f}   grae: {our_seconds:.1f}   ratio {their_seconds / our_seconds:.2f}")
    print(f"grae, reference cached: {cached_seconds:.1f}")
    for name, value in theirs.items():
        print(f"{name:10s} {value:12.6f} {ours[name]:12.6f}")


def by_molsets(samples: list[str], reference: list[str]) -> tuple[dict[str, float], float]:
    """MOSES's metrics, and their CPU time in seconds."""
    import molsets  # pyright: ignore[reportMissingImports]

    theirs = molsets.metrics()
    theirs.FCDMetric().precalc(samples[:4])  # warm-up: loads the network
    began = time.process_time()
    known = theirs.compute_intermediate_statistics(reference)
    valid = theirs.remove_invalid(samples, canonize=True)
    molecules = [theirs.get_mol(text) for text in valid]
    found = {
        "FCD/Test": theirs.FCDMetric()(gen=valid, pref=known["FCD"]),
        "SNN/Test": theirs.SNNMetric()(gen=molecules, pref=known["SNN"]),
        "Frag/Test": theirs.FragMetric()(gen=molecules, pref=known["Frag"]),
        "Scaf/Test": theirs.ScafMetric()(gen=molecules, pref=known["Scaf"]),
        "IntDiv": theirs.internal_diversity(molecules),
        "IntDiv2": theirs.internal_diversity(molecules, p=2),
        "Filters": theirs.fraction_passes_filters(molecules),
    }
    for name in ("logP", "SA", "QED", "weight"):
        found[name] = theirs.WassersteinMetric(getattr(theirs, name))(gen=molecules, pref=known[name])
    return found, time.process_time() - began


def by_grae(samples: list[str], reference: list[str]) -> tuple[dict, float, float]:
    """grae's metrics, their CPU time with an empty cache, and that with the reference cached."""
    comparison = Comparison(Strings.of_list("reference", reference), fcd=True)
    few = Comparison(Strings.of_list("few", reference[:4]), fcd=True)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GRAE_CACHE_HOME"] = cache
        grammar, work = load_grammar("smiles"), Work(0, 1)
        evaluate_samples(grammar, samples[:4], comparison=few, measures=MEASURES, work=work)  # warm-up
        seconds = []
        found = {}
        for _ in range(2):
            began = time.process_time()
            found = evaluate_samples(grammar, samples, comparison=comparison, measures=MEASURES, work=work).to_dict()
            seconds.append(time.process_time() - began)
    return found, seconds[0], seconds[1]


if __name__ == "__main__":
    main()
