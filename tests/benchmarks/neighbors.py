"""The index of training codes: build time, memory, query time, and exactness.

    python tests/benchmarks/neighbors.py $GRAE_DATA_HOME/zinc250k/zinc.txt.gz [--model zinc250k] [-k 10] [--queries 50]

The strings of a data set serve as the training strings of a pretrained model, so that no training is needed.
"""

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

import grae
from grae.datasets import build_store, open_source
from grae.datasets.origin import record, texts_of
from grae.datasets.split import Split
from grae.grammar.segmentation import apply_motifs


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--model", default="zinc250k")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--queries", type=int, default=50)
    options = parser.parse_args()
    model = grae.load(options.model, device="cpu")
    grammar, form = model.language_grammar_.plain, model.settings_.form
    source = open_source(options.data, grammar=grammar)
    store = build_store(grammar, source, form=form)
    lengths = apply_motifs(model.grammar_, store.derivations[np.arange(len(store.derivations))]).lengths
    rows = np.flatnonzero(lengths <= model.settings_.max_length)
    with tempfile.TemporaryDirectory() as place:
        model.folder_ = Path(place) / "run"
        shutil.copytree(grae.load(options.model).folder_, model.folder_)
        model.about_ = record(options.data, source, store, max_length=None)
        model.split_ = Split(rows, np.empty(0, np.int64), np.empty(0, np.int64))
        model.transform(["CCO"])  # warm-up: compiles
        began = time.process_time()
        model.neighbors("CCO", options.k)
        print(f"index of {len(rows):,} strings built, first query: {time.process_time() - began:.1f} CPU s", flush=True)
        model.__dict__.pop("_training_codes")
        began = time.process_time()
        model.neighbors("CCO", options.k)
        print(f"index loaded from the run's folder, query: {time.process_time() - began:.2f} CPU s")
        codes = model._training_codes[1]._codes
        print(f"codes: {codes.nbytes / 2**20:.0f} MiB in memory and on disk")
        queries = np.sort(np.random.default_rng(0).choice(rows, options.queries, replace=False))
        texts = list(texts_of(model.language_grammar_, store, queries))
        began = time.process_time()
        nearest = [model.neighbors(text, options.k) for text in texts]
        seconds = time.process_time() - began
        print(f"per query, including the encoding of its string: {1000 * seconds / len(texts):.1f} CPU ms")
        own = sum(one[0].row == row for one, row in zip(nearest, queries.tolist(), strict=True))
        print(f"nearest is the query itself: {own} of {len(texts)}")
        exact = 0
        for text, one in zip(texts, nearest, strict=True):
            distances = np.linalg.norm(codes - model.transform([text]), axis=1)
            exact += bool(np.allclose(np.sort(distances)[: options.k], [each.distance for each in one], atol=1e-4))
        print(f"identical to exhaustive search: {exact} of {len(texts)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of the process: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
