"""Encoders, decoders and the reconstruction loss."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import log_softmax

from grae.autoencoder import MODELS, GradientPenalty, model_named
from grae.errors import SettingsError
from grae.estimator.objective import LossWeights
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence.architecture import PaperArchitecture, RecurrentArchitecture
from grae.sequence.build import build
from grae.sequence.decoders import MaskedBinaryCrossEntropy, MaskedCrossEntropy, ParallelDecoder, RecurrentDecoder
from grae.sequence.encoders import RecurrentEncoder
from grae.sequence.pushdown import GrammarTensors, Pushdown, decode
from grae.sequence.settings import PRESETS, preset_named

ARITHMETIC = load_grammar("arithmetic")
PAPER_MOLECULES, PAPER_EXPRESSIONS = (PaperArchitecture.on(name) for name in ("molecules", "expressions"))
SMALL = RecurrentArchitecture(latent_dim=8, embedding=16, encoder_hidden=16, hidden=32)
NO_WEIGHTS = LossWeights(beta=0.0, lambda_=0.0)


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
    labels = np.random.default_rng(0).random((ARITHMETIC.n_productions, 3)) < 0.3
    for decoder in (
        RecurrentDecoder(tensors, latent_dim=5, embedding=8, hidden=16),
        RecurrentDecoder(tensors, latent_dim=5, embedding=8, hidden=16, depth=True),
        RecurrentDecoder(tensors, latent_dim=5, embedding=8, hidden=16, labels=labels, depth=True),
        ParallelDecoder(tensors, latent_dim=5, max_length=15, hidden=16, batch_norm=False),
    ):
        all_at_once = decoder(z, batch)
        state, previous = decoder.start(z), torch.full((40,), ARITHMETIC.pad)
        for step, ids in enumerate(batch["ids"].T):
            logits, state = decoder.step(state, previous, tensors.lhs[ids])
            torch.testing.assert_close(logits, all_at_once[:, step], atol=1e-5, rtol=1e-4)
            previous = ids


def test_the_decoder_is_told_what_is_left_and_owed(derivations):
    """Against a pushdown machine, and against the parity of what was written."""
    torch.manual_seed(0)
    tensors = GrammarTensors(ARITHMETIC)
    labels = np.random.default_rng(1).random((ARITHMETIC.n_productions, 3)) < 0.3
    decoder = RecurrentDecoder(tensors, latent_dim=5, embedding=8, hidden=16, labels=labels, depth=True)
    ids = batch_of(derivations)["ids"]
    machine = Pushdown(tensors, len(ids), ids.shape[1])
    written = np.concatenate([labels, np.zeros((ARITHMETIC.n_symbols - len(labels), 3), bool)])
    counts = np.zeros((len(ids), 3), int)
    state, previous = decoder.start(torch.zeros(len(ids), 5)), torch.full((len(ids),), ARITHMETIC.pad)
    for step in ids.T:
        going = machine.height > 0
        _, state = decoder.step(state, previous, machine.current)
        _, _, owed, height = state
        torch.testing.assert_close(height[going], machine.height[going])
        np.testing.assert_array_equal(owed.numpy(), counts % 2)
        machine.expand(machine.current, step)
        counts += written[step] & (step != ARITHMETIC.pad).numpy()[:, None]
        previous = step


def test_dropout_hides_previous_productions_in_training_alone(derivations):
    tensors, batch = GrammarTensors(ARITHMETIC), batch_of(derivations)
    decoder = RecurrentDecoder(tensors, latent_dim=5, embedding=8, hidden=16, dropout=0.5)
    z = torch.zeros(len(batch["ids"]), 5)
    assert not torch.equal(decoder(z, batch), decoder(z, batch))
    decoder.eval()
    assert torch.equal(decoder(z, batch), decoder(z, batch))


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


def test_the_published_loss_is_longest_times_the_mean_binary_cross_entropy(derivations):
    """As published, in plain numpy: over all 15 steps, the padding among them, and over all productions."""
    torch.manual_seed(0)
    tensors = GrammarTensors(ARITHMETIC)
    batch = batch_of(derivations)
    n_steps, n_symbols, longest = batch["ids"].shape[1], ARITHMETIC.n_symbols, 22
    logits = 3 * torch.randn(len(derivations), n_steps, n_symbols)
    ids = np.full((len(derivations), longest), ARITHMETIC.pad)
    ids[:, :n_steps] = batch["ids"]
    numbers = np.random.default_rng(0).normal(size=(*ids.shape, n_symbols))
    numbers[:, :n_steps] = logits
    mask = tensors.mask.numpy()[tensors.lhs.numpy()[ids]]
    probability = np.exp(numbers) * mask
    probability = (probability / probability.sum(axis=-1, keepdims=True)).clip(1e-12, 1 - 1e-7)
    true = np.eye(n_symbols)[ids]
    entropy = -(true * np.log(probability) + (1 - true) * np.log(1 - probability))
    found = MaskedBinaryCrossEntropy(tensors)(logits, batch)["reconstruction"]
    assert found.item() == pytest.approx(longest * entropy.mean(), rel=1e-4)


def test_the_published_loss_in_evaluation_tells_the_cross_entropy_too(derivations):
    torch.manual_seed(0)
    tensors, batch = GrammarTensors(ARITHMETIC), batch_of(derivations)
    logits = torch.randn(*batch["ids"].shape, ARITHMETIC.n_symbols)
    published = MaskedBinaryCrossEntropy(tensors).eval()(logits, batch)
    ours = MaskedCrossEntropy(tensors).eval()(logits, batch)
    torch.testing.assert_close(published["cross_entropy"], ours["reconstruction"])
    assert (published["exact"], published["steps"]) == (ours["exact"], ours["steps"])


def test_the_published_loss_has_a_finite_gradient_where_the_network_is_sure_and_wrong():
    tensors = GrammarTensors(ARITHMETIC)
    batch = batch_of([ARITHMETIC.parse("x")])
    logits = torch.full((1, 2, ARITHMETIC.n_symbols), -1e4)
    logits[:, :, :7] = 1e4
    logits.requires_grad_()
    MaskedBinaryCrossEntropy(tensors)(logits, batch)["reconstruction"].backward()
    assert torch.isfinite(logits.grad).all()  # pyright: ignore[reportArgumentType]


def test_the_gradient_penalty_looks_at_the_steps_that_count(derivations):
    """The padding behind a derivation changes nothing."""
    torch.manual_seed(0)
    network: Any = build(ARITHMETIC, model_named("rae-gp"), SMALL, LossWeights(beta=0.0, lambda_=1.0), 15)
    network.regularizer = GradientPenalty("energy")
    penalties = [network(batch_of(derivations[:5], length=length))["regularization"] for length in (15, 22)]
    torch.testing.assert_close(*penalties)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("preset", ["default", "paper"])
def test_each_model_learns_at_each_preset(name, preset, derivations):
    """The loss and its reconstruction fall in some steps on one batch; the weights are those of the preset."""
    model, batch = model_named(name), batch_of(derivations)
    settings = preset_named(preset, ARITHMETIC, model)
    torch.manual_seed(0)
    network: Any = build(
        ARITHMETIC,
        model,
        SMALL if preset == "default" else settings.architecture,
        settings.weights,
        15,
        bottleneck=settings.bottleneck,
        reconstruction=settings.reconstruction,
    )
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    before = network(batch)
    for _ in range(12):
        network(batch)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
    after = network(batch)
    assert after["reconstruction"] < before["reconstruction"]
    assert after["loss"] < before["loss"]
    assert (network.beta > 0) == model.weighs_embedding
    assert (after["regularization"] > 0) == (model.regularizer in ("tikhonov", "gradient-penalty"))
    if model.regularizer in ("tikhonov", "gradient-penalty"):
        assert network.lambda_ > 0


def test_noise_makes_a_deterministic_bottleneck_the_noisy_one():
    plain = preset_named("default", ARITHMETIC, model_named("grae")).bottleneck
    noisy = plain.with_noise(0.3)
    assert (plain.kind, noisy.kind, noisy.noise) == ("deterministic", "noisy", 0.3)
    assert noisy.with_noise(0.0).kind == "deterministic"
    assert plain.with_noise(None) == plain
    assert preset_named("paper", ARITHMETIC, model_named("gvae")).bottleneck.with_noise(0.5).noise == 0.5
    with pytest.raises(SettingsError, match="'wasserstein' has no noise"):
        preset_named("default", ARITHMETIC, model_named("wae")).bottleneck.with_noise(0.5)
    with pytest.raises(SettingsError, match="noise"):
        plain.with_noise(-1.0)


def test_the_published_loss_and_noise_of_the_paper_preset():
    for language, grammar in (("expressions", ARITHMETIC), ("molecules", load_grammar("smiles-gvae"))):
        for name in ("grae", "gvae", "gcvvae", "cvae"):
            preset = preset_named("paper", grammar, model_named(name))
            assert preset.reconstruction == "binary-cross-entropy"
            assert preset.bottleneck.reduction == "mean"
            assert preset.max_length == {"expressions": 15, "molecules": 277}[language]
            assert preset.least_length == (1 if name != "cvae" else {"expressions": 20, "molecules": 121}[language])
            assert preset.motifs == 0
            if name in ("gvae", "cvae"):
                assert (preset.bottleneck.noise, preset.weights.beta) == (0.01, 1.0)


def test_the_noise_of_grae_is_what_is_documented():
    """Ours on molecules has noise of 1 at beta 0.1; on other languages, and as published, the code has none."""
    molecules, grae = load_grammar("smiles"), model_named("grae")
    for name in ("default", "quick"):
        preset = preset_named(name, molecules, grae)
        assert (preset.bottleneck.kind, preset.bottleneck.noise) == ("noisy", 1.0)
        assert (preset.weights.beta, preset.weights.lambda_) == (0.1, 1e-7)
        other = preset_named(name, ARITHMETIC, grae)
        assert (other.bottleneck.kind, other.bottleneck.noise, other.weights.beta) == ("deterministic", None, 0.01)
        rae = preset_named(name, molecules, model_named("rae-l2"))
        assert (rae.bottleneck.kind, rae.weights.beta) == ("deterministic", 0.01)
    for grammar in (molecules, load_grammar("smiles-gvae"), ARITHMETIC):
        published = preset_named("paper", grammar, grae)
        assert (published.bottleneck.kind, published.bottleneck.noise) == ("deterministic", None)
        assert published.weights.beta == 0.001
    assert grae.density == "gmm"


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
    for unit, width in zip(molecules.decoder.recurrence, (56, 501, 501), strict=True):
        assert unit.gate_inputs.weight.shape == (2 * 501, width)
        assert unit.candidate_inputs.weight.shape == (501, width)
        assert unit.gates.shape == (2 * 501, 501)
        assert unit.candidate.shape == (501, 501)
    assert molecules.decoder.to_logits.weight.shape == (76, 501)
    expressions: Any = build(ARITHMETIC, model_named("grae"), PAPER_EXPRESSIONS, NO_WEIGHTS, 15)
    norms = [layer for layer in expressions.encoder.layers if isinstance(layer, torch.nn.BatchNorm1d)]
    assert [norm.num_features for norm in norms] == [2, 3, 4]
    assert expressions.encoder.layers[-2].weight.shape == (100, 4 * (15 - 1 - 2 - 3))
    assert isinstance(expressions.decoder.normalize, torch.nn.BatchNorm1d)
    assert all(norm.eps == 1e-3 and norm.momentum == 0.01 for norm in [*norms, expressions.decoder.normalize])


def test_the_published_networks_start_from_the_initial_weights_of_their_framework():
    """Bounds of Glorot and Bengio's uniform law; of convolutions, with the numbers that Keras 1.2.1 counts."""
    torch.manual_seed(0)
    network: Any = build(load_grammar("smiles-gvae"), model_named("gvae"), PAPER_MOLECULES, NO_WEIGHTS, 277)
    bounds = {
        network.encoder.layers[0]: (6 / (76 * 9 + 9 * 76 * 9)) ** 0.5,
        network.encoder.layers[-2]: (6 / (2510 + 435)) ** 0.5,
        network.bottleneck.to_code: (6 / (435 + 56)) ** 0.5,
        network.bottleneck.to_scale: (6 / (435 + 56)) ** 0.5,
        network.decoder.dense: (6 / (56 + 56)) ** 0.5,
        network.decoder.to_logits: (6 / (501 + 76)) ** 0.5,
    }
    for layer, bound in bounds.items():
        assert 0.97 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not layer.bias.any()
    assert network.decoder.recurrence[1].gates.abs().max() <= (6 / (501 + 501)) ** 0.5


def test_convolutions_refuse_derivations_that_they_cannot_read():
    with pytest.raises(SettingsError, match="at least 27 steps, not 15"):
        build(ARITHMETIC, model_named("grae"), PAPER_MOLECULES, NO_WEIGHTS, 15)


def test_an_unknown_preset_is_an_error_that_suggests_one():
    with pytest.raises(SettingsError, match=r"unknown preset 'papers'.*\n.*did you mean 'paper'"):
        preset_named("papers", ARITHMETIC, model_named("grae"))


@pytest.mark.parametrize("name", MODELS)
def test_every_row_has_the_bottleneck_and_the_noise_it_says_in_every_preset(name):
    row = model_named(name)
    for grammar in (ARITHMETIC, load_grammar("smiles")):
        for preset in PRESETS:
            defaults = row.paper if preset == "paper" else row.ours_on(grammar.language.name)
            chosen = preset_named(preset, grammar, row).bottleneck
            assert chosen.noise == defaults.noise
            noisy = row.bottleneck == "deterministic" and defaults.noise
            assert chosen.kind == ("noisy" if noisy else row.bottleneck)
