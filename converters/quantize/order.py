"""The order of a TFLite file's inputs and outputs: the recipe's, where the converter sorts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from converters.datasets.interface import Interface, Stored
from converters.errors import ZooError


def in_order(tflite: bytes, interface: Interface) -> bytes:
    """The file with inputs and outputs in the interface's order; only these numbers change.

    The vectors of tensor numbers keep their length, so they are permuted where they lie.
    """
    from ai_edge_litert import schema_py_generated as schema

    changed = bytearray(tflite)
    model = schema.Model.GetRootAs(changed, 0)
    signature, graph = model.SignatureDefs(0), model.Subgraphs(0)
    inputs = {_text(m.Name()): m.TensorIndex() for m in _all(signature, "Inputs")}
    outputs = {_text(m.Name()): m.TensorIndex() for m in _all(signature, "Outputs")}
    _permute(graph.InputsAsNumpy(), inputs, interface.inputs)
    _permute(graph.OutputsAsNumpy(), outputs, interface.outputs)
    return bytes(changed)


def _permute(places: Any, tensors: dict[str, int], specs: Sequence[Stored]) -> None:
    wanted = [tensors[spec.name] for spec in specs if spec.name in tensors]
    if sorted(wanted) != sorted(int(place) for place in places):
        raise ZooError(
            f"the signature names {', '.join(tensors)}; "
            f"wanted are {', '.join(spec.name for spec in specs)}",
            subject="TFLite file",
            remedy="the names were lost on the way: build the SavedModel again",
        )
    places[:] = wanted


def _all(signature: Any, side: str) -> list[Any]:
    count = getattr(signature, f"{side}Length")()
    return [getattr(signature, side)(i) for i in range(count)]


def _text(name: bytes | None) -> str:
    return (name or b"").decode()
