"""The rules: each looks at a float file and at what flows through it, and warns by name.

A finding says what the matter is, with the numbers, and what may be done; it forbids nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from converters.datasets.preprocess import Array
from converters.flatbuffer import Graph, Step
from converters.lint.ranges import STEPS, Range

POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
WIDE_SOFTMAX = 256
"""An int8 softmax answers in steps of 1/256: among more classes most are less than one step."""

UNEVEN = 8.0
"""Widths in one CONCATENATION that differ by so much cost the narrow one 3 of its 8 bits."""

UNBALANCED = 32.0
"""Channels that differ by so much leave the weak ones 3 of 8 bits."""

WEAK = 0.1
"""The part of the channels that may be weaker still: a few dying ones are no imbalance."""

DEAD = 1e-7
"""A channel whose weights are below this part of the layer's largest does nothing."""

LEAST_SQNR = 20.0
"""dB that a value of mean size should have; a Gaussian over 6 sigma leaves it 36."""

DIP = {"SiLU": 0.2785, "HARD_SWISH": 0.375, "GELU": 0.17}
"""How far an activation goes below zero: the part of it that is no straight line."""

CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
"""Operators with weights, and the axis of the weights that counts the output's channels."""

RELU6 = 3
"""Its number among fused activations."""

ISLAND = "keep it in float (`quantize: {keep_float: {names: [...]}}`)"


class Finding(NamedTuple):
    """One finding."""

    rule: str
    operator: str
    name: str  # of the operator's output
    words: str
    remedy: str


class Site(NamedTuple):
    """A float file and what was measured in it."""

    graph: Graph
    ranges: Mapping[int, Range]
    made_by: Mapping[int, Step]

    def name(self, step: Step) -> str:
        """Of an operator: that of its first output."""
        return self.graph.tensors[step.outputs[0]].name

    def constant(self, number: int) -> Array | None:
        """The values of a tensor that is a constant."""
        return self.graph.tensors[number].values if number >= 0 else None

    def steps(self, *operators: str) -> Iterator[Step]:
        """The operators of these types, in order."""
        return (step for step in self.graph.steps if step.operator in operators)

    def warn(self, rule: str, step: Step, words: str, remedy: str) -> Finding:
        """A warning about an operator."""
        return Finding(rule, step.operator, self.name(step), words, remedy)


def site(graph: Graph, ranges: Mapping[int, Range]) -> Site:
    """What the rules look at."""
    return Site(graph, ranges, {n: step for step in graph.steps for n in step.outputs})


def padding_before_pool(at: Site) -> Iterator[Finding]:
    """A pool that reads what was padded with another constant than zero."""
    for pool in at.steps(*POOLS):
        pad = at.made_by.get(pool.inputs[0])
        value = at.constant(pad.inputs[2]) if pad and pad.operator == "PADV2" else None
        if pad and value is not None and float(value.ravel()[0]) != 0:
            words = f"pads with {float(value.ravel()[0]):.3g} before {pool.operator}"
            words += ": the range of 8 bits must hold that number too"
            yield at.warn("padding_before_pool", pad, words, "pad with zero behind a ReLU, or crop")


def curved_activation(at: Site) -> Iterator[Finding]:
    """SiLU, HardSwish and GELU: their dip below zero shares its steps with a long slope."""
    for step, kind in _curved(at):
        found = at.ranges.get(step.outputs[0])
        if found is None or not found.count or not found.width:
            continue
        steps = DIP[kind] / (found.width / STEPS)
        words = f"{kind} over {found.low:.3g} to {found.high:.3g}: its dip below zero has "
        words += f"{steps:.1f} of {STEPS} steps"
        yield at.warn("curved_activation", step, words, f"{ISLAND}, or train with ReLU6")


def _curved(at: Site) -> Iterator[tuple[Step, str]]:
    for step in at.graph.steps:
        if step.operator in DIP:
            yield step, step.operator
        elif step.operator == "MUL":
            for x, gate in (step.inputs[:2], step.inputs[1::-1]):
                if kind := _gate_of(at, x, gate):
                    yield step, kind
                    break


def _gate_of(at: Site, x: int, gate: int) -> str | None:
    """What x times a gate is, if the gate is made of x."""
    step = at.made_by.get(gate)
    while step and step.operator == "MUL" and at.constant(step.inputs[1]) is not None:
        step = at.made_by.get(step.inputs[0])
    if step is None or step.inputs[0] != x:
        return None
    is_gate = getattr(step.options, "fusedActivationFunction", 0) == RELU6
    kinds = {"LOGISTIC": "SiLU", "ADD": "HARD_SWISH" if is_gate else None}
    return kinds.get(step.operator)


def large_range(at: Site) -> Iterator[Finding]:
    """Tensors whose few large values leave the many small ones hardly a step."""
    for step in at.graph.steps:
        found = at.ranges.get(step.outputs[0])
        if found is None or not found.count or found.best_sqnr >= LEAST_SQNR:
            continue
        words = f"values from {found.low:.3g} to {found.high:.3g}, of the size of "
        words += f"{found.mean_size:.2g}: 8 bits leave them {found.best_sqnr:.1f} dB at best"
        yield at.warn("large_range", step, words, f"{ISLAND}, or cut the range (ReLU6, clipping)")


def wide_softmax(at: Site) -> Iterator[Finding]:
    """Softmax over more classes than there are steps."""
    for step in at.steps("SOFTMAX", "LOG_SOFTMAX"):
        shape = at.graph.tensors[step.inputs[0]].shape
        if shape and shape[-1] > WIDE_SOFTMAX:
            words = f"over {shape[-1]} places, answered in steps of 1/256"
            yield at.warn("wide_softmax", step, words, f"{ISLAND}, or end the network before it")


def uneven_concat(at: Site) -> Iterator[Finding]:
    """Inputs of very different width under one scale."""
    for step in at.steps("CONCATENATION"):
        widths = {n: at.ranges[n].width for n in step.inputs if n in at.ranges}
        widths = {n: width for n, width in widths.items() if width > 0}
        if len(widths) < 2 or max(widths.values()) / min(widths.values()) <= UNEVEN:
            continue
        narrow, wide = min(widths, key=widths.__getitem__), max(widths, key=widths.__getitem__)
        words = f"{at.graph.tensors[narrow].name} is {widths[narrow]:.3g} wide, "
        words += f"{at.graph.tensors[wide].name} {widths[wide]:.3g}: one scale serves both"
        yield at.warn("uneven_concat", step, words, f"{ISLAND}, or scale the inputs alike")


def unbalanced_channels(at: Site) -> Iterator[Finding]:
    """Output channels whose weights differ by a large ratio."""
    for step, weights, axis in _weighted(at):
        if not np.isfinite(weights).all():
            continue
        largest = _per_channel(weights, axis)
        alive = largest[largest > DEAD * max(float(largest.max()), 1e-30)]
        weak = float(np.quantile(alive, WEAK)) if alive.size > 1 else 0.0
        ratio = float(alive.max()) / weak if weak else 1.0
        if ratio > UNBALANCED:
            words = f"the largest weights of its channels differ by a factor of {ratio:.0f}"
            remedy = "set `tf: {equalise: true}` in the recipe, and keep per_channel on"
            yield at.warn("unbalanced_channels", step, words, remedy)


def dead_weights(at: Site) -> Iterator[Finding]:
    """Channels whose weights are all zero, or nearly."""
    for step, weights, axis in _weighted(at):
        largest = _per_channel(weights, axis)
        if not np.isfinite(largest).all():
            continue
        dead = int((largest <= DEAD * float(largest.max(initial=0))).sum())
        if dead:
            words = f"{dead} of {largest.size} output channels have no weights"
            yield at.warn("dead_weights", step, words, "prune them: they cost time and say nothing")


def infinite_weights(at: Site) -> Iterator[Finding]:
    """Constants that hold NaN or infinity, but for what a pad is filled with."""
    for step in at.graph.steps:
        read = step.inputs[:2] if step.operator == "PADV2" else step.inputs
        for number in read:
            values = at.constant(number)
            if values is not None and values.dtype.kind == "f" and not np.isfinite(values).all():
                count = int(np.count_nonzero(~np.isfinite(values)))
                words = f"its constant {at.graph.tensors[number].name} has {count} NaN or infinite"
                remedy = "mend the weights: no scale holds such numbers"
                yield at.warn("infinite_weights", step, words, remedy)


def _weighted(at: Site) -> Iterator[tuple[Step, Array, int]]:
    """Operators with constant weights, the weights, and the axis of their output channels."""
    for step in at.steps(*CHANNELS):
        weights = at.constant(step.inputs[1])
        axis = CHANNELS[step.operator]
        if weights is not None and weights.ndim > axis and weights.dtype.kind == "f":
            yield step, weights, axis


def _per_channel(weights: Array, axis: int) -> Array:
    others = tuple(i for i in range(weights.ndim) if i != axis)
    largest: Array = np.abs(weights).max(axis=others, initial=0)
    return largest


RULES: tuple[Callable[[Site], Iterator[Finding]], ...] = (
    infinite_weights,
    dead_weights,
    padding_before_pool,
    unbalanced_channels,
    uneven_concat,
    wide_softmax,
    curved_activation,
    large_range,
)
"""In the order in which their warnings are told."""
