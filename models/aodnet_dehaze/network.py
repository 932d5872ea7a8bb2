"""AOD-Net (Li et al. 2017): haze removal by one learnt map K of 1761 parameters, at any size."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class AODNet(nn.Module):
    """The module tree follows the published state dict: five convolutions of three channels."""

    def __init__(self) -> None:
        super().__init__()
        self.e_conv1 = nn.Conv2d(3, 3, 1)
        self.e_conv2 = nn.Conv2d(3, 3, 3, padding=1)
        self.e_conv3 = nn.Conv2d(6, 3, 5, padding=2)
        self.e_conv4 = nn.Conv2d(6, 3, 7, padding=3)
        self.e_conv5 = nn.Conv2d(12, 3, 3, padding=1)

    def forward(self, hazy: Tensor) -> Tensor:
        """The clean picture J = K I - K + 1, with the paper's bias b = 1."""
        one = relu(self.e_conv1(hazy))
        two = relu(self.e_conv2(one))
        three = relu(self.e_conv3(torch.cat((one, two), dim=1)))
        four = relu(self.e_conv4(torch.cat((two, three), dim=1)))
        k = relu(self.e_conv5(torch.cat((one, two, three, four), dim=1)))
        return relu(k * hazy - k + 1)
