"""ESPNet (Mehta et al. 2018): streets in twenty classes, by a pyramid of dilated convolutions.

The module tree follows the published state dict.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-3
DILATIONS = (1, 2, 4, 8, 16)


class Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1):
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)

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
    """A 3x3 convolution before."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(outputs)
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


class Pyramid(nn.Module):
    """Few channels, seen through five dilations, each added to the one before."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        share = outputs // len(DILATIONS)
        first = outputs - (len(DILATIONS) - 1) * share
        self.c1 = Convolution(inputs, share, kernel, stride)
        for dilation in DILATIONS:
            width = first if dilation == 1 else share
            self.add_module(f"d{dilation}", Convolution(share, width, 3, dilation=dilation))

    def combined(self, x: Tensor) -> Tensor:
        x = self.c1(x)
        found = [self.d1(x), self.d2(x)]
        for dilation in DILATIONS[2:]:
            found.append(found[-1] + getattr(self, f"d{dilation}")(x))
        return torch.cat(found, dim=1)


class Halving(Pyramid):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel=3, stride=2)
        self.bn = nn.BatchNorm2d(outputs, eps=EPSILON)
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.combined(x)))


class Block(Pyramid):
    def __init__(self, inputs: int, outputs: int, has_short_cut: bool = True) -> None:
        super().__init__(inputs, outputs, kernel=1)
        self.has_short_cut = has_short_cut
        self.bn = NormAndPrelu(outputs)

    def forward(self, x: Tensor) -> Tensor:
        found = self.combined(x)
        return self.bn(x + found if self.has_short_cut else found)


class Encoder(nn.Module):
    """`second` and `third` blocks at strides 4 and 8."""

    def __init__(self, classes: int, second: int, third: int) -> None:
        super().__init__()
        self.level1 = Normed(3, 16, stride=2)
        self.b1 = NormAndPrelu(16 + 3)
        self.level2_0 = Halving(16 + 3, 64)
        self.level2 = nn.Sequential(*(Block(64, 64) for _ in range(second)))
        self.b2 = NormAndPrelu(2 * 64 + 3)
        self.level3_0 = Halving(2 * 64 + 3, 128)
        self.level3 = nn.Sequential(*(Block(128, 128) for _ in range(third)))
        self.b3 = NormAndPrelu(2 * 128)
        self.classifier = Convolution(2 * 128, classes, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at strides 2 and 4, classes at stride 8."""
        half = functional.avg_pool2d(x, 3, 2, 1)
        quarter = functional.avg_pool2d(half, 3, 2, 1)
        first = self.level1(x)
        start = self.level2_0(self.b1(torch.cat((first, half), dim=1)))
        second = self.b2(torch.cat((self.level2(start), start, quarter), dim=1))
        start = self.level3_0(second)
        third = self.b3(torch.cat((start, self.level3(start)), dim=1))
        return first, second, self.classifier(third)


def doubled(classes: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(classes, classes, 2, stride=2, bias=False)


class ESPNet(nn.Module):
    """Height and width must be multiples of 8."""

    def __init__(self, classes: int = 20, second: int = 2, third: int = 8) -> None:
        super().__init__()
        self.encoder = Encoder(classes, second, third)
        self.level3_C = Convolution(2 * 64 + 3, classes, 1)
        self.br = nn.BatchNorm2d(classes, eps=EPSILON)
        self.conv = Normed(16 + classes, classes)
        self.up_l3 = nn.Sequential(doubled(classes))
        self.combine_l2_l3 = nn.Sequential(
            NormAndPrelu(2 * classes), Block(2 * classes, classes, has_short_cut=False)
        )
        self.up_l2 = nn.Sequential(doubled(classes), NormAndPrelu(classes))
        self.classifier = doubled(classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes, h, w)."""
        first, second, coarse = self.encoder(x)
        both = torch.cat((self.level3_C(second), self.up_l3(self.br(coarse))), dim=1)
        finer = torch.cat((self.up_l2(self.combine_l2_l3(both)), first), dim=1)
        return self.classifier(self.conv(finer))
