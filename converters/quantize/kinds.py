"""The kinds of TFLite files: what each asks of TensorFlow's converter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from converters.errors import RecipeError
from converters.quantize.weights import in_int8
from converters.recipes.recipe import Options

Draw = Callable[[], Any]


class Kind(NamedTuple):
    """How a kind is made; everything else is the same for all."""

    is_quantised: bool = True
    weights: str = ""  # a type for the weights; int8 alone, without activations: see weights.py
    is_calibrated: bool = False  # activations become whole numbers: their ranges are measured
    activations: str = "int8"
    only_int8: bool = False  # no operator may stay in float
    io: str = ""  # the type of inputs and outputs, where it is not float32


KINDS: Mapping[str, Kind] = {
    "float32": Kind(is_quantised=False),
    "float16": Kind(weights="float16"),
    "dynamic": Kind(),
    "weight_only": Kind(is_quantised=False, weights="int8"),
    "int8": Kind(is_calibrated=True),
    "full_int8": Kind(is_calibrated=True, only_int8=True, io="int8"),
    "full_uint8": Kind(is_calibrated=True, only_int8=True, io="uint8"),
    "int16x8": Kind(is_calibrated=True, activations="int16"),
}


def kind_named(name: str) -> Kind:
    """A kind of the table."""
    if name not in KINDS:
        raise RecipeError(
            f"no kind {name!r}", subject="quantize", remedy=f"choose among {', '.join(KINDS)}"
        )
    return KINDS[name]


def finished(made: bytes, kind: Kind) -> bytes:
    """What TensorFlow's converter made, with what it has no option for."""
    return in_int8(made) if kind.weights == "int8" else made


def quantised(
    calibrated: bytes,
    kind: Kind,
    options: Options,
    types: Collection[str],
    tensors: Collection[str],
) -> bytes:
    """The second half of an int8 conversion, with some operators kept in float: those of some
    types, and those that make some tensors.

    TensorFlow quantises operators that no runtime has a kernel for; its converter has no option
    against that, but the function behind it has.
    """
    import tensorflow as tf
    from tensorflow.lite.python import convert

    io = getattr(tf, kind.io or "float32")
    made = convert.mlir_quantize(
        calibrated,
        disable_per_channel=not options.get("per_channel", True),
        input_data_type=io,
        output_data_type=io,
        denylisted_ops=set(types),
        denylisted_nodes=set(tensors),
        disable_per_channel_for_dense_layers=True,
    )
    return bytes(made)


def _sets(kind: Kind) -> list[str]:
    """The sets of operators that a kind may use, as TensorFlow calls them."""
    if kind.activations == "int16":
        return ["EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8", "TFLITE_BUILTINS"]
    return ["TFLITE_BUILTINS_INT8" if kind.only_int8 else "TFLITE_BUILTINS"]


def configure(converter: Any, kind: Kind, draw: Draw | None, options: Options) -> None:
    """Set up a `tf.lite.TFLiteConverter`. Only builtin operators are ever allowed."""
    import tensorflow as tf

    converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, name) for name in _sets(kind)]
    if not kind.is_quantised:
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    # else FULLY_CONNECTED comes in version 12, which tflite-runtime 2.14 cannot load
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter._experimental_disable_per_channel = not options.get("per_channel", True)
    if kind.weights:
        converter.target_spec.supported_types = [getattr(tf, kind.weights)]
    if kind.is_calibrated:
        converter.representative_dataset = draw
    if kind.io:
        converter.inference_input_type = getattr(tf, kind.io)
        converter.inference_output_type = getattr(tf, kind.io)
