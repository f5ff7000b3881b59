"""beta led by a target of the rate."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from linear_networks import Decoder, Encoder
from torch.distributions import Normal, kl_divergence

from grae import GrammarAutoencoder
from grae.autoencoder import BOTTLENECKS, REGULARIZERS, Autoencoder
from grae.autoencoder.rate import LARGEST, SPEED, RateTarget
from grae.callbacks import Callback, Step
from grae.errors import SettingsError
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform


@pytest.mark.parametrize("kind", ["noisy", "constant-variance", "gaussian"])
@pytest.mark.parametrize("noise", [0.3, 1.0])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_rate_is_the_divergence_of_the_noisy_codes(kind, noise, reduction):
    torch.manual_seed(0)
    made: Any = BOTTLENECKS[kind]
    bottleneck = made(6, 4, noise=noise, reduction=reduction)
    features = torch.randn(9, 6)
    mean, sigma = bottleneck.encode(features), torch.tensor(noise)
    if kind == "gaussian":
        sigma = noise * bottleneck.posterior(features)[1].exp()
    expected = kl_divergence(Normal(mean, sigma), Normal(0.0, 1.0)).sum(dim=1).mean()
    torch.testing.assert_close(bottleneck(features).rate, expected)


@pytest.mark.parametrize(("kind", "options"), [("deterministic", {}), ("noisy", {"noise": 0.0}), ("wasserstein", {})])
def test_without_noise_there_is_no_rate(kind, options):
    assert BOTTLENECKS[kind](6, 4, **options)(torch.randn(9, 6)).rate is None


def test_beta_moves_against_the_excess():
    target = RateTarget(10.0, beta=0.1)
    for rate, factor in ((20.0, math.exp(SPEED * math.log(2))), (1e4, math.exp(SPEED)), (0.0, math.exp(-SPEED))):
        before = target(torch.tensor(rate))
        torch.testing.assert_close(target(torch.tensor(10.0)), before * factor)
    target.log_factor.fill_(math.log(LARGEST))
    target(torch.tensor(1e4))
    torch.testing.assert_close(target(torch.tensor(10.0)), torch.tensor(0.1 * LARGEST))


def test_in_evaluation_mode_beta_is_the_initial_one():
    target = RateTarget(10.0, beta=0.1)
    target(torch.tensor(1e4))
    held = target.state_dict()
    assert float(target.eval()(torch.tensor(1e4))) == pytest.approx(0.1)
    assert held.keys() == {"log_factor"}
    torch.testing.assert_close(target.log_factor, torch.tensor(SPEED))


def squared_error(output, batch):
    return {"reconstruction": 0.5 * (output - batch["x"]).square().sum(dim=1).mean()}


@pytest.mark.parametrize(("kind", "beta"), [("noisy", 0.1), ("gaussian", 3.0), ("constant-variance", 1e-3)])
def test_the_rate_reaches_its_target(kind, beta):
    torch.manual_seed(0)
    x = 3 * torch.randn(512, 4)
    made: Any = BOTTLENECKS[kind]
    coder = made(8, 4, noise=1.0 if kind != "constant-variance" else 0.5)
    model = Autoencoder(
        Encoder(4, 8), coder, Decoder(4, 4), squared_error, REGULARIZERS["none"](), beta=beta, lambda_=0.0, rate=5.0
    )
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    rates = []
    for _ in range(1500):
        terms = model({"x": x})
        adam.zero_grad()
        terms["loss"].backward()
        adam.step()
        rates.append(float(terms["rate"].detach()))
    assert sum(rates[-200:]) / 200 == pytest.approx(5.0, rel=0.05)


def expressions(n: int) -> list[str]:
    grammar = load_grammar("arithmetic")
    return [grammar.unparse(ids) for ids in sample_uniform(grammar, n, 9, 0)]


def small(**changed: Any) -> GrammarAutoencoder:
    settings: dict[str, Any] = {"preset": "quick", "latent_dim": 4, "motifs": 0, "epochs": 2, "batch_size": 32}
    settings |= {"architecture": {"hidden": 32}, "noise": 1.0, "beta": 0.2, "rate": 4.0}
    return GrammarAutoencoder("arithmetic", **settings | changed, device="cpu")


class Stopped(Exception):
    pass


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, step: Step) -> None:
        if step.step == self.step:
            raise Stopped


def test_a_resumed_run_continues_with_its_beta(tmp_path: Path):
    texts = expressions(200)
    whole = small().fit(texts)
    with pytest.raises(Stopped):
        small().fit(texts, run=tmp_path / "run", callbacks=[StopAt(4)])
    resumed = small().fit(texts, run=tmp_path / "run", resume=True)
    target: Any = whole.network_.rate_target
    assert whole.settings_.weights.rate == target.target == 4.0
    assert float(target.log_factor) != 0
    expected = whole.network_.state_dict()
    for model in (resumed, GrammarAutoencoder.load(tmp_path / "run", device="cpu")):
        for name, weight in model.network_.state_dict().items():
            assert torch.equal(weight, expected[name]), name


def test_fine_tuning_without_noise_is_refused_where_the_model_has_a_rate():
    model = small(epochs=1).fit(expressions(50))
    with pytest.raises(SettingsError, match="without noise on the codes there is no rate"):
        GrammarAutoencoder("arithmetic", epochs=1, noise=0.0, device="cpu").fit(expressions(50), warm_start=model)


def test_a_rate_requires_noise():
    with pytest.raises(SettingsError, match="without noise on the codes there is no rate"):
        small(noise=0.0).fit(expressions(50))
    with pytest.raises(SettingsError, match="a rate requires a beta above 0"):
        small(beta=0.0).fit(expressions(50))
