"""CPU time of the chemistry in an evaluation, compared with alternatives: `python tests/benchmarks/metrics.py`.

Nearest-neighbor similarity: compiled popcounts, RDKit's BulkTanimotoSimilarity, and a matrix product of 0/1 vectors.
Structural alerts: with screening by pattern fingerprints, and without. All methods give the same results. Then the cost
of describing a molecule, of a reference (without filters) and of samples; ChemNet with the extra `fcd`.
"""

import argparse
import time
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

import numpy as np
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from grae.chemistry import fingerprint, first_alert, read
from grae.chemistry.filters import structural_alerts
from grae.datasets import open_source
from grae.evaluation.chemnet import ChemNet, has_fcd
from grae.evaluation.descriptions import PARTS, PASSES, Distinct, describe
from grae.evaluation.tanimoto import nearest

Result = TypeVar("Result")


def main() -> None:
    """Measures and prints CPU times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="wehi", help="data set or file of molecules")
    parser.add_argument("--molecules", type=int, default=4000)
    parser.add_argument("--samples", type=int, default=400)
    args = parser.parse_args()
    torch.set_num_threads(1)
    texts = islice(open_source(args.data).texts(), args.molecules)
    molecules = [molecule for text in texts if (molecule := read(text)) is not None]
    similarities(molecules, args.samples)
    alerts(molecules[: args.samples])
    descriptions([Chem.MolToSmiles(molecule) for molecule in molecules[: args.samples]])


def similarities(molecules: list[Chem.Mol], n: int) -> None:
    """Nearest neighbors of the first n molecules among all."""
    packed = np.array([fingerprint(molecule) for molecule in molecules])
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    vectors = [generator.GetFingerprint(molecule) for molecule in molecules]
    nearest(packed[:1], packed[:1])  # warm-up: compiles
    pairs = n * len(molecules)
    compiled = timed("popcount, compiled", "ns per pair", 1e9 / pairs, lambda: nearest(packed[:n], packed))
    bulk = timed(
        "BulkTanimotoSimilarity",
        "ns per pair",
        1e9 / pairs,
        lambda: np.array([max(DataStructs.BulkTanimotoSimilarity(one, vectors)) for one in vectors[:n]]),
    )
    bits = torch.from_numpy(np.unpackbits(packed.view(np.uint8), axis=1).astype(np.float32))
    product = timed("matrix product", "ns per pair", 1e9 / pairs, lambda: by_product(bits[:n], bits))
    assert np.allclose(compiled, bulk, atol=1e-12)
    assert np.allclose(compiled, product, atol=1e-6)


def by_product(queries: torch.Tensor, others: torch.Tensor) -> np.ndarray:
    """Maximum similarities by a matrix product, as MOSES computes them."""
    both = queries @ others.T
    return (both / (queries.sum(1)[:, None] + others.sum(1) - both)).max(dim=1).values.numpy()


def alerts(molecules: list[Chem.Mol]) -> None:
    """First matching alert of each molecule."""
    known = structural_alerts()

    def one_by_one(molecule: Chem.Mol) -> str | None:
        explicit = Chem.AddHs(molecule)
        pairs = zip(known.names, known.patterns, strict=True)
        return next((name for name, pattern in pairs if explicit.HasSubstructMatch(pattern)), None)

    scale = 1e3 / len(molecules)
    screened = timed("alerts, screened", "ms per molecule", scale, lambda: [first_alert(m) for m in molecules])
    unscreened = timed("alerts, unscreened", "ms per molecule", scale, lambda: [one_by_one(m) for m in molecules])
    assert screened == unscreened


def descriptions(forms: list[str]) -> None:
    """All descriptions of each molecule."""
    distinct = Distinct.of(forms, forms)
    scale = 1e3 / len(forms)
    describe(Distinct.of(forms[:1], forms[:1]))  # warm-up
    reference = [part for part in PARTS if part != PASSES]
    timed("descriptions, reference", "ms per molecule", scale, lambda: describe(distinct, reference))
    timed("descriptions, samples", "ms per molecule", scale, lambda: describe(distinct))
    if has_fcd():
        network = ChemNet()
        timed("ChemNet", "ms per molecule", scale, lambda: network.activations(distinct.forms))


def timed(name: str, unit: str, scale: float, run: Callable[[], Result]) -> Result:
    """Runs a function and prints its CPU time."""
    began = time.process_time()
    result = run()
    print(f"{name:<24} {(time.process_time() - began) * scale:8.2f} {unit}")
    return result


if __name__ == "__main__":
    main()
