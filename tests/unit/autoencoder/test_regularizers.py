"""Regularizers: spectral norms against the singular values, gradients against finite differences."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from grae import files
from grae.autoencoder import (
    Autoencoder,
    Deterministic,
    GradientPenalty,
    Regularizer,
    SpectralNormalization,
    Tikhonov,
    once,
)
from grae.training.checkpoint import load_weights


class Encoder(nn.Linear):
    def forward(self, batch):
        return super().forward(batch["x"])


class Decoder(nn.Module):
    """A recurrent layer, an embedding and a dense layer, five outputs at each of three steps."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(3, 6)
        self.step = nn.Embedding(3, 6)
        self.recurrence = nn.GRU(6, 7, batch_first=True)
        self.to_output = nn.Linear(7, 5)

    def forward(self, z, batch):
        inputs = self.dense(z)[:, None] + self.step.weight
        return self.to_output(self.recurrence(inputs)[0])


def squared_error(output, batch):
    return {"reconstruction": (output.float() - batch["y"]).square().sum(dim=(1, 2)).mean()}


def made(regularizer, **settings) -> Any:
    torch.manual_seed(1)
    return Autoencoder(
        Encoder(5, 4), Deterministic(4, 3), Decoder(), squared_error, regularizer, beta=0.1, lambda_=0.01, **settings
    )


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return {"x": torch.randn(9, 5, generator=generator), "y": torch.randn(9, 3, 5, generator=generator)}


def jacobian_by_differences(model, batch, h=1e-5):
    """d output / d z of each row, (B, 15, D) float64, by central differences."""
    model = model.double()
    double = {name: value.double() for name, value in batch.items()}
    with torch.no_grad():
        z = model.encode(double)
        columns = []
        for dimension in range(z.shape[1]):
            shift = torch.zeros_like(z)
            shift[:, dimension] = h
            above, below = model.decoder(z + shift, double), model.decoder(z - shift, double)
            columns.append(((above - below) / (2 * h)).flatten(1))
    return torch.stack(columns, dim=-1).numpy()


class TestTikhonov:
    def test_takes_all_matrices_or_those_of_some_layers(self, batch):
        model = made(Tikhonov())
        d = model.decoder
        dense = sum(float(np.square(w.detach().numpy()).sum()) for w in (d.dense.weight, d.to_output.weight))
        recurrent = sum(
            float(np.square(w.detach().numpy()).sum()) for w in (d.recurrence.weight_ih_l0, d.recurrence.weight_hh_l0)
        )
        embedded = float(np.square(d.step.weight.detach().numpy()).sum())
        assert model(batch)["regularization"].item() == pytest.approx(dense + recurrent + embedded, rel=1e-5)
        assert made(Tikhonov(nn.Linear))(batch)["regularization"].item() == pytest.approx(dense, rel=1e-5)


class TestGradientPenalty:
    def test_its_expectation_is_the_squared_jacobian(self, batch):
        model = made(GradientPenalty()).eval()
        values = [model(batch)["regularization"].item() for _ in range(3000)]
        expected = np.square(jacobian_by_differences(model, batch)).sum(axis=(1, 2)).mean()
        assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / np.sqrt(3000))
        assert np.mean(values) == pytest.approx(expected, rel=0.05)

    def test_energy_is_the_gradient_of_the_squared_output(self, batch):
        model = made(GradientPenalty("energy"))
        found = model(batch)["regularization"].item()
        jacobian = jacobian_by_differences(model, batch)
        double = {name: value.double() for name, value in batch.items()}
        output = model.decoder(model.encode(double), double).flatten(1).detach().numpy()
        gradient = 2 * np.einsum("bo,bod->bd", output, jacobian)
        assert found == pytest.approx(np.square(gradient).mean(), rel=1e-4)

    def test_its_own_gradient_is_that_of_a_finite_difference(self, batch):
        """In the weights of the decoder, and in those of the encoder, which move z."""
        model = made(GradientPenalty("energy")).double()
        batch = {name: value.double() for name, value in batch.items()}
        value = model(batch)["regularization"]
        weights = [model.decoder.recurrence.weight_hh_l0, model.decoder.to_output.weight, model.encoder.weight]
        gradients = torch.autograd.grad(value, weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            direction = torch.randn_like(weight)
            sides = []
            for sign in (1, -1):
                with torch.no_grad():
                    weight += sign * 1e-4 * direction
                    sides.append(model(batch)["regularization"].item())
                    weight -= sign * 1e-4 * direction
            by_difference = (sides[0] - sides[1]) / 2e-4
            assert by_difference == pytest.approx((gradient * direction).sum().item(), rel=1e-3, abs=1e-7)

    def test_looks_only_at_what_counts(self, batch):
        first_step = made(GradientPenalty("energy"), counted=lambda output, batch: output[:, 0])
        z = first_step.encode(batch).detach().requires_grad_()
        energy = first_step.decoder(z, batch)[:, 0].square().sum()
        (gradient,) = torch.autograd.grad(energy, z)
        torch.testing.assert_close(first_step(batch)["regularization"], gradient.square().mean())

    @pytest.mark.parametrize("every", [1, 2, 4, 20])
    def test_of_some_rows_is_that_of_a_batch_of_these(self, batch, every):
        rows = {name: value[::every] for name, value in batch.items()}
        found = made(GradientPenalty("energy", every=every))(batch)
        alone = made(GradientPenalty("energy"))(rows)
        torch.testing.assert_close(found["regularization"], alone["regularization"])
        torch.testing.assert_close(found["reconstruction"], made(Regularizer())(batch)["reconstruction"])

    def test_is_the_same_in_bfloat16_and_without_gradients(self, batch):
        model = made(GradientPenalty("energy"))
        z, decode = model.encode(batch).detach(), lambda codes: model.decoder(codes, batch)
        expected = model.regularizer.penalty(model.decoder, decode, z)
        with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
            torch.testing.assert_close(model.regularizer.penalty(model.decoder, decode, z), expected.detach())
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(batch)["loss"]
        loss.backward()
        assert all(torch.isfinite(weight.grad).all() for weight in model.parameters())


def normalized_weights(model: nn.Module) -> dict[str, np.ndarray]:
    """Each normalized weight as the matrix that is normalized."""
    with once(model), torch.no_grad():
        return {
            f"{place}.{name}": getattr(layer, name).flatten(1).numpy()
            for place, layer in model.named_modules()
            if parametrize.is_parametrized(layer)
            for name in layer.parametrizations  # pyright: ignore[reportGeneralTypeIssues]
        }


class TestSpectralNormalization:
    def test_reaches_the_matrices_that_are_meant(self):
        decoder = {
            "decoder.dense.weight",
            "decoder.recurrence.weight_ih_l0",
            "decoder.recurrence.weight_hh_l0",
            "decoder.to_output.weight",
        }
        assert normalized_weights(made(SpectralNormalization())).keys() == decoder
        both = normalized_weights(made(SpectralNormalization(encoder=True, embeddings=True)))
        assert both.keys() == {*decoder, "decoder.step.weight", "encoder.weight", "bottleneck.to_code.weight"}

    def test_each_largest_singular_value_is_one_after_some_steps(self, batch):
        model = made(SpectralNormalization())
        optimizer = torch.optim.SGD(model.parameters(), 1e-3)
        for _ in range(30):
            model(batch)["loss"].backward()
            optimizer.step()
            optimizer.zero_grad()
        model.eval()
        for name, weight in normalized_weights(model).items():
            assert np.linalg.svd(weight, compute_uv=False)[0] == pytest.approx(1, abs=2e-2), name

    def test_what_a_recurrent_layer_computes_with_is_normalized(self, batch):
        """nn.GRU keeps a list of its weights of its own, which a parametrization does not replace by itself."""
        model: Any = made(SpectralNormalization()).eval()
        plain: Any = Decoder()
        with once(model):
            for name, parameter in plain.named_parameters():
                place, _, last = name.rpartition(".")
                parameter.data.copy_(getattr(model.decoder.get_submodule(place), last))
            z = model.encode(batch)
            torch.testing.assert_close(model.decoder(z, batch), plain(z, batch))
        assert np.linalg.svd(plain.recurrence.weight_ih_l0.detach().numpy(), compute_uv=False)[0] == pytest.approx(
            1, abs=1e-3
        )

    def test_a_convolution_is_normalized_as_a_matrix_of_filters_a_transposed_one_of_its_inputs(self):
        """Of the published transposed kernels (k k out) x in, and of kernels (k k in) x out."""
        convolution, transposed = nn.Conv2d(3, 8, 4), nn.ConvTranspose2d(3, 8, 4)
        SpectralNormalization().prepare(nn.Identity(), nn.ModuleList([convolution, transposed]))
        with torch.no_grad():
            for _ in range(100):
                matrices = convolution.weight.flatten(1), transposed.weight.flatten(1)
        for matrix in matrices:
            assert np.linalg.svd(matrix.numpy(), compute_uv=False)[0] == pytest.approx(1, abs=1e-2)
        other = transposed.weight.detach().transpose(0, 1).flatten(1)
        assert abs(np.linalg.svd(other.numpy(), compute_uv=False)[0] - 1) > 0.1

    def test_one_forward_pass_is_one_power_iteration(self, batch):
        model = made(SpectralNormalization())
        vectors: Any = model.decoder.recurrence.parametrizations.weight_hh_l0[0]
        weight = model.decoder.recurrence.parametrizations.weight_hh_l0.original.detach().numpy()
        with torch.no_grad():
            vectors._u.copy_(nn.functional.normalize(torch.arange(21.0), dim=0))
            vectors._v.copy_(nn.functional.normalize(torch.arange(7.0), dim=0))
        v = vectors._v.numpy().copy()
        model(batch)
        u = weight @ v
        u /= np.linalg.norm(u)
        np.testing.assert_allclose(vectors._u.numpy(), u, rtol=1e-5)
        v = weight.T @ u
        np.testing.assert_allclose(vectors._v.numpy(), v / np.linalg.norm(v), rtol=1e-5)

    def test_survives_a_file(self, batch, tmp_path):
        model = made(SpectralNormalization())
        model(batch)["loss"].backward()
        files.write_tensors(tmp_path / "model.safetensors", model.state_dict())
        arrays, _ = files.read_tensors(tmp_path / "model.safetensors")
        torch.manual_seed(99)
        loaded = Autoencoder(
            Encoder(5, 4),
            Deterministic(4, 3),
            Decoder(),
            squared_error,
            SpectralNormalization(),
            beta=0.1,
            lambda_=0.01,
        )
        load_weights(loaded, arrays, "the file")
        for name, value in loaded.eval()(batch).items():
            torch.testing.assert_close(value, model.eval()(batch)[name], rtol=0, atol=0)

    def test_trains_in_bfloat16(self, batch):
        model = made(SpectralNormalization())
        with torch.autocast("cpu", torch.bfloat16):
            terms = model(batch)
        terms["loss"].backward()
        gradient = model.decoder.recurrence.parametrizations.weight_hh_l0.original.grad
        assert gradient.abs().max() > 0
        assert terms["regularization"] == 0

    def test_a_weight_is_computed_once_in_a_decoding(self, batch, monkeypatch):
        model = made(SpectralNormalization()).eval()
        calls = []
        kind = type(model.decoder.to_output.parametrizations.weight[0])
        forward = kind.forward
        monkeypatch.setattr(kind, "forward", lambda self, weight: calls.append(1) or forward(self, weight))
        z = model.encode(batch)
        with torch.inference_mode(), once(model.decoder):
            for _ in range(10):
                model.decoder(z, batch)
        assert len(calls) == 4
