"""Benchmarks of grae against published or standard methods: a table of ratios, each measured side by side in one run.

    make bench                                        # molecules included in RDKit; a few minutes
    make bench ARGS='--data zinc250k --run runs/mine --json bench.json'

The two sides of a row alternate on the same molecules, so that other load on the machine slows both. Networks are
untrained and teacher-forced along derivations of real molecules, so that decoded strings have realistic lengths; with
--run, sampling from that run is measured too. On a busy machine, use --threads 1: synchronizing two threads is most
costly when steps are short.
"""

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import nltk
import numpy as np
import torch
from comparison import Rates, Row, Work, in_turns, table
from published import PUBLISHED_LENGTH, Guided, Precomputed, StackDecoder, one_hot
from rdkit import Chem, rdBase
from rich.console import Console

import grae
from grae.autoencoder import Autoencoder, model_named
from grae.chemistry import canonical
from grae.datasets.locations import CACHE_HOME
from grae.datasets.readers import Source
from grae.datasets.sources import open_source
from grae.datasets.store import DerivationStore, build_store
from grae.density import Mixture
from grae.errors import GraeError
from grae.grammar import Grammar, codec, load_grammar
from grae.grammar.codec import Derivations
from grae.grammar.motifs import apply_motifs, learn_motifs
from grae.sequence.batches import DerivationBatches
from grae.sequence.build import build
from grae.sequence.coding import encode_rows
from grae.sequence.pushdown import GrammarTensors, decode
from grae.sequence.settings import Preset, preset_named
from grae.training.device import use_bf16

CPU = torch.device("cpu")
MOST_PARSED = 10_000  # molecules to parse
CHART_PARSED = 100  # molecules for nltk's chart parser
OUR_STEPS = 20  # training steps per step of the paper preset
MOST_CODES = 1_000
PAPER_CODES = 100  # the paper's decoder is slow
MEMORY_STRINGS = 10_000


class Network:
    """A preset's untrained network and the derivations that it is trained on.

    Args:
        preset: settings of network and training.
        grammar: grammar of the derivations, including motifs.
        derivations: derivations of the data set.
        max_length: maximum number of productions per derivation.
    """

    def __init__(self, preset: Preset, grammar: Grammar, derivations: Derivations, max_length: int) -> None:
        torch.manual_seed(0)
        self.preset, self.grammar, self.derivations, self.max_length = preset, grammar, derivations, max_length
        self.tensors = GrammarTensors(grammar)
        self.module = build(grammar, model_named("grae"), preset.architecture, preset.weights, max_length)
        self.optimizer = torch.optim.AdamW(self.module.parameters(), preset.training.learning_rate)
        self.batch = self._typical_batch()

    def train(self, steps: int, length: int | None = None) -> int:
        """Takes optimizer steps as the training loop does.

        Args:
            steps: number of optimizer steps.
            length: pads the batch to this many derivation steps.

        Returns:
            The number of molecules processed.
        """
        ids = torch.from_numpy(self.derivations.padded(self.batch, self.grammar.pad, length).astype(np.int64))
        self.module.train()
        for _ in range(steps):
            with torch.autocast("cpu", torch.bfloat16, enabled=use_bf16("auto", CPU)):
                loss = self.module({"ids": ids})["loss"]
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.module.parameters(), self.preset.training.clip_norm or float("inf"))
            self.optimizer.step()
            self.optimizer.zero_grad()
        return steps * len(ids)

    def _typical_batch(self) -> np.ndarray:
        """The batch of an epoch whose maximum length is closest to the mean; batches hold similar lengths."""
        rows = np.arange(len(self.derivations))
        size = min(self.preset.training.batch_size, len(rows))
        batches = DerivationBatches(self.derivations, rows, pad=self.grammar.pad, batch_size=size).batches(0)
        longest = np.array([self.derivations.lengths[batch].max() for batch in batches])
        return batches[np.abs(longest - longest.mean()).argmin()]

    def guided(self, rows: np.ndarray) -> Guided:
        """The decoder, teacher-forced along the derivations of these rows."""
        ids = self.derivations.padded(rows, self.grammar.pad).astype(np.int64)
        decoder: Autoencoder = self.module
        return Guided(decoder.decoder, torch.from_numpy(ids))  # pyright: ignore[reportArgumentType]

    def sample(self, density: Mixture, guided: Guided) -> list[str]:
        """Samples codes from a density and decodes them to strings."""
        codes = torch.from_numpy(density.sample(len(guided.derivations), 0))
        return self.texts(decode(guided, self.tensors, codes, self.max_length))

    def texts(self, ids: torch.Tensor) -> list[str]:
        """Converts decoded ids (B, T) to strings."""
        found = ids.numpy()
        valid = found != self.grammar.pad
        offsets = np.concatenate([[0], valid.sum(axis=1)]).cumsum()
        return codec.decode(self.grammar, Derivations(found[valid].astype(self.grammar.dtype), offsets))


class Setup:
    """Shared inputs of the comparisons, computed on first use."""

    def __init__(self, data: str, rounds: int, run: Path | None) -> None:
        self.source, self.rounds, self.run = open_source(data), rounds, run
        self.trained = None if run is None else grae.load(run)
        self.smiles = load_grammar("smiles")
        self.published = load_grammar("smiles-gvae")

    @cached_property
    def store(self) -> DerivationStore:
        return build_store(self.smiles, self.source, n_jobs=1)

    @cached_property
    def texts(self) -> list[str]:
        """Molecules, as written, that RDKit and both grammars can parse."""
        with rdBase.BlockLogs():
            read = [text for text in itertools.islice(self.source.texts(), 2 * MOST_PARSED) if Chem.MolFromSmiles(text)]
        for grammar in (self.smiles, self.published):
            rows = codec.encode(grammar, read, on_invalid="skip").rows
            read = [read[row] for row in rows]
        return read[:MOST_PARSED]

    @cached_property
    def default(self) -> Network:
        """The default preset on the whole data set."""
        preset = preset_named("default", self.smiles, model_named("grae"))
        plain = self.store.derivations
        grammar = self.smiles.extend(learn_motifs(self.smiles, plain, preset.motifs, sample=100_000))
        derivations = apply_motifs(grammar, plain)
        return Network(preset, grammar, derivations, int(derivations.lengths.max()))

    @cached_property
    def paper(self) -> Network:
        """The paper preset with the published grammar, on the molecules in its language."""
        preset = preset_named("paper", self.published, model_named("grae"))
        canonicals = [text for text in map(canonical, self.texts) if text is not None]
        encoded = codec.encode(self.published, canonicals, max_length=PUBLISHED_LENGTH, on_invalid="skip")
        return Network(preset, self.published, encoded.derivations, PUBLISHED_LENGTH)

    def in_turns(self, ours: Work, other: Work) -> Rates:
        return in_turns(ours, other, self.rounds)


def parsing_and_nltk(setup: Setup) -> list[Row]:
    """Parses one molecule at a time, alternating between both parsers."""
    grammar = setup.published
    chart = nltk.ChartParser(nltk.CFG.fromstring(grammar.text))
    rows = np.random.default_rng(0).choice(len(setup.texts), CHART_PARSED, replace=False)
    repeats = 20
    ours, theirs = [], []
    grammar.parse("CCO")
    for text in (setup.texts[row] for row in rows):
        tokens = _tokens(grammar, text)
        began = time.perf_counter()
        for _ in range(repeats):
            ids = grammar.parse(text)
        ours.append((time.perf_counter() - began) / repeats)
        began = time.perf_counter()
        tree = next(iter(chart.parse(tokens)))
        theirs.append(time.perf_counter() - began)
        if len(tree.productions()) != len(ids):
            raise AssertionError(f"nltk and grae disagree on {text}")
    rates = Rates(len(rows) / sum(ours), len(rows) / sum(theirs), sum(theirs) / sum(ours))
    return [Row.of_rates(f"parse, smiles-gvae, {len(rows)} molecules", "nltk ChartParser", rates, aim=100)]


def _tokens(grammar: Grammar, text: str) -> list[str]:
    """Splits a molecule into terminals, longest match first."""
    words = sorted(grammar.terminals, key=len, reverse=True)
    tokens = []
    while text:
        tokens.append(next(word for word in words if text.startswith(word)))
        text = text[len(tokens[-1]) :]
    return tokens


def parsing_and_rdkit(setup: Setup) -> list[Row]:
    """Parses a batch of molecules, each parser on one thread."""
    texts = setup.texts

    def read() -> int:
        with rdBase.BlockLogs():
            return sum(Chem.MolFromSmiles(text) is not None for text in texts)

    rows = []
    for grammar in (setup.smiles, setup.published):
        parser = grammar.parser

        def parse(parser=parser) -> int:
            return int(parser.parse_batch(texts).ok.sum())

        parse()
        rates = setup.in_turns(parse, read)
        what = f"parse, {grammar.name}, {len(texts):,} molecules"
        rows.append(Row.of_rates(what, "Chem.MolFromSmiles", rates, aim=1))
    return rows


def encoding(setup: Setup) -> list[Row]:
    """Encodes a data set to a store on disk, compared with RDKit parsing the same file; both in one process."""

    def store(form) -> int:
        with TemporaryDirectory() as folder:
            home = os.environ.get(CACHE_HOME)
            os.environ[CACHE_HOME] = folder
            try:
                return build_store(setup.smiles, setup.source, form=form, n_jobs=1).counts.read
            finally:
                os.environ.pop(CACHE_HOME) if home is None else os.environ.update({CACHE_HOME: home})

    def read() -> int:
        with rdBase.BlockLogs():
            return sum(Chem.MolFromSmiles(text) is None or True for text in setup.source.texts())

    def rewrite() -> int:
        return sum(canonical(text) is None or True for text in setup.source.texts())

    n = setup.store.counts.read
    as_written = setup.in_turns(lambda: store("as-written"), read)
    canonically = setup.in_turns(lambda: store("canonical"), rewrite)
    return [
        Row.of_rates(f"encode {n:,} molecules, as written", "RDKit, parsing", as_written),
        Row.of_rates(f"encode {n:,} molecules, canonical", "RDKit, parsing and writing", canonically),
    ]


def training(setup: Setup) -> list[Row]:
    """Trains the default preset for `OUR_STEPS` steps, then the paper preset for one."""
    ours, paper = setup.default, setup.paper
    ours.train(2)
    steps = f"{ours.derivations.lengths.mean():.1f} vs. {paper.derivations.lengths.mean():.1f} steps on average"
    as_trained = setup.in_turns(lambda: ours.train(OUR_STEPS), lambda: paper.train(1))
    as_published = setup.in_turns(lambda: ours.train(OUR_STEPS), lambda: paper.train(1, PUBLISHED_LENGTH))
    return [
        Row.of_rates(f"train, default preset ({steps})", "paper preset", as_trained, aim=15),
        Row.of_rates("train, default preset", f"paper preset, padded to {PUBLISHED_LENGTH}", as_published),
    ]


def decoding(setup: Setup) -> list[Row]:
    """Decodes the same logits, and the same network, with batched stacks and with a Python list as stack."""
    return [_decoding_logits(setup), _decoding_network(setup)]


def _decoding_logits(setup: Setup) -> Row:
    paper = setup.paper
    rows = np.arange(min(MOST_CODES, len(paper.derivations)))
    ids = torch.from_numpy(paper.derivations.padded(rows, paper.grammar.pad, PUBLISHED_LENGTH).astype(np.int64))
    logits = torch.randn(*ids.shape, paper.grammar.n_symbols, generator=torch.Generator().manual_seed(0))
    logits.scatter_add_(2, ids[..., None], torch.full_like(logits[..., :1], 1000))
    arrays = logits.numpy()
    decoder, stacks = Precomputed(logits), StackDecoder(paper.grammar, PUBLISHED_LENGTH)
    z = torch.zeros(len(rows), 1)

    def batched() -> list[str]:
        return paper.texts(decode(decoder, paper.tensors, z, PUBLISHED_LENGTH))

    def one_by_one() -> list[str]:
        texts = []
        for row in arrays:
            steps = iter(row)
            texts.append(stacks.decode(lambda previous, nonterminal, steps=steps: next(steps)))
        return texts

    _check_equal(batched(), one_by_one(), codec.decode(paper.grammar, paper.derivations[rows]))
    rates = setup.in_turns(lambda: len(batched()), lambda: len(one_by_one()))
    return Row.of_rates(f"decode {len(rows):,} codes, same logits", "Python stack decoder", rates)


def _decoding_network(setup: Setup) -> Row:
    network = setup.default
    network.module.eval()
    rows = np.random.default_rng(0).permutation(len(network.derivations))[:MOST_CODES]
    guided, few = network.guided(rows), network.guided(rows[:50])
    z = torch.randn(len(rows), network.preset.architecture.latent_dim, generator=torch.Generator().manual_seed(0))
    stacks = StackDecoder(network.grammar, network.max_length)
    n = network.grammar.n_productions

    def batched() -> list[str]:
        return network.texts(decode(guided, network.tensors, z, network.max_length))

    @torch.inference_mode()
    def one_by_one() -> list[str]:
        texts = []
        for row in range(len(few.derivations)):
            one = Guided(few.decoder, few.derivations[row : row + 1])
            state = one.start(z[row : row + 1])

            def logits(previous: int, nonterminal: int, one=one) -> np.ndarray:
                nonlocal state
                found, state = one.step(state, torch.tensor([previous]), torch.tensor([nonterminal]))
                return found[0, :n].numpy()

            texts.append(stacks.decode(logits))
        return texts

    true = codec.decode(network.grammar, network.derivations[rows])
    _check_equal(batched(), true)
    _check_equal(one_by_one(), true[:50])
    rates = setup.in_turns(lambda: len(batched()), lambda: len(one_by_one()))
    return Row.of_rates(f"decode {len(rows):,} codes, default network", "the same, Python stack decoder", rates)


def _check_equal(*texts: list[str]) -> None:
    if any(other != texts[0] for other in texts):
        raise AssertionError("the decoders do not produce the same strings")


def sampling(setup: Setup) -> list[Row]:
    """Samples strings from the mixture, as `grae sample` does."""
    ours, paper = setup.default, setup.paper
    rows = np.random.default_rng(1).permutation(len(ours.derivations))[:MOST_CODES]
    few = np.random.default_rng(1).permutation(len(paper.derivations))[:PAPER_CODES]
    densities = [
        Mixture().fit(encode_rows(n.module, n.derivations, rows, pad=n.grammar.pad, device=CPU), 0)
        for n, rows in ((ours, rows), (paper, few))
    ]
    ours_guided, paper_guided = ours.guided(rows), paper.guided(few)

    def default() -> int:
        return len(ours.sample(densities[0], ours_guided))

    def published() -> int:
        with torch.inference_mode():
            return len(paper.sample(densities[1], paper_guided))

    for network in (ours, paper):
        network.module.eval()
    default()
    rates = setup.in_turns(default, published)
    found = [Row.of_rates(f"sample {len(rows):,} molecules, default preset", "paper preset", rates)]
    if (model := setup.trained) is not None:
        model.sample(10)
        rates = setup.in_turns(lambda: len(model.sample(MOST_CODES)), published)
        found.append(Row.of_rates(f"sample {MOST_CODES:,} molecules, {setup.run}", "paper preset", rates))
    return found


def disk(setup: Setup) -> list[Row]:
    """Size of a store on disk, compared with the published representation of the same data."""
    store = setup.store
    size = sum((store.path / f"{name}.bin").stat().st_size for name in ("ids", "offsets", "lines"))
    published = PUBLISHED_LENGTH * setup.published.n_symbols * 4
    what = f"store of {len(store):,} molecules on disk"
    return [Row.of_sizes(what, "float32 one-hot", "bytes/molecule", size / len(store), published)]


def memory(setup: Setup) -> list[Row]:
    """Peak memory of a fresh process during encoding, above its memory before."""
    if not Path("/proc/self/status").exists():
        return []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "molecules.smi"
        texts = list(itertools.islice(setup.source.texts(), MEMORY_STRINGS))
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        peaks = []
        for encode in (_encode_to_store, _encode_to_one_hot):
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                peaks.append(pool.submit(_peak, encode, path, Path(folder)).result())
    what = f"peak memory, encoding {len(texts):,} molecules"
    return [Row.of_sizes(what, "to float32 one-hot", "MB", *(peak / 1e6 for peak in peaks))]


def _encode_to_store(path: Path) -> None:
    build_store(load_grammar("smiles"), Source(path), form="as-written", n_jobs=1)


def _encode_to_one_hot(path: Path) -> None:
    grammar = load_grammar("smiles-gvae")
    texts = list(Source(path).texts())
    encoded = codec.encode(grammar, texts, max_length=PUBLISHED_LENGTH, on_invalid="skip")
    one_hot(encoded.derivations, grammar)


def _peak(encode: Callable[[Path], None], path: Path, cache: Path) -> int:
    """Growth in bytes of the process's peak resident memory, after a warm-up on a small file."""
    os.environ[CACHE_HOME] = str(cache)
    small = path.with_name("few.smi")
    small.write_text("CCO\nc1ccccc1\n")
    encode(small)
    before = _process_size("VmRSS")
    encode(path)
    return max(1, _process_size("VmHWM") - before)


def _process_size(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


COMPARISONS: dict[str, Callable[[Setup], list[Row]]] = {
    "nltk": parsing_and_nltk,
    "rdkit": parsing_and_rdkit,
    "encode": encoding,
    "train": training,
    "decode": decoding,
    "sample": sampling,
    "disk": disk,
    "memory": memory,
}


def main() -> None:
    """Runs the benchmarks and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="wehi", help="data set or file of molecules")
    parser.add_argument("--run", type=Path, help="folder of a run, to benchmark its sampling too")
    parser.add_argument("--threads", type=int, help="number of torch threads")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of each comparison; the median is reported")
    parser.add_argument("--only", nargs="*", choices=list(COMPARISONS), default=list(COMPARISONS))
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="FILE", help="write JSON to FILE; without FILE, print it, not the table"
    )
    arguments = parser.parse_args()

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        setup = Setup(arguments.data, arguments.rounds, arguments.run)
    except GraeError as error:
        sys.exit(f"bench: {error}")
    rows: list[Row] = []
    for name in arguments.only:
        began = time.perf_counter()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        rows += COMPARISONS[name](setup)
        print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)

    threads = torch.get_num_threads()
    bf16 = "bf16" if use_bf16("auto", CPU) else "fp32"
    machine = {"cpus": os.cpu_count(), "threads": threads, "precision": bf16, "system": platform.platform()}
    machine |= {"python": platform.python_version(), "torch": torch.__version__, "load": os.getloadavg()[0]}
    report = {"data": setup.source.name, "machine": machine, "rows": [row.as_json() for row in rows]}
    if arguments.json == "-":
        print(json.dumps(report, indent=2))
        return
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    Console(width=None if sys.stdout.isatty() else 140).print(
        table(rows, f"{setup.source.name}, {threads} threads, {bf16}, torch {torch.__version__}")
    )


if __name__ == "__main__":
    main()
