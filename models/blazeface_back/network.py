"""BlazeFace, back camera model (Bazarevsky et al. 2019): faces and six key points in 256x256.

The module tree follows the published state dict. Anchors and decoding are not part of the network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

STAGES = ((24, 24), (24, 48), (48, 96))  # channels before and after each halving
REPEATS = 7  # blocks between two halvings
BOX_AND_POINTS = 16  # x, y, w, h and six points


def depthwise_and_pointwise(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """A stride of 2 is padded by its caller, behind the picture only."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, padding=2 - stride, groups=inputs),
        nn.Conv2d(inputs, outputs, 1),
    )


class BlazeBlock(nn.Module):
    """Two convolutions beside a short cut that is pooled and padded with empty channels."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.new_channels = outputs - inputs
        self.convs = depthwise_and_pointwise(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        short = functional.max_pool2d(x, 2) if self.stride == 2 else x
        if self.new_channels:
            short = functional.pad(short, (0, 0, 0, 0, 0, self.new_channels))
        wide = functional.pad(x, (0, 2, 0, 2)) if self.stride == 2 else x
        return functional.relu(self.convs(wide) + short)


class LastBlock(nn.Module):
    """Halves without a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = depthwise_and_pointwise(channels, channels, 2)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.convs(functional.pad(x, (0, 2, 0, 2))))


def stages() -> list[BlazeBlock]:
    """All blocks before the last."""
    blocks = [BlazeBlock(24, 24) for _ in range(REPEATS)]
    for inputs, outputs in STAGES:
        blocks.append(BlazeBlock(inputs, outputs, stride=2))
        blocks += [BlazeBlock(outputs, outputs) for _ in range(REPEATS)]
    return blocks


def per_anchor(maps: Tensor, values: int) -> Tensor:
    """(n, anchors x values, h, w) as (n, h x w x anchors, values)."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, values)


class BlazeFaceBack(nn.Module):
    """896 anchors: 2 per cell of 16x16, 6 per cell of 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 24, 5, stride=2), nn.ReLU(), *stages())
        self.final = LastBlock(96)
        self.classifier_8 = nn.Conv2d(96, 2, 1)
        self.classifier_16 = nn.Conv2d(96, 6, 1)
        self.regressor_8 = nn.Conv2d(96, 2 * BOX_AND_POINTS, 1)
        self.regressor_16 = nn.Conv2d(96, 6 * BOX_AND_POINTS, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Regressors (n, 896, 16) and logits (n, 896, 1)."""
        fine = self.backbone(functional.pad(x, (1, 2, 1, 2)))
        coarse = self.final(fine)
        regressors = (
            per_anchor(self.regressor_8(fine), BOX_AND_POINTS),
            per_anchor(self.regressor_16(coarse), BOX_AND_POINTS),
        )
        logits = (
            per_anchor(self.classifier_8(fine), 1),
            per_anchor(self.classifier_16(coarse), 1),
        )
        return torch.cat(regressors, dim=1), torch.cat(logits, dim=1)
