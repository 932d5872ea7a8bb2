"""Three published networks, layer by layer as `keras.applications` has them.

`symmetric` pads strided convolutions alike on both sides, as PyTorch does; else as Keras does, at
the end only where the size is even.
"""

from __future__ import annotations

from torch import nn

from tests.architectures.layers import Residual, block, conv


def strided(read: int, made: int, size: int, act: type | None, symmetric: bool, **words):
    """A convolution with batch norm that halves an image of even size."""
    begin, end = (size // 2, size // 2) if symmetric else (size // 2 - 1, size // 2)
    pad = nn.ZeroPad2d((begin, end, begin, end))
    body = block(read, made, size, act, stride=2, padding=0, **words)
    return (
        nn.Sequential(pad, body)
        if not symmetric
        else block(read, made, size, act, stride=2, **words)
    )


def classifier(width: int) -> nn.Module:
    mean = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return nn.Sequential(mean, nn.Linear(width, 10), nn.Softmax(1))


# MobileNetV2 -------------------------------------------------------------------------------------

MOBILE = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)]
MOBILE += [(6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
"""Expansion, width, repeats, stride."""


def mobilenet_v2(symmetric: bool) -> nn.Module:
    layers, read = [strided(3, 32, 3, nn.ReLU6, symmetric)], 32
    for factor, made, repeats, stride in MOBILE:
        for step in range(repeats):
            body = inverted(read, made, factor, stride if step == 0 else 1, symmetric)
            layers.append(body if step == 0 else Residual(body))
            read = made
    return nn.Sequential(*layers, block(read, 1280, 1, nn.ReLU6), classifier(1280))


def inverted(read: int, made: int, factor: int, stride: int, symmetric: bool) -> nn.Module:
    wide = read * factor
    layers = [block(read, wide, 1, nn.ReLU6)] if factor > 1 else []
    if stride == 2:
        layers.append(strided(wide, wide, 3, nn.ReLU6, symmetric, groups=wide))
    else:
        layers.append(block(wide, wide, 3, nn.ReLU6, groups=wide))
    return nn.Sequential(*layers, block(wide, made, 1, None))


# ResNet50 ----------------------------------------------------------------------------------------


class Bottleneck(nn.Module):
    """The stride is in the first convolution, as in the first publication."""

    def __init__(self, read: int, width: int, stride: int) -> None:
        super().__init__()
        made = 4 * width
        first = block(read, width, 1, stride=stride)
        self.body = nn.Sequential(first, block(width, width), block(width, made, 1, None))
        self.beside = nn.Identity()
        if read != made:
            self.beside = block(read, made, 1, None, stride=stride)
        self.after = nn.ReLU()

    def forward(self, x):
        return self.after(self.beside(x) + self.body(x))


def resnet50() -> nn.Module:
    layers, read = [block(3, 64, 7, stride=2), nn.MaxPool2d(3, 2, 1)], 64
    for width, repeats, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for step in range(repeats):
            layers.append(Bottleneck(read, width, stride if step == 0 else 1))
            read = 4 * width
    return nn.Sequential(*layers, classifier(read))


# EfficientNet-B0 ---------------------------------------------------------------------------------

EFFICIENT = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)]
EFFICIENT += [(6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]
"""Expansion, width, repeats, stride, size of the filters."""


class Excited(nn.Module):
    def __init__(self, width: int, narrow: int) -> None:
        super().__init__()
        layers = [nn.AdaptiveAvgPool2d(1), conv(width, narrow), nn.SiLU(), conv(narrow, width)]
        self.gate = nn.Sequential(*layers, nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


def efficientnet_b0(symmetric: bool) -> nn.Module:
    layers, read = [strided(3, 32, 3, nn.SiLU, symmetric)], 32
    for factor, made, repeats, stride, size in EFFICIENT:
        for step in range(repeats):
            wide = read * factor
            body = [block(read, wide, 1, nn.SiLU)] if factor > 1 else []
            if stride == 2 and step == 0:
                body.append(strided(wide, wide, size, nn.SiLU, symmetric, groups=wide))
            else:
                body.append(block(wide, wide, size, nn.SiLU, groups=wide))
            inner = nn.Sequential(*body, Excited(wide, read // 4), block(wide, made, 1, None))
            layers.append(inner if step == 0 else Residual(inner))
            read = made
    return nn.Sequential(*layers, block(read, 1280, 1, nn.SiLU), classifier(1280))
