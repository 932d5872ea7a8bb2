"""The table of formats: what each is called, where it goes, and what writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from converters.errors import ZooError
from converters.ir_to_tf.convert import Converted, save_saved_model
from converters.ir_to_tf.formats.frozen import write_frozen_graph
from converters.ir_to_tf.formats.keras_files import write_h5, write_keras, write_weights_and_json
from converters.ir_to_tf.formats.lite import write_tflite
from converters.recipes.problems import nearest
from converters.stage import made_whole

Writer = Callable[[Any, Path], None]
"""Of a converted model; those that are no TFLite files also of a loaded one."""


class Format(NamedTuple):
    """One way of writing a model down."""

    write: Writer
    file: str  # the usual name of the file, or the folder


FORMATS: Mapping[str, Format] = {
    "saved_model": Format(save_saved_model, "saved_model"),
    "frozen_pb": Format(write_frozen_graph, "model_float32.pb"),
    "h5": Format(write_h5, "model_float32.h5"),
    "keras": Format(write_keras, "model_float32.keras"),
    "weights_and_json": Format(write_weights_and_json, "weights_and_json"),
    "float32": Format(partial(write_tflite, kind="float32"), "model_float32.tflite"),
    "float16": Format(partial(write_tflite, kind="float16"), "model_float16_quant.tflite"),
    "weight_only": Format(partial(write_tflite, kind="weight_only"), "model_weight_quant.tflite"),
    "dynamic": Format(partial(write_tflite, kind="dynamic"), "model_dynamic_range_quant.tflite"),
}


def write(converted: Converted, kind: str, path: Path) -> None:
    """Write a model in one format; the file, or folder, appears whole or not at all."""
    with made_whole(path) as part:
        _named(kind).write(converted, part)


def path_of(kind: str, folder: Path) -> Path:
    """Where a format goes, if nobody says otherwise."""
    return folder / _named(kind).file


def _named(kind: str) -> Format:
    if kind not in FORMATS:
        remedy = nearest(kind, FORMATS) or f"choose among {', '.join(FORMATS)}"
        raise ZooError(f"no format {kind!r}", subject="formats", remedy=remedy)
    return FORMATS[kind]
