"""What OpenVINO's CPU does not compute of Interpolate, against PyTorch, which sources come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from converters.ir_to_tf.interpolation import Resize


@pytest.mark.parametrize("made", [3, 5, 8, 13])
def test_antialias_is_pytorchs(made):
    impulses = torch.eye(8)[None, :, :, None].repeat(1, 1, 1, 2)
    wanted = torch.nn.functional.interpolate(
        impulses, (made, 2), mode="bilinear", antialias=True, align_corners=False
    )
    resize = Resize(8, made, made / 8, "linear", "half_pixel", antialias=True)
    np.testing.assert_allclose(resize.matrix().T, wanted.numpy()[0, :, :, 0], atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    some.integers(1, 12),
    some.integers(1, 12),
    some.sampled_from(["nearest", "linear", "linear_onnx", "cubic", "bicubic_pillow"]),
    some.sampled_from(["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]),
)
def test_weights_add_up_to_one(size, made, mode, coordinates):
    sums = Resize(size, made, made / size, mode, coordinates).matrix().sum(1)
    np.testing.assert_allclose(sums, 1.0, atol=1e-6)
