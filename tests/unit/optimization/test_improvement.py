"""The expected improvement against its integral, its expansion and another implementation of it."""

import importlib

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from grae.optimization.improvement import log_improvement


@pytest.mark.parametrize(
    ("mean", "deviation", "incumbent"), [(0.0, 1.0, 0.5), (2.0, 0.3, 1.0), (0.0, 1.0, 4.9), (0.0, 2.0, 9.9)]
)
def test_expected_improvement_is_its_integral(mean, deviation, incumbent):
    gain, _ = quad(
        lambda y: (y - incumbent) * norm.pdf(y, mean, deviation), incumbent, max(incumbent, mean) + 12 * deviation
    )
    value = log_improvement(torch.tensor([mean]).double(), torch.tensor([deviation]).double(), incumbent)
    assert value.item() == pytest.approx(np.log(gain), rel=1e-4)


def test_it_is_botorchs_everywhere():
    importlib.import_module("grae.optimization.surrogate")  # imports botorch without torch's warning
    analytic = importlib.import_module("botorch.acquisition.analytic")
    u = torch.cat([-torch.logspace(9, -3, 200, dtype=torch.float64), torch.linspace(0, 20, 50, dtype=torch.float64)])
    torch.testing.assert_close(
        log_improvement(u, torch.ones_like(u), 0.0), analytic._log_ei_helper(u), rtol=1e-9, atol=1e-9
    )


def test_far_below_the_incumbent_the_improvement_has_a_slope():
    mean = torch.linspace(-60, -4, 300, dtype=torch.float64).requires_grad_()
    values = log_improvement(mean, torch.ones(300, dtype=torch.float64), 0.0)
    assert torch.isfinite(values).all()
    assert (values.diff() > 0).all()
    values.sum().backward()
    assert mean.grad is not None
    assert (mean.grad > 0).all()
    expected = [norm.logpdf(u) - 2 * np.log(u) + np.log1p(-3 / u**2) for u in (8.0, 20.0)]
    found = log_improvement(torch.tensor([-8.0, -20.0]).double(), torch.ones(2).double(), 0.0)
    np.testing.assert_allclose(found.numpy(), expected, atol=0.004)


def test_beyond_double_precision_it_still_falls():
    mean = torch.tensor([-1e4, -9.9e5, -1.01e6, -1e8, -1e12], dtype=torch.float64).requires_grad_()
    values = log_improvement(mean, torch.ones(5, dtype=torch.float64), 0.0)
    assert (values.diff() < 0).all()
    values.sum().backward()
    assert mean.grad is not None
    assert (mean.grad > 0).all()
