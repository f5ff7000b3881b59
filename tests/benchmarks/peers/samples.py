"""Evaluating samples of molecules: MOSES's metrics of one set against another, with an empty cache.

Peers: the metrics of molsets (MOSES's own code) and of guacamol (validity, uniqueness, novelty, KL divergences), on one
core, called as by their users. The strings are molecules included in RDKit. The Fréchet ChemNet distance is left out:
its network takes the same time in all.
"""

import argparse
import os
import sys
import tempfile
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

from measured import OURS, failed, peer, spent, tell
from rdkit import rdBase

from grae.chemistry import canonical_all
from grae.datasets import open_source
from grae.evaluation import Comparison, Strings, evaluate_samples
from grae.grammar import load_grammar

UNIT = "CPU seconds"
MEASURES = ("SNN", "Frag", "Scaf")


def ours(samples: list[str], reference: list[str], train: list[str]) -> dict[str, Any]:
    """MOSES's metrics except FCD, by grae."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRAE_CACHE_HOME"] = folder
        comparison = Comparison(Strings.of_list("test", reference), None, fcd=False)
        training = Strings.of_list("training", train)
        return evaluate_samples(load_grammar("smiles"), samples, training=training, comparison=comparison).to_dict()


def of_molsets(metrics: Any, samples: list[str], reference: list[str], train: list[str]) -> dict[str, float]:
    """The same metrics by MOSES's functions, in its own order."""
    valid = metrics.remove_invalid(samples, canonize=True)
    molecules = [metrics.get_mol(text) for text in valid]
    known = [metrics.get_mol(text) for text in reference]
    found = {"valid": metrics.fraction_valid(samples), "unique": metrics.fraction_unique(valid)}
    found["novel"] = metrics.novelty(molecules, train)
    found["Filters"] = metrics.fraction_passes_filters(molecules)
    found["IntDiv"] = metrics.internal_diversity(molecules)
    found["IntDiv2"] = metrics.internal_diversity(molecules, p=2)
    for name in MEASURES:
        found[f"{name}/Test"] = getattr(metrics, f"{name}Metric")()(ref=known, gen=molecules)
    for name in ("logP", "SA", "QED", "weight"):
        found[name] = metrics.WassersteinMetric(getattr(metrics, name))(ref=known, gen=molecules)
    return found


def of_guacamol(suite: Any, samples: list[str], train: list[str]) -> dict[str, float]:
    """GuacaMol's metrics except FCD, for a generator that returns the samples."""

    class Given:
        def generate(self, number_samples: int) -> list[str]:
            return samples[:number_samples]

    n = len(samples)
    parts = [
        suite.ValidityBenchmark(number_samples=n),
        suite.UniquenessBenchmark(number_samples=n),
        suite.NoveltyBenchmark(number_samples=n, training_set=train),
        suite.KLDivBenchmark(number_samples=n, training_set=train),
    ]
    return {part.name: part.assess_model(Given()).score for part in parts}


def main() -> None:
    """Runs each program on the same strings."""
    sys.path.append(str(Path(__file__).parents[2] / "oracles"))
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1, help="unused: there is no randomness")
    parser.add_argument("--samples", type=int, default=10_000, help="size of samples, reference and training set each")
    parser.add_argument("--data", default="nci")
    args = parser.parse_args()
    read = canonical_all(islice(open_source(args.data).texts(), 4 * args.samples))
    forms = list(dict.fromkeys(form for form in read if form and "." not in form))
    n = min(args.samples, len(forms) // 3)
    samples, reference, train = forms[:n], forms[n : 2 * n], forms[2 * n : 3 * n]
    work = f"evaluate {len(samples):,} samples against {len(reference):,}"
    warnings.simplefilter("ignore")
    found, seconds = spent(lambda: ours(samples, reference, train))
    tell(work, OURS, UNIT, [seconds], higher=False, note="all of MOSES's measures but FCD")
    with rdBase.BlockLogs():
        if peer("fcd_torch", "fcd-torch") is not None:
            import molsets  # pyright: ignore[reportMissingImports]  (tests/oracles)

            try:
                metrics = molsets.metrics()
            except BaseException as error:  # noqa: BLE001 - pytest's skip is not an Exception
                failed(work, "molsets", str(error))
            else:
                peer("moses", "molsets")
                theirs, seconds = spent(lambda: of_molsets(metrics, samples, reference, train))
                difference = max(abs(found[name] - value) for name, value in theirs.items())
                note = f"largest difference in a measure {difference:.1e}"
                tell(work, "molsets", UNIT, [seconds], higher=False, note=note)
        import numpy
        import scipy

        if not hasattr(scipy, "histogram"):
            scipy.histogram = numpy.histogram  # pyright: ignore[reportAttributeAccessIssue]
        suite = peer("guacamol.distribution_learning_benchmark", "guacamol")
        if suite is not None:
            _, seconds = spent(lambda: of_guacamol(suite, samples, train))
            note = "validity, uniqueness, novelty, KL divergences: fewer measures"
            tell(work, "guacamol", UNIT, [seconds], higher=False, note=note)


if __name__ == "__main__":
    main()
