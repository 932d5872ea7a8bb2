"""Semantic-guided Zero-shot low-light enhancement (Zheng and Gupta 2022), the enhancing network.

The module tree follows the published state dict. A small picture decides on a curve per pixel,
which is applied eight times.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 32
TIMES = 8


class Separable(nn.Module):
    """Depthwise and pointwise."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.depth_conv = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs)
        self.point_conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.point_conv(self.depth_conv(x))


class CurveNet(nn.Module):
    """Height and width must be multiples of `shrink`."""

    def __init__(self, shrink: int = 12) -> None:
        super().__init__()
        self.shrink = shrink
        self.e_conv1 = Separable(3, CHANNELS)
        self.e_conv2 = Separable(CHANNELS, CHANNELS)
        self.e_conv3 = Separable(CHANNELS, CHANNELS)
        self.e_conv4 = Separable(CHANNELS, CHANNELS)
        self.e_conv5 = Separable(2 * CHANNELS, CHANNELS)
        self.e_conv6 = Separable(2 * CHANNELS, CHANNELS)
        self.e_conv7 = Separable(2 * CHANNELS, 3)

    def curve(self, x: Tensor) -> Tensor:
        """A U of seven layers: -1..1 per pixel and colour."""
        first = self.e_conv1(x).relu()
        second = self.e_conv2(first).relu()
        third = self.e_conv3(second).relu()
        fourth = self.e_conv4(third).relu()
        fifth = self.e_conv5(torch.cat((third, fourth), dim=1)).relu()
        sixth = self.e_conv6(torch.cat((second, fifth), dim=1)).relu()
        return self.e_conv7(torch.cat((first, sixth), dim=1)).tanh()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The enhanced picture and its curve, both (n, 3, h, w)."""
        small = functional.interpolate(x, scale_factor=1 / self.shrink, mode="bilinear")
        curve = functional.interpolate(
            self.curve(small), scale_factor=self.shrink, mode="bilinear", align_corners=True
        )
        for _ in range(TIMES):
            x = x + curve * (x * x - x)
        return x, curve
