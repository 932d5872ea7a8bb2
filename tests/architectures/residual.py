"""Networks that add what they compute to what they had."""

from __future__ import annotations

import torch
from torch import nn

from tests.architectures.layers import Does, Gate, Residual, block, classified, conv


def basic() -> nn.Module:
    body = nn.Sequential(block(8, 8), block(8, 8, act=None))
    down = Shortcut(nn.Sequential(block(8, 16, stride=2), block(16, 16, act=None)), 8, 16)
    stem = nn.Sequential(block(3, 8, 7, stride=2), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(stem, Residual(body, nn.ReLU()), down, classified(16))


class Shortcut(nn.Module):
    """A residual block that changes the size: a convolution beside it does so too."""

    def __init__(self, body: nn.Module, read: int, made: int) -> None:
        super().__init__()
        self.body, self.beside = body, block(read, made, 1, None, stride=2)

    def forward(self, x):
        return torch.relu(self.body(x) + self.beside(x))


def preactivated() -> nn.Module:
    layers = []
    for _ in range(2):
        norm = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())
        again = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())
        layers.append(Residual(nn.Sequential(norm, conv(8, 8, 3), again, conv(8, 8, 3))))
    return nn.Sequential(conv(3, 8, 3), *layers, nn.BatchNorm2d(8), nn.ReLU(), classified(8))


def bottleneck() -> nn.Module:
    body = nn.Sequential(block(16, 4, 1), block(4, 4), block(4, 16, 1, None))
    return nn.Sequential(block(3, 16, stride=2), Residual(body, nn.ReLU()), classified(16))


def resnext() -> nn.Module:
    body = nn.Sequential(block(16, 8, 1), block(8, 8, groups=4), block(8, 16, 1, None))
    return nn.Sequential(block(3, 16), Residual(body, nn.ReLU()), classified(16))


def squeeze_excite() -> nn.Module:
    body = nn.Sequential(block(8, 8), block(8, 8, act=None), Gate(8))
    return nn.Sequential(block(3, 8), Residual(body, nn.ReLU()), conv(8, 4))


class Res2(nn.Module):
    """Each quarter of the channels sees what the quarter before it made."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(block(4, 4) for _ in range(3))

    def forward(self, x):
        first, *others = x.chunk(4, 1)
        made = [first]
        for part, layer in zip(others, self.parts, strict=True):
            made.append(layer(part if len(made) == 1 else part + made[-1]))
        return torch.cat(made, 1)


def res2net() -> nn.Module:
    body = nn.Sequential(block(16, 16, 1), Res2(), block(16, 16, 1, None), Gate(16))
    return nn.Sequential(block(3, 16), Residual(body, nn.ReLU()), classified(16))


def convnext() -> nn.Module:
    layers = [conv(3, 8, 4, stride=4, padding=0), ChannelNorm(8)]
    for _ in range(2):
        tokens = nn.Sequential(
            nn.LayerNorm(8), nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8), Scaled(8)
        )
        layers.append(
            Residual(nn.Sequential(conv(8, 8, 7, groups=8), last(), tokens, channels_first()))
        )
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(8))


def last() -> nn.Module:
    return Does(lambda x: x.permute(0, 2, 3, 1))


def channels_first() -> nn.Module:
    return Does(lambda x: x.permute(0, 3, 1, 2))


class Scaled(nn.Module):
    """A factor per channel, learned."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.rand(width))

    def forward(self, x):
        return x * self.factor


class ChannelNorm(nn.Module):
    """A layer norm over the channels of an image, spelled out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.rand(width)), nn.Parameter(torch.rand(width))

    def forward(self, x):
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


def wide_norms() -> nn.Module:
    """Group norm and instance norm in place of batch norm."""
    body = nn.Sequential(conv(8, 8, 3), nn.GroupNorm(4, 8), nn.ReLU(), conv(8, 8, 3))
    end = nn.Sequential(nn.InstanceNorm2d(8, affine=True), nn.ReLU(), conv(8, 3))
    return nn.Sequential(conv(3, 8, 3), nn.GroupNorm(1, 8), Residual(body), end)
