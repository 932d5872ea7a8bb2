"""ONNX: back from the TensorFlow graph by tf2onnx, and in int8 by ONNX Runtime's quantiser."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters.datasets.interface import Interface, Stored
from converters.datasets.preprocess import Array
from converters.export.graph import at_opset, opset
from converters.targets.apart import run_script
from converters.targets.order import Order, in_source_order, unmoved
from converters.targets.scripts import onnx_of_tensorflow
from converters.versions import versions

OPSET = 17
"""Unless the recipe says another."""

PER_CHANNEL = 13
"""The opset whose QuantizeLinear and DequantizeLinear have an `axis` (ONNX's changelog)."""

TURNED = (0, 2, 3, 1)
"""How a picture that the source has channels first is stored channels last."""


def of_tensorflow(order: Order) -> dict[str, Any]:
    """The SavedModel as ONNX, channels last; or with its ends channels first."""
    first = bool(order.target.options.get("channels_first"))
    interface = order.interface
    request = {
        "saved_model": order.origin.resolve(),
        "out": order.file.resolve(),
        "opset": int(order.options.get("opset", OPSET)),
        "inputs": [each.name for each in interface.inputs],
        "outputs": [each.name for each in interface.outputs],
        "inputs_first": _turned(interface.inputs) if first else [],
        "outputs_first": _turned(interface.outputs) if first else [],
    }
    facts = run_script("tf2onnx", onnx_of_tensorflow, request)
    order.write_interface(_channels_first(interface) if first else interface)
    return {**facts, **facts_of(order.file)}


def _turned(specs: Sequence[Stored]) -> list[str]:
    return [each.name for each in specs if each.order == TURNED]


def _channels_first(interface: Interface) -> Interface:
    sides = (interface.inputs, interface.outputs)
    return Interface(
        *(tuple(unmoved(s) if s.order == TURNED else s for s in side) for side in sides)
    )


def qdq(order: Order) -> dict[str, Any]:
    """In int8 on the recipe's calibration samples: weights per channel, activations per tensor."""
    from onnxruntime import quantization

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        origin = raised(order.origin, Path(folder) / "raised.onnx")
        quantization.quant_pre_process(str(origin), str(prepared), skip_symbolic_shape=True)
        reader = Reader(order)
        quantization.quantize_static(
            str(prepared),
            str(order.file),
            reader,
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
        )
    own = order.origin.name == "simplified.onnx"
    interface = in_source_order(order.interface) if own else order.interface
    order.write_interface(interface, takes_source=own)
    noted = {"calibration": {"count": reader.count}, "versions": versions("onnxruntime", "onnx")}
    return {**noted, **facts_of(order.file)}


def raised(origin: Path, to: Path) -> Path:
    """The model itself, or one written `to` the least opset that quantises by the channel."""
    import onnx

    model = onnx.load(str(origin))
    if opset(model) >= PER_CHANNEL:
        return origin
    remedy = "export the network anew with export.opset, or leave onnx_qdq out of targets"
    onnx.save(at_opset(model, PER_CHANNEL, subject="onnx_qdq", remedy=remedy), str(to))
    return to


class Reader:
    """Calibration samples, one after the other, as ONNX Runtime asks for them."""

    def __init__(self, order: Order) -> None:
        self.waiting, self.count = order.samples(), 0

    def get_next(self) -> dict[str, Array] | None:
        """The next one; None after the last."""
        found = next(self.waiting, None)
        self.count += found is not None
        return found


def facts_of(path: Path) -> dict[str, Any]:
    """The operators and the opset of an ONNX file."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    kinds = Counter(node.op_type for node in model.graph.node)
    return {"operators": dict(sorted(kinds.items())), "opset": opset(model)}
