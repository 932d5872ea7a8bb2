"""3DDFA V2 (Guo et al. 2020): the pose and shape of one face, with MobileNet V1 at half width.

The module tree follows the published state dict, whose head of landmarks serves training only.
"""

from torch import Tensor, nn

LAYERS = (  # name, channels in, channels out, stride
    ("dw2_1", 16, 32, 1),
    ("dw2_2", 32, 64, 2),
    ("dw3_1", 64, 64, 1),
    ("dw3_2", 64, 128, 2),
    ("dw4_1", 128, 128, 1),
    ("dw4_2", 128, 256, 2),
    ("dw5_1", 256, 256, 1),
    ("dw5_2", 256, 256, 1),
    ("dw5_3", 256, 256, 1),
    ("dw5_4", 256, 256, 1),
    ("dw5_5", 256, 256, 1),
    ("dw5_6", 256, 512, 2),
    ("dw6", 512, 512, 1),
)


class Separable(nn.Module):
    """Depthwise and pointwise, both normalised."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.bn_dw = nn.BatchNorm2d(inputs)
        self.conv_sep = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn_sep = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn_dw(self.conv_dw(x)).relu()
        return self.bn_sep(self.conv_sep(x)).relu()


class FaceParameters(nn.Module):
    """12 numbers of pose, 40 of shape, 10 of expression, in units of their spread."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        for name, *sizes in LAYERS:
            self.add_module(name, Separable(*sizes))
        self.fc_param = nn.Linear(512, 62)
        self.fc_lm = nn.Linear(512, 136)

    def forward(self, x: Tensor) -> Tensor:
        """Parameters (n, 62)."""
        x = self.bn1(self.conv1(x)).relu()
        for name, *_ in LAYERS:
            x = getattr(self, name)(x)
        return self.fc_param(x.mean(dim=(2, 3)))
