"""Bottlenecks against closed forms, Monte Carlo and plain numpy."""

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from grae.autoencoder import BOTTLENECKS, ConstantVariance, Deterministic, Gaussian, Noisy, Wasserstein
from grae.autoencoder.bottleneck_options import OPTIONS
from grae.autoencoder.discrepancy import SCALES, mean_discrepancy
from grae.errors import SettingsError

FEATURES = torch.randn(64, 6, generator=torch.Generator().manual_seed(0))


def made(kind: Any, **settings: Any) -> Any:
    torch.manual_seed(1)
    return kind(6, 4, **settings)


class TestDeterministic:
    def test_penalty_in_both_reductions(self):
        z = made(Deterministic).encode(FEATURES)
        code, penalty, _ = made(Deterministic)(FEATURES)
        torch.testing.assert_close(code, z)
        torch.testing.assert_close(penalty, 0.5 * (z.norm(dim=1) ** 2).sum() / 64)
        torch.testing.assert_close(made(Deterministic, reduction="mean")(FEATURES).penalty, z.square().sum() / (64 * 4))


class TestNoisy:
    def test_noise_has_its_width_in_training_and_is_absent_in_evaluation(self):
        bottleneck = made(Noisy, noise=0.3)
        z = bottleneck.encode(FEATURES)
        drawn = torch.stack([bottleneck(FEATURES).z - z for _ in range(200)])
        assert drawn.mean().item() == pytest.approx(0, abs=0.01)
        assert drawn.std().item() == pytest.approx(0.3, rel=0.02)
        bottleneck.eval()
        torch.testing.assert_close(bottleneck(FEATURES).z, z)

    def test_penalty_is_that_of_the_code_without_noise(self):
        bottleneck = made(Noisy, noise=2.0)
        torch.testing.assert_close(bottleneck(FEATURES).penalty, made(Deterministic)(FEATURES).penalty)


class TestGaussian:
    @pytest.mark.parametrize("bound", [None, 5.0])
    def test_penalty_is_torchs_divergence(self, bound):
        bottleneck = made(Gaussian, log_sigma_bound=bound)
        mean, log_sigma = bottleneck.posterior(FEATURES)
        posterior, prior = Normal(mean, log_sigma.exp()), Normal(0.0, 1.0)
        each = kl_divergence(posterior, prior)
        torch.testing.assert_close(bottleneck(FEATURES).penalty, each.sum(dim=1).mean())
        averaged = made(Gaussian, log_sigma_bound=bound, reduction="mean")
        torch.testing.assert_close(averaged(FEATURES).penalty, each.mean())

    def test_penalty_is_the_mean_log_ratio_of_draws(self):
        bottleneck = made(Gaussian)
        mean, log_sigma = bottleneck.posterior(FEATURES)
        posterior = Independent(Normal(mean, log_sigma.exp()), 1)
        draws = posterior.sample((4000,))
        prior = Independent(Normal(torch.zeros(4), 1.0), 1)
        ratio = (posterior.log_prob(draws) - prior.log_prob(draws)).mean()
        assert bottleneck(FEATURES).penalty.item() == pytest.approx(ratio.item(), rel=0.02)

    def test_codes_follow_the_posterior_times_the_noise_scale(self):
        bottleneck = made(Gaussian, noise=0.5)
        mean, log_sigma = bottleneck.posterior(FEATURES)
        drawn = torch.stack([bottleneck(FEATURES).z for _ in range(2000)])
        torch.testing.assert_close(drawn.mean(dim=0), mean, atol=0.06, rtol=0)
        torch.testing.assert_close(drawn.std(dim=0), 0.5 * log_sigma.exp(), atol=0, rtol=0.12)
        torch.testing.assert_close(bottleneck.eval()(FEATURES).z, mean)
        torch.testing.assert_close(bottleneck.encode(FEATURES), mean)

    def test_bound_holds_log_sigma(self):
        log_sigma = made(Gaussian, log_sigma_bound=5.0).posterior(1e4 * FEATURES)[1]
        assert log_sigma.abs().max() <= 5.0
        raw = made(Gaussian).to_scale(FEATURES)
        torch.testing.assert_close(made(Gaussian, log_sigma_bound=5.0).posterior(FEATURES)[1], 5 * torch.tanh(raw))


class TestConstantVariance:
    def test_penalty_is_torchs_divergence_and_its_gradient_that_of_half_the_squared_mean(self):
        bottleneck = made(ConstantVariance, noise=0.7)
        mean = bottleneck.encode(FEATURES)
        each = kl_divergence(Normal(mean, 0.7), Normal(0.0, 1.0))
        penalty = bottleneck(FEATURES).penalty
        torch.testing.assert_close(penalty, each.sum(dim=1).mean())
        torch.testing.assert_close(made(ConstantVariance, noise=0.7, reduction="mean")(FEATURES).penalty, each.mean())
        (gradient,) = torch.autograd.grad(penalty, bottleneck.to_code.weight)
        deterministic = made(Deterministic)
        (expected,) = torch.autograd.grad(deterministic(FEATURES).penalty, deterministic.to_code.weight)
        torch.testing.assert_close(gradient, expected)

    def test_noise_has_one_width(self):
        bottleneck = made(ConstantVariance, noise=0.7)
        drawn = torch.stack([bottleneck(FEATURES).z - bottleneck.encode(FEATURES) for _ in range(200)])
        assert drawn.std().item() == pytest.approx(0.7, rel=0.02)


class TestWasserstein:
    def test_penalty_is_the_discrepancy_to_draws_of_the_prior(self):
        bottleneck = made(Wasserstein)
        torch.manual_seed(5)
        code, penalty, _ = bottleneck(FEATURES)
        torch.testing.assert_close(code, bottleneck.encode(FEATURES))
        torch.manual_seed(5)
        torch.testing.assert_close(penalty, mean_discrepancy(code, torch.randn(64, 4)))

    def test_a_batch_of_one_is_an_error_with_a_remedy(self):
        with pytest.raises(SettingsError, match=r"needs two codes.*holds 1\n.*batch size"):
            made(Wasserstein)(FEATURES[:1])


class TestDiscrepancy:
    def test_is_the_sum_over_pairs(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(7, 3)), 0.5 * rng.normal(size=(5, 3)) + 1
        total = 0.0
        for scale in SCALES:
            c = 2 * 3 * scale
            kernel = [[[c / (c + np.sum((p - q) ** 2)) for q in b] for p in a] for a, b in ((x, x), (y, y), (x, y))]
            within_x, within_y, between = map(np.array, kernel)
            total += (within_x.sum() - np.trace(within_x)) / (7 * 6)
            total += (within_y.sum() - np.trace(within_y)) / (5 * 4) - 2 * between.sum() / (7 * 5)
        found = mean_discrepancy(torch.tensor(x), torch.tensor(y))
        assert found.item() == pytest.approx(total, rel=1e-9)

    def test_is_unbiased_and_grows_with_the_distance(self):
        generator = torch.Generator().manual_seed(0)

        def draws(shift):
            pairs = [torch.randn(2, 20, 3, generator=generator) for _ in range(400)]
            return torch.stack([mean_discrepancy(pair[0] + shift, pair[1]) for pair in pairs])

        same, near, far = draws(0.0), draws(0.3), draws(2.0)
        assert abs(same.mean()) < 3 * same.std() / math.sqrt(400)
        assert same.min() < 0 < near.mean() < far.mean()

    def test_is_zero_in_expectation_for_one_gaussian_alone(self):
        """A closed form: the kernel's mean over two draws from N(0, I) in two dimensions, ||x - y||^2 ~ 4 Exp(1)."""
        from scipy.special import exp1

        c = 2 * 2 * 1.0
        mean_kernel = (c / 4) * math.exp(c / 4) * exp1(c / 4)
        x = torch.randn(1500, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        far = torch.full((1500, 2), 1e6, dtype=torch.float64)
        found = mean_discrepancy(x, far, [1.0]) - 1.0  # the far points' kernel is 1 within, 0 between
        assert found.item() == pytest.approx(mean_kernel, rel=0.02)

    def test_bears_equal_codes_and_bfloat16_autocast(self):
        x = torch.ones(8, 3, requires_grad=True)
        y = torch.randn(8, 3)
        expected = mean_discrepancy(x, y)
        with torch.autocast("cpu", torch.bfloat16):
            found = mean_discrepancy(x, y)
        torch.testing.assert_close(found, expected)
        found.backward()
        assert torch.isfinite(x.grad).all()  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Noisy, {"noise": -1.0}, "noise is -1.0; expected a number that is at least 0"),
        (Gaussian, {"noise": -0.1}, "at least 0"),
        (Gaussian, {"log_sigma_bound": 0.0}, "log_sigma_bound is 0.0; expected a number that is positive"),
        (ConstantVariance, {"noise": 0.0}, "positive"),
        (ConstantVariance, {"noise": math.nan}, "positive"),
    ],
)
def test_settings_out_of_range(kind, settings, message):
    with pytest.raises(SettingsError, match=message):
        made(kind, **settings)


@pytest.mark.parametrize("name", BOTTLENECKS)
def test_the_table_of_options_says_what_each_class_takes(name):
    taken = inspect.signature(BOTTLENECKS[name]).parameters
    options = OPTIONS[name]
    noise = "none" if "noise" not in taken else "required" if taken["noise"].default is inspect._empty else "optional"
    assert (options.noise, options.reduction) == (noise, "reduction" in taken)
    assert options.log_sigma_bound == ("log_sigma_bound" in taken)
