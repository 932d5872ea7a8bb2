"""One small network per family of architectures, drawn from a seed.

Each is a few dozen lines of PyTorch that keep what is typical of its family: how tensors are cut,
joined, transposed and normalised. `CONVOLUTIONAL` need no Transpose at all; `TURNING` attend, or
give their rows in another order than they make them: the converter proves a bound.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from tests.architectures import (
    attention,
    branches,
    detection,
    mobile,
    residual,
    scales,
    sequences,
    synthesis,
)

SEED = 20


class Architecture(NamedTuple):
    """A family's name, how its network is made, and what it takes."""

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...] = (1, 3, 32, 32)
    rows: bool = True  # whether outputs of rank 3 are to stay as written

    def network(self) -> nn.Module:
        """The network with weights drawn from the seed; statistics of norms are not trivial."""
        torch.manual_seed(SEED)
        network = self.make().eval()
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                nn.init.uniform_(module.running_mean, -0.3, 0.3)
                nn.init.uniform_(module.running_var, 0.5, 1.5)
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.uniform_(module.bias, -0.3, 0.3)
        return network

    def example(self) -> torch.Tensor:
        """What it is run on."""
        torch.manual_seed(SEED + 1)
        return torch.rand(self.shape)


CONVOLUTIONAL = [
    Architecture("residual", residual.basic),
    Architecture("preactivated residual", residual.preactivated),
    Architecture("bottleneck", residual.bottleneck),
    Architecture("resnext", residual.resnext),
    Architecture("squeeze and excite", residual.squeeze_excite),
    Architecture("res2net", residual.res2net),
    Architecture("convnext", residual.convnext),
    Architecture("group and instance norm", residual.wide_norms),
    Architecture("mobilenet v1", mobile.mobilenet_v1),
    Architecture("mobilenet v2", mobile.mobilenet_v2),
    Architecture("mobilenet v3", mobile.mobilenet_v3),
    Architecture("hard activations spelled out", mobile.hard_activations),
    Architecture("efficientnet", mobile.efficientnet),
    Architecture("ghost", mobile.ghostnet),
    Architecture("channel shuffle", mobile.shufflenet),
    Architecture("repvgg", mobile.repvgg),
    Architecture("squeezenet", mobile.fire),
    Architecture("efficient channel attention", mobile.eca),
    Architecture("inception", branches.inception),
    Architecture("dense", branches.dense),
    Architecture("cross stage partial", branches.csp),
    Architecture("split stage", branches.split_stage),
    Architecture("spatial pyramid", branches.spatial_pyramid),
    Architecture("atrous pyramid", branches.aspp),
    Architecture("cbam", branches.cbam),
    Architecture("selected kernels", branches.selected_kernels),
    Architecture("formula", branches.formula),
    Architecture("hourglass", scales.hourglass),
    Architecture("u-net", scales.unet),
    Architecture("u-net resized", scales.unet_resized),
    Architecture("feature pyramid", scales.feature_pyramid),
    Architecture("high resolution", scales.high_resolution),
    Architecture("depth decoder", scales.depth),
    Architecture("two branches", scales.two_branches),
    Architecture("vgg", scales.vgg),
    Architecture("alexnet", scales.alexnet),
    Architecture("decoupled head", detection.Decoupled),
    Architecture("single shot", detection.SingleShot),
    Architecture("centres", detection.Centres),
    Architecture("focus", detection.focus),
    Architecture("pixel shuffle", synthesis.pixel_shuffle, (1, 3, 16, 16)),
    Architecture("super-resolution", synthesis.super_resolution, (1, 3, 12, 16)),
    Architecture("unshuffle", synthesis.unshuffled),
    Architecture("generator", synthesis.generator, (1, 16)),
    Architecture("style transfer", synthesis.style),
    Architecture("curves", synthesis.curves),
    Architecture("denoiser", synthesis.denoiser),
    Architecture("sound", sequences.sound, (1, 2, 256)),
    Architecture("temporal convolution", sequences.temporal, (1, 2, 32), rows=False),
    Architecture("video", sequences.video, (1, 3, 4, 16, 16)),
    Architecture("shifted frames", sequences.shifted, (4, 3, 16, 16)),
    Architecture("text reader, gru", sequences.crnn_gru),
]

TURNING = [
    Architecture("vit", attention.Vision),
    Architecture("swin", attention.windows),
    Architecture("mobilevit", attention.unfolded),
    Architecture("levit", attention.levit),
    Architecture("coat", attention.coat),
    Architecture("non-local", attention.non_local),
    Architecture("global context", attention.global_context),
    Architecture("mixer", attention.mixer),
    Architecture("anchored head", detection.Anchored),
    Architecture("distributed boxes", detection.Distributed),
    Architecture("spectrogram", sequences.spectrogram, (1, 1, 16, 24)),
    Architecture("text reader, lstm", sequences.crnn_lstm),
    Architecture("channel attention", attention.channel_attention),
]

ARCHITECTURES = [*CONVOLUTIONAL, *TURNING]
