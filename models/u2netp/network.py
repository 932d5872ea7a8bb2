"""U^2-Net-P: a U-Net of small U-Nets, after Qin et al. 2020, Pattern Recognition 106.

Parameters carry the names and shapes of the published weights (u2netp.pth), so those load
strictly. What is trained here lies in weights.safetensors; how, in train.py.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MID_CHANNELS = 16
OUT_CHANNELS = 64


class Stage(NamedTuple):
    """A block of the outer U: its depth, and whether dilation stands in for pooling."""

    name: str
    depth: int
    dilated: bool = False


ENCODER = (
    Stage("stage1", 7),
    Stage("stage2", 6),
    Stage("stage3", 5),
    Stage("stage4", 4),
    Stage("stage5", 4, dilated=True),
    Stage("stage6", 4, dilated=True),
)
DECODER = tuple(stage._replace(name=f"{stage.name}d") for stage in reversed(ENCODER[:-1]))


class REBNCONV(nn.Module):
    """A 3x3 convolution that keeps the size, its normalisation and a ReLU."""

    def __init__(self, in_ch: int, out_ch: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(in_ch, out_ch, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(out_ch)
        self.relu_s1 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu_s1(self.bn_s1(self.conv_s1(x)))


class RSU(nn.Module):
    """A residual U-block: `depth - 1` levels down, a dilated bottom, the same way up.

    The dilated kind never leaves its size: level n sees through holes of 2^(n-1) instead.
    """

    def __init__(self, depth: int, in_ch: int, mid_ch: int, out_ch: int, dilated: bool) -> None:
        super().__init__()
        self.depth = depth
        self.dilated = dilated
        holes = [2**level if dilated else 1 for level in range(depth)]
        holes[-1] = holes[-1] if dilated else 2
        self.rebnconvin = REBNCONV(in_ch, out_ch)
        for level in range(1, depth + 1):
            block = REBNCONV(out_ch if level == 1 else mid_ch, mid_ch, holes[level - 1])
            self.add_module(f"rebnconv{level}", block)
        for level in range(depth - 1, 0, -1):
            block = REBNCONV(2 * mid_ch, out_ch if level == 1 else mid_ch, holes[level - 1])
            self.add_module(f"rebnconv{level}d", block)

    def forward(self, x: Tensor) -> Tensor:
        entry = self.rebnconvin(x)
        skips = [self.get_submodule("rebnconv1")(entry)]
        for level in range(2, self.depth):
            below = skips[-1] if self.dilated else halved(skips[-1])
            skips.append(self.get_submodule(f"rebnconv{level}")(below))
        x = self.get_submodule(f"rebnconv{self.depth}")(skips[-1])
        for level in range(self.depth - 1, 0, -1):
            skip = skips[level - 1]
            at_bottom = self.dilated or level == self.depth - 1
            x = torch.cat((x if at_bottom else enlarged(x, skip), skip), dim=1)
            x = self.get_submodule(f"rebnconv{level}d")(x)
        return x + entry


class U2NETP(nn.Module):
    """The whole network: answers seven maps in [0, 1], the fused d0 first, then d1 to d6."""

    def __init__(self, in_ch: int = 3, out_ch: int = 1) -> None:
        super().__init__()
        for position, stage in enumerate(ENCODER + DECODER):
            wide = in_ch if position == 0 else OUT_CHANNELS
            wide *= 2 if stage in DECODER else 1
            block = RSU(stage.depth, wide, MID_CHANNELS, OUT_CHANNELS, stage.dilated)
            self.add_module(stage.name, block)
        for scale in range(1, len(ENCODER) + 1):
            self.add_module(f"side{scale}", nn.Conv2d(OUT_CHANNELS, out_ch, 3, padding=1))
        self.outconv = nn.Conv2d(len(ENCODER) * out_ch, out_ch, 1)

    def maps(self, x: Tensor) -> tuple[Tensor, ...]:
        """The seven maps before the sigmoid: what training compares with the truth."""
        levels = [self.get_submodule("stage1")(x)]
        for stage in ENCODER[1:]:
            levels.append(self.get_submodule(stage.name)(halved(levels[-1])))
        decoded = [levels.pop()]
        for stage in DECODER:
            skip = levels.pop()
            joined = torch.cat((enlarged(decoded[0], skip), skip), dim=1)
            decoded.insert(0, self.get_submodule(stage.name)(joined))
        sides = [self.get_submodule(f"side{n}")(x) for n, x in enumerate(decoded, start=1)]
        sides = [sides[0], *(enlarged(side, sides[0]) for side in sides[1:])]
        return self.outconv(torch.cat(sides, dim=1)), *sides

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.sigmoid(each) for each in self.maps(x))


def halved(x: Tensor) -> Tensor:
    """Half the size, rounded up."""
    return F.max_pool2d(x, 2, stride=2, ceil_mode=True)


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear, to the height and width of another tensor."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
