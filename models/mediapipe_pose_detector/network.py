"""BlazePose's detector (Bazarevsky et al. 2020): people, and four points to align them by.

The module tree follows the published state dict. Anchors and decoding are not part of the network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

BOX_AND_POINTS = 12  # x, y, w, h and four points


class Block(nn.Module):
    """Depthwise 5x5 and pointwise; the short cut has a convolution where channels change."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.convs = nn.Sequential(
            nn.Conv2d(inputs, inputs, 5, stride, padding=0 if stride == 2 else 2, groups=inputs),
            nn.Conv2d(inputs, outputs, 1),
        )
        self.skip_proj = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        short = functional.max_pool2d(x, 2) if self.stride == 2 else x
        # even sizes: "same" padding of a stride of 2 is one cell longer behind
        wide = functional.pad(x, (1, 2, 1, 2)) if self.stride == 2 else x
        return functional.relu(self.convs(wide) + self.skip_proj(short))


def run_of(channels: int, blocks: int) -> list[Block]:
    return [Block(channels, channels) for _ in range(blocks)]


def per_anchor(maps: Tensor, values: int) -> Tensor:
    """(n, anchors x values, h, w) as (n, h x w x anchors, values)."""
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, values)


class PoseDetector(nn.Module):
    """896 anchors: 2 per cell of 16x16, 6 per cell of 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone1 = nn.Sequential(
            nn.Conv2d(3, 48, 5, padding=2),
            nn.ReLU(),
            *run_of(48, 3),
            Block(48, 64, stride=2),
            *run_of(64, 3),
            Block(64, 96, stride=2),
            *run_of(96, 6),
            Block(96, 128, stride=2),
            *run_of(128, 7),
        )
        self.backbone2 = nn.Sequential(Block(128, 256, stride=2), *run_of(256, 6))
        self.classifier_8 = nn.Conv2d(128, 2, 1)
        self.classifier_16 = nn.Conv2d(256, 6, 1)
        self.regressor_8 = nn.Conv2d(128, 2 * BOX_AND_POINTS, 1)
        self.regressor_16 = nn.Conv2d(256, 6 * BOX_AND_POINTS, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Regressors (n, 896, 12) and logits (n, 896, 1)."""
        fine = self.backbone1(x)
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
