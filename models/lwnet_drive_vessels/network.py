"""W-Net (Galdran et al. 2020): the vessels of a retina, by two small U-Nets one after the other.

The module tree follows the published state dict.
"""

import torch
from torch import Tensor, nn

WIDTHS = (8, 16, 32)


def active(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(outputs)]


class Block(nn.Module):
    """Two convolutions beside a pointwise short cut."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.block = nn.Sequential(*active(inputs, outputs), *active(outputs, outputs))
        self.shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x) + self.shortcut(x)


class Wrapped(nn.Module):
    """Layers under the name that the state dict has for them."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)


class Step(nn.Module):
    """Twice the size, joined with what the way down saw there."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up_layer = Wrapped(nn.ConvTranspose2d(inputs, outputs, 2, stride=2))
        self.conv_layer = Block(2 * outputs, outputs)
        self.conv_bridge_layer = Wrapped(*active(outputs, outputs))

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        return self.conv_layer(torch.cat((self.up_layer(x), self.conv_bridge_layer(seen)), dim=1))


class UNet(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first = Block(inputs, WIDTHS[0])
        self.down_path = nn.ModuleList([Block(8, 16), Block(16, 32)])
        self.up_path = nn.ModuleList([Step(32, 16), Step(16, 8)])
        self.final = nn.Conv2d(WIDTHS[0], 1, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        seen = [self.first(x)]
        for block in self.down_path:
            seen.append(block(self.pool(seen[-1])))
        x = seen.pop()
        for step in self.up_path:
            x = step(x, seen.pop())
        return self.final(x)


class WNet(nn.Module):
    """Height and width must be multiples of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.unet1 = UNet(3)
        self.unet2 = UNet(3 + 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, 1, h, w)."""
        return self.unet2(torch.cat((x, self.unet1(x)), dim=1))
