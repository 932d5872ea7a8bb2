"""Sources whose framework has an environment of its own: scikit-learn, PaddlePaddle.

There they become ONNX, and there the source itself runs, for all later evidence.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from converters.datasets.preprocess import Array
from converters.export import onnx_source
from converters.origin import origin_place
from converters.recipes.recipe import Variant
from converters.recipes.slices import ELSEWHERE
from converters.targets.apart import run_script
from converters.targets.scripts import paddle_onnx, sklearn_onnx

SCRIPTS: Mapping[str, ModuleType] = {"sklearn": sklearn_onnx, "paddle": paddle_onnx}
"""What runs in the environment of each framework."""

OPSET = 17
"""Unless the recipe says another."""


def exported(variant: Variant, sources: Path) -> Any:
    """The source as an ONNX model, weights inside."""
    with tempfile.TemporaryDirectory() as folder:
        request = {
            "model": _place(variant, sources),
            "inputs": [[each.name, each.shape] for each in variant.inputs],
            "opset": int(variant.stages.get("export", {}).get("opset") or OPSET),
            "out": Path(folder) / "source.onnx",
        }
        run_script(ELSEWHERE[variant.framework], SCRIPTS[variant.framework], request)
        return onnx_source.read_file(Path(folder), "source.onnx", f"load: {variant.framework}")


def opened(variant: Variant, sources: Path) -> Callable[[Mapping[str, Array]], dict[str, Array]]:
    """The source itself, from inputs to all its outputs by name; a process for each sample."""
    model = _place(variant, sources)

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        with tempfile.TemporaryDirectory() as folder:
            given: dict[str, Any] = dict(inputs)
            np.savez(Path(folder) / "0.npz", **given)
            request = {"run": model, "samples": folder}
            run_script(ELSEWHERE[variant.framework], SCRIPTS[variant.framework], request)
            with np.load(Path(folder) / "0.out.npz") as kept:
                return {name: kept[name] for name in kept.files}

    return run


def _place(variant: Variant, sources: Path) -> Path:
    return origin_place(sources, str(variant.load["model"])).resolve()
