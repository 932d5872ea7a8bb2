"""Networks whose tensors part and join: side by side, densely, across stages, over scales."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.architectures.layers import Gate, Parallel, Residual, block, classified, conv


def inception() -> nn.Module:
    branches = Parallel(
        block(8, 4, 1),
        nn.Sequential(block(8, 4, 1), block(4, 8)),
        nn.Sequential(block(8, 4, 1), block(4, 4), block(4, 4)),
        nn.Sequential(nn.MaxPool2d(3, 1, 1), block(8, 4, 1)),
        nn.Sequential(nn.AvgPool2d(3, 1, 1), block(8, 4, 1)),
    )
    reduction = Parallel(block(24, 8, 3, stride=2, padding=0), nn.MaxPool2d(3, 2))
    return nn.Sequential(block(3, 8), branches, reduction, classified(32))


class Dense(nn.Module):
    """Every layer reads what all before it made."""

    def __init__(self, read: int, grows: int, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(read + k * grows), nn.ReLU(), conv(read + k * grows, grows, 3)
            )
            for k in range(count)
        )

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return x


def dense() -> nn.Module:
    between = nn.Sequential(nn.BatchNorm2d(20), nn.ReLU(), conv(20, 8), nn.AvgPool2d(2))
    return nn.Sequential(conv(3, 8, 3), Dense(8, 4, 3), between, Dense(8, 4, 2), classified(16))


class CrossStage(nn.Module):
    """CSP: half of the channels go round the stage."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.left, self.right = block(width, half, 1, nn.SiLU), block(width, half, 1, nn.SiLU)
        inner = nn.Sequential(block(half, half, 1, nn.SiLU), block(half, half, 3, nn.SiLU))
        self.stage, self.join = Residual(inner), block(width, width, 1, nn.SiLU)

    def forward(self, x):
        return self.join(torch.cat([self.stage(self.left(x)), self.right(x)], 1))


def csp() -> nn.Module:
    return nn.Sequential(block(3, 16, act=nn.SiLU, stride=2), CrossStage(16), conv(16, 8))


class SplitStage(nn.Module):
    """C2f: the halves of a split and every step between are joined."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.first = block(width, width, 1, nn.SiLU)
        self.steps = nn.ModuleList(Residual(block(half, half, 3, nn.SiLU)) for _ in range(2))
        self.join = block(2 * width, width, 1, nn.SiLU)

    def forward(self, x):
        parts = list(self.first(x).chunk(2, 1))
        for step in self.steps:
            parts.append(step(parts[-1]))
        return self.join(torch.cat(parts, 1))


def split_stage() -> nn.Module:
    return nn.Sequential(block(3, 16, act=nn.SiLU, stride=2), SplitStage(16), conv(16, 8))


class Pyramid(nn.Module):
    """SPPF: pools of pools, joined; SPP: pools of three sizes."""

    def __init__(self, width: int, is_fast: bool) -> None:
        super().__init__()
        half = width // 2
        self.is_fast = is_fast
        self.first, self.join = block(width, half, 1), block(4 * half, width, 1)
        self.pools = nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (5, 9, 13))

    def forward(self, x):
        x = self.first(x)
        if not self.is_fast:
            return self.join(torch.cat([x, *(pool(x) for pool in self.pools)], 1))
        parts = [x]
        for _ in range(3):
            parts.append(self.pools[0](parts[-1]))
        return self.join(torch.cat(parts, 1))


def spatial_pyramid() -> nn.Module:
    return nn.Sequential(block(3, 8), Pyramid(8, True), Pyramid(8, False), conv(8, 4))


class Atrous(nn.Module):
    """ASPP: dilated convolutions and the mean of the image, joined; then back to full size."""

    def __init__(self, width: int) -> None:
        super().__init__()
        rates = (block(width, 4, 3, dilation=rate) for rate in (2, 4, 6))
        self.branches = nn.ModuleList([block(width, 4, 1), *rates])
        self.whole, self.join = (
            nn.Sequential(nn.AdaptiveAvgPool2d(1), conv(width, 4)),
            block(20, 8, 1),
        )

    def forward(self, x):
        size = x.shape[2:]
        mean = functional.interpolate(self.whole(x), size, mode="bilinear", align_corners=False)
        return self.join(torch.cat([*(branch(x) for branch in self.branches), mean], 1))


def aspp() -> nn.Module:
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
    return nn.Sequential(block(3, 8, stride=2), Atrous(8), conv(8, 5), up)


class Attended(nn.Module):
    """CBAM: channels by mean and maximum, then places by mean and maximum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(nn.Linear(width, 4), nn.ReLU(), nn.Linear(4, width))
        self.places = conv(2, 1, 7)

    def forward(self, x):
        channels = self.dense(x.mean((2, 3))) + self.dense(x.amax((2, 3)))
        x = x * channels.sigmoid()[:, :, None, None]
        seen = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * self.places(seen).sigmoid()


def cbam() -> nn.Module:
    return nn.Sequential(block(3, 8), Attended(8), conv(8, 4))


class SelectedKernels(nn.Module):
    """SK: two widths of filters, weighed against each other by a softmax."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList([block(width, width), block(width, width, dilation=2)])
        self.narrow, self.wide = nn.Linear(width, 4), nn.Linear(4, 2 * width)

    def forward(self, x):
        a, b = (path(x) for path in self.paths)
        means = self.wide(torch.relu(self.narrow((a + b).mean((2, 3)))))
        weights = means.view(-1, 2, a.shape[1]).softmax(1)
        left, right = (weights[:, k, :, None, None] for k in (0, 1))
        return a * left + b * right


def selected_kernels() -> nn.Module:
    return nn.Sequential(block(3, 8), SelectedKernels(8), Gate(8), conv(8, 4))


class Dehazed(nn.Module):
    """AOD-Net: joins of joins, and a formula of the image at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = conv(3, 3), conv(3, 3, 3), conv(6, 3, 5)
        self.d, self.e = conv(6, 3, 7), conv(12, 3, 3)

    def forward(self, x):
        a = torch.relu(self.a(x))
        b = torch.relu(self.b(a))
        c = torch.relu(self.c(torch.cat([a, b], 1)))
        d = torch.relu(self.d(torch.cat([b, c], 1)))
        k = torch.relu(self.e(torch.cat([a, b, c, d], 1)))
        return torch.relu(k * x - k + 1)


def formula() -> nn.Module:
    return Dehazed()
