"""Architectures of published classifiers, so that their weights can be used as projectors."""

from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d, pad, relu

from grae.errors import DataError

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MNIST_MEAN, MNIST_DEVIATION = 0.1307, 0.3081
MNIST_SIDE, CIFAR_SIDE = 28, 32


class ResNet56(nn.Module):
    """ResNet-56 for 32x32 RGB images, with 64 features.

    Source: He et al. 2016, section 4.2, with parameter-free shortcuts (option A); parameters are named as in
    akamaster/pytorch_resnet_cifar10, whose inputs are standardized by ImageNet's statistics.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = _stage(16, 16), _stage(16, 32), _stage(32, 64)
        self.linear = nn.Linear(64, 10)

    def features(self, x: Tensor) -> Tensor:
        """Features (B, 64) of images (B, C, H, W) in 0..1, converted to RGB and scaled to 32x32."""
        x = in_colour(x)
        if x.shape[-2:] != (CIFAR_SIDE, CIFAR_SIDE):
            x = interpolate(x, (CIFAR_SIDE, CIFAR_SIDE), mode="bilinear", align_corners=False, antialias=True)
        mean, deviation = (x.new_tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_DEVIATION))
        x = relu(self.bn1(self.conv1((x - mean) / deviation)))
        return self.layer3(self.layer2(self.layer1(x))).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 10)."""
        return self.linear(self.features(x))


class _Block(nn.Module):
    """Two convolutions with a shortcut."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.stride, self.added = stride, n_out - n_in

    def forward(self, x: Tensor) -> Tensor:
        half = self.added // 2
        beside = pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, self.added - half))
        return relu(self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))) + beside)


def _stage(n_in: int, n_out: int) -> nn.Sequential:
    first = _Block(n_in, n_out, stride=1 if n_in == n_out else 2)
    return nn.Sequential(first, *(_Block(n_out, n_out, stride=1) for _ in range(8)))


class MnistCnn(nn.Module):
    """A convolutional network for MNIST's 28x28 pixels; features are the 500 outputs of its first dense layer.

    Parameters are named as in BoTorch's tutorials, whose inputs are standardized by MNIST's statistics.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.fc2 = nn.Linear(4 * 4 * 50, 500), nn.Linear(500, 10)

    def features(self, x: Tensor) -> Tensor:
        """Features (B, 500) of the central 28x28 pixels of grayscale images (B, 1, H, W) in 0..1."""
        if x.shape[1] != 1 or min(x.shape[-2:]) < MNIST_SIDE:
            raise DataError(
                f"this projector is for grey images of 28x28 pixels or more, not {tuple(x.shape[1:])}",
                remedy="give another projector",
            )
        top, left = ((side - MNIST_SIDE) // 2 for side in x.shape[-2:])
        x = (x[..., top : top + MNIST_SIDE, left : left + MNIST_SIDE] - MNIST_MEAN) / MNIST_DEVIATION
        x = max_pool2d(relu(self.conv2(max_pool2d(relu(self.conv1(x)), 2))), 2)
        return relu(self.fc1(x.flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 10)."""
        return self.fc2(self.features(x))


def in_colour(x: Tensor) -> Tensor:
    """Images (B, 3, H, W); the channel of grayscale images (B, 1, H, W) is repeated."""
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x


GIVEN: dict[str, type[nn.Module]] = {"resnet56-cifar10": ResNet56, "cnn-mnist": MnistCnn}
"""By the name used in the label of distances."""
