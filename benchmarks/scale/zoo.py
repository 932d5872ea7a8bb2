"""A made-up zoo: N sound recipes of 15 artefacts each, every one of them really buildable.

A network of one convolution, weights of a few numbers, samples of noise; each recipe's are its
own, so that no two share a result.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

RECIPE = """\
# yaml-language-server: $schema=../schema.yaml
schema: 1
id: {model}
name: Made-up network {number}
task: image_restoration
status: active
license:
  spdx: Apache-2.0
  url: https://www.apache.org/licenses/LICENSE-2.0
  redistribute: allowed
  evidence: Made up to measure how planning scales.
sources:
  weights: {{kind: file, path: weights.safetensors}}
load:
  framework: pytorch
  file: network.py
  factory: Network
  weights: weights
inputs:
  - name: x
    shape: [1, 3, h, w]
    layout: NCHW
    color: RGB
    preprocess: [{{resize: [h, w]}}, {{scale: 255}}]
outputs:
  - {{name: y, semantics: picture}}
matrix:
  axes: {{resolution: [[16, 16], [24, 24]]}}
  name: "{{h}}x{{w}}"
  overrides:
    - when: {{resolution: [24, 24]}}
      set: {{artifacts: [saved_model, ir, float32, float16, int8, full_int8]}}
artifacts: [saved_model, ir, float32, float16, dynamic, int8, full_int8, full_uint8, edgetpu]
data:
  training: {{kind: function, file: data.py, function: training}}
  heldout: {{kind: function, file: data.py, function: heldout}}
calibration: {{data: training, count: 10, seed: 0}}
verification: {{data: heldout, count: 2, seed: 1}}
limits:
  float32: {{normalised_max: 1.0e-4, transposes: 0}}
"""

NETWORK = '''\
"""Network {number}: one convolution."""

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.filter(x))
'''

DATA = '''\
"""Noise for network {number}."""

import numpy as np


def training(count, seed):
    chance = np.random.default_rng([seed, {number}])
    for _ in range(count):
        yield {{"x": chance.integers(0, 256, (16, 16, 3), dtype=np.uint8)}}, None


heldout = training
'''

ARTEFACTS = 15
"""Of a recipe: nine of its one variant, six of the other."""

ONE_ARTEFACT = "16x16/float32.tflite"
"""What is built where one model is built alone; below the model's folder in results/."""


def name(number: int) -> str:
    """The id of a made-up recipe."""
    return f"made_up_{number:04d}"


def make(folder: Path, count: int) -> None:
    """Write a zoo of so many recipes: `models/` and `config.yaml`, as a build wants them."""
    for number in range(count):
        model = folder / "models" / name(number)
        model.mkdir(parents=True)
        facts = {"model": name(number), "number": number}
        for file, text in (("recipe.yaml", RECIPE), ("network.py", NETWORK), ("data.py", DATA)):
            (model / file).write_text(text.format(**facts))
        chance = np.random.default_rng(number)
        weights = {"filter.weight": (3, 3, 3, 3), "filter.bias": (3,)}
        drawn = {key: chance.normal(0, 0.1, shape) for key, shape in weights.items()}
        save_file(
            {k: v.astype(np.float32) for k, v in drawn.items()}, model / "weights.safetensors"
        )
    (folder / "config.yaml").write_text("models: models\nselect: []\nmirrors: []\ncache: ''\n")
