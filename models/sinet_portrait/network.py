"""SINet (Park et al. 2020): the person of a portrait, refined where the coarse answer doubts.

The module tree follows the published state dict.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-3
SECOND = (((3, 1), (5, 1)), ((3, 1), (3, 1)))  # kernel and pooling of both branches, stride 4
THIRD = (  # the same at stride 8
    ((3, 1), (5, 1)),
    ((3, 1), (3, 1)),
    ((5, 1), (3, 2)),
    ((5, 2), (3, 4)),
    ((3, 1), (3, 1)),
    ((5, 1), (5, 2)),
    ((3, 2), (3, 4)),
    ((3, 1), (5, 2)),
)
GROUPS = 2

Branch = tuple[int, int]


class Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1, groups=groups, bias=False)

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
    """A convolution before."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(outputs)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


class Squeeze(nn.Module):
    """Each channel times what the mean of all channels says."""

    def __init__(self, channels: int, divisor: int) -> None:
        super().__init__()
        inner = channels // divisor
        layers: list[nn.Module] = [nn.Linear(channels, inner), nn.PReLU(inner)]
        if divisor > 1:
            layers += [nn.Linear(inner, channels), nn.PReLU(channels)]
        self.dense = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.dense(x.mean(dim=(2, 3)))[:, :, None, None]


class Halving(NormAndPrelu):
    def __init__(self, inputs: int, outputs: int, divisor: int) -> None:
        super().__init__(outputs)
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, 2, 1, groups=inputs, bias=False),
            Squeeze(inputs, divisor),
            nn.Conv2d(inputs, outputs, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


def enlarged(x: Tensor, factor: int = 2) -> Tensor:
    return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True)


class Squeezed(nn.Module):
    """A separable convolution at a lower resolution."""

    def __init__(self, channels: int, kernel: int, pooling: int) -> None:
        super().__init__()
        self.pooling = pooling
        depthwise = nn.Conv2d(
            channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False
        )
        self.conv = nn.Sequential(depthwise, nn.BatchNorm2d(channels, eps=EPSILON))
        self.act_conv1x1 = nn.Sequential(
            nn.PReLU(channels), nn.Conv2d(channels, channels, 1, bias=False)
        )
        self.bn = nn.BatchNorm2d(channels, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        if self.pooling > 1:
            x = functional.avg_pool2d(x, self.pooling)
        x = self.act_conv1x1(self.conv(x))
        return self.bn(enlarged(x, self.pooling) if self.pooling > 1 else x)


class Block(nn.Module):
    """Two branches over shuffled channels."""

    def __init__(self, inputs: int, outputs: int, branches: tuple[Branch, Branch]) -> None:
        super().__init__()
        self.has_short_cut = inputs == outputs
        self.c1 = Convolution(inputs, outputs // 2, GROUPS)
        self.d1 = Squeezed(outputs // 2, *branches[0])
        self.d2 = Squeezed(outputs // 2, *branches[1])
        self.BR = NormAndPrelu(outputs)

    def forward(self, x: Tensor) -> Tensor:
        shared = shuffled(self.c1(x))
        found = torch.cat((self.d1(shared), self.d2(shared)), dim=1)
        return self.BR(found + x if self.has_short_cut else found)


def shuffled(x: Tensor) -> Tensor:
    """Channels of all groups by turns; written out, since ONNX has no operator for it."""
    batch, channels, height, width = x.shape
    grouped = x.view(batch, GROUPS, channels // GROUPS, height, width)
    return grouped.transpose(1, 2).reshape(batch, channels, height, width)


def chain(inputs: int, outputs: int, places: tuple[tuple[Branch, Branch], ...]) -> nn.Sequential:
    widths = [inputs] + [outputs] * (len(places) - 1)
    return nn.Sequential(
        *(Block(width, outputs, branches) for width, branches in zip(widths, places, strict=True))
    )


class Encoder(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.level1 = Normed(3, 12, 3, stride=2)
        self.level2_0 = Halving(12, 16, divisor=1)
        self.level2 = chain(16, 48, SECOND)
        self.BR2 = NormAndPrelu(16 + 48)
        self.level3_0 = Halving(16 + 48, 48, divisor=2)
        self.level3 = chain(48, 96, THIRD)
        self.BR3 = NormAndPrelu(48 + 96)
        self.classifier = Convolution(48 + 96, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features at stride 4 and classes at stride 8."""
        start = self.level2_0(self.level1(x))
        second = self.level2(start)
        start = self.level3_0(self.BR2(torch.cat((start, second), dim=1)))
        third = self.BR3(torch.cat((start, self.level3(start)), dim=1))
        return second, self.classifier(third)


class Upsample(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return enlarged(x)


class SINet(nn.Module):
    """Height and width must be multiples of 32."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.encoder = Encoder(classes)
        self.bn_3 = nn.BatchNorm2d(classes, eps=EPSILON)
        self.level2_C = Normed(48, classes, 1)
        self.bn_2 = nn.BatchNorm2d(classes, eps=EPSILON)
        self.classifier = nn.Sequential(
            Upsample(), nn.Conv2d(classes, classes, 3, padding=1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits of background and person (n, 2, h, w)."""
        second, coarse = self.encoder(x)
        coarse = self.bn_3(enlarged(coarse))
        doubt = 1 - coarse.softmax(dim=1).amax(dim=1, keepdim=True)
        return self.classifier(self.bn_2(enlarged(self.level2_C(second) * doubt + coarse)))
