"""Analogs of twenty drugs: number found, similarity, and CPU time.

python tests/benchmarks/analogs.py [--model zinc250k] [-n 50] [--least-similarity 0.5]
"""

import argparse
import time

import numpy as np

import grae

DRUGS = {
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "celecoxib": "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F",
    "diazepam": "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "sildenafil": "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",
    "caffeine": "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "warfarin": "CC(=O)CC(c1ccccc1)C1=C(O)c2ccccc2OC1=O",
    "metformin": "CN(C)C(=N)NC(=N)N",
    "omeprazole": "COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C",
    "fluoxetine": "CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1",
    "propranolol": "CC(C)NCC(O)COc1cccc2ccccc12",
    "naproxen": "COc1ccc2cc(ccc2c1)C(C)C(=O)O",
    "lidocaine": "CCN(CC)CC(=O)Nc1c(C)cccc1C",
    "loratadine": "CCOC(=O)N1CCC(=C2c3ccc(Cl)cc3CCc3cccnc32)CC1",
    "ciprofloxacin": "O=C(O)c1cn(C2CC2)c2cc(N3CCNCC3)c(F)cc2c1=O",
    "atenolol": "CC(C)NCC(O)COc1ccc(CC(N)=O)cc1",
    "captopril": "CC(CS)C(=O)N1CCCC1C(=O)O",
    "erlotinib": "COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC",
}


def main() -> None:
    """Measures and prints a line per drug."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="zinc250k")
    parser.add_argument("-n", type=int, default=50)
    parser.add_argument("--least-similarity", type=float, default=0.5)
    options = parser.parse_args()
    model = grae.load(options.model)
    model.analogs("CCO", 5, least_similarity=0.1)  # warm-up: compiles
    medians, seconds = [], []
    for name, smiles in DRUGS.items():
        began = time.process_time()
        analogs = model.analogs(smiles, options.n, least_similarity=options.least_similarity, seed=0)
        seconds.append(time.process_time() - began)
        medians.append(float(np.median([analog.similarity for analog in analogs])))
        unique = len(set(analogs.texts) - set(model.language_grammar_.language.normalized([smiles])))
        print(f"{name}: {unique} analogs, median similarity {medians[-1]:.2f}, {seconds[-1]:.1f} CPU s", flush=True)
    print(f"median similarity {min(medians):.2f} to {max(medians):.2f}; {min(seconds):.1f} to {max(seconds):.1f} CPU s")


if __name__ == "__main__":
    main()
