"""RFDN (Liu et al. 2020): residual feature distillation, four times a picture's size.

The module tree follows the published state dict.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS, DISTILLED, ATTENTION = 50, 25, 12
LEAK = 0.05


class SpatialAttention(nn.Module):
    """How much of every feature is kept, from a wide view at low resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(CHANNELS, ATTENTION, 1)
        self.conv_f = nn.Conv2d(ATTENTION, ATTENTION, 1)
        self.conv_max = nn.Conv2d(ATTENTION, ATTENTION, 3, padding=1)
        self.conv2 = nn.Conv2d(ATTENTION, ATTENTION, 3, stride=2)
        self.conv3 = nn.Conv2d(ATTENTION, ATTENTION, 3, padding=1)
        self.conv3_ = nn.Conv2d(ATTENTION, ATTENTION, 3, padding=1)
        self.conv4 = nn.Conv2d(ATTENTION, CHANNELS, 1)

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.conv1(x)
        pooled = functional.max_pool2d(self.conv2(narrow), kernel_size=7, stride=3)
        wide = self.conv3_(self.conv3(self.conv_max(pooled).relu()).relu())
        wide = functional.interpolate(wide, size=x.shape[2:], mode="bilinear")
        return x * self.conv4(wide + self.conv_f(narrow)).sigmoid()


class Distillation(nn.Module):
    """Three times a part of the features is set aside and the rest refined."""

    def __init__(self) -> None:
        super().__init__()
        for number in (1, 2, 3):
            self.add_module(f"c{number}_d", nn.Conv2d(CHANNELS, DISTILLED, 1))
            self.add_module(f"c{number}_r", nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1))
        self.c4 = nn.Conv2d(CHANNELS, DISTILLED, 3, padding=1)
        self.c5 = nn.Conv2d(4 * DISTILLED, CHANNELS, 1)
        self.esa = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for number in (1, 2, 3):
            kept.append(leaky(getattr(self, f"c{number}_d")(x)))
            x = leaky(getattr(self, f"c{number}_r")(x) + x)
        kept.append(leaky(self.c4(x)))
        return self.esa(self.c5(torch.cat(kept, dim=1)))


def leaky(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, LEAK)


class RFDN(nn.Module):
    """Takes pictures of any size above 24x24."""

    def __init__(self) -> None:
        super().__init__()
        self.fea_conv = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.B1, self.B2, self.B3, self.B4 = (Distillation() for _ in range(4))
        self.c = nn.Sequential(nn.Conv2d(4 * CHANNELS, CHANNELS, 1), nn.LeakyReLU(LEAK))
        self.LR_conv = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.upsampler = nn.Sequential(
            nn.Conv2d(CHANNELS, 3 * 16, 3, padding=1), nn.PixelShuffle(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The picture (n, 3, 4h, 4w)."""
        first = self.fea_conv(x)
        found, step = [], first
        for block in (self.B1, self.B2, self.B3, self.B4):
            step = block(step)
            found.append(step)
        return self.upsampler(self.LR_conv(self.c(torch.cat(found, dim=1))) + first)
