"""Heads of detectors: rows of boxes and scores from maps of several sizes."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.architectures.layers import block, conv
from tests.architectures.scales import twice


class Backbone(nn.Module):
    """Two maps, joined both ways."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = block(3, 16, act=nn.SiLU, stride=2), block(16, 16, stride=2)
        self.top, self.again = block(32, 16), block(16, 16, stride=2)
        self.bottom = block(32, 16)

    def forward(self, x):
        fine = self.stem(x)
        coarse = self.down(fine)
        fine = self.top(torch.cat([fine, twice(coarse)], 1))
        return fine, self.bottom(torch.cat([self.again(fine), coarse], 1))


class Anchored(nn.Module):
    """YOLOv5: boxes of three anchors per cell, decoded and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Backbone()
        self.heads = nn.ModuleList(conv(16, 3 * 7) for _ in range(2))

    def forward(self, x):
        rows = []
        for level, head in zip(self.body(x), self.heads, strict=True):
            y = head(level)
            n, _, h, w = y.shape
            y = y.view(n, 3, 7, h, w).permute(0, 1, 3, 4, 2).sigmoid()
            columns, lines = torch.arange(w).float(), torch.arange(h).float()
            grid = torch.stack(torch.meshgrid(columns, lines, indexing="xy"), 2)
            centre = (y[..., :2] * 2 - 0.5 + grid) * (32 / w)
            size = (y[..., 2:4] * 2) ** 2 * 10
            rows.append(torch.cat([centre, size, y[..., 4:]], -1).reshape(n, -1, 7))
        return torch.cat(rows, 1)


class Decoupled(nn.Module):
    """YOLOX: boxes, objects and classes by branches of their own; rows last."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Backbone()
        self.boxes = nn.ModuleList(nn.Sequential(block(16, 8), conv(8, 4)) for _ in range(2))
        self.object = nn.ModuleList(conv(16, 1) for _ in range(2))
        self.classes = nn.ModuleList(nn.Sequential(block(16, 8), conv(8, 6)) for _ in range(2))

    def forward(self, x):
        levels = []
        for k, level in enumerate(self.body(x)):
            scores = [self.object[k](level).sigmoid(), self.classes[k](level).sigmoid()]
            levels.append(torch.cat([self.boxes[k](level), *scores], 1).flatten(2))
        return torch.cat(levels, 2).permute(0, 2, 1)


class Distributed(nn.Module):
    """YOLOv8: each side of a box is the mean of a distribution."""

    def __init__(self, bins: int = 4) -> None:
        super().__init__()
        self.body, self.bins = Backbone(), bins
        self.boxes = nn.ModuleList(conv(16, 4 * bins) for _ in range(2))
        self.classes = nn.ModuleList(conv(16, 6) for _ in range(2))
        self.register_buffer("steps", torch.arange(bins).float().view(1, bins, 1, 1))

    def forward(self, x):
        levels = [
            torch.cat([self.boxes[k](level), self.classes[k](level)], 1).flatten(2)
            for k, level in enumerate(self.body(x))
        ]
        boxes, classes = torch.cat(levels, 2).split((4 * self.bins, 6), 1)
        n, _, rows = boxes.shape
        sides = boxes.view(n, 4, self.bins, rows).transpose(2, 1).softmax(1)
        sides = functional.conv2d(sides, self.steps).view(n, 4, rows)
        low, high = sides.chunk(2, 1)
        middle = torch.cat([(high - low) / 2, low + high], 1)
        return torch.cat([middle, classes.sigmoid()], 1)


class SingleShot(nn.Module):
    """SSD: per cell, several boxes and the softmax of their classes."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Backbone()
        self.boxes = nn.ModuleList(conv(16, 3 * 4, 3) for _ in range(2))
        self.classes = nn.ModuleList(conv(16, 3 * 5, 3) for _ in range(2))

    def forward(self, x):
        levels = self.body(x)
        boxes = [self.rows(head(y), 4) for head, y in zip(self.boxes, levels, strict=True)]
        classes = [self.rows(head(y), 5) for head, y in zip(self.classes, levels, strict=True)]
        return torch.cat(boxes, 1), torch.cat(classes, 1).softmax(-1)

    @staticmethod
    def rows(y, width: int):
        return y.permute(0, 2, 3, 1).reshape(y.shape[0], -1, width)


class Centres(nn.Module):
    """CenterNet: maps of centres, their peaks kept by a pool."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Backbone()
        self.heat, self.size = conv(16, 5), conv(16, 2)

    def forward(self, x):
        fine, _ = self.body(x)
        heat = self.heat(fine).sigmoid()
        peaks = functional.max_pool2d(heat, 3, 1, 1)
        return heat * (peaks == heat).float(), self.size(fine)


class Focus(nn.Module):
    """YOLOX's stem: every second pixel, four ways."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = block(12, 8, act=nn.SiLU)

    def forward(self, x):
        parts = [x[..., i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.conv(torch.cat(parts, 1))


def focus() -> nn.Module:
    return nn.Sequential(Focus(), conv(8, 8, 3, stride=2), nn.ReLU(), conv(8, 4))
