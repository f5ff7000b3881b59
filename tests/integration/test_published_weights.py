"""The published weights of the grammar variational autoencoder on expressions, in our network.

They are pretrained/eq_vae_grammar_h100_c234_L25_E50_batchB.hdf5 of mkusner/grammarVAE, commit ffffe27. Put the file
into `$GRAE_DATA_HOME/grammarvae/`; without it these tests are skipped.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from grae import GrammarAutoencoder, load_grammar
from grae.datasets import open_source
from grae.reproduction.validity import published_validity
from grae.sequence.keras_defaults import convolution_bound

SHA256 = "0106a31990c4ef84b30dd27c78422d45e237a9477a8db64ed224f015342f70dc"
FILE = "grammarvae/eq_vae_grammar_h100_c234_L25_E50_batchB.hdf5"


class Weights:
    """Arrays of a Keras 1 file by layer and by what they are, such as ("gru_1", "U_z")."""

    def __init__(self, path: Path) -> None:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path) as file:
            layers = file.get("model_weights", file)
            self.arrays = {name: np.asarray(layers[layer][name]) for layer in layers for name in layers[layer]}

    def __call__(self, layer: str, part: str) -> torch.Tensor:
        (name,) = [name for name in self.arrays if name.startswith(f"{layer}_{part}")]
        return torch.from_numpy(self.arrays[name])

    def state(self) -> dict[str, torch.Tensor]:
        """The weights under our names."""
        state = {}
        for number, (convolution, norm) in enumerate(((0, 2), (3, 5), (6, 8)), 1):
            kernel = self(f"conv_{number}", "W")[:, 0]  # width, in, out
            state[f"encoder.layers.{convolution}.weight"] = kernel.permute(2, 1, 0)
            state[f"encoder.layers.{convolution}.bias"] = self(f"conv_{number}", "b")
            state |= self._norm(f"encoder.layers.{norm}", f"batch_{number}")
        dense = self("dense_1", "W")  # steps x filters, filters innermost
        dense = dense.reshape(-1, 4, dense.shape[1]).permute(1, 0, 2).reshape(dense.shape)
        state |= {"encoder.layers.10.weight": dense.T, "encoder.layers.10.bias": self("dense_1", "b")}
        for ours, theirs in (("to_code", "z_mean"), ("to_scale", "z_log_var")):
            state |= self._dense(f"bottleneck.{ours}", theirs)
        state |= self._norm("decoder.normalize", "batch_4")
        state |= self._dense("decoder.dense", "latent_input") | self._dense("decoder.to_logits", "dense_2")
        for number in (1, 2, 3):
            layer, ours = f"gru_{number}", f"decoder.recurrence.{number - 1}"
            state[f"{ours}.gates"] = torch.cat([self(layer, "U_z").T, self(layer, "U_r").T])
            state[f"{ours}.candidate"] = self(layer, "U_h").T
            state[f"{ours}.gate_inputs.weight"] = torch.cat([self(layer, "W_z").T, self(layer, "W_r").T])
            state[f"{ours}.gate_inputs.bias"] = torch.cat([self(layer, "b_z"), self(layer, "b_r")])
            state[f"{ours}.candidate_inputs.weight"] = self(layer, "W_h").T
            state[f"{ours}.candidate_inputs.bias"] = self(layer, "b_h")
        return state

    def _dense(self, ours: str, theirs: str) -> dict[str, torch.Tensor]:
        return {f"{ours}.weight": self(theirs, "W").T, f"{ours}.bias": self(theirs, "b")}

    def _norm(self, ours: str, theirs: str) -> dict[str, torch.Tensor]:
        parts = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_std"}
        return {f"{ours}.{part}": self(theirs, name) for part, name in parts.items()}


@pytest.fixture(scope="module")
def published(data_home: Path) -> GrammarAutoencoder:
    """A model of the paper preset with the published weights."""
    path = data_home / FILE
    if not path.is_file():
        pytest.skip(f"needs {path}")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
    texts = list(open_source("expressions-published").texts())
    model = GrammarAutoencoder(load_grammar("arithmetic"), model="gvae", preset="paper", epochs=1, device="cpu")
    model.fit(texts[:2000])
    state = model.network_.state_dict()
    loaded = Weights(path).state()
    assert {name for name in state if not name.endswith("num_batches_tracked")} == loaded.keys()
    model.network_.load_state_dict(state | loaded)
    return model


@pytest.fixture(scope="module")
def held_out(data_home: Path) -> list[str]:
    """The last 3,000 published expressions, which the published training validated on."""
    return list(open_source("expressions-published").texts())[-3000:]


def test_they_reconstruct_what_they_did(published: GrammarAutoencoder, held_out: list[str]):
    """99.7 % of strings and 99.98 % of steps, as computed from the published weights in numpy."""
    assert published.score(held_out) == pytest.approx(0.997, abs=1e-3)
    derivations = published.derive(held_out).derivations
    ids = torch.from_numpy(derivations.padded(np.arange(3000), published.grammar_.pad).astype(np.int64))
    with torch.no_grad():
        terms = published.network_.eval()({"ids": ids})
    assert terms["steps"].item() == pytest.approx(0.9998, abs=1e-4)


def test_their_codes_have_the_published_spread(published: GrammarAutoencoder, held_out: list[str]):
    assert published.transform(held_out).std(axis=0).mean() == pytest.approx(0.087, abs=2e-3)


def test_their_samples_are_as_often_complete(published: GrammarAutoencoder, held_out: list[str]):
    """49 % of N(0, I), 97 % of a Gaussian, 99.6 % of a mixture, 90 % of the box; 99.3 % of its points of 25 draws."""
    texts = list(open_source("expressions-published").texts())[:30_000]
    for name in ("gaussian", "gmm"):
        published.fit_density(name, texts)
    rows = published_validity(published, published.transform(texts), points=2000, draws=25)
    complete = {row.codes: row.complete for row in rows}
    assert complete == pytest.approx({"N(0, I)": 0.49, "Gaussian": 0.97, "GMM-10": 0.996, "box": 0.90}, abs=0.02)
    assert rows[-1].points_complete == pytest.approx(0.993, abs=0.005)
    assert all(row.in_language == row.complete for row in rows)


def test_their_convolutions_have_kept_the_spread_that_ours_start_with(data_home: Path):
    """Kernels hardly move in training: each spread is nearer to that of our start than to the usual one."""
    path = data_home / FILE
    if not path.is_file():
        pytest.skip(f"needs {path}")
    weights = Weights(path)
    for name in ("conv_1", "conv_2", "conv_3"):
        kernel = weights(name, "W")[:, 0]  # width, in, out
        width, n_inputs, n_outputs = kernel.shape
        layer = torch.nn.Conv1d(n_inputs, n_outputs, width)
        usual = (6 / (width * (n_inputs + n_outputs))) ** 0.5
        spread = kernel.std().item() * 3**0.5
        assert abs(spread - convolution_bound(layer)) < abs(spread - usual)
