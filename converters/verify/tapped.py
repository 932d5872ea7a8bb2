"""A TFLite file that runs so that every tensor in it can be read, in floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from converters import flatbuffer
from converters.datasets.interface import Interface
from converters.datasets.preprocess import Array
from converters.verify.runners import SIGNATURE, check_names, interpreter_of, invoked, quantised


class Tapped(NamedTuple):
    """A file, loaded."""

    graph: flatbuffer.Graph
    run: Callable[[Mapping[str, Array]], None]  # takes what an artefact is given
    value: Callable[[int], Array]  # of a tensor by its number, as it was in the last run
    package: str


def tapped(path: Path, interface: Interface) -> Tapped:
    """Load a file; plain kernels run it, so that no delegate keeps a tensor to itself."""
    interpreter, package, _ = interpreter_of(path, is_tapped=True)
    call = interpreter.get_signature_runner(SIGNATURE)
    check_names(path.name, interpreter.get_signature_list()[SIGNATURE], interface)
    inputs, graph = call.get_input_details(), flatbuffer.graph(path)

    def run(given: Mapping[str, Array]) -> None:
        stored = interface.stored_inputs(given)
        fed = {name: quantised(values, inputs[name]) for name, values in stored.items()}
        invoked(call, fed, path.name)

    def value(number: int) -> Array:
        return in_floats(interpreter.get_tensor(number), graph.tensors[number])

    return Tapped(graph, run, value, package)


def in_floats(values: Array, tensor: flatbuffer.Tensor) -> Array:
    """What stored numbers stand for: (q - zero) scale, for each place of the axis its own."""
    if not tensor.scales or values.dtype.kind not in "iu":
        return values.astype(np.float32)
    along = [-1 if i == tensor.axis else 1 for i in range(values.ndim)]
    several = len(tensor.scales) > 1
    scale, zero = (
        np.asarray(each, np.float32).reshape(along if several else ())
        for each in (tensor.scales, tensor.zeros or (0,) * len(tensor.scales))
    )
    floats: Array = (values.astype(np.float32) - zero) * scale
    return floats


def bounds_of(tensor: flatbuffer.Tensor) -> tuple[float, float] | None:
    """The least and the largest value that a quantised tensor can stand for; None of a float."""
    if not tensor.scales or tensor.dtype not in ("int8", "uint8", "int16"):
        return None
    limits = np.iinfo(tensor.dtype)
    scale, zero = tensor.scales[0], (tensor.zeros or (0,))[0]
    return (limits.min - zero) * scale, (limits.max - zero) * scale
