"""TFLite files that need no data: made from the SavedModel, with the names of its signature."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import tensorflow as tf

from converters.datasets.interface import Interface, Stored
from converters.ir_to_tf.convert import Converted, save_saved_model
from converters.ir_to_tf.signature import SERVING, Port
from converters.quantize.kinds import configure, finished, kind_named
from converters.quantize.order import in_order
from converters.quantize.refusals import made_by


def write_tflite(converted: Converted, path: Path, *, kind: str) -> None:
    """Write a TFLite file of a kind that is not calibrated."""
    path.write_bytes(tflite_of(converted, kind))


def tflite_of(converted: Converted, kind: str) -> bytes:
    """The flatbuffer of a kind, its inputs and outputs in the order of the source."""
    with TemporaryDirectory() as folder:
        save_saved_model(converted, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SERVING])
        configure(converter, kind_named(kind), None, {})
        made = finished(made_by(converter), kind_named(kind))
    stored = (tuple(map(_stored, ports)) for ports in (converted.inputs, converted.outputs))
    return in_order(made, Interface(*stored))


def _stored(port: Port) -> Stored:
    return Stored(port.name, port.shape, port.order, port.dtype)
