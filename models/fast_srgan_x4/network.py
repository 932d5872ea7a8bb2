"""Fast-SRGAN: the generator of an SRGAN (Ledig et al. 2017), four times a picture's size.

The module tree follows the published state dict. Its instance normalisations have no weights.
"""

from torch import Tensor, nn


def convolution(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


class Residual(nn.Module):
    """Two normalised convolutions beside a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = convolution(channels, channels, bias=False)
        self.bn1 = nn.InstanceNorm2d(channels)
        self.relu1 = nn.PReLU()
        self.conv2 = convolution(channels, channels, bias=False)
        self.bn2 = nn.InstanceNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x))))) + x


class Doubling(nn.Module):
    """Twice the height and width, out of channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = convolution(channels, 4 * channels)
        self.phase_shift = nn.PixelShuffle(2)
        self.relu = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.phase_shift(self.conv(x)))


class Generator(nn.Module):
    """Pictures in and out are -1..1; any size."""

    def __init__(self, channels: int = 64, blocks: int = 8) -> None:
        super().__init__()
        self.neck = nn.Sequential(convolution(3, channels), nn.PReLU())
        self.stem = nn.Sequential(*(Residual(channels) for _ in range(blocks)))
        self.bottleneck = nn.Sequential(
            convolution(channels, channels, bias=False), nn.InstanceNorm2d(channels)
        )
        self.upsampling = nn.Sequential(Doubling(channels), Doubling(channels))
        self.head = nn.Sequential(convolution(channels, 3), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        """The picture (n, 3, 4h, 4w)."""
        first = self.neck(x)
        return self.head(self.upsampling(self.bottleneck(self.stem(first)) + first))
