"""Encoder, decoder and reconstruction error of images; activations are channels-last throughout.

Padding is that of the published networks ("same" in TensorFlow): a convolution of stride 2 halves a side, its transpose
doubles it, and odd padding is larger at the bottom and on the right.
Source: Ghosh et al. 2020, appendix; parameters of batch normalization and initial weights (Glorot uniform, biases 0)
are the defaults of their framework.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from grae.autoencoder.composition import Batch
from grae.images.recipes import Scale

EPSILON, MOMENTUM = 1e-3, 0.01  # of batch normalization


class ConvolutionalEncoder(nn.Module):
    """Convolutions of stride 2, each with batch normalization and ReLU; features are the flattened output.

    Args:
        side: height and width of the images in pixels.
        channels: number of channels of the images.
        filters: number of filters of each convolution.
        kernel: height and width of each kernel.
        rescale: whether pixels are rescaled from 0..1 to -1..1.
        noise: standard deviation of Gaussian noise added to the pixels (0..1) in training, clipped to one standard
            deviation; 0 for none.
    """

    def __init__(
        self, side: int, channels: int, *, filters: Sequence[int], kernel: int, rescale: bool, noise: float = 0.0
    ) -> None:
        super().__init__()
        self.rescale, self.noise = rescale, noise
        before, self.more = _padding(kernel, stride=2)
        inputs = [channels, *filters[:-1]]
        self.layers = nn.ModuleList(
            nn.Conv2d(n_in, n_out, kernel, stride=2, padding=before)
            for n_in, n_out in zip(inputs, filters, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(n, eps=EPSILON, momentum=MOMENTUM) for n in filters)
        self.n_features = filters[-1] * (side >> len(filters)) ** 2

    def forward(self, batch: Batch) -> Tensor:
        """Features (B, F) of `batch["images"]`, (B, C, H, W) uint8."""
        x = pixels(batch)
        if self.noise and self.training:
            x = x + (self.noise * torch.randn_like(x)).clamp(-self.noise, self.noise)
        x = 2 * x - 1 if self.rescale else x
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = pad(x, (0, self.more, 0, self.more)) if self.more else x
            x = relu(norm(layer(x)))  # B C H W, half as high and wide
        return x.flatten(1)


class ConvolutionalDecoder(nn.Module):
    """A dense layer, transposed convolutions of stride 2 (batch normalization, ReLU), and one of stride 1 (sigmoid).

    Args:
        side: height and width of the images in pixels.
        channels: number of channels of the images.
        latent_dim: width of a code, D.
        start: number of filters of the dense layer's output; each transposed convolution of stride 2 doubles its side.
        filters: number of filters of each transposed convolution of stride 2.
        kernel: height and width of each kernel.
    """

    def __init__(
        self, side: int, channels: int, *, latent_dim: int, start: int, filters: Sequence[int], kernel: int
    ) -> None:
        super().__init__()
        self.start_side = side >> len(filters)
        self.dense = nn.Linear(latent_dim, start * self.start_side**2)
        inputs = [start, *filters[:-1]]
        self.layers = nn.ModuleList(
            nn.ConvTranspose2d(n_in, n_out, kernel, stride=2, padding=_padding(kernel, stride=2)[0])
            for n_in, n_out in zip(inputs, filters, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(n, eps=EPSILON, momentum=MOMENTUM) for n in filters)
        self.last = nn.ConvTranspose2d(filters[-1], channels, kernel, padding=_padding(kernel, stride=1)[0])

    def forward(self, z: Tensor, batch: Batch) -> Tensor:
        """Images (B, C, H, W) in 0..1 from codes (B, D); the batch is ignored."""
        side = self.start_side
        x = self.dense(z).unflatten(1, (side, side, -1)).permute(0, 3, 1, 2)  # B C H W, channels last
        for layer, norm in zip(self.layers, self.norms, strict=True):
            side *= 2
            x = relu(norm(_cut(layer(x), side)))
        x = _cut(self.last(x), side)
        return torch.sigmoid(x.float())


class SquaredError(nn.Module):
    """L_REC: the squared error of pixels, averaged over the batch, times a weight.

    In evaluation mode "mse", the unweighted mean over pixels and channels, is returned too.

    Args:
        scale: "mean", over pixels and channels; "sum", over the pixels of the mean over the channels; or
            "sum-channels", over both.
        weight: factor on the error.
    """

    def __init__(self, scale: Scale, weight: float = 1.0) -> None:
        super().__init__()
        self.scale, self.weight = scale, weight

    def forward(self, output: Tensor, batch: Batch) -> dict[str, Tensor]:
        """The loss terms, scalars, of images (B, C, H, W) in 0..1 against `batch["images"]`."""
        mean = (output.float() - pixels(batch)).square().mean()
        summed = {"mean": 1, "sum": output[0, 0].numel(), "sum-channels": output[0].numel()}[self.scale]
        terms = {"reconstruction": self.weight * summed * mean}
        return terms if self.training else terms | {"mse": mean}


def pixels(batch: Batch) -> Tensor:
    """`batch["images"]`, uint8, as float32 in 0..1."""
    return batch["images"].float() / 255


def initialize(*networks: nn.Module) -> None:
    """Initializes dense and convolutional layers from the Glorot uniform distribution; biases are 0."""
    for network in networks:
        for layer in network.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(layer.weight)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)


def _padding(kernel: int, stride: int) -> tuple[int, int]:
    """The padding under which a side divisible by the stride becomes side / stride.

    Returns:
        Pixels at both ends, which the layers add themselves; further pixels on the right and at the bottom.
    """
    total = max(kernel - stride, 0)
    return total // 2, total - 2 * (total // 2)


def _cut(x: Tensor, side: int) -> Tensor:
    """Crops the last row and column of a transposed convolution's output where padding is odd.

    The result is copied: batch normalization is ten times slower on a view of a larger tensor.
    """
    if x.shape[-1] == side:
        return x
    return x[..., :side, :side].contiguous(memory_format=torch.channels_last)
