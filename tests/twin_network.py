"""A small network written twice, in PyTorch and TensorFlow, with the same weights.

Two outputs of equal shape, so that a swap would show. Tests of the stages after the conversion
start from it: they need no conversion to have happened.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

SIDE = 16
MODEL, VARIANT = "twin", "16x16"

NETWORK = """\
import torch
from torch import nn


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Conv2d(3, 8, 3, padding=1)
        self.mask = nn.Conv2d(8, 1, 1)
        self.edge = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        x = torch.relu(self.body(x))
        return torch.sigmoid(self.mask(x)), torch.sigmoid(self.edge(x))
"""
DATA = """\
import numpy as np


def squares(count, seed):
    chance = np.random.default_rng(seed)
    for _ in range(count):
        picture = chance.integers(0, 128, (16, 16, 3), dtype=np.uint8)
        top, left = chance.integers(0, 8, 2)
        mask = np.zeros((16, 16), np.float32)
        mask[top : top + 8, left : left + 8] = 1
        picture[mask > 0] += 120
        yield {"x": picture}, mask


def still(count, seed):
    chance = np.random.default_rng(seed)
    for _ in range(count):
        yield {"x": chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)}
"""
RECIPE = """\
schema: 1
id: twin
name: A network written twice
task: saliency_segmentation
license: {spdx: Apache-2.0, url: "https://example.org/LICENSE", redistribute: allowed}
sources:
  weights: {kind: file, path: weights.safetensors}
load: {framework: pytorch, file: network.py, factory: Twin, weights: weights}
inputs:
  - {name: x, shape: [1, 3, h, w], layout: NCHW, preprocess: [{resize: [h, w]}, {scale: 255}]}
outputs:
  - {name: "F.sigmoid(mask)", rename: mask, semantics: mask}
  - {name: edge, semantics: mask}
matrix: {axes: {resolution: [[16, 16]]}, name: "{h}x{w}"}
artifacts: [saved_model, ir, float32, float16, dynamic, int8, full_int8, full_uint8,
  int16x8]
data:
  squares: {kind: function, file: data.py, function: squares}
  noise: {kind: random}
calibration: {data: squares, count: 20, seed: 1}
verification: {data: squares, count: 3, seed: 2}
evaluation: {data: squares, count: 4, seed: 3, metric: iou, output: mask}
"""


def weights() -> dict[str, np.ndarray]:
    """PyTorch's names and shapes; the outputs differ well and spread over their range."""
    chance = np.random.default_rng(5)
    shapes = {"body": (8, 3, 3, 3), "mask": (1, 8, 1, 1), "edge": (1, 8, 1, 1)}
    tensors = {f"{k}.weight": chance.normal(0, 0.7, shape) for k, shape in shapes.items()}
    tensors |= {f"{k}.bias": chance.normal(0, 0.3, shape[0]) for k, shape in shapes.items()}
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def write_model(root: Path, recipe: str = RECIPE) -> None:
    """models/twin and sources/twin below a folder."""
    from safetensors.numpy import save_file

    model, source = root / "models" / MODEL, root / "sources" / MODEL / "weights"
    for folder in (model, source):
        folder.mkdir(parents=True, exist_ok=True)
    (model / "network.py").write_text(NETWORK)
    (model / "data.py").write_text(DATA)
    (model / "recipe.yaml").write_text(recipe)
    save_file(weights(), model / "weights.safetensors")
    save_file(weights(), source / "weights.safetensors")


def write_saved_model(folder: Path, spoilt="", by=0.0, swap=False, divides=False) -> None:
    """The same network channels last; one tensor may be spoilt, the names of outputs swapped."""
    import tensorflow as tf

    tensors = {name: v + by if name == spoilt else v for name, v in weights().items()}

    def convolution(x, name):
        filters = tensors[f"{name}.weight"].transpose(2, 3, 1, 0)
        return tf.nn.bias_add(tf.nn.conv2d(x, filters, 1, "SAME"), tensors[f"{name}.bias"])

    @tf.function(input_signature=[tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, "x")])
    def serving(x):
        x = tf.nn.relu(convolution(x, "body"))
        x = x / (1 + tf.reduce_mean(x, axis=(1, 2), keepdims=True)) if divides else x
        mask, edge = (tf.nn.sigmoid(convolution(x, name)) for name in ("mask", "edge"))
        return {"mask": edge, "edge": mask} if swap else {"mask": mask, "edge": edge}

    module = tf.Module()
    module.serving = serving
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serving})


def write_interface(path: Path) -> None:
    """interface.json, outputs in the recipe's order (the converter's would be edge, mask)."""
    axes = {"order": [0, 2, 3, 1], "dtype": "float32"}
    outputs = [{"name": n, "shape": [1, SIDE, SIDE, 1], **axes} for n in ("mask", "edge")]
    inputs = [{"name": "x", "shape": [1, SIDE, SIDE, 3], **axes}]
    moved = {"count": 0, "bytes": 0, "bound": 0}
    path.write_text(json.dumps({"inputs": inputs, "outputs": outputs, "transposes": moved}))
