"""MediaPipe's face mesh (Kartynnik et al. 2019): 468 points in space from a face of 192x192.

The module tree follows the published state dict.
"""

from torch import Tensor, nn
from torch.nn import functional

STAGES = ((16, 16), (16, 32), (32, 64), (64, 128), (128, 128))  # channels in, channels out
POINTS = 468


class Block(nn.Module):
    """Depthwise and pointwise beside a short cut that is pooled and padded with channels."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.new_channels = outputs - inputs
        self.convs = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, padding=2 - stride, groups=inputs),
            nn.Conv2d(inputs, outputs, 1),
        )
        self.act = nn.PReLU(outputs)

    def forward(self, x: Tensor) -> Tensor:
        short = functional.max_pool2d(x, 2) if self.stride == 2 else x
        if self.new_channels:
            short = functional.pad(short, (0, 0, 0, 0, 0, self.new_channels))
        # even sizes: "same" padding of a stride of 2 lies behind the picture only
        wide = functional.pad(x, (0, 2, 0, 2)) if self.stride == 2 else x
        return self.act(self.convs(wide) + short)


def backbone() -> nn.Sequential:
    """192x192 to 6x6."""
    layers: list[nn.Module] = [nn.Conv2d(3, 16, 3, stride=2), nn.PReLU(16)]
    for stage, (inputs, outputs) in enumerate(STAGES):
        if stage:
            layers.append(Block(inputs, outputs, stride=2))
        layers += [Block(outputs, outputs), Block(outputs, outputs)]
    return nn.Sequential(*layers)


def head(outputs: int, blocks: int) -> nn.Sequential:
    """6x6 to 1x1."""
    return nn.Sequential(
        Block(128, 128, stride=2),
        *(Block(128, 128) for _ in range(blocks)),
        nn.Conv2d(128, 32, 1),
        nn.PReLU(32),
        Block(32, 32),
        nn.Conv2d(32, outputs, 3),
    )


class FaceMesh(nn.Module):
    """Points are parts of the picture's width."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone1 = backbone()
        self.backbone2a = head(3 * POINTS, blocks=2)
        self.backbone2b = head(1, blocks=0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Presence of a face (n, 1) and its points (n, 468, 3)."""
        features = self.backbone1(functional.pad(x, (0, 1, 0, 1)))
        points = self.backbone2a(features).reshape(x.shape[0], POINTS, 3) / 192
        return self.backbone2b(features).sigmoid().reshape(x.shape[0], 1), points
