"""The Inception network of the Frechet inception distance, ported from TensorFlow, without weights.

Source: Szegedy et al. 2016 (Inception v3), with the peculiarities of TensorFlow's graph of 2015-12-05: average pooling
excludes the padding, and the last block's pooling is a maximum. The classifier is omitted. Layers are named as in
torchvision, in the order of TensorFlow.

For speed, batch normalization is folded into the convolutions (see `inception_weights`), activations are channels-last
with in-place ReLU, and average pooling is applied after the 1x1 convolution that follows it, which is equivalent and
has fewer channels.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from grae.images.projectors.given import in_colour
from grae.images.projectors.scaling import Scaling, scaled


class Convolution(NamedTuple):
    """A convolution with ReLU: name, filters, kernel, stride and padding.

    Padding None means "same" at stride 1 and no padding at stride 2.
    """

    name: str
    filters: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: int | None = None


class Pool(NamedTuple):
    """A 3x3 pooling, average or maximum; at stride 1 it keeps the size."""

    kind: str
    stride: int = 1


Fork = tuple[Convolution, Convolution]  # two branches whose outputs are concatenated
Step = Convolution | Pool | Fork
Branches = Sequence[Sequence[Step]]

AVERAGE, MAXIMUM, HALVING = Pool("average"), Pool("maximum"), Pool("maximum", 2)
C = Convolution


def _block_a(pooled: int) -> Branches:
    return (
        [C("branch1x1", 64)],
        [C("branch5x5_1", 48), C("branch5x5_2", 64, (5, 5))],
        [C("branch3x3dbl_1", 64), C("branch3x3dbl_2", 96, (3, 3)), C("branch3x3dbl_3", 96, (3, 3))],
        [AVERAGE, C("branch_pool", pooled)],
    )


def _block_c(width: int) -> Branches:
    wide, high = (1, 7), (7, 1)
    return (
        [C("branch1x1", 192)],
        [C("branch7x7_1", width), C("branch7x7_2", width, wide), C("branch7x7_3", 192, high)],
        [
            C("branch7x7dbl_1", width),
            C("branch7x7dbl_2", width, high),
            C("branch7x7dbl_3", width, wide),
            C("branch7x7dbl_4", width, high),
            C("branch7x7dbl_5", 192, wide),
        ],
        [AVERAGE, C("branch_pool", 192)],
    )


def _block_e(pool: Pool) -> Branches:
    wide, high = (1, 3), (3, 1)
    return (
        [C("branch1x1", 320)],
        [C("branch3x3_1", 384), (C("branch3x3_2a", 384, wide), C("branch3x3_2b", 384, high))],
        [
            C("branch3x3dbl_1", 448),
            C("branch3x3dbl_2", 384, (3, 3)),
            (C("branch3x3dbl_3a", 384, wide), C("branch3x3dbl_3b", 384, high)),
        ],
        [pool, C("branch_pool", 192)],
    )


BLOCK_B: Branches = (
    [C("branch3x3", 384, (3, 3), 2)],
    [C("branch3x3dbl_1", 64), C("branch3x3dbl_2", 96, (3, 3)), C("branch3x3dbl_3", 96, (3, 3), 2)],
    [HALVING],
)
BLOCK_D: Branches = (
    [C("branch3x3_1", 192), C("branch3x3_2", 320, (3, 3), 2)],
    [
        C("branch7x7x3_1", 192),
        C("branch7x7x3_2", 192, (1, 7)),
        C("branch7x7x3_3", 192, (7, 1)),
        C("branch7x7x3_4", 192, (3, 3), 2),
    ],
    [HALVING],
)
STEM: Sequence[Step] = (
    C("Conv2d_1a_3x3", 32, (3, 3), 2),
    C("Conv2d_2a_3x3", 32, (3, 3), 1, 0),
    C("Conv2d_2b_3x3", 64, (3, 3)),
    HALVING,
    C("Conv2d_3b_1x1", 80),
    C("Conv2d_4a_3x3", 192, (3, 3), 1, 0),
    HALVING,
)
BLOCKS: dict[str, Branches] = {
    "Mixed_5b": _block_a(32),
    "Mixed_5c": _block_a(64),
    "Mixed_5d": _block_a(64),
    "Mixed_6a": BLOCK_B,
    "Mixed_6b": _block_c(128),
    "Mixed_6c": _block_c(160),
    "Mixed_6d": _block_c(160),
    "Mixed_6e": _block_c(192),
    "Mixed_7a": BLOCK_D,
    "Mixed_7b": _block_e(AVERAGE),
    "Mixed_7c": _block_e(MAXIMUM),
}


class Inception(nn.Module):
    """The network; features are the global average of the last block's 2,048 channels (pool3).

    Args:
        scaling: how images are scaled to 299x299.
    """

    def __init__(self, scaling: Scaling = "tensorflow") -> None:
        super().__init__()
        self.scaling: Scaling = scaling
        n = _add(self, STEM, 3)
        for name, branches in BLOCKS.items():
            block = _Block(branches, n)
            self.add_module(name, block)
            n = block.n_out

    def layers(self) -> list[tuple[str, nn.Conv2d]]:
        """Its convolutions by name, in TensorFlow's order."""
        return [(name, layer) for name, layer in self.named_modules() if isinstance(layer, nn.Conv2d)]

    def features(self, x: Tensor) -> Tensor:
        """Features (B, 2048) of images (B, C, H, W) in 0..1, converted to RGB and scaled to 299x299."""
        x = in_colour(scaled(x, self.scaling)).to(self.layers()[0][1].weight.dtype)
        x = _run(self, STEM, x.contiguous(memory_format=torch.channels_last))
        for name in BLOCKS:
            x = self.get_submodule(name)(x)
        return x.float().mean(dim=(2, 3))


class _Block(nn.Module):
    """Parallel branches whose outputs are concatenated."""

    def __init__(self, branches: Branches, n_in: int) -> None:
        super().__init__()
        self.branches = branches
        self.n_out = sum(_add(self, branch, n_in) for branch in branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([_run(self, branch, x) for branch in self.branches], dim=1)


def _layer(n_in: int, about: Convolution) -> nn.Conv2d:
    same = tuple((side - 1) // 2 for side in about.kernel) if about.stride == 1 else (0, 0)
    padding: Any = same if about.padding is None else about.padding
    return nn.Conv2d(n_in, about.filters, about.kernel, stride=about.stride, padding=padding)


def _add(module: nn.Module, steps: Sequence[Step], n: int) -> int:
    """Adds the layers of the steps, with n input channels, to a module; returns the number of output channels."""
    for step in steps:
        if isinstance(step, Convolution):
            module.add_module(step.name, _layer(n, step))
            n = step.filters
        elif not isinstance(step, Pool):
            for convolution in step:
                module.add_module(convolution.name, _layer(n, convolution))
            n = sum(convolution.filters for convolution in step)
    return n


def _run(module: nn.Module, steps: Sequence[Step], x: Tensor) -> Tensor:
    """Applies the steps, with the layers of a module, to an input."""
    before: Step | None = None
    for step in steps:
        if isinstance(step, Convolution):
            x = module.get_submodule(step.name)(x)
            x = (_pooled(x, AVERAGE) if before == AVERAGE else x).relu_()
        elif isinstance(step, Pool):
            x = x if step == AVERAGE else _pooled(x, step)  # averages: after the 1x1 convolution that follows
        else:
            x = torch.cat([module.get_submodule(convolution.name)(x).relu_() for convolution in step], dim=1)
        before = step
    return x


def _pooled(x: Tensor, pool: Pool) -> Tensor:
    padding = 1 if pool.stride == 1 else 0
    if pool.kind == "average":
        return avg_pool2d(x, 3, stride=pool.stride, padding=padding, count_include_pad=False)
    return max_pool2d(x, 3, stride=pool.stride, padding=padding)
