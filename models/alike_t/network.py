"""ALIKE-T (Zhao et al. 2022): a score and a descriptor for every pixel, to find and match points.

The module tree follows the published state dict. Which scores are points, their reader decides.
"""

import torch
from torch import Tensor, nn

WIDTHS = (8, 16, 32, 64)  # channels at strides 1, 2, 8 and 32
SHARE = 16  # channels that each stride gives to the head
DESCRIPTOR = 64


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


class Block(nn.Module):
    """Two normalised convolutions; with a short cut unless it is the first."""

    def __init__(self, inputs: int, outputs: int, has_short_cut: bool) -> None:
        super().__init__()
        self.conv1 = convolution(inputs, outputs, 3)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = convolution(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Conv2d(inputs, outputs, 1) if has_short_cut else None

    def forward(self, x: Tensor) -> Tensor:
        found = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        if self.downsample is not None:
            found = found + self.downsample(x)
        return found.relu()


def enlarged(factor: int) -> nn.Upsample:
    return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=True)


class Alike(nn.Module):
    """Height and width must be multiples of 32."""

    def __init__(self) -> None:
        super().__init__()
        self.block1 = Block(3, WIDTHS[0], has_short_cut=False)
        self.block2 = Block(WIDTHS[0], WIDTHS[1], has_short_cut=True)
        self.block3 = Block(WIDTHS[1], WIDTHS[2], has_short_cut=True)
        self.block4 = Block(WIDTHS[2], WIDTHS[3], has_short_cut=True)
        self.pool2 = nn.MaxPool2d(2)
        self.pool4 = nn.MaxPool2d(4)
        for number, width in enumerate(WIDTHS, start=1):
            self.add_module(f"conv{number}", convolution(width, SHARE, 1))
        self.upsample2, self.upsample8, self.upsample32 = enlarged(2), enlarged(8), enlarged(32)
        self.convhead2 = convolution(4 * SHARE, DESCRIPTOR + 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n, 1, h, w) and descriptors (n, 64, h, w), not normalised."""
        full = self.block1(x)
        half = self.block2(self.pool2(full))
        eighth = self.block3(self.pool4(half))
        last = self.block4(self.pool4(eighth))
        shares = (
            self.conv1(full).relu(),
            self.upsample2(self.conv2(half).relu()),
            self.upsample8(self.conv3(eighth).relu()),
            self.upsample32(self.conv4(last).relu()),
        )
        found = self.convhead2(torch.cat(shares, dim=1))
        return found[:, DESCRIPTOR:].sigmoid(), found[:, :DESCRIPTOR]
