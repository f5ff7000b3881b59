"""Training generative models of molecules for equal time: quality of 10,000 samples against held-out molecules.

Peers: the GRU of smiles-rnn (three layers of 512, batch size 128, its own learning rate and decay), and SELFIES instead
of a grammar: grae's network and training on the language of SELFIES symbols. All are trained on the same molecules for
the same wall time, with one thread, one after the other; the machine should be idle otherwise.
"""

import argparse
import itertools
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measured import OURS, peer, tell
from rdkit import rdBase

from grae import GrammarAutoencoder
from grae.datasets import open_source
from grae.evaluation import Comparison, Strings, evaluate_samples
from grae.grammar import load_grammar

HELD_OUT = 5_000
MEASURES = {
    "valid": ("share", True),
    "unique": ("share of valid samples", True),
    "novel": ("share of unique samples", True),
    "Filters": ("share passing", True),
    "FCD/Test": ("FCD", False),
}
VARIANTS: dict[str, dict[str, Any]] = {
    f"{OURS}, default": {},
    f"{OURS}, --noise 1 --beta 0.1": {"noise": 1, "beta": 0.1},
}


def ours(texts: Sequence[str], minutes: float, n: int, seed: int, **options: Any) -> list[str | None]:
    """Samples of grae's SMILES model."""
    model = GrammarAutoencoder("smiles", time_budget=minutes, random_state=seed, on_invalid="skip", **options)
    return list(model.fit(texts).sample(n, density="gmm"))


def of_selfies(selfies: Any, texts: Sequence[str], minutes: float, n: int, seed: int) -> list[str | None]:
    """Samples of the same network, trained on strings of SELFIES symbols."""
    words = [" ".join(selfies.split_selfies(word)) for word in _encoded(selfies, texts)]
    symbols = sorted(set(itertools.chain.from_iterable(word.split(" ") for word in words)))
    lines = ["molecule -> symbol molecule | symbol", *(f"symbol -> '{symbol}'" for symbol in symbols)]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "selfies.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")
        grammar = load_grammar(Path(folder, "selfies.cfg"))
    model = GrammarAutoencoder(grammar, time_budget=minutes, random_state=seed, on_invalid="skip")
    joined = [word.replace(" ", "") for word in words]
    return [None if text is None else selfies.decoder(text) for text in model.fit(joined).sample(n, density="gmm")]


def _encoded(selfies: Any, texts: Sequence[str]) -> Iterator[str]:
    """SELFIES strings of the molecules that can be encoded."""
    for text in texts:
        try:
            yield selfies.encoder(text)
        except selfies.EncoderError:
            continue


def of_rnn(library: Any, texts: Sequence[str], minutes: float, n: int, seed: int) -> list[str | None]:
    """Samples of smiles-rnn's GRU, trained as by its script, without the script's validation."""
    from smilesrnn.dataset import Dataset  # pyright: ignore[reportMissingImports]
    from smilesrnn.vocabulary import SMILESTokenizer, create_vocabulary  # pyright: ignore[reportMissingImports]

    torch.manual_seed(seed)
    ends, tokenizer = time.monotonic() + 60 * minutes, SMILESTokenizer()
    vocabulary = create_vocabulary(smiles_list=texts, tokenizer=tokenizer)
    model = library.Model(vocabulary, tokenizer, {"cell_type": "gru"}, device=torch.device("cpu"))
    batches = torch.utils.data.DataLoader(
        Dataset(smiles_list=texts, vocabulary=vocabulary, tokenizer=tokenizer),
        batch_size=128,
        shuffle=True,
        collate_fn=Dataset.collate_fn,
    )
    optimizer = torch.optim.Adam(model.network.parameters(), lr=1e-3)
    for step, batch in enumerate(itertools.chain.from_iterable(itertools.repeat(batches)), start=1):
        loss = model.likelihood(batch.long()).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 500 == 0:
            for group in optimizer.param_groups:
                group["lr"] *= 0.97
        if time.monotonic() > ends:
            break
    model.network.eval()
    with torch.no_grad():
        return model.sample_smiles(num=n)[0][:n]


def main() -> None:
    """Runs each program with each seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", default="zinc250k")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    rdBase.DisableLog("rdApp.*")
    torch.set_num_threads(1)
    texts = list(open_source(args.data).texts())
    order = np.random.default_rng(0).permutation(len(texts)).tolist()
    held_out, train = ([texts[row] for row in rows] for rows in (order[:HELD_OUT], order[HELD_OUT:]))
    grammar = load_grammar("smiles")
    comparison = Comparison(Strings.of_list("held out", held_out))
    library, selfies = peer("smilesrnn.rnn", "SMILES-RNN"), peer("selfies")
    work, sampled = f"{args.minutes:g} minutes of {args.data}, {args.samples:,} samples", {}
    for seed in range(args.seeds):
        inputs = train, args.minutes, args.samples, seed
        for who, options in VARIANTS.items():
            sampled.setdefault(who, []).append(ours(*inputs, **options))
        if selfies is not None:
            sampled.setdefault("SELFIES, grae's network", []).append(of_selfies(selfies, *inputs))
        if library is not None:
            sampled.setdefault("smiles-rnn", []).append(of_rnn(library, *inputs))
        sampled.setdefault("training molecules", []).append(train[: args.samples])
    training, values = Strings.of_list("training", train), {}
    for who, runs in sampled.items():
        for samples in runs:
            measured = evaluate_samples(
                grammar,
                samples,
                training=training,
                comparison=comparison,
                measures=[name.split("/")[0] for name in MEASURES],
            ).to_dict()
            for name in MEASURES:
                if measured.get(name) is not None:
                    values.setdefault((name, who), []).append(measured[name])
    for name, (unit, higher) in MEASURES.items():
        for who in sampled:
            if (name, who) in values:
                tell(f"{work}: {name}", who, unit, values[name, who], higher=higher)


if __name__ == "__main__":
    sys.exit(main())
