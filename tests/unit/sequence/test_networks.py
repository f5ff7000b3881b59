"""Encoders, decoders and the reconstruction loss."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import log_softmax

from grae.autoencoder import model_named
from grae.errors import SettingsError
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence.decoders import MaskedCrossEntropy, ParallelDecoder, RecurrentDecoder
from grae.sequence.encoders import RecurrentEncoder
from grae.sequence.network import build
from grae.sequence.pushdown import GrammarTensors, decode
from grae.sequence.settings import PAPER_EXPRESSIONS, PAPER_MOLECULES, RecurrentArchitecture, Weights, preset_named

ARITHMETIC = load_grammar("arithmetic")
SMALL = RecurrentArchitecture(latent_dim=8, embedding=16, encoder_hidden=16, hidden=32)
NO_WEIGHTS = Weights(beta=0.0, lambda_=0.0)


def batch_of(derivations, length=None):
    ids = np.full((len(derivations), length or max(map(len, derivations))), ARITHMETIC.pad, np.int64)
    for row, derivation in zip(ids, derivations, strict=True):
        row[: len(derivation)] = derivation
    return {"ids": torch.from_numpy(ids)}


@pytest.fixture(scope="module")
def derivations():
    return sample_uniform(ARITHMETIC, 40, 15, 0)


def test_features_do_not_depend_on_the_padding(derivations):
    torch.manual_seed(0)
    encoder = RecurrentEncoder(ARITHMETIC.n_symbols, ARITHMETIC.pad, embedding=8, hidden=8)
    together = encoder(batch_of(derivations, length=22))
    assert together.shape == (40, encoder.n_features)
    for row, derivation in zip(together, derivations, strict=True):
        torch.testing.assert_close(encoder(batch_of([derivation]))[0], row)


def test_steps_one_by_one_give_the_logits_of_all_at_once(derivations):
    torch.manual_seed(0)
    tensors = GrammarTensors(ARITHMETIC)
    batch = batch_of(derivations)
    z = torch.randn(40, 5)
    for decoder in (
        RecurrentDecoder(tensors, latent_dim=5, embedding=8, hidden=16),
        ParallelDecoder(ARITHMETIC.n_symbols, latent_dim=5, max_length=15, hidden=16, batch_norm=False),
    ):
        all_at_once = decoder(z, batch)
        state, previous = decoder.start(z), torch.full((40,), ARITHMETIC.pad)
        for step, ids in enumerate(batch["ids"].T):
            logits, state = decoder.step(state, previous, tensors.lhs[ids])
            torch.testing.assert_close(logits, all_at_once[:, step], atol=1e-5, rtol=1e-4)
            previous = ids


def test_the_loss_is_the_cross_entropy_among_productions_of_the_same_nonterminal(derivations):
    torch.manual_seed(0)
    tensors = GrammarTensors(ARITHMETIC)
    batch = batch_of(derivations)
    logits = torch.randn(*batch["ids"].shape, ARITHMETIC.n_symbols)
    total, right, steps, whole = 0.0, 0, 0, 0
    for row, derivation in enumerate(derivations):
        hits = 0
        for step, production in enumerate(derivation):
            rivals = [p.id for p in ARITHMETIC.productions if p.lhs == ARITHMETIC.productions[production].lhs]
            among = log_softmax(logits[row, step, rivals], dim=0)
            total -= among[rivals.index(production)].item()
            hits += int(among.argmax()) == rivals.index(production)
        right, steps, whole = right + hits, steps + len(derivation), whole + (hits == len(derivation))
    terms = MaskedCrossEntropy(tensors).eval()(logits, batch)
    assert terms["reconstruction"].item() == pytest.approx(total / len(derivations), rel=1e-5)
    assert terms["steps"].item() == pytest.approx(right / steps)
    assert terms["exact"].item() == pytest.approx(whole / len(derivations))


def test_exact_is_what_greedy_decoding_reconstructs(derivations):
    """A network trained for a moment, so that some derivations come back and others do not."""
    torch.manual_seed(0)
    network: Any = build(ARITHMETIC, model_named("grae"), SMALL, NO_WEIGHTS, 15)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    batch = batch_of(derivations)
    for _ in range(400):
        optimizer.zero_grad()
        terms = network(batch)
        terms["loss"].backward()
        optimizer.step()
        if terms["loss"] < 1.0:
            break
    network.eval()
    with torch.no_grad():
        exact = network(batch)["exact"].item()
        ids = decode(network.decoder, network.reconstruction.tensors, network.encode(batch), 15)
    same = [row[row != ARITHMETIC.pad].tolist() == list(d) for row, d in zip(ids, derivations, strict=True)]
    assert 0 < exact < 1
    assert np.mean(same) == pytest.approx(exact)


def test_the_published_networks_have_the_published_sizes():
    molecules: Any = build(load_grammar("smiles-gvae"), model_named("grae"), PAPER_MOLECULES, NO_WEIGHTS, 277)
    assert [tuple(layer.weight.shape) for layer in molecules.encoder.layers if hasattr(layer, "weight")] == [
        (9, 76, 9),
        (9, 9, 9),
        (10, 9, 11),
        (435, 10 * (277 - 8 - 8 - 10)),
    ]
    assert molecules.bottleneck.to_code.weight.shape == (56, 435)
    assert molecules.decoder.dense.weight.shape == (56, 56)
    assert [tuple(w.shape) for w in molecules.decoder.recurrence.parameters() if w.ndim == 2][::2] == [
        (3 * 501, 56),
        (3 * 501, 501),
        (3 * 501, 501),
    ]
    assert molecules.decoder.to_logits.weight.shape == (76, 501)
    expressions: Any = build(ARITHMETIC, model_named("grae"), PAPER_EXPRESSIONS, NO_WEIGHTS, 15)
    norms = [layer for layer in expressions.encoder.layers if isinstance(layer, torch.nn.BatchNorm1d)]
    assert [norm.num_features for norm in norms] == [2, 3, 4]
    assert expressions.encoder.layers[-2].weight.shape == (100, 4 * (15 - 1 - 2 - 3))
    assert isinstance(expressions.decoder.normalize, torch.nn.BatchNorm1d)


def test_convolutions_refuse_derivations_that_they_cannot_read():
    with pytest.raises(SettingsError, match="at least 27 steps, not 15"):
        build(ARITHMETIC, model_named("grae"), PAPER_MOLECULES, NO_WEIGHTS, 15)


def test_an_unknown_preset_is_an_error_that_suggests_one():
    with pytest.raises(SettingsError, match=r"unknown preset 'papers'.*\n.*did you mean 'paper'"):
        preset_named("papers", ARITHMETIC, model_named("grae"))
