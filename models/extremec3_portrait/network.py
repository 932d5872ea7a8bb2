"""ExtremeC3Net (Park et al. 2019): the person of a portrait, with 38 thousand parameters.

The module tree follows the published state dict. Before a convolution is dilated, two long thin
ones gather what its gaps would miss.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-3  # around the branches; within them PyTorch's own, as the answers tell


class Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class NormAndPrelu(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, eps=EPSILON)
        self.act = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(x))


class Normed(NormAndPrelu):
    """A 3x3 convolution of stride 2 before."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(outputs)
        self.conv = nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


class Dilated(nn.Module):
    """Depthwise, dilated, and pointwise."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        dilated = nn.Conv2d(
            inputs, inputs, 3, padding=dilation, dilation=dilation, groups=inputs, bias=False
        )
        pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.conv = nn.Sequential(*gathering(inputs, dilation), dilated, pointwise)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


def gathering(channels: int, dilation: int) -> list[nn.Module]:
    """A tall and a wide depthwise convolution over all that lies between two dilated taps."""
    if dilation == 1:
        return []
    size, room = 2 * dilation - 1, dilation - 1
    tall = nn.Conv2d(channels, channels, (size, 1), padding=(room, 0), groups=channels, bias=False)
    wide = nn.Conv2d(channels, channels, (1, size), padding=(0, room), groups=channels, bias=False)
    active = [nn.BatchNorm2d(channels), nn.PReLU(channels)]
    return [tall, *active, wide, nn.BatchNorm2d(channels)]


class Branches(nn.Module):
    """Three dilations of few channels, side by side."""

    def __init__(
        self, inputs: int, outputs: int, dilations: tuple[int, int, int], is_halving: bool = False
    ) -> None:
        super().__init__()
        share = outputs // 3
        self.c1 = Convolution(inputs, share, 3, 2) if is_halving else Convolution(inputs, share, 1)
        for number, dilation in enumerate(dilations, start=1):
            width = outputs - 2 * share if number == 1 else share
            self.add_module(f"d{number}", Dilated(share, width, dilation))

    def combined(self, x: Tensor) -> Tensor:
        x = self.c1(x)
        return torch.cat((self.d1(x), self.d2(x), self.d3(x)), dim=1)


class Halving(Branches):
    def __init__(self, inputs: int, outputs: int, dilations: tuple[int, int, int]) -> None:
        super().__init__(inputs, outputs, dilations, is_halving=True)
        self.bn = nn.BatchNorm2d(outputs, eps=EPSILON)
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.combined(x)))


class Block(Branches):
    def __init__(self, inputs: int, outputs: int, dilations: tuple[int, int, int]) -> None:
        super().__init__(inputs, outputs, dilations)
        self.has_short_cut = inputs == outputs
        self.bn = NormAndPrelu(outputs)

    def forward(self, x: Tensor) -> Tensor:
        found = self.combined(x)
        return self.bn(x + found if self.has_short_cut else found)


class Encoder(nn.Module):
    """Features at a quarter of the height and width."""

    def __init__(self, second: int, third: int) -> None:
        super().__init__()
        self.level1 = Normed(3, 24)
        self.b1 = NormAndPrelu(24 + 3)
        self.level2_0 = Halving(24 + 3, 48, (1, 2, 3))
        self.level2 = nn.Sequential(*(Block(48, 48, (1, 3, 4)) for _ in range(second)))
        self.b2 = NormAndPrelu(2 * 48 + 3)
        self.level3_0 = Block(2 * 48 + 3, 56, (1, 3, 5))
        self.level3 = nn.Sequential(*(Block(56, 56, (2, 4, 8)) for _ in range(third)))
        self.b3 = NormAndPrelu(2 * 56)

    def forward(self, x: Tensor) -> Tensor:
        half = functional.avg_pool2d(x, 3, 2, 1)
        quarter = functional.avg_pool2d(half, 3, 2, 1)
        start = self.level2_0(self.b1(torch.cat((self.level1(x), half), dim=1)))
        start = self.level3_0(self.b2(torch.cat((self.level2(start), start, quarter), dim=1)))
        return self.b3(torch.cat((start, self.level3(start)), dim=1))


def enlarged() -> nn.Upsample:
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)


class ExtremeC3Net(nn.Module):
    """Height and width must be multiples of 4."""

    def __init__(self, classes: int = 1, second: int = 1, third: int = 5) -> None:
        super().__init__()
        self.encoder = Encoder(second, third)
        self.upsample = nn.Sequential(
            nn.Conv2d(2 * 56, 24, 1, bias=False), nn.BatchNorm2d(24), enlarged()
        )
        self.Fine = nn.Sequential(Convolution(3, 24, 3, 2), Block(24, 24, (2, 4, 8)))
        self.classifier = nn.Sequential(
            NormAndPrelu(24), enlarged(), nn.Conv2d(24, classes, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes, h, w)."""
        return self.classifier(self.upsample(self.encoder(x)) + self.Fine(x))
