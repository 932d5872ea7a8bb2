"""FaceBoxes (Zhang et al. 2017): faces at a stride of 32 with dense anchors, for a CPU.

The module tree follows the published state dict. Anchors and decoding are not part of the network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

ANCHORS = (21, 1, 1)  # per cell of strides 32, 64 and 128


class Normed(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


class Mirrored(Normed):
    """Twice the channels: what the convolution finds, and its negative, each through ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x))
        return torch.cat((x, -x), dim=1).relu()


class Inception(nn.Module):
    """Four fields of view side by side, 32 channels each."""

    def __init__(self) -> None:
        super().__init__()
        self.branch1x1 = Normed(128, 32, 1)
        self.branch1x1_2 = Normed(128, 32, 1)
        self.branch3x3_reduce = Normed(128, 24, 1)
        self.branch3x3 = Normed(24, 32, 3)
        self.branch3x3_reduce_2 = Normed(128, 24, 1)
        self.branch3x3_2 = Normed(24, 32, 3)
        self.branch3x3_3 = Normed(32, 32, 3)

    def forward(self, x: Tensor) -> Tensor:
        branches = (
            self.branch1x1(x),
            self.branch1x1_2(functional.avg_pool2d(x, 3, 1, 1)),
            self.branch3x3(self.branch3x3_reduce(x)),
            self.branch3x3_3(self.branch3x3_2(self.branch3x3_reduce_2(x))),
        )
        return torch.cat(branches, dim=1)


def heads(values: int) -> nn.ModuleList:
    channels = (128, 256, 256)
    return nn.ModuleList(
        nn.Conv2d(inputs, anchors * values, 3, padding=1)
        for inputs, anchors in zip(channels, ANCHORS, strict=True)
    )


class FaceBoxes(nn.Module):
    """Takes pictures of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Mirrored(3, 24, 7, 4)
        self.conv2 = Mirrored(48, 64, 5, 2)
        self.inception1 = Inception()
        self.inception2 = Inception()
        self.inception3 = Inception()
        self.conv3_1 = Normed(128, 128, 1)
        self.conv3_2 = Normed(128, 256, 3, 2)
        self.conv4_1 = Normed(256, 128, 1)
        self.conv4_2 = Normed(128, 256, 3, 2)
        self.loc = heads(4)
        self.conf = heads(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Box offsets (n, anchors, 4) and probabilities of no face and face (n, anchors, 2)."""
        x = functional.max_pool2d(self.conv1(x), 3, 2, 1)
        x = functional.max_pool2d(self.conv2(x), 3, 2, 1)
        fine = self.inception3(self.inception2(self.inception1(x)))
        middle = self.conv3_2(self.conv3_1(fine))
        scales = (fine, middle, self.conv4_2(self.conv4_1(middle)))
        return per_anchor(self.loc, scales, 4), per_anchor(self.conf, scales, 2).softmax(dim=2)


def per_anchor(layers: nn.ModuleList, scales: tuple[Tensor, ...], values: int) -> Tensor:
    """The heads' answers, one row per anchor."""
    maps = [head(scale) for head, scale in zip(layers, scales, strict=True)]
    rows = [entry.permute(0, 2, 3, 1).reshape(entry.shape[0], -1, values) for entry in maps]
    return torch.cat(rows, dim=1)
