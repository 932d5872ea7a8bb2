"""Flags: the command line of the converter, a row each; their names are openvino2tensorflow's.

Every flag does something that a test shows. Those of openvino2tensorflow that are not taken are
listed too, each with what to use in their place.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

Form = Mapping[str, Any]
"""What argparse is told of a flag."""

SWITCH: Form = {"action": "store_true"}


class Flag(NamedTuple):
    """One option of the command."""

    name: str
    help: str
    form: Form = SWITCH


def _file(metavar: str = "FILE", default: Path | None = None) -> Form:
    return {"type": Path, "metavar": metavar, "default": default}


def _names(metavar: str) -> Form:
    return {"action": "append", "nargs": "*", "metavar": metavar, "default": []}


class Artifact(NamedTuple):
    """What an output flag writes, and where below the output folder."""

    kind: str
    file: str


OUTPUTS: Mapping[str, Artifact] = {
    "output_saved_model": Artifact("saved_model", "saved_model.pb"),
    "output_h5": Artifact("h5", "model_float32.h5"),
    "output_keras": Artifact("keras", "model_float32.keras"),
    "output_weight_and_json": Artifact("weights_and_json", "model_float32.json"),
    "output_pb": Artifact("frozen_pb", "model_float32.pb"),
    "output_no_quant_float32_tflite": Artifact("float32", "model_float32.tflite"),
    "output_dynamic_range_quant_tflite": Artifact("dynamic", "model_dynamic_range_quant.tflite"),
    "output_weight_quant_tflite": Artifact("weight_only", "model_weight_quant.tflite"),
    "output_float16_quant_tflite": Artifact("float16", "model_float16_quant.tflite"),
    "output_integer_quant_tflite": Artifact("int8", "model_integer_quant.tflite"),
    "output_full_integer_quant_tflite": Artifact("full", "model_full_integer_quant.tflite"),
}
"""Flag -> artefact; `full` becomes full_int8 or full_uint8."""

CALIBRATED = ("output_integer_quant_tflite", "output_full_integer_quant_tflite")

WORDS = {
    "saved_model": "a SavedModel with the signature serving_default, and what belongs to it",
    "h5": "a Keras model in HDF5, which keras.models.load_model reads",
    "keras": "a Keras model in its own format",
    "weights_and_json": "a Keras model as JSON, its weights in model_float32.weights.h5",
    "frozen_pb": "a frozen graph",
    "float32": "TFLite as it is",
    "dynamic": "TFLite, weights in int8, activations quantised on the way",
    "weight_only": "TFLite, weights in int8, computed in float",
    "float16": "TFLite, weights in float16",
    "int8": "TFLite in int8, inputs and outputs in float; wants calibration data",
    "full": "TFLite in int8, inputs and outputs too; wants calibration data",
}
"""Kind of artefact -> what it is."""

GROUPS: Mapping[str, Sequence[Flag]] = {
    "model": (
        Flag(
            "model_path",
            "the IR's .xml, its .bin beside it (or any file that OpenVINO reads)",
            {"type": Path, "required": True, "metavar": "FILE"},
        ),
        Flag(
            "model_output_path",
            "folder for all that is written (default: saved_model)",
            _file("FOLDER", Path("saved_model")),
        ),
    ),
    "what is written": tuple(
        Flag(name, f"{artifact.file}: {WORDS[artifact.kind]}") for name, artifact in OUTPUTS.items()
    ),
    "inputs and outputs": (
        Flag(
            "keep_input_tensor_in_nchw",
            "these inputs or outputs stay as the IR has them; without names, all inputs do",
            _names("NAME"),
        ),
        Flag(
            "target",
            "what the model is made for: its layouts are priced so; for edgetpu, ops that its "
            "compiler does not know are said in those that it knows",
            {"choices": ["cpu", "edgetpu"], "default": "cpu"},
        ),
        Flag(
            "input_as_ncdhw",
            "inputs of five axes are NCDHW and become NDHWC, even where all others are kept; "
            "refused if no input has five axes",
        ),
        Flag(
            "layerids_of_the_terminating_output",
            "end the model at these layers, by number in the .xml or by name",
            {"metavar": "ID,ID", "default": ""},
        ),
    ),
    "ops said otherwise": (
        Flag("replace_swish_and_hardswish", "Swish becomes HSwish, and HSwish becomes Swish"),
        Flag(
            "optimizing_hardswish_for_edgetpu",
            "HSwish in plain arithmetic, which is not fused into HARD_SWISH",
        ),
        Flag("replace_prelu_and_minmax", "PRelu by the larger and the smaller of x and 0"),
        Flag("replace_argmax", "TopK of one by arithmetic that accelerators have"),
        Flag(
            "replace_argmax_indices_to_float32",
            "the same, and its indices stay floats: no cast at the end of the model",
        ),
        Flag(
            "overrides",
            "YAML list of corrections by op name: layout, constant, attribute, replace, insert",
            _file(),
        ),
    ),
    "quantisation": (
        Flag(
            "output_integer_quant_type",
            "inputs and outputs of the full integer file (default: int8)",
            {"choices": ("int8", "uint8"), "default": "int8"},
        ),
        Flag("disable_per_channel", "integer files: one scale per tensor, not per channel"),
        Flag(
            "string_formulas_for_normalization",
            "arithmetic on `data`, a picture (height, width, channels) of 0 to 255, that gives "
            "what the model wants (default: '(data - 127.5) / 127.5')",
            {"metavar": "FORMULA", "default": "(data - 127.5) / 127.5"},
        ),
        Flag(
            "calib_ds_type",
            "where calibration data are from (default: numpy)",
            {"choices": ("numpy", "pictures", "tfds"), "default": "numpy"},
        ),
        Flag(
            "load_dest_file_path_for_the_calib_npy",
            "numpy: .npy of pictures (count, height, width, channels), or .npz with samples of "
            "each input by its name, as the IR has them, to which no formula is applied",
            _file(),
        ),
        Flag(
            "load_dest_folder_path_for_the_calib_pictures",
            "pictures: a folder of .png, .jpg or .bmp files",
            _file("FOLDER"),
        ),
        Flag(
            "ds_name_for_tfds_for_calibration",
            "tfds: name of a data set with pictures (default: coco/2017)",
            {"metavar": "NAME", "default": "coco/2017"},
        ),
        Flag(
            "split_name_for_tfds_for_calibration",
            "tfds: which split of it (default: validation)",
            {"metavar": "SPLIT", "default": "validation"},
        ),
        Flag(
            "download_dest_folder_path_for_the_calib_tfds",
            "tfds: where data sets lie",
            _file("FOLDER"),
        ),
        Flag("tfds_download_flg", "tfds: download the data set if it is not there"),
    ),
    "looking inside": (
        Flag("explain", "print every transpose that remains, why, and the bound"),
        Flag("debug", "print every layer's shapes, layout and values"),
        Flag(
            "debug_layer_number",
            "print one layer, by its number in the .xml, beside OpenVINO's own result",
            {"type": int, "metavar": "N"},
        ),
        Flag(
            "compare-each",
            "compare every op with OpenVINO's result, and name the first that differs",
        ),
        Flag(
            "inputs",
            ".npz of inputs by name, as the IR has them, for --debug and --compare-each "
            "(default: random)",
            _file(),
        ),
        Flag(
            "tolerance",
            "largest difference that --compare-each accepts, as a part of the largest value "
            "(default: 1e-4)",
            {"type": float, "default": 1e-4, "metavar": "T"},
        ),
    ),
}
"""Every flag, by what it is about."""

LOOKS = ("explain", "debug", "debug_layer_number", "compare_each")
"""Flags that print something: with one of them, nothing need be written."""

NOT_TAKEN: Mapping[str, str] = {
    "weight_replacement_config": "give --overrides: corrections by name, in YAML",
    "output_edgetpu": "run edgetpu_compiler on the file of --output_full_integer_quant_tflite, "
    "or the zoo's edgetpu stage",
    "edgetpu_compiler_timeout": "it belongs to the zoo's edgetpu stage",
    "edgetpu_num_segments": "it belongs to edgetpu_compiler",
    "output_tfjs": "convert the SavedModel with tensorflowjs_converter",
    "output_tftrt_float32": "convert the SavedModel with TF-TRT",
    "output_tftrt_float16": "convert the SavedModel with TF-TRT",
    "output_coreml": "convert the SavedModel with coremltools",
    "output_onnx": "the IR was made from an ONNX file: use that",
    "output_myriad": "OpenVINO has given up this device",
    "restricted_resize_image_mode": "nothing need be restricted: every size is resized rightly",
    "disable_experimental_new_quantizer": "TensorFlow has no other quantiser any more",
    "optimizing_barracuda": "no ONNX is written",
    "non_verbose": "nothing is printed but what is asked for",
}
"""Flags of openvino2tensorflow that the command refuses, and what to do."""

EXAMPLES = """\
examples:
  python -m converters.ir_to_tf --model_path model.xml --output_saved_model --output_pb \\
      --output_no_quant_float32_tflite --output_weight_quant_tflite
  python -m converters.ir_to_tf --model_path model.xml --output_full_integer_quant_tflite \\
      --load_dest_file_path_for_the_calib_npy pictures.npy \\
      --string_formulas_for_normalization '(data - [127.5,127.5,127.5]) / [127.5,127.5,127.5]'
  python -m converters.ir_to_tf --model_path model.xml --explain --compare-each
  python -m converters.ir_to_tf --model_path model.xml --debug_layer_number 17

exit status: 0 done; 1 the model or a file cannot be taken, with cause and remedy; 2 wrong command
line; 3 --compare-each found an op that differs; 70 an error of the converter, with its traceback
"""


class Parser(argparse.ArgumentParser):
    """Takes `-` and `_` in a flag for the same; says what to use in place of one not taken."""

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """The flags of a command line."""
        import sys

        given = [_spelled(word) for word in (sys.argv[1:] if args is None else args)]
        for word in given:
            name = word.removeprefix("--").split("=")[0]
            if word.startswith("--") and name in NOT_TAKEN:
                self.error(f"--{name} is not taken: {NOT_TAKEN[name]}")
        found = super().parse_args(given, namespace)
        if not any(getattr(found, name) for name in OUTPUTS) and not _looks(found):
            self.error(
                "nothing is asked for: set an --output_... flag, or one of those that look inside"
            )
        return found

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the command line, and leave with status 2."""
        self.exit(2, f"error: {message}\n  remedy: see {self.prog} --help\n")


def _looks(found: argparse.Namespace) -> bool:
    return any(getattr(found, name) not in (None, False) for name in LOOKS)


def _spelled(word: str) -> str:
    """A flag in the spelling of its row."""
    if not word.startswith("--"):
        return word
    name, *value = word.split("=", 1)
    known = {flag.name.replace("-", "_"): flag.name for flags in GROUPS.values() for flag in flags}
    plain = name[2:].replace("-", "_")
    return "=".join([f"--{known.get(plain, plain)}", *value])


def parser(doc: str) -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m converters.ir_to_tf",
        description=doc,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for title, flags in GROUPS.items():
        group = made.add_argument_group(title)
        for flag in flags:
            group.add_argument(f"--{flag.name}", help=flag.help, **flag.form)
    return made
