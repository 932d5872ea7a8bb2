"""From a file to what is known of the network in it: a reader per kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converters.errors import SourceError
from converters.new import caffe_text, keras_file, onnx_file, tensorflow_graph, tflite_file
from converters.new.findings import Network, Tensor
from converters.new.given import Given
from converters.new.kinds import blamed_on
from converters.recipes.document import CONTROL
from converters.recipes.schema import schema


def look(given: Given) -> Network:
    """The network in a file that states its graph; a checkpoint states none."""
    with blamed_on(given.name):
        network = READERS[given.kind](given)
    if not network.inputs:
        raise SourceError(
            "has no inputs", subject=given.name, remedy="give a network that takes something in"
        )
    for tensor in (*network.inputs, *network.outputs):
        _refuse_unfit(tensor, given.name)
    return network


def _refuse_unfit(tensor: Tensor, name: str) -> None:
    """Names and shapes come from strangers: a recipe cannot hold every one of them."""
    if not tensor.name or CONTROL.search(tensor.name) or "\n" in tensor.name:
        raise SourceError(
            f"has an input or output called {tensor.name!r}, which no recipe can name",
            subject=name,
            remedy="rename it in the file",
        )
    if tensor.dtype not in _types():
        raise SourceError(
            f"{tensor.name} holds values of type {tensor.dtype}, which no recipe can declare",
            subject=name,
            remedy="write the recipe by hand, and cut the graph behind it with ir.input",
        )
    if tensor.shape is not None and len(tensor.shape) > 8:
        raise SourceError(
            f"{tensor.name} has {len(tensor.shape)} axes; at most 8 are accepted",
            subject=name,
            remedy="cut the graph before it",
        )


def _types() -> tuple[str, ...]:
    """The types that the schema admits for an input."""
    return tuple(schema("input")["properties"]["dtype"]["enum"])


def _caffe(given: Given) -> Network:
    if given.prototxt is None:
        raise SourceError("has no prototxt", subject=given.name, remedy="give it with --prototxt")
    return caffe_text.look(given.prototxt, given.prototxt.name)


READERS: Mapping[str, Callable[[Given], Network]] = {
    "onnx": lambda given: onnx_file.look(given.path, given.name),
    "tflite": lambda given: tflite_file.look(given.path, given.name),
    "keras": lambda given: keras_file.look(given.path, given.name),
    "tensorflow_frozen": lambda given: tensorflow_graph.look_at_frozen(given.path, given.name),
    "saved_model": lambda given: tensorflow_graph.look_at_saved_model(given.path, given.name),
    "caffe": _caffe,
}
