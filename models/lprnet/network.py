"""LPRNet (Zherzdev and Gruzdev 2018): a licence plate of 24x94 as 18 steps of character logits.

The module tree follows the published state dict. Greedy CTC is left to the reader of the logits.
"""

import torch
from torch import Tensor, nn

CONTEXT = (2, 6, 13, 22)  # the layers of the backbone whose output is context


class ChannelStridePool(nn.Module):
    """Max pooling 3x3 that also drops channels, as three-dimensional pooling of depth 1 does."""

    def __init__(self, channel_step: int, width_step: int) -> None:
        super().__init__()
        self.channel_step = channel_step
        self.pool = nn.MaxPool2d(3, stride=(1, width_step))

    def forward(self, x: Tensor) -> Tensor:
        # dropped before the pooling: the same result for less work
        return self.pool(x[:, :: self.channel_step] if self.channel_step > 1 else x)


class SmallBlock(nn.Module):
    """The paper's small basic block: 3x3 split in two, at a quarter of the output's width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = outputs // 4
        self.block = nn.Sequential(
            nn.Conv2d(inputs, inner, 1),
            nn.ReLU(),
            nn.Conv2d(inner, inner, (3, 1), padding=(1, 0)),
            nn.ReLU(),
            nn.Conv2d(inner, inner, (1, 3), padding=(0, 1)),
            nn.ReLU(),
            nn.Conv2d(inner, outputs, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


def activated(layer: nn.Module, channels: int) -> list[nn.Module]:
    """The layer with batch normalisation and ReLU."""
    return [layer, nn.BatchNorm2d(channels), nn.ReLU()]


def as_context(features: list[Tensor]) -> list[Tensor]:
    """Every feature map pooled to 4x18 and divided by its mean square."""
    first, second, third, last = features
    pooled = (
        nn.functional.avg_pool2d(first, 5, stride=5),
        nn.functional.avg_pool2d(second, 5, stride=5),
        nn.functional.avg_pool2d(third, (4, 10), stride=(4, 2)),
        last,
    )
    return [maps / (maps * maps).mean(dim=(1, 2, 3), keepdim=True) for maps in pooled]


class LPRNet(nn.Module):
    """`classes` counts the CTC blank, which is the last class."""

    def __init__(self, classes: int = 68) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            *activated(nn.Conv2d(3, 64, 3), 64),
            ChannelStridePool(1, 1),
            *activated(SmallBlock(64, 128), 128),
            ChannelStridePool(2, 2),
            *activated(SmallBlock(64, 256), 256),
            *activated(SmallBlock(256, 256), 256),
            ChannelStridePool(4, 2),
            nn.Dropout(),
            *activated(nn.Conv2d(64, 256, (1, 4)), 256),
            nn.Dropout(),
            *activated(nn.Conv2d(256, classes, (13, 1)), classes),
        )
        self.container = nn.Sequential(nn.Conv2d(64 + 128 + 256 + classes, classes, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes, 18)."""
        features = []
        for place, layer in enumerate(self.backbone):
            x = layer(x)
            if place in CONTEXT:
                features.append(x)
        return self.container(torch.cat(as_context(features), dim=1)).mean(dim=2)
