"""Layers that several families share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


def conv(read: int, made: int, size: int | tuple[int, int] = 1, **words) -> nn.Conv2d:
    """A convolution that keeps the size of its image, but for its stride."""
    if isinstance(size, int):
        words.setdefault("padding", size // 2 * words.get("dilation", 1))
    return nn.Conv2d(read, made, size, **words)


def block(read: int, made: int, size=3, act: type | None = nn.ReLU, **words) -> nn.Module:
    """Convolution, batch norm, activation."""
    layers = [conv(read, made, size, bias=False, **words), nn.BatchNorm2d(made)]
    return nn.Sequential(*layers, *([act()] if act else []))


def depthwise(width: int, size: int = 3, act: type | None = nn.ReLU, **words) -> nn.Module:
    """The same, each channel by itself."""
    return block(width, width, size, act, groups=width, **words)


class Residual(nn.Module):
    """x + f(x), and what comes after."""

    def __init__(self, body: nn.Module, after: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.after = body, after or nn.Identity()

    def forward(self, x):
        return self.after(x + self.body(x))


class Parallel(nn.Module):
    """Several branches of one tensor, joined along the channels."""

    def __init__(self, *branches: nn.Module, axis: int = 1) -> None:
        super().__init__()
        self.branches, self.axis = nn.ModuleList(branches), axis

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], self.axis)


class Does(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable) -> None:
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Gate(nn.Module):
    """Squeeze and excite: channels scaled by what the whole image says of them."""

    def __init__(self, width: int, act: type = nn.ReLU, gate: type = nn.Sigmoid) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), conv(width, 4), act(), conv(4, width), gate()
        )

    def forward(self, x):
        return x * self.gate(x)


def classified(width: int, classes: int = 10) -> nn.Module:
    """The mean over space, and a dense layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))
