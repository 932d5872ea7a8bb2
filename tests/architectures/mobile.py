"""Networks for small devices: depthwise convolutions, gates, shuffles, cheap features."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.architectures.layers import Gate, Parallel, Residual, block, classified, conv, depthwise


def mobilenet_v1() -> nn.Module:
    layers = [block(3, 8, stride=2)]
    for read, made, stride in ((8, 16, 1), (16, 16, 2), (16, 16, 1)):
        layers += [depthwise(read, act=nn.ReLU6, stride=stride), block(read, made, 1, nn.ReLU6)]
    return nn.Sequential(*layers, classified(16), nn.Softmax(1))


def inverted(width: int, act: type = nn.ReLU6, size: int = 3, gate: nn.Module | None = None):
    """Widen, filter each channel, narrow, add."""
    wide = width * 3
    middle = [block(width, wide, 1, act), depthwise(wide, size, act), gate or nn.Identity()]
    return Residual(nn.Sequential(*middle, block(wide, width, 1, None)))


def mobilenet_v2() -> nn.Module:
    down = nn.Sequential(depthwise(8, stride=2), block(8, 8, 1, None))
    return nn.Sequential(block(3, 8, act=nn.ReLU6), inverted(8), down, inverted(8), classified(8))


def mobilenet_v3() -> nn.Module:
    gate = Gate(24, gate=nn.Hardsigmoid)
    body = inverted(8, nn.Hardswish, 5, gate)
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(8, 12), nn.Hardswish(), nn.Flatten())
    return nn.Sequential(block(3, 8, act=nn.Hardswish), body, head, nn.Linear(12, 10))


class SpelledHardSwish(nn.Module):
    def forward(self, x):
        return x * functional.relu6(x + 3.0) / 6.0


def hard_activations() -> nn.Module:
    """The same activations, spelled out by older networks."""
    first = nn.Sequential(block(3, 8, act=SpelledHardSwish), conv(8, 8, 3), Clipped())
    return nn.Sequential(first, block(8, 8, act=nn.LeakyReLU), conv(8, 4), nn.PReLU(4))


class Clipped(nn.Module):
    def forward(self, x):
        return torch.minimum(torch.relu(x), torch.tensor(6.0))


def efficientnet() -> nn.Module:
    gate = Gate(24, nn.SiLU)
    head = nn.Sequential(block(8, 12, 1, nn.SiLU), classified(12))
    return nn.Sequential(block(3, 8, act=nn.SiLU, stride=2), inverted(8, nn.SiLU, 5, gate), head)


class Ghost(nn.Module):
    """Half of the channels are cheap copies of the other half."""

    def __init__(self, read: int, made: int) -> None:
        super().__init__()
        self.first, self.cheap = block(read, made // 2, 1), depthwise(made // 2)

    def forward(self, x):
        x = self.first(x)
        return torch.cat([x, self.cheap(x)], 1)


def ghostnet() -> nn.Module:
    body = nn.Sequential(Ghost(8, 16), Gate(16, gate=nn.Hardsigmoid), Ghost(16, 8))
    return nn.Sequential(block(3, 8), Residual(body), classified(8))


class Shuffle(nn.Module):
    """Half of the channels pass; the halves are then interleaved."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.body = nn.Sequential(
            block(half, half, 1), depthwise(half, act=None), block(half, half, 1)
        )

    def forward(self, x):
        left, right = x.chunk(2, 1)
        x = torch.cat([left, self.body(right)], 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def shufflenet() -> nn.Module:
    stem = nn.Sequential(block(3, 64, stride=2), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(stem, Shuffle(64), Shuffle(64), block(64, 16, 1), classified(16))


class Reparameterised(nn.Module):
    """A 3x3 convolution, a 1x1 and nothing, added: as in training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide, self.narrow = block(width, width, 3, None), block(width, width, 1, None)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(self.wide(x) + self.narrow(x) + self.norm(x))


def repvgg() -> nn.Module:
    return nn.Sequential(
        block(3, 8, stride=2), Reparameterised(8), Reparameterised(8), classified(8)
    )


def fire() -> nn.Module:
    """SqueezeNet: narrow, then two widths of filters side by side."""
    layers = [conv(3, 16, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)]
    for read in (16, 16):
        wide = Parallel(
            nn.Sequential(conv(4, 8), nn.ReLU()), nn.Sequential(conv(4, 8, 3), nn.ReLU())
        )
        layers += [conv(read, 4), nn.ReLU(), wide]
    return nn.Sequential(*layers, conv(16, 10), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Efficient(nn.Module):
    """ECA: a 1-D convolution over the channels' means."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        means = x.mean((2, 3), keepdim=True)
        mixed = self.mix(means.squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
        return x * mixed.sigmoid()


def eca() -> nn.Module:
    return nn.Sequential(block(3, 8), Residual(nn.Sequential(block(8, 8), Efficient())), conv(8, 4))
