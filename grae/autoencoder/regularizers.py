"""What smooths a decoder: a term of the loss (L_REG), a change to the network's weights, or neither.

A regularizer has two moments. `prepare` is called once, when an autoencoder is put together, and may change how its
networks compute their weights; `penalty` is called in each forward pass and gives L_REG, before its weight lambda.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Decode = Callable[[Tensor], Tensor]


class Regularizer:
    """No regularizer; the others change one of its two methods.

    Attributes:
        has_term: whether `penalty` is anything but 0, so that lambda has something to weigh.
        every: n where the penalty is computed on every n-th row of a batch, from the first on.
    """

    has_term = False
    every = 1

    def prepare(self, encoder: nn.Module, decoder: nn.Module) -> None:
        """Changes what it has to in the networks, once, before they are trained or get saved weights.

        Args:
            encoder: all that makes a code: the encoder and the bottleneck.
            decoder: the decoder.
        """

    def penalty(self, decoder: nn.Module, decode: Decode, z: Tensor) -> Tensor:
        """L_REG, a scalar.

        Args:
            decoder: its weights.
            decode: codes (B, D) -> what of the decoder's output for these rows counts, of any shape; may be called.
            z: (B, D) the codes of these rows.
        """
        return z.new_zeros((), dtype=torch.float32)


class Tikhonov(Regularizer):
    """||theta||^2 over the decoder's weight matrices and kernels; biases and gains are left free.

    Source: Ghosh et al. 2020, section 3.2 (RAE-L2).

    Args:
        kinds: only the weights of these kinds of layers, as the paper's image experiments take transposed convolutions
            alone; all of them when left out.
    """

    has_term = True

    def __init__(self, *kinds: type[nn.Module]) -> None:
        self.kinds = kinds or (nn.Module,)

    def penalty(self, decoder: nn.Module, decode: Decode, z: Tensor) -> Tensor:
        """See Regularizer."""
        squares = [getattr(layer, name).float().square().sum() for layer, name in _weights(decoder, self.kinds)]
        return torch.stack(squares).sum()


class GradientPenalty(Regularizer):
    """The squared norm of the gradient of the decoder's output in z, at z = E(x), mean over the batch.

    Source: Ghosh et al. 2020, section 3.2 (RAE-GP). The gradient is in z, not in x. It reaches the decoder's weights
    and, through z, the encoder's. For a decoder that sees the true productions before each step, the output is the
    logits of the steps that count, those productions given.

    The output has many numbers, and the squared norm of its whole Jacobian would take a backward pass for each. So the
    output is projected on one random direction v ~ N(0, I) a batch: the expectation of ||J^T v||^2 is the sum of
    squares of J. To differentiate a derivative is more than cuDNN's recurrent kernels can, so on a GPU the decoder is
    run for this term with PyTorch's own; the pass that makes the reconstruction keeps cuDNN. All of it is in full
    precision. With batch normalization in training mode, the rows of a batch depend on one another, and so does the
    gradient.

    Args:
        of: "projection" for the above; "energy" for the gradient of the sum of squares of the output, as the paper's
            image experiments have it, with the mean over the dimensions in place of the sum.
        every: see Regularizer. The derivative's derivative costs twice what the rest of a step does; of every fourth
            row, half of it.
    """

    has_term = True

    def __init__(self, of: Literal["projection", "energy"] = "projection", *, every: int = 1) -> None:
        self.of = of
        self.every = every

    def penalty(self, decoder: nn.Module, decode: Decode, z: Tensor) -> Tensor:
        """See Regularizer; works in validation too, where gradients are off."""
        with torch.enable_grad(), torch.autocast(z.device.type, enabled=False), _without_cudnn(z.device):
            at = z if z.requires_grad else z.detach().requires_grad_()
            at = at.to(torch.promote_types(at.dtype, torch.float32))
            output = decode(at)
            scalar = output.square() if self.of == "energy" else output * torch.randn_like(output)
            (gradient,) = torch.autograd.grad(scalar.sum(), at, create_graph=True)  # B D
        squares = gradient.square()
        return squares.mean() if self.of == "energy" else squares.sum(dim=1).mean()


class SpectralNormalization(Regularizer):
    """Each weight matrix divided by its largest singular value, by one power iteration a training step; L_REG is 0.

    Source: Ghosh et al. 2020, section 3.2 (RAE-SN); Miyato et al. 2018. A recurrent layer's matrices are normalized as
    they are stored, the gates' one above the other; a convolution's kernel as a matrix with a row for each filter, a
    transposed convolution's with a row for each channel that it takes: as published, k k out times in.
    The vectors of the power iteration are saved with the weights. `once` computes the normalized weights once for a
    whole forward pass, or for all of a decoding.

    Args:
        encoder: whether the encoder is normalized too, as in the paper's image experiments.
        embeddings: whether embeddings are, which are matrices that act on one-hot vectors; no code passes through them.
    """

    def __init__(self, *, encoder: bool = False, embeddings: bool = False) -> None:
        self.encoder = encoder
        self.embeddings = embeddings

    def prepare(self, encoder: nn.Module, decoder: nn.Module) -> None:
        """See Regularizer."""
        for network in (encoder, decoder) if self.encoder else (decoder,):
            for layer, name in list(_weights(network, (nn.Module,))):
                if self.embeddings or not isinstance(layer, nn.Embedding):
                    spectral_norm(layer, name, n_power_iterations=1, dim=0)


def _weights(network: nn.Module, kinds: tuple[type[nn.Module], ...]) -> Iterator[tuple[nn.Module, str]]:
    """Each weight matrix and kernel of a network, as its layer and its name there."""
    for layer in network.modules():
        if isinstance(layer, kinds):
            for name, weight in layer.named_parameters(recurse=False):
                if weight.ndim > 1:
                    yield layer, name


def _without_cudnn(device: torch.device) -> AbstractContextManager[object]:
    return torch.backends.cudnn.flags(enabled=False) if device.type == "cuda" else nullcontext()


REGULARIZERS: dict[str, type[Regularizer]] = {
    "none": Regularizer,
    "tikhonov": Tikhonov,
    "gradient-penalty": GradientPenalty,
    "spectral-norm": SpectralNormalization,
}
