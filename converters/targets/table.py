"""The targets: what each is made from, and in which environments it is made and run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from converters.recipes.recipe import Variant

Origin = Literal["saved_model", "onnx", "ir", "tflite", "network"]


class Target(NamedTuple):
    """One target; each is a folder of the target's name."""

    purpose: str
    origin: Origin
    maker: str  # see makers.py
    environment: str = ""  # that it is made in; none: the main one
    runs_in: str = ""  # that verify runs it in
    draws: bool = False  # calibration samples
    hardware: str = ""  # what few machines have: without it the target is not built, and says so
    options: Mapping[str, Any] = {}

    @property
    def environments(self) -> tuple[str, ...]:
        """All that it needs somewhere."""
        return tuple(filter(None, dict.fromkeys((self.environment, self.runs_in))))


TARGETS: Mapping[str, Target] = {
    "onnx_nhwc": Target("ONNX, channels last", "saved_model", "tf2onnx", "tf2onnx"),
    "onnx_nchw": Target(
        "ONNX of the same graph with inputs and outputs channels first",
        "saved_model",
        "tf2onnx",
        "tf2onnx",
        options={"channels_first": True},
    ),
    "onnx_qdq": Target("ONNX in int8, quantise and dequantise pairs", "onnx", "qdq", draws=True),
    "openvino_fp16": Target("OpenVINO IR, weights in float16", "ir", "fp16"),
    "openvino_int8": Target("OpenVINO IR in int8, by NNCF", "ir", "nncf", "nncf", draws=True),
    "tfjs": Target("TensorFlow.js graph model", "saved_model", "tfjs", "tfjs", "node"),
    "tfjs_float16": Target(
        "the same, weights in float16",
        "saved_model",
        "tfjs",
        "tfjs",
        "node",
        options={"weights": "float16"},
    ),
    "tfjs_uint8": Target(
        "the same, weights in uint8",
        "saved_model",
        "tfjs",
        "tfjs",
        "node",
        options={"weights": "uint8"},
    ),
    "coreml": Target("Core ML program, float32", "network", "coreml", "coreml", "coreml"),
    "coreml_float16": Target(
        "the same, computing in float16",
        "network",
        "coreml",
        "coreml",
        "coreml",
        options={"precision": "float16"},
    ),
    "coreml_int8": Target(
        "the same, weights in 8 bits",
        "network",
        "coreml",
        "coreml",
        "coreml",
        options={"weights": "int8"},
    ),
    "c_array": Target("C header of a TFLite file, for microcontrollers", "tflite", "c_array"),
    "stablehlo": Target("StableHLO, as text", "saved_model", "stablehlo"),
    "tensorrt": Target(
        "TensorRT engine", "onnx", "tensorrt", "tensorrt", "tensorrt", hardware="TensorRT"
    ),
    "tftrt": Target(
        "SavedModel with TF-TRT", "saved_model", "tftrt", "tftrt", "tftrt", hardware="TensorRT"
    ),
}

FILES: Mapping[str, str] = {
    "tf2onnx": "model.onnx",
    "qdq": "model.onnx",
    "fp16": "model.xml",
    "nncf": "model.xml",
    "tfjs": "model.json",
    "coreml": "model.mlpackage",
    "c_array": "model.h",
    "stablehlo": "model.mlir",
    "tensorrt": "model.engine",
    "tftrt": "saved_model",
}
"""The file, or folder, in a target's folder that a user opens, by maker."""

INTERFACE = "interface.json"
"""In a target's folder: how its inputs and outputs are stored, as in the variant's own."""

NOT_BUILT = "not-built.txt"
"""In a target's folder: why there is nothing else."""

C_ARRAY_OF = "full_int8"
"""The kind of TFLite file that becomes a C header, unless the recipe names another."""


def is_of_network(name: str, variant: Variant) -> bool:
    """Whether a target is made of the PyTorch network itself.

    Not where surgery changed its graph, nor where its code is a stranger's: that runs in a sandbox,
    where no environment can be made. It is then made of the SavedModel.
    """
    of_strangers = variant.load.get("module") or variant.load.get("allow_pickle_of")
    is_own = variant.framework == "pytorch" and not variant.is_changed and not of_strangers
    return TARGETS[name].origin == "network" and is_own


def file_of(name: str) -> str:
    """The file that a user of a target opens."""
    return FILES[TARGETS[name].maker]
