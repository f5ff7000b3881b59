"""Regularizers of the decoder: a term of the loss (L_REG), a reparametrization of the network's weights, or neither.

`prepare` is called once, when the autoencoder is built, and may change how its networks compute their weights;
`penalty` is called in each forward pass and computes L_REG, before its weight lambda.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

Decode = Callable[[Tensor], Tensor]


class Regularizer:
    """No regularizer; subclasses override one of the two methods.

    Attributes:
        has_term: whether `penalty` can be nonzero, so that lambda has an effect.
        every: n if the penalty is computed on every n-th row of a batch, starting with the first.
    """

    has_term = False
    every = 1

    def prepare(self, encoder: nn.Module, decoder: nn.Module) -> None:
        """Changes the networks in place, before they are trained or weights are loaded.

        Args:
            encoder: everything that computes a code: the encoder and the bottleneck.
            decoder: the decoder.
        """

    def penalty(self, decoder: nn.Module, decode: Decode, z: Tensor) -> Tensor:
        """L_REG, a scalar.

        Args:
            decoder: the decoder, for its weights.
            decode: maps codes (B, D) to the part of the decoder's output that counts for these rows, of any shape.
            z: (B, D) the codes of these rows.
        """
        return z.new_zeros((), dtype=torch.float32)


class Tikhonov(Regularizer):
    """||theta||^2 over the decoder's weight matrices and kernels, without biases and gains.

    Source: Ghosh et al. 2020, section 3.2 (RAE-L2).

    Args:
        kinds: only the weights of these types of layers, such as transposed convolutions in the paper's image
            experiments; defaults to all.
    """

    has_term = True

    def __init__(self, *kinds: type[nn.Module]) -> None:
        self.kinds = kinds or (nn.Module,)

    def penalty(self, decoder: nn.Module, decode: Decode, z: Tensor) -> Tensor:
        """See Regularizer."""
        squares = [getattr(layer, name).float().square().sum() for layer, name in _weights(decoder, self.kinds)]
        return torch.stack(squares).sum()


class GradientPenalty(Regularizer):
    """The squared norm of the gradient of the decoder's output with respect to z, at z = E(x), mean over the batch.

    Source: Ghosh et al. 2020, section 3.2 (RAE-GP). The gradient is with respect to z, not x. The penalty trains the
    decoder's weights and, through z, the encoder's. For a teacher-forced decoder the output is the logits of the steps
    that count, given the true productions.

    The squared Frobenius norm of the Jacobian J would take a backward pass per output. It is estimated with one random
    direction v ~ N(0, I) per batch: the expectation of ||J^T v||^2 is the sum of squares of J. cuDNN's recurrent
    kernels have no second derivative, so on a GPU the decoder is run for this term with PyTorch's own kernels; the
    reconstruction still uses cuDNN. The term is computed in full precision. With batch normalization in training mode
    the rows of a batch depend on one another, and so does the gradient.

    Args:
        of: "projection" for the estimate above; "energy" for the gradient of the output's sum of squares, as in the
            paper's image experiments, averaged over the dimensions instead of summed.
        every: see Regularizer. The second derivative costs twice as much as the rest of a step; on every fourth row,
            half as much.
    """

    has_term = True

    def __init__(self, of: Literal["projection", "energy"] = "projection", *, every: int = 1) -> None:
        self.of = of
        self.every = every

    def penalty(self, decoder: nn.Module, decode: Decode, z: Tensor) -> Tensor:
        """See Regularizer; also works in validation, where gradients are disabled."""
        with torch.enable_grad(), torch.autocast(z.device.type, enabled=False), _without_cudnn(z.device):
            at = z if z.requires_grad else z.detach().requires_grad_()
            at = at.to(torch.promote_types(at.dtype, torch.float32))
            output = decode(at)
            scalar = output.square() if self.of == "energy" else output * torch.randn_like(output)
            (gradient,) = torch.autograd.grad(scalar.sum(), at, create_graph=True)  # B D
        squares = gradient.square()
        return squares.mean() if self.of == "energy" else squares.sum(dim=1).mean()


class SpectralNormalization(Regularizer):
    """Divides each weight matrix by its largest singular value, with one power iteration per training step; L_REG is 0.

    Source: Ghosh et al. 2020, section 3.2 (RAE-SN); Miyato et al. 2018. A recurrent layer's matrices are normalized as
    stored, with the gates stacked; a convolution's kernel as a matrix with one row per output channel, a transposed
    convolution's with one row per input channel, as published (k k out times in). The vectors of the power iteration
    are saved with the weights. `once` computes the normalized weights once per forward pass, or once for a whole
    decoding.

    Args:
        encoder: whether the encoder is normalized too, as in the paper's image experiments.
        embeddings: whether embeddings are normalized, which are matrices applied to one-hot vectors; codes do not pass
            through them.
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
    """Each weight matrix and kernel of a network, with its layer and its name in the layer."""
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
