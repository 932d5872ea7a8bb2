"""Networks that go down and up again: segmentation, pose, depth, and the necks of detectors."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.architectures.layers import Residual, block, classified, conv


def twice(x, mode: str = "nearest"):
    return functional.interpolate(x, scale_factor=2, mode=mode)


class Hourglass(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.beside, self.down, self.up = (Residual(block(width, width)) for _ in range(3))
        self.inner = Hourglass(width, depth - 1) if depth else Residual(block(width, width))

    def forward(self, x):
        low = self.down(functional.max_pool2d(x, 2))
        return self.beside(x) + twice(self.up(self.inner(low)))


def hourglass() -> nn.Module:
    return nn.Sequential(block(3, 8, stride=2), Hourglass(8, 1), conv(8, 5))


class UNet(nn.Module):
    def __init__(self, by: str) -> None:
        super().__init__()
        self.by = by
        self.a, self.b, self.c = block(3, 8), block(8, 16), block(16, 16)
        self.up = nn.ConvTranspose2d(16, 16, 2, 2)
        self.again = nn.ConvTranspose2d(8, 8, 4, 2, 1)
        self.d, self.e, self.last = block(32, 8), block(16, 8), conv(8, 2)

    def forward(self, x):
        a = self.a(x)
        b = self.b(functional.max_pool2d(a, 2))
        c = self.c(functional.max_pool2d(b, 2))
        d = self.d(torch.cat([b, self.enlarged(c, self.up)], 1))
        e = self.e(torch.cat([a, self.enlarged(d, self.again)], 1))
        return self.last(e).sigmoid()

    def enlarged(self, x, layer):
        return layer(x) if self.by == "layer" else twice(x, self.by)


def unet() -> nn.Module:
    return UNet("layer")


def unet_resized() -> nn.Module:
    return UNet("bilinear")


class FeaturePyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [block(3, 8, stride=2), block(8, 16, stride=2), block(16, 32, stride=2)]
        )
        self.sides = nn.ModuleList(conv(width, 8) for width in (8, 16, 32))
        self.smooth = nn.ModuleList(conv(8, 8, 3) for _ in range(3))

    def forward(self, x):
        levels = []
        for stage, side in zip(self.stages, self.sides, strict=True):
            x = stage(x)
            levels.append(side(x))
        top = [levels.pop()]
        while levels:
            top.append(levels.pop() + twice(top[-1]))
        return tuple(layer(level) for layer, level in zip(self.smooth, top, strict=True))


def feature_pyramid() -> nn.Module:
    return FeaturePyramid()


class HighResolution(nn.Module):
    """HRNet: two resolutions side by side, exchanging."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = block(3, 8), block(8, 16, stride=2)
        self.high, self.low = Residual(block(8, 8)), Residual(block(16, 16))
        self.to_high, self.to_low = block(16, 8, 1, None), block(8, 16, 3, None, stride=2)
        self.last = conv(24, 5)

    def forward(self, x):
        x = self.stem(x)
        high, low = self.high(x), self.low(self.down(x))
        high, low = torch.relu(high + twice(self.to_high(low))), torch.relu(low + self.to_low(high))
        full = functional.interpolate(low, high.shape[2:], mode="bilinear", align_corners=True)
        return self.last(torch.cat([high, full], 1))


def high_resolution() -> nn.Module:
    return HighResolution()


class Depth(nn.Module):
    """A decoder that resizes, joins and reflects its borders; depths from disparities."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = block(3, 8, 7, stride=2), block(8, 16, stride=2)
        self.up = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(16, 8, 3), nn.ELU())
        self.join = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(16, 8, 3), nn.ELU())
        self.last = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(8, 1, 3), nn.Sigmoid())

    def forward(self, x):
        a = self.a((x - 0.45) / 0.225)
        up = twice(self.up(self.b(a)))
        disparity = self.last(twice(self.join(torch.cat([up, a], 1))))
        return disparity, 1 / (0.01 + 9.99 * disparity)


def depth() -> nn.Module:
    return Depth()


class Fused(nn.Module):
    """BiSeNet, PAN: space where the mean of the other branch says so."""

    def __init__(self) -> None:
        super().__init__()
        self.fine, self.coarse = block(3, 8, stride=2), block(3, 8, 7, stride=4)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(8, 8), nn.Sigmoid())
        self.join, self.last = block(16, 8), conv(8, 3)

    def forward(self, x):
        coarse = self.coarse(x)
        fine, wide = self.fine(x), twice(coarse * self.gate(coarse), "bilinear")
        return self.last(self.join(torch.cat([fine, wide], 1))).softmax(1)


def two_branches() -> nn.Module:
    return Fused()


def vgg() -> nn.Module:
    """Flattened before its dense layers."""
    layers = [conv(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), conv(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2)]
    dense = [nn.Flatten(), nn.Linear(512, 24), nn.ReLU(), nn.Dropout(), nn.Linear(24, 10)]
    return nn.Sequential(*layers, *dense)


def alexnet() -> nn.Module:
    norm = nn.LocalResponseNorm(5)
    first = [conv(3, 8, 5, stride=2), nn.ReLU(), norm, nn.MaxPool2d(3, 2)]
    return nn.Sequential(*first, conv(8, 16, 3, groups=2), nn.ReLU(), classified(16))
