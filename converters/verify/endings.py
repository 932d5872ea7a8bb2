"""What each output of a TFLite file ends in, and the step of the numbers that it is stored in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from converters.flatbuffer import Graph

PASSING = ("DEQUANTIZE", "QUANTIZE", "RESHAPE", "TRANSPOSE", "SQUEEZE", "EXPAND_DIMS")
"""Operators that change no value but by rounding."""


class Ending(NamedTuple):
    """The operator behind an output, past those that pass values on."""

    operator: str
    step: float  # the largest on the way; 0 where all is float


def endings(graph: Graph, outputs: Mapping[str, int]) -> dict[str, Ending]:
    """By output; `outputs` gives the tensor of each."""
    return {name: _ending(graph, number) for name, number in outputs.items()}


def _ending(graph: Graph, number: int) -> Ending:
    made_by = {made: step for step in graph.steps for made in step.outputs}
    step, largest = made_by.get(number), _scale(graph, number)
    while step is not None and step.operator in PASSING:
        number = step.inputs[0]
        step, largest = made_by.get(number), max(largest, _scale(graph, number))
    return Ending(step.operator if step else "", largest)


def _scale(graph: Graph, number: int) -> float:
    return max(graph.tensors[number].scales, default=0.0)
