"""Variants of the default network: reconstruction accuracy on held-out molecules at equal training time.

    python tests/benchmarks/architectures.py --minutes 4 --data zinc250k

Each variant differs from the default in one respect. Results are printed as a Markdown table, best first.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from grae.autoencoder import Autoencoder, Deterministic, Tikhonov, model_named
from grae.constraints import written_labels
from grae.datasets.sources import open_source
from grae.datasets.split import make_split
from grae.datasets.store import build_store
from grae.grammar import load_grammar
from grae.grammar.motifs import apply_motifs, learn_motifs
from grae.sequence.architecture import RecurrentArchitecture
from grae.sequence.batches import DerivationBatches
from grae.sequence.coding import mean_losses
from grae.sequence.decoders import MaskedCrossEntropy, RecurrentDecoder
from grae.sequence.encoders import RecurrentEncoder
from grae.sequence.pushdown import GrammarTensors
from grae.sequence.settings import preset_named
from grae.training.loop import train


class LastState(nn.Module):
    """Unidirectional GRU of twice the width; the features are the last state."""

    def __init__(self, n_symbols: int, pad: int, *, embedding: int, hidden: int) -> None:
        super().__init__()
        self.pad = pad
        self.n_features = 2 * hidden
        self.production = nn.Embedding(n_symbols, embedding)
        self.recurrence = nn.GRU(embedding, 2 * hidden, batch_first=True)

    def forward(self, batch):
        ids = batch["ids"]
        states, _ = self.recurrence(self.production(ids))
        last = (ids != self.pad).sum(dim=1) - 1
        return states[torch.arange(len(ids)), last]


class Attention(nn.Module):
    """Two transformer layers with learned position embeddings; the features are mean and maximum over the steps."""

    def __init__(self, n_symbols: int, pad: int, *, embedding: int, hidden: int) -> None:
        super().__init__()
        self.pad = pad
        self.n_features = 2 * hidden
        self.production = nn.Embedding(n_symbols, hidden)
        self.position = nn.Embedding(512, hidden)
        layer = nn.TransformerEncoderLayer(hidden, 4, 2 * hidden, 0.0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, batch):
        ids = batch["ids"]
        valid = ids != self.pad
        inputs = self.production(ids) + self.position(torch.arange(ids.shape[1]))
        states = self.layers(inputs, src_key_padding_mask=~valid)
        mean = states.masked_fill(~valid[..., None], 0).sum(dim=1) / valid.sum(dim=1)[:, None]
        return torch.cat([mean, states.masked_fill(~valid[..., None], -torch.inf).amax(dim=1)], dim=-1)


class CodeAtStart(RecurrentDecoder):
    """The code determines only the initial state; it is not an input of each step."""

    def _inputs(self, previous: Tensor, nonterminal: Tensor, code: Tensor, owed: Tensor, height: Tensor) -> Tensor:
        return super()._inputs(previous, nonterminal, 0 * code, owed, height)


class Blind(RecurrentDecoder):
    """Decoder without its previous production as input, like the published one."""

    def _inputs(self, previous: Tensor, nonterminal: Tensor, code: Tensor, owed: Tensor, height: Tensor) -> Tensor:
        nothing = torch.full_like(previous, self.tensors.pad)
        return super()._inputs(nothing, nonterminal, code, owed, height)


@dataclass(frozen=True)
class Variant:
    about: str
    encoder: Callable[..., nn.Module] = RecurrentEncoder
    decoder: type[RecurrentDecoder] = RecurrentDecoder
    sizes: tuple[tuple[str, int], ...] = ()
    training: tuple[tuple[str, float], ...] = ()


VARIANTS = {
    "default": Variant(
        "bidirectional GRU 256, mean and maximum; GRU 512 with production, nonterminal and code as inputs"
    ),
    "last-state": Variant("encoder: one direction, 512, last state", encoder=LastState),
    "attention": Variant("encoder: two transformer layers of width 256", encoder=Attention),
    "code-at-start": Variant("decoder: code only as initial state", decoder=CodeAtStart),
    "blind": Variant("decoder: without its previous production as input", decoder=Blind),
    "narrow": Variant("decoder: GRU 256", sizes=(("hidden", 256),)),
    "wide": Variant("decoder: GRU 768", sizes=(("hidden", 768),)),
    "batch-128": Variant("batch size 128", training=(("batch_size", 128),)),
    "batch-512": Variant("batch size 512", training=(("batch_size", 512),)),
    "rate-1e-3": Variant("learning rate 1e-3", training=(("learning_rate", 1e-3),)),
    "rate-4e-3": Variant("learning rate 4e-3", training=(("learning_rate", 4e-3),)),
}


def main() -> None:
    """Trains each variant and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--data", default="zinc250k")
    parser.add_argument("--grammar", default="smiles")
    parser.add_argument("--motifs", type=int, default=1000)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    plain = load_grammar(arguments.grammar)
    derivations = build_store(plain, open_source(arguments.data)).derivations
    split = make_split(derivations, seed=arguments.seed)
    grammar = plain.extend(learn_motifs(plain, derivations[split.train], arguments.motifs))
    derivations = apply_motifs(grammar, derivations, n_jobs=-1)
    preset = preset_named("default", grammar, model_named("grae"))
    print(f"{len(derivations):,} strings, {derivations.lengths.mean():.1f} steps on average, "
          f"{arguments.minutes:g} minutes each, {torch.get_num_threads()} threads", file=sys.stderr)  # fmt: skip

    rows = []
    for name in arguments.variants:
        variant = VARIANTS[name]
        architecture = RecurrentArchitecture.model_validate(
            {"latent_dim": preset.architecture.latent_dim, **dict(variant.sizes)}
        )
        torch.manual_seed(arguments.seed)
        tensors = GrammarTensors(grammar)
        encoder = variant.encoder(
            grammar.n_symbols, grammar.pad, embedding=architecture.embedding, hidden=architecture.encoder_hidden
        )
        decoder = variant.decoder(
            tensors,
            latent_dim=architecture.latent_dim,
            embedding=architecture.embedding,
            hidden=architecture.hidden,
            labels=written_labels(grammar),
            depth=True,
        )
        network = Autoencoder(
            encoder,
            Deterministic(encoder.n_features, architecture.latent_dim),  # pyright: ignore[reportArgumentType]
            decoder,
            MaskedCrossEntropy(tensors),
            Tikhonov(),
            beta=preset.weights.beta,
            lambda_=preset.weights.lambda_,
        )
        training = preset.training.replace(
            time_budget=arguments.minutes,
            validate_every_seconds=60 * arguments.minutes,  # once, at the end
            seed=arguments.seed,
            **dict(variant.training),
        )
        batches = DerivationBatches(
            derivations, split.train, pad=grammar.pad, batch_size=training.batch_size, seed=arguments.seed
        )
        held_out = DerivationBatches(derivations, split.validation, pad=grammar.pad, batch_size=512)
        result = train(network, batches, training, validate=mean_losses(held_out))
        rate = len(split.train) * result.epochs / result.seconds
        size = sum(weight.numel() for weight in network.parameters()) / 1e6
        rows.append((result.best["exact"], name, variant.about, size, rate, result.best["reconstruction"]))
        print(rows[-1], file=sys.stderr, flush=True)

    print("| variant | | parameters | molecules/s | nats | reconstruction accuracy |\n|---|---|---|---|---|---|")
    for exact, name, about, size, rate, nats in sorted(rows, reverse=True):
        print(f"| {name} | {about} | {size:.1f} M | {rate:.0f} | {nats:.2f} | {100 * exact:.1f} % |")


if __name__ == "__main__":
    main()
