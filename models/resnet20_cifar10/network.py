"""ResNet for CIFAR-10 (He et al. 2015, section 4.2) with parameter-free short cuts (option A)."""

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, pad, relu


class Block(nn.Module):
    """Two 3x3 convolutions; the short cut drops every other pixel and pads channels with 0."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.step = 1 if inputs == outputs else 2
        self.new_channels = outputs - inputs
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.step, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        short = x
        if self.new_channels:
            half = self.new_channels // 2
            short = pad(x[:, :, :: self.step, :: self.step], (0, 0, 0, 0, half, half))
        return relu(self.bn2(self.conv2(relu(self.bn1(self.conv1(x))))) + short)


def stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
    """Blocks of one resolution; the first may change it."""
    return nn.Sequential(
        Block(inputs, outputs), *(Block(outputs, outputs) for _ in range(blocks - 1))
    )


class CifarResNet(nn.Module):
    """Depth 6 n + 2 for n blocks per stage: 3 make ResNet-20."""

    def __init__(self, blocks: int = 3, classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = stage(16, 16, blocks)
        self.layer2 = stage(16, 32, blocks)
        self.layer3 = stage(32, 64, blocks)
        self.linear = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (n, classes)."""
        x = relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(adaptive_avg_pool2d(x, 1).flatten(1))
