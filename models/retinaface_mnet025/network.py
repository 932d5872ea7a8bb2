"""RetinaFace (Deng et al. 2020) on MobileNet V1 at a quarter of its width: faces, five landmarks.

The module tree follows the published state dict. Anchors and decoding are not part of the network.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAK = 0.1
ANCHORS = 2  # per cell of strides 8, 16 and 32


def normed(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list:
    """Convolution and batch normalisation."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


def active(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(*normed(inputs, outputs, kernel, stride), nn.LeakyReLU(LEAK))


def separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Depthwise and pointwise, both normalised."""
    return nn.Sequential(
        *normed(inputs, inputs, 3, stride, groups=inputs),
        nn.LeakyReLU(LEAK),
        *normed(inputs, outputs, 1),
        nn.LeakyReLU(LEAK),
    )


class Body(nn.Module):
    """Features at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Sequential(
            active(3, 8, 3, 2),
            separable(8, 16, 1),
            separable(16, 32, 2),
            separable(32, 32, 1),
            separable(32, 64, 2),
            separable(64, 64, 1),
        )
        self.stage2 = nn.Sequential(
            separable(64, 128, 2), *(separable(128, 128, 1) for _ in range(5))
        )
        self.stage3 = nn.Sequential(separable(128, 256, 2), separable(256, 256, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        fine = self.stage1(x)
        middle = self.stage2(fine)
        return fine, middle, self.stage3(middle)


class Pyramid(nn.Module):
    """Coarse features added to finer ones."""

    def __init__(self) -> None:
        super().__init__()
        self.output1 = active(64, 64, 1)
        self.output2 = active(128, 64, 1)
        self.output3 = active(256, 64, 1)
        self.merge1 = active(64, 64, 3)
        self.merge2 = active(64, 64, 3)

    def forward(self, scales: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        fine, middle, coarse = scales
        coarse = self.output3(coarse)
        middle = self.merge2(added(self.output2(middle), coarse))
        return self.merge1(added(self.output1(fine), middle)), middle, coarse


def added(fine: Tensor, coarse: Tensor) -> Tensor:
    return fine + functional.interpolate(coarse, size=fine.shape[2:], mode="nearest")


class Context(nn.Module):
    """Fields of view of 3x3, 5x5 and 7x7 side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3X3 = nn.Sequential(*normed(64, 32, 3))
        self.conv5X5_1 = active(64, 16, 3)
        self.conv5X5_2 = nn.Sequential(*normed(16, 16, 3))
        self.conv7X7_2 = active(16, 16, 3)
        self.conv7x7_3 = nn.Sequential(*normed(16, 16, 3))

    def forward(self, x: Tensor) -> Tensor:
        shared = self.conv5X5_1(x)
        wide = self.conv7x7_3(self.conv7X7_2(shared))
        return torch.cat((self.conv3X3(x), self.conv5X5_2(shared), wide), dim=1).relu()


class Head(nn.Module):
    """`values` per anchor, one row for each."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(64, ANCHORS * values, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1x1(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, self.values)


class RetinaFace(nn.Module):
    """Takes pictures of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Body()
        self.fpn = Pyramid()
        self.ssh1, self.ssh2, self.ssh3 = Context(), Context(), Context()
        self.ClassHead = nn.ModuleList(Head(2) for _ in range(3))
        self.BboxHead = nn.ModuleList(Head(4) for _ in range(3))
        self.LandmarkHead = nn.ModuleList(Head(10) for _ in range(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Box offsets (n, anchors, 4), probabilities (.., 2) and landmark offsets (.., 10)."""
        fine, middle, coarse = self.fpn(self.body(x))
        scales = (self.ssh1(fine), self.ssh2(middle), self.ssh3(coarse))
        return (
            joined(self.BboxHead, scales),
            joined(self.ClassHead, scales).softmax(dim=2),
            joined(self.LandmarkHead, scales),
        )


def joined(heads: nn.ModuleList, scales: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([head(x) for head, x in zip(heads, scales, strict=True)], dim=1)
