"""An evaluation from an empty cache beside MOSES's own code, one after the other: `tests/benchmarks/evaluation.py`.

Needs molsets (tests/oracles/molsets.py) and the extra fcd. Samples are drawn from the scaffold test set, the reference
from the test set. Both take all that MOSES's `get_all_metrics` takes of samples and one reference, but for validity and
novelty: the reference is described, the samples are described and filtered. Processor time of one thread. Ours has
intervals too.
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
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--references", type=int, default=1_760)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    sets = []
    for name, n in (("moses-test-scaffolds", asked.samples), ("moses-test", asked.references)):
        texts = list(open_source(name).texts())
        sets.append([texts[row] for row in generator.choice(len(texts), n, replace=False)])
    samples, reference = sets
    warnings.simplefilter("ignore")
    with rdBase.BlockLogs():
        theirs, their_seconds = by_molsets(samples, reference)
    ours, our_seconds, again = by_grae(samples, reference)
    print(f"{asked.samples:,} samples against {asked.references:,} reference molecules, seconds of one core")
    print(f"molsets: {their_seconds:.1f}   grae: {our_seconds:.1f}   ratio {their_seconds / our_seconds:.2f}")
    print(f"grae again, the reference in the cache: {again:.1f}")
    for name, value in theirs.items():
        print(f"{name:10s} {value:12.6f} {ours[name]:12.6f}")


def by_molsets(samples: list[str], reference: list[str]) -> tuple[dict[str, float], float]:
    """MOSES's measures, and the processor time that they took."""
    import molsets  # pyright: ignore[reportMissingImports]

    theirs = molsets.metrics()
    theirs.FCDMetric().precalc(samples[:4])  # loads what it needs
    begun = time.process_time()
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
    return found, time.process_time() - begun


def by_grae(samples: list[str], reference: list[str]) -> tuple[dict, float, float]:
    """Ours, the processor time from an empty cache, and that of a second time."""
    comparison = Comparison(Strings.of_list("reference", reference), fcd=True)
    few = Comparison(Strings.of_list("few", reference[:4]), fcd=True)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["GRAE_CACHE_HOME"] = cache
        grammar, work = load_grammar("smiles"), Work(0, 1)
        evaluate_samples(grammar, samples[:4], comparison=few, measures=MEASURES, work=work)  # loads and compiles
        seconds = []
        found = {}
        for _ in range(2):
            begun = time.process_time()
            found = evaluate_samples(grammar, samples, comparison=comparison, measures=MEASURES, work=work).to_dict()
            seconds.append(time.process_time() - begun)
    return found, seconds[0], seconds[1]


if __name__ == "__main__":
    main()
