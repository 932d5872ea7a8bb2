"""Image-adaptive 3D lookup tables (Zeng et al. 2020): the weights with which three are mixed.

The module tree follows the published state dict. The tables themselves are applied elsewhere.
"""

from torch import Tensor, nn

CHANNELS = (16, 32, 64, 128, 128)  # after each halving
SIDE = 256  # height and width at which a picture is looked at


def halving(inputs: int, outputs: int, is_normed: bool) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(0.2)]
    return [*layers, nn.InstanceNorm2d(outputs, affine=True)] if is_normed else layers


class Classifier(nn.Module):
    """Takes pictures of any size."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Upsample(size=(SIDE, SIDE), mode="bilinear")]
        for place, (inputs, outputs) in enumerate(zip((3, *CHANNELS), CHANNELS, strict=False)):
            layers += halving(inputs, outputs, is_normed=place < len(CHANNELS) - 1)
        layers += [nn.Dropout(), nn.Conv2d(CHANNELS[-1], 3, SIDE // 32)]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """One weight per table (n, 3, 1, 1)."""
        return self.model(x)
