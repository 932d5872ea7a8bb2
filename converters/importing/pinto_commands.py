"""What the converters of PINTO_model_zoo's scripts were told, in a recipe's terms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from converters.importing.shell_text import Command

ARTIFACTS: Mapping[str, str] = {
    "output_saved_model": "saved_model",
    "output_pb": "frozen_pb",
    "output_h5": "h5",
    "output_weight_and_json": "weights_and_json",
    "output_no_quant_float32_tflite": "float32",
    "output_float16_quant_tflite": "float16",
    "output_weight_quant_tflite": "weight_only",
    "output_dynamic_range_quant_tflite": "dynamic",
}
"""Options of openvino2tensorflow and tflite2tensorflow that are artefacts here."""

ELSEWHERE: Mapping[str, str] = {
    "output_integer_quant_tflite": "int8 without a calibration set that is named",
    "output_full_integer_quant_tflite": "int8 without a calibration set that is named",
    "output_edgetpu": "Edge TPU files without a calibration set that is named",
    "output_tfjs": "TensorFlow.js files",
    "output_tftrt": "TF-TRT files",
    "output_tftrt_float32": "TF-TRT files",
    "output_tftrt_float16": "TF-TRT files",
    "output_coreml": "Core ML files",
    "output_onnx": "ONNX made from TensorFlow",
    "output_myriad": "Myriad blobs",
    "keep_input_tensor_in_nchw": "a second build that keeps the inputs in NCHW",
    "weight_replacement_config": "corrections of layers by number (replacement JSON)",
    "oiqt": "int8 without a calibration set that is named",
    "prf": "corrections of layers by name (onnx2tf's JSON)",
    "parameter_replacement_file": "corrections of layers by name (onnx2tf's JSON)",
}
"""Options that a draft does not say."""

SURGERY = (
    "snc4onnx", "sor4onnx", "sog4onnx", "sne4onnx", "snd4onnx", "sng4onnx", "sam4onnx", "sbi4onnx",
    "sio4onnx", "soc4onnx", "ssi4onnx", "scs4onnx", "json2onnx", "onnx2json",
)  # fmt: skip
LOST_PROGRAMS: Mapping[str, str] = {
    **dict.fromkeys(SURGERY, "graph surgery, to be written as `surgery:`"),
    "myriad_compile": "Myriad blobs",
    "blobconverter": "Myriad blobs",
    "python": "scripts that are run",
    "tensorflowjs_converter": "TensorFlow.js files",
    "edgetpu_compiler": "Edge TPU files without a calibration set that is named",
}
IN_ALL = re.compile(r"\(?data\s*-\s*([\d.]+)\)?\s*/\s*([\d.]+)")
DIVIDED = re.compile(r"\(?data\s*/\s*([\d.]+)\)?")
MODEL = re.compile(r".+\.(onnx|pb|tflite|h5|hdf5|caffemodel)")


@dataclass
class Conversion:
    """What all commands of a folder come to."""

    begins: list[str] = field(default_factory=list)  # files that no command made
    made: set[str] = field(default_factory=set)
    artifacts: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    shape: list[int] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)  # of preprocessing
    reads_ir: bool = False  # openvino2tensorflow was called
    losses: dict[str, str] = field(default_factory=dict)  # kind -> detail

    def begin(self, name: str) -> None:
        """Note a network that is read."""
        plain = name.removeprefix("./").strip()
        if not plain or plain in self.made or plain in self.begins:
            return
        if "$" in plain or "`" in plain or "*" in plain:
            self.losses.setdefault("names that only a running shell makes up", plain)
            return
        self.begins.append(plain)


def conversion_of(commands: Iterable[Command]) -> Conversion:
    """What the commands of a folder do, as far as a recipe can say it."""
    found = Conversion()
    for command in commands:
        READERS.get(command.program, _other)(command, found)
    order = [*ARTIFACTS.values()]
    found.artifacts.sort(key=order.index)
    return found


def _other(command: Command, found: Conversion) -> None:
    kind = LOST_PROGRAMS.get(command.program)
    if kind:
        detail = command.words[0] if command.program == "python" and command.words else ""
        found.losses.setdefault(kind, detail or command.program)
    for name, value in command.options().items():
        if name in ("output_file_path", "o") and value.endswith(".onnx"):
            found.made.add(value)


def _mo(command: Command, found: Conversion) -> None:
    options = command.options()
    for name in ("input_model", "m", "w", "saved_model_dir"):
        if options.get(name):
            found.begin(options[name])
            break
    found.outputs = _names(options.get("output", "")) or found.outputs
    found.inputs = _names(options.get("input", "")) or found.inputs
    found.shape = _shape(options.get("input_shape", "")) or found.shape
    if "reverse_input_channels" in options or "mean_values" in options or "scale_values" in options:
        found.losses.setdefault("numbers built into the network (mean, scale, channels)", "mo")


def _names(text: str) -> list[str]:
    plain = re.sub(r"\[[^\]]*\]|\{[^}]*\}|->\S+", "", text)
    names = [name.strip().removesuffix(":0") for name in plain.split(",")]
    return [name for name in names if re.fullmatch(r"[\w./:()-]+", name)]


def _shape(text: str) -> list[int]:
    found = re.fullmatch(r"\[?(\d+(?:,\s*\d+)*)\]?", text.strip())
    return [max(1, int(size)) for size in found[1].split(",")] if found else []


def _to_tensorflow(command: Command, found: Conversion) -> None:
    """openvino2tensorflow reads what mo made; tflite2tensorflow reads the network itself."""
    options = command.options()
    model = options.get("model_path", "")
    if model.endswith(".tflite"):
        found.begin(model)
    found.reads_ir = found.reads_ir or model.endswith(".xml")
    for name, value in options.items():
        kind = ARTIFACTS.get(name)
        if value.lower() == "false":  # the older manner: --output_pb True
            continue
        if kind and kind not in found.artifacts:
            found.artifacts.append(kind)
        if name in ELSEWHERE:
            found.losses.setdefault(ELSEWHERE[name], "")
    formula = options.get("string_formulas_for_normalization", "")
    found.steps = found.steps or _steps(formula, found)


def _steps(formula: str, found: Conversion) -> list[dict[str, Any]]:
    """`data / 255`, `(data - 127.5) / 127.5`; other formulas are code."""
    text = formula.strip().strip("'\"")
    both, one = IN_ALL.fullmatch(text), DIVIDED.fullmatch(text)
    if both:
        return [{"mean": float(both[1])}, {"scale": float(both[2])}]
    if one:
        return [{"scale": float(one[1])}]
    if text:
        found.losses.setdefault("a formula of normalisation", text[:80])
    return []


def _onnx2tf(command: Command, found: Conversion) -> None:
    options = command.options()
    model = options.get("i") or options.get("input_onnx_file_path", "")
    if model:
        found.begin(model)
    for name in ("saved_model", "float32", "float16"):
        if name not in found.artifacts:
            found.artifacts.append(name)
    for name in options:
        if name in ELSEWHERE:
            found.losses.setdefault(ELSEWHERE[name], "")


def _onnxsim(command: Command, found: Conversion) -> None:
    files = [word for word in command.words if word.endswith(".onnx")]
    for name in files[:1]:
        found.begin(name)
    found.made |= set(files[1:]) - set(found.begins)


def _of_saved_model(command: Command, found: Conversion) -> None:
    options = command.options()
    for name in ("saved_model_dir_path", "pb_file_path", "saved-model", "graphdef", "tflite"):
        if options.get(name):
            found.begin(options[name])
    for name in ("model_output_path", "model_output_dir_path", "output"):
        if options.get(name):
            found.made.add(options[name].removeprefix("./"))
    found.inputs = _names(options.get("inputs", "")) or found.inputs
    found.outputs = _names(options.get("outputs", "")) or found.outputs
    found.shape = _shape(options.get("input_shapes", "")) or found.shape
    for name, kind in ARTIFACTS.items():
        if name in options and kind not in found.artifacts:
            found.artifacts.append(kind)


READERS: Mapping[str, Callable[[Command, Conversion], None]] = {
    **dict.fromkeys(("mo", "mo.py", "mo_onnx.py", "mo_tf.py", "mo_caffe.py"), _mo),
    **dict.fromkeys(("openvino2tensorflow", "tflite2tensorflow"), _to_tensorflow),
    "onnx2tf": _onnx2tf,
    **dict.fromkeys(("python:onnxsim", "onnxsim"), _onnxsim),
    **dict.fromkeys(
        ("saved_model_to_tflite", "pb_to_saved_model", "pb_to_tflite", "python:tf2onnx.convert"),
        _of_saved_model,
    ),
}
"""Program -> what its options come to."""
