"""BlazeFace, front camera model (Bazarevsky et al. 2019): faces and six key points in 128x128.

The module tree follows the published state dict. Anchors and decoding are not part of the network.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SHALLOW = (24, 24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88)  # channels down to 16x16
DEEP = (88, 96, 96, 96, 96, 96)  # channels at 8x8
HALVING = {(28, 32), (42, 48), (88, 96)}  # the steps that halve height and width
BOX_AND_POINTS = 16  # x, y, w, h and six points


class BlazeBlock(nn.Module):
    """A depthwise and a pointwise convolution beside a short cut that pads new channels with 0."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.halves = (inputs, outputs) in HALVING
        self.new_channels = outputs - inputs
        self.convs = nn.Sequential(
            nn.Conv2d(
                inputs,
                inputs,
                kernel_size=3,
                stride=2 if self.halves else 1,
                padding=0 if self.halves else 1,
                groups=inputs,
            ),
            nn.Conv2d(inputs, outputs, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        short = functional.max_pool2d(x, 2) if self.halves else x
        if self.new_channels:
            short = functional.pad(short, (0, 0, 0, 0, 0, self.new_channels))
        # even sizes: "same" padding of a stride of 2 lies behind the picture only
        wide = functional.pad(x, (0, 2, 0, 2)) if self.halves else x
        return functional.relu(self.convs(wide) + short)


def chain(channels: tuple[int, ...]) -> list[BlazeBlock]:
    """One block per step between neighbouring channel counts."""
    return [BlazeBlock(*pair) for pair in pairwise(channels)]


def per_anchor(maps: Tensor, values: int) -> Tensor:
    """(n, anchors x values, h, w) as (n, h x w x anchors, values)."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, values)


class BlazeFace(nn.Module):
    """896 anchors: 2 per cell of 16x16, 6 per cell of 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone1 = nn.Sequential(
            nn.Conv2d(3, SHALLOW[0], kernel_size=5, stride=2), nn.ReLU(), *chain(SHALLOW)
        )
        self.backbone2 = nn.Sequential(*chain(DEEP))
        self.classifier_8 = nn.Conv2d(SHALLOW[-1], 2, kernel_size=1)
        self.classifier_16 = nn.Conv2d(DEEP[-1], 6, kernel_size=1)
        self.regressor_8 = nn.Conv2d(SHALLOW[-1], 2 * BOX_AND_POINTS, kernel_size=1)
        self.regressor_16 = nn.Conv2d(DEEP[-1], 6 * BOX_AND_POINTS, kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Regressors (n, 896, 16) and logits (n, 896, 1)."""
        fine = self.backbone1(functional.pad(x, (1, 2, 1, 2)))
        coarse = self.backbone2(fine)
        regressors = (
            per_anchor(self.regressor_8(fine), BOX_AND_POINTS),
            per_anchor(self.regressor_16(coarse), BOX_AND_POINTS),
        )
        logits = (
            per_anchor(self.classifier_8(fine), 1),
            per_anchor(self.classifier_16(coarse), 1),
        )
        return torch.cat(regressors, dim=1), torch.cat(logits, dim=1)
