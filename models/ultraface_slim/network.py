"""UltraFace slim: a small single-shot detector of faces on four scales.

The module tree follows the published state dict. Boxes come out decoded, as parts of the picture.
"""

from math import ceil

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32, 64)
SIDES = ((10, 16, 24), (32, 48), (64, 96), (128, 192, 256))  # of the priors, in pixels
CENTRE, SIZE = 0.1, 0.2  # variances of the offsets
BLOCKS = (  # channels in, channels out, stride; the layers after the first
    (16, 32, 1),
    (32, 32, 2),
    (32, 32, 1),
    (32, 64, 2),
    (64, 64, 1),
    (64, 64, 1),
    (64, 64, 1),
    (64, 128, 2),
    (128, 128, 1),
    (128, 128, 1),
    (128, 256, 2),
    (256, 256, 1),
)
LOOKED_AT = (7, 10, 12)  # the layers whose output has heads


def normed(convolution: nn.Conv2d) -> list[nn.Module]:
    return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU()]


def separable(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Depthwise and pointwise, both normalised."""
    depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
    return nn.Sequential(*normed(depthwise), *normed(nn.Conv2d(inputs, outputs, 1, bias=False)))


def plain_separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Depthwise and pointwise with biases and no normalisation."""
    depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs)
    return nn.Sequential(depthwise, nn.ReLU(), nn.Conv2d(inputs, outputs, 1))


def heads(values: int) -> nn.ModuleList:
    """One head per scale; the last is a plain convolution."""
    channels = (64, 128, 256)
    small = [
        plain_separable(inputs, values * len(sides))
        for inputs, sides in zip(channels, SIDES, strict=False)
    ]
    return nn.ModuleList([*small, nn.Conv2d(256, values * len(SIDES[-1]), 3, padding=1)])


def priors(height: int, width: int) -> Tensor:
    """(n, 4): centre x, centre y, width, height of every prior, as parts of the picture."""
    scales = [
        (ceil(height / stride), ceil(width / stride), sides)
        for stride, sides in zip(STRIDES, SIDES, strict=True)
    ]
    rows = [
        ((x + 0.5) / columns, (y + 0.5) / lines, side / width, side / height)
        for lines, columns, sides in scales
        for y in range(lines)
        for x in range(columns)
        for side in sides
    ]
    return torch.tensor(rows).clamp(0, 1)


class UltraFaceSlim(nn.Module):
    """The priors belong to one size of picture."""

    def __init__(self, height: int = 240, width: int = 320) -> None:
        super().__init__()
        first = nn.Sequential(*normed(nn.Conv2d(3, 16, 3, 2, 1, bias=False)))
        self.base_net = nn.ModuleList([first, *(separable(*block) for block in BLOCKS)])
        extra = nn.Sequential(
            nn.Conv2d(256, 64, 1), nn.ReLU(), plain_separable(64, 256, stride=2), nn.ReLU()
        )
        self.extras = nn.ModuleList([extra])
        self.classification_headers = heads(2)
        self.regression_headers = heads(4)
        self.register_buffer("priors", priors(height, width), persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities (n, priors, 2) and corners (n, priors, 4)."""
        scales = []
        for place, layer in enumerate(self.base_net):
            x = layer(x)
            if place in LOOKED_AT:
                scales.append(x)
        scales.append(self.extras[0](x))
        logits = per_prior(self.classification_headers, scales, 2)
        return logits.softmax(dim=2), self.corners(per_prior(self.regression_headers, scales, 4))

    def corners(self, offsets: Tensor) -> Tensor:
        centres = offsets[..., :2] * CENTRE * self.priors[:, 2:] + self.priors[:, :2]
        halves = torch.exp(offsets[..., 2:] * SIZE) * self.priors[:, 2:] / 2
        return torch.cat((centres - halves, centres + halves), dim=2)


def per_prior(layers: nn.ModuleList, scales: list[Tensor], values: int) -> Tensor:
    """The heads' answers, one row per prior."""
    maps = [head(scale) for head, scale in zip(layers, scales, strict=True)]
    rows = [entry.permute(0, 2, 3, 1).reshape(entry.shape[0], -1, values) for entry in maps]
    return torch.cat(rows, dim=1)
