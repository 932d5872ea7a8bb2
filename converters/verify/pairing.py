"""Which tensor of a quantised file is which of the float file that it stands for.

TensorFlow's converter and ai-edge-quantizer keep most names. What they rename is found from its
neighbours: QUANTIZE and DEQUANTIZE change no value, and between two paired operators the same
operators follow each other in both files. Whatever is left stays unpaired, and is said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from converters.flatbuffer import Graph

CROSSINGS = ("QUANTIZE", "DEQUANTIZE")
"""Operators whose output stands for the same values as their input."""

FLOATS = ("float32", "float16", "float64")
STORED = (*FLOATS, "int8", "uint8", "int16")
"""Types in which activations are kept; others count or point, and have no noise."""

SOURCE = "INPUT"
"""Stands in the place of an operator for what the file is given."""


class Layer(NamedTuple):
    """A tensor that a file is given or computes, and what it is computed from."""

    operator: str
    tensor: int
    inputs: tuple[int, ...]


class Twin(NamedTuple):
    """The float tensor for a quantised one, and how it was found: name, crossing or place."""

    tensor: int
    how: str


def layers_of(graph: Graph) -> list[Layer]:
    """The activations of a file in the order in which they come to be."""
    made = [
        Layer(step.operator, number, step.inputs) for step in graph.steps for number in step.outputs
    ]
    known = {layer.tensor for layer in made}
    read = dict.fromkeys(number for step in graph.steps for number in step.inputs if number >= 0)
    given = [Layer(SOURCE, n, ()) for n in read if n not in known and _is_given(graph, n)]
    return [layer for layer in (*given, *made) if graph.tensors[layer.tensor].dtype in STORED]


def _is_given(graph: Graph, number: int) -> bool:
    return graph.tensors[number].values is None


def twins(quantised: Graph, floating: Graph) -> dict[int, Twin]:
    """Tensor of the quantised file -> its twin in the float file, for all that have one."""
    found = _by_name(quantised, floating)
    while added := dict(_by_crossing(quantised, found)):
        found |= added
    found |= _by_place(quantised, floating, found)
    while added := dict(_by_crossing(quantised, found)):
        found |= added
    return found


def _by_name(quantised: Graph, floating: Graph) -> dict[int, Twin]:
    names = {_key(floating, layer.tensor): layer.tensor for layer in layers_of(floating)}
    keys = {layer.tensor: _key(quantised, layer.tensor) for layer in layers_of(quantised)}
    return {n: Twin(names[key], "name") for n, key in keys.items() if key[0] and key in names}


def _key(graph: Graph, number: int) -> tuple[str, tuple[int, ...]]:
    tensor = graph.tensors[number]
    return tensor.name, tensor.shape


def _by_crossing(quantised: Graph, found: Mapping[int, Twin]) -> Iterator[tuple[int, Twin]]:
    for step in quantised.steps:
        if step.operator in CROSSINGS:
            before, after = step.inputs[0], step.outputs[0]
            for known, other in ((before, after), (after, before)):
                if known in found and other not in found and _is_given(quantised, other):
                    yield other, Twin(found[known].tensor, "crossing")


def _by_place(quantised: Graph, floating: Graph, found: Mapping[int, Twin]) -> dict[int, Twin]:
    """Unpaired operators of equal type and shape, in equal places between paired ones."""
    anchors = {twin.tensor: number for number, twin in found.items() if twin.how == "name"}
    ours = [each for each in layers_of(quantised) if each.operator not in CROSSINGS]
    theirs = [each for each in layers_of(floating) if each.operator not in CROSSINGS]
    words = [_word(quantised, each, each.tensor if each.tensor in found else None) for each in ours]
    others = [_word(floating, each, anchors.get(each.tensor)) for each in theirs]
    blocks = SequenceMatcher(None, words, others, autojunk=False).get_matching_blocks()
    places = ((block.a + i, block.b + i) for block in blocks for i in range(block.size))
    return {
        ours[a].tensor: Twin(theirs[b].tensor, "place")
        for a, b in places
        if ours[a].tensor not in found
    }


def _word(graph: Graph, layer: Layer, anchor: int | None) -> tuple[object, ...]:
    """What must be equal in both files: the pair itself, or operator and shape."""
    if anchor is not None:
        return ("paired", anchor)
    return (layer.operator, graph.tensors[layer.tensor].shape)
