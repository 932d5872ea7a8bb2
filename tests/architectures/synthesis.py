"""Networks that make images: enlarged, decoded, restyled."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.architectures.layers import Does, Residual, block, conv


def pixel_shuffle() -> nn.Module:
    """ESPCN."""
    body = [conv(3, 8, 5), nn.Tanh(), conv(8, 8, 3), nn.Tanh(), conv(8, 12, 3)]
    return nn.Sequential(*body, nn.PixelShuffle(2))


class Enlarged(nn.Module):
    """EDSR: residual blocks, a long way round, two shuffles, and the image enlarged beside."""

    def __init__(self) -> None:
        super().__init__()
        body = [
            Residual(nn.Sequential(conv(8, 8, 3), nn.PReLU(8), conv(8, 8, 3))) for _ in range(2)
        ]
        self.head, self.body = conv(3, 8, 3), Residual(nn.Sequential(*body, conv(8, 8, 3)))
        self.up = nn.Sequential(
            conv(8, 32, 3), nn.PixelShuffle(2), conv(8, 12, 3), nn.PixelShuffle(2)
        )

    def forward(self, x):
        wide = functional.interpolate(x, scale_factor=4, mode="bicubic", align_corners=False)
        return (self.up(self.body(self.head(x))) + wide).clamp(0, 1)


def super_resolution() -> nn.Module:
    return Enlarged()


def unshuffled() -> nn.Module:
    """Work at half the size: unshuffle, convolve, shuffle."""
    return nn.Sequential(
        nn.PixelUnshuffle(2),
        conv(12, 16, 3),
        nn.LeakyReLU(0.2),
        conv(16, 12, 3),
        nn.PixelShuffle(2),
    )


def generator() -> nn.Module:
    """DCGAN: from a row of numbers to an image."""
    layers = [nn.Linear(16, 256), nn.ReLU(), Does(lambda x: x.view(-1, 16, 4, 4))]
    for read, made in ((16, 8), (8, 8)):
        up = nn.ConvTranspose2d(read, made, 4, 2, 1, bias=False)
        layers += [up, nn.BatchNorm2d(made), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(8, 3, 3, 2, 1, 1), nn.Tanh())


def style() -> nn.Module:
    """Style transfer: reflected borders, instance norms, resized decoder."""

    def layer(read, made, stride=1):
        pad = nn.ReflectionPad2d(1)
        norm = nn.InstanceNorm2d(made, affine=True)
        return nn.Sequential(pad, nn.Conv2d(read, made, 3, stride), norm, nn.ReLU())

    up = nn.Upsample(scale_factor=2, mode="nearest")
    return nn.Sequential(layer(3, 8, 2), Residual(layer(8, 8)), up, layer(8, 8), conv(8, 3))


class Curves(nn.Module):
    """Zero-DCE: curves per pixel, applied again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = conv(3, 8, 3), conv(8, 8, 3), conv(16, 6, 3)

    def forward(self, x):
        a = torch.relu(self.a(x))
        b = torch.relu(self.b(a))
        for curve in torch.tanh(self.c(torch.cat([a, b], 1))).split(3, 1):
            x = x + curve * (x**2 - x)
        return x


def curves() -> nn.Module:
    return Curves()


def denoiser() -> nn.Module:
    return Residual(nn.Sequential(conv(3, 8, 3), nn.ReLU(), block(8, 8), conv(8, 3, 3)))
