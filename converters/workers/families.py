"""The families of packages: what each server imports before it forks, and which stage asks which.

Whatever a family lacks, a child imports by itself: a wrong choice costs time, never correctness.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from converters.imports import without


class Family(NamedTuple):
    """What one server imports."""

    imports: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()  # modules that the imports would load, and no stage needs


EVERY_STAGE = ("json", "argparse", "tempfile", "subprocess", "yaml", "jsonschema", "numpy")

FAMILIES: Mapping[str, Family] = {
    "torch": Family(
        (*EVERY_STAGE, "torch", "torch.onnx", "onnx", "safetensors.torch", "PIL.Image")
    ),
    "tensorflow": Family(
        (
            *EVERY_STAGE,
            "tensorflow",
            "tensorflow.lite.python.lite",
            "ai_edge_litert.schema_py_generated",
            "openvino",
            "scipy.optimize",
            "PIL.Image",
        ),
        unwanted=("keras",),
    ),
    "runtimes": Family(
        (
            *EVERY_STAGE,
            "onnx",
            "openvino",
            "openvino.tools.mo",
            "tflite_runtime.interpreter",
            "ai_edge_litert.schema_py_generated",
            "PIL.Image",
        ),
    ),
    "none": Family(),
}
"""Which packages can share a process: TensorFlow and tflite-runtime cannot.

ONNX Runtime is in none, and onnxsim that needs it: its import starts a thread.
"""

OF_STAGE = {
    "export": "torch",
    "surgery": "runtimes",
    "simplify": "runtimes",
    "tf": "tensorflow",
    "quantize": "tensorflow",
    "formats": "tensorflow",
    "lint": "runtimes",
    "layers": "runtimes",
}

OF_ARTIFACT = {"saved_model": "tensorflow", "stablehlo": "tensorflow"}
"""What verify loads an artefact with, where that is not one of the runtimes."""

OF_FRAMEWORK = {
    "pytorch": "torch",
    "tensorflow_frozen": "tensorflow",
    "saved_model": "tensorflow",
    "keras": "tensorflow",
}
"""What runs a source model, where that is not one of the runtimes."""


def family_of(stage: str, argv: Sequence[str], framework: str = "") -> str | None:
    """The family that a job wants; None where it imports nothing heavy."""
    if stage == "verify":
        return OF_ARTIFACT.get(_option(argv, "--artifact"), "runtimes")
    if stage == "reference":
        return OF_FRAMEWORK.get(framework or "pytorch", "runtimes")
    if stage == "mo":
        return "tensorflow" if OF_FRAMEWORK.get(framework) == "tensorflow" else "runtimes"
    return OF_STAGE.get(stage)


def _option(argv: Sequence[str], name: str) -> str:
    """The value of an option in a command line."""
    return next((after for word, after in pairwise(argv) if word == name), "")


def preload(family: Family) -> list[str]:
    """Import a family's packages; returns what could not be imported, which is no error here."""
    refused = []
    with without(family.unwanted):
        for name in family.imports:
            try:
                importlib.import_module(name)
            except Exception as error:  # noqa: BLE001 - the job that needs it will say it better
                refused.append(f"{name}: {type(error).__name__}: {error}")
    return refused
