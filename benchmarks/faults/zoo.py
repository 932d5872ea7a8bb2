"""The small zoo that the faults happen to, and what a build of it comes to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from converters.contents import ONLY_SNAKEMAKES, file_digest
from converters.prune import HALF_WRITTEN

ARTIFACTS = ("saved_model", "ir", "float32", "int8")

FROM_A_FILE = "{{kind: file, path: small.onnx}}"
FROM_A_SERVER = '{{kind: url, url: "{url}", sha256: {sha256}, size: {size}}}'

RECIPE = """\
schema: 1
id: small
name: Two convolutions
task: image_restoration
license: {{spdx: Apache-2.0, url: "https://example.org/LICENSE", redistribute: allowed}}
sources:
  net: {source}
load: {{framework: onnx, model: net}}
inputs:
  - {{name: x, shape: [1, 3, 16, 16], layout: NCHW}}
outputs:
  - {{name: y, semantics: picture}}
matrix: {{axes: {{batch: [1]}}, name: only}}
artifacts: [{artifacts}]
data:
  noise: {{kind: random}}
calibration: {{data: noise, count: 8, seed: 1}}
verification: {{data: noise, count: 2, seed: 2}}
"""

CONFIG = "models: models\nselect: []\nmirrors: []\n"


def network() -> bytes:
    """An ONNX file, always the same."""
    chance = np.random.default_rng(0)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(chance.standard_normal(shape).astype(np.float32), name)

    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "v"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["r"]),
            helper.make_node("Conv", ["r", "w"], ["d"]),
            helper.make_node("Sigmoid", ["d"], ["y"]),
        ],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 16, 16])],
        [weights("v", 8, 3, 3, 3), weights("w", 3, 8, 1, 1)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


def make_zoo(folder: Path, url: str = "", artifacts: Sequence[str] = ARTIFACTS) -> Path:
    """A fresh zoo of one recipe, whose network lies in its folder or is fetched from a URL."""
    model = folder / "models" / "small"
    model.mkdir(parents=True)
    content = network()
    pin = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    source = (FROM_A_SERVER if url else FROM_A_FILE).format(url=url, **pin)
    text = RECIPE.format(source=source, artifacts=", ".join(artifacts))
    (model / "recipe.yaml").write_text(text)
    (folder / "config.yaml").write_text(CONFIG)
    if not url:
        (model / "small.onnx").write_bytes(content)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """What a build made, by its path: everything but notes of how and when."""
    found = {}
    for top in ("results", "sources"):
        for path in sorted((folder / top).rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and not is_note(name):
                found[name.as_posix()] = file_digest(path)
    return found


def is_note(name: Path) -> bool:
    """Whether a file tells of the build, or was left half-written and is nobody's."""
    is_half = any(re.fullmatch(HALF_WRITTEN, part) for part in name.parts)
    is_kept_download = name.parts[:2] == ("sources", ".downloads")
    return "traces" in name.parts or name.name == ONLY_SNAKEMAKES or is_half or is_kept_download


def differences(found: dict[str, str], wanted: dict[str, str]) -> str:
    """Which files are not as they should be, in words; empty if none."""
    names = sorted(name for name in found.keys() | wanted if found.get(name) != wanted.get(name))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more} differ" if names else ""
