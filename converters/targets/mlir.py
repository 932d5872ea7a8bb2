"""StableHLO, as text: what XLA makes of the SavedModel, weights and all."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

from converters import imports
from converters.targets.order import Order
from converters.versions import versions

SIGNATURE = "serving_default"
OPERATION = re.compile(r"\bstablehlo\.(\w+)")
PLACE = re.compile(r"\s*loc\((?:[^()\"]|\"[^\"]*\"|\([^()]*\))*\)|^#loc.*\n", re.MULTILINE)
"""Where in whose source an operation was made: says nothing of the network."""


def stablehlo(order: Order) -> dict[str, Any]:
    """Lower the serving signature; inputs and outputs in the interface's order."""
    tf = imports.tensorflow()
    loaded = tf.saved_model.load(str(order.origin))
    call = loaded.signatures[SIGNATURE]
    keywords = {_plain(name): name for name in call.structured_input_signature[1]}
    inputs, outputs = order.interface.inputs, order.interface.output_names
    names = [keywords[_plain(each.name)] for each in inputs]
    specs = [tf.TensorSpec(each.shape, each.dtype) for each in inputs]

    def network(*tensors: Any) -> list[Any]:
        made = call(**dict(zip(names, tensors, strict=True)))
        return [made[name] for name in outputs]

    lowered = tf.function(network, jit_compile=True, input_signature=specs)
    text = PLACE.sub("", lowered.experimental_get_compiler_ir(*specs)(stage="stablehlo"))
    text = re.sub(r"^module @\S+", "module @network", text, flags=re.MULTILINE)
    order.file.write_text(text, encoding="utf-8")
    order.write_interface(order.interface)
    return {"operators": operators(text), "versions": versions("tensorflow")}


def operators(text: str) -> dict[str, int]:
    """How often each operation stands in a text."""
    return dict(sorted(Counter(OPERATION.findall(text)).items()))


def transposes(text: str) -> tuple[int, int]:
    """How many transposes a text has, and how many bytes they move."""
    shapes = MOVED.findall(text)
    return len(shapes), sum(_bytes(shape) for shape in shapes)


MOVED = re.compile(r"stablehlo\.transpose.*?-> tensor<([^>]*)>")


def _bytes(shape: str) -> int:
    """Of a tensor that is written as `1x8x8x3xf32`."""
    *sizes, kind = shape.split("x")
    bits = int(re.sub(r"\D", "", kind) or 8)
    return math.prod(map(int, sizes)) * bits // 8


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)
