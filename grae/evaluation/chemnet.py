"""The Fréchet ChemNet distance (Preuer et al., J. Chem. Inf. Model. 58, 2018), with the network of the package `fcd`.

MOSES pads each SMILES to 350 characters before the network reads it, and the activations depend on the padding; here
longer SMILES are padded to their own length, so that they do not affect others.
"""

from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from grae.errors import MissingExtraError
from grae.evaluation.descriptions import Progress
from grae.evaluation.resampling import Subsamples
from grae.frechet import Moments, frechet_distance

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 512  # width of the activations
PADDED = 350  # characters
BATCH = 256
HALVES_AT_ONCE = 25  # 50 MB
MODEL = "ChemNet_v0.13_pretrained.pt"


class Sums(NamedTuple):
    """Additive sufficient statistics for the moments of activations.

    Attributes:
        n: (1,) int64, number of activations.
        total: (512,) float64, their sum.
        products: (512, 512) float64, the sum of their outer products.
    """

    n: np.ndarray
    total: np.ndarray
    products: np.ndarray

    @classmethod
    def none(cls) -> Self:
        """The sums of an empty set of activations."""
        return cls(np.zeros(1, np.int64), np.zeros(WIDTH), np.zeros((WIDTH, WIDTH)))

    @property
    def moments(self) -> Moments:
        """Mean and covariance."""
        return Moments.of_sums(int(self.n[0]), self.total, self.products)


def has_fcd() -> bool:
    """Whether the extra `fcd` is installed."""
    return find_spec("fcd") is not None


class ChemNet:
    """The network on a device.

    Args:
        device: torch device.

    Raises:
        MissingExtraError: the extra `fcd` is not installed.
    """

    def __init__(self, device: str = "cpu") -> None:
        if not has_fcd():
            raise MissingExtraError("fcd", "fcd")
        from fcd import load_ref_model

        with resources.as_file(resources.files("fcd") / MODEL) as path:
            self._network: Any = load_ref_model(str(path)).to(device)
        self._device = device
        self._tails: dict[int, _Tail] = {}

    def activations(self, smiles: Sequence[str], *, progress: Progress | None = None) -> np.ndarray:
        """The activations of canonical SMILES, (n, 512) float32."""
        values = np.empty((len(smiles), WIDTH), np.float32)
        for rows, part in self._parts(smiles, progress):
            values[rows] = part
        return values

    def sums(self, smiles: Sequence[str], weights: np.ndarray, *, progress: Progress | None = None) -> Sums:
        """The sums of the activations of canonical SMILES, weighted by counts `weights`, (n,) ints.

        One batch is in memory at a time.
        """
        total, products = np.zeros(WIDTH), np.zeros((WIDTH, WIDTH))
        for rows, part in self._parts(smiles, progress):
            weighted = part.astype(np.float64) * weights[rows, None]
            total += weighted.sum(axis=0)
            products += weighted.T @ part.astype(np.float64)
        return Sums(np.array([weights.sum()], np.int64), total, products)

    def _parts(self, smiles: Sequence[str], progress: Progress | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows and their activations, in batches of SMILES of similar length."""
        from fcd.utils import get_one_hot

        lengths = np.array([len(text) + 1 for text in smiles])  # with the end token
        padded = np.maximum(lengths, PADDED)
        order = np.argsort(lengths, kind="stable")
        done = 0
        for width in np.unique(padded).tolist():
            rows = order[padded[order] == width]
            for first in range(0, len(rows), BATCH):
                chosen = rows[first : first + BATCH]
                read = np.stack([get_one_hot(str(smiles[row]), int(lengths[chosen].max())) for row in chosen])  # B L 35
                yield chosen, self._run((read / read.shape[2]).astype(np.float32), width).cpu().numpy()
                done += len(chosen)
                if progress is not None:
                    progress(done / len(smiles))

    def _run(self, one_hot: np.ndarray, width: int) -> "Tensor":
        """Runs the network on one-hot strings (B, L, 35) padded to `width` characters; returns (B, 512).

        The convolutions have no bias, so that beyond the string the inputs of the first recurrent layer are zeros. This
        layer runs backward, so that its states there are the same for all strings and are computed once (`_Tail`), as
        are the inputs there of the second layer, which runs forward.
        """
        import torch

        if width not in self._tails:
            self._tails[width] = _Tail.of(self._network, width, self._device)
        tail = self._tails[width]
        convolutions, backwards, forwards = self._network[:6], self._network[8], self._network[11]
        with torch.inference_mode():
            x = torch.from_numpy(one_hot).to(self._device).transpose(1, 2)  # B 35 L
            x = torch.nn.functional.pad(x, (0, width - x.shape[2]))
            x = convolutions(x).transpose(1, 2)  # B S 32
            steps = min(x.shape[1], one_hot.shape[1] // 4 + 2)  # steps whose receptive field includes the string
            start = tuple(state[:, len(tail) - steps].expand(1, len(x), -1).contiguous() for state in tail.states)
            x, _ = backwards(x[:, :steps].flip(1), start)
            _, (h, c) = forwards(x.flip(1))  # 1 B 512
            h, c = h[0], c[0]
            for gates in tail.gates[steps:]:  # 2048
                i, f, g, o = torch.addmm(gates, h, tail.recurrent).chunk(4, dim=1)
                c = f.sigmoid_().mul_(c).addcmul_(i.sigmoid_(), g.tanh_())
                h = o.sigmoid_().mul_(c.tanh())
            return h


class _Tail(NamedTuple):
    """States of the recurrent layers on padding, for a padded width of S steps.

    Attributes:
        states: outputs and cells of the backward layer after 0, 1, ..., S steps of padding, (1, S + 1, 128) each.
        gates: contributions of padding inputs and biases to the gates of the forward layer at each step, (S, 2048).
        recurrent: recurrent weights of the forward layer, (512, 2048).
    """

    states: "tuple[Tensor, Tensor]"
    gates: "Tensor"
    recurrent: "Tensor"

    def __len__(self) -> int:
        return len(self.gates)

    @classmethod
    def of(cls, network: Any, width: int, device: str) -> "_Tail":
        """Runs the layers on padding."""
        import torch

        backwards, forwards = network[8], network[11]
        with torch.inference_mode():
            steps = network[:6](torch.zeros(1, 35, width, device=device)).shape[2]
            h = c = torch.zeros(1, 1, backwards.hidden_size, device=device)
            outputs, cells = [h], [c]
            for _ in range(steps):
                _, (h, c) = backwards(torch.zeros(1, 1, backwards.input_size, device=device), (h, c))
                outputs.append(h)
                cells.append(c)
            states = torch.cat(outputs, dim=1), torch.cat(cells, dim=1)
            inputs = states[0][0, 1:].flip(0)  # S 128; in order of time, the step computed last first
            gates = inputs @ forwards.weight_ih_l0.T + (forwards.bias_ih_l0 + forwards.bias_hh_l0)
            return cls(states, gates, forwards.weight_hh_l0.T.contiguous())


def distances_of_subsamples(reference: Moments, activations: np.ndarray, halves: Subsamples) -> np.ndarray:
    """The distance of the activations of each subsample to the reference, (B,)."""
    groups = halves.chosen.shape[1]
    totals, products = np.zeros((groups, WIDTH)), np.zeros((groups, WIDTH * WIDTH))
    for group in range(groups):
        members = activations[halves.group == group].astype(np.float64)
        totals[group], products[group] = members.sum(axis=0), (members.T @ members).ravel()
    distances: list[float] = []
    for first in range(0, len(halves.chosen), HALVES_AT_ONCE):
        chosen = halves.chosen[first : first + HALVES_AT_ONCE].astype(np.float64)  # B G
        sizes = halves.sizes[first : first + HALVES_AT_ONCE]
        for n, total, product in zip(sizes, chosen @ totals, chosen @ products, strict=True):
            half = Moments.of_sums(int(n), total, product.reshape(WIDTH, WIDTH))
            distances.append(frechet_distance(reference, half, quick=True))
    return np.array(distances)
