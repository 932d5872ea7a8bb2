"""Cross-layer equalisation: channels of very different size are made alike, the function the same.

Between two convolutions with nothing but a bias, a ReLU or a pool in between, f(s x) = s f(x) for
every s > 0: what one divides an output channel by, the next may multiply its input channel with.
With s = sqrt(r1 / r2) both ranges become sqrt(r1 r2) (Nagel et al., Data-Free Quantization Through
Weight Equalization and Bias Correction, 2019). Here s is a power of two, so that floats are scaled
without rounding and the function stays the same to the bit, but for the order of sums.

ReLU6 and other clamps are no such functions: a chain ends there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from converters.ir_to_tf.channels import (
    WEIGHTED,
    along_outputs,
    constant_port,
    is_homogeneous,
    is_own,
    is_summand,
    like_bias,
    with_constant,
)
from converters.ir_to_tf.graph import Array, Graph, Node, Value

ROUNDS = 30
"""Pairs pull at each other; so often they are gone through at most, until none moves."""

LARGEST = 2.0**12
"""A scale beyond this would only lift a dying channel."""


class Pair(NamedTuple):
    """Two convolutions whose channels may be scaled against each other."""

    first: Node
    second: Node
    biases: tuple[Node, ...]  # between them


class Scaled(NamedTuple):
    """An equalised graph, and what was scaled, in words."""

    graph: Graph
    notes: tuple[str, ...]


def equalised(graph: Graph) -> Scaled:
    """Scale the channels between all pairs of convolutions until their ranges agree."""
    pairs = list(_pairs(graph))
    contents = {
        node: node.known(constant_port(node)).astype(np.float32)
        for pair in pairs
        for node in (pair.first, pair.second, *pair.biases)
    }
    before = {pair: _spread(_out_ranges(pair.first, contents[pair.first])) for pair in pairs}
    for _ in range(ROUNDS):
        moved = [_settled(pair, contents) for pair in pairs]
        if not any(moved):
            break
    nodes = tuple(
        with_constant(node, contents[node]) if node in contents else node for node in graph.nodes
    )
    notes = tuple(
        f"{pair.first.name} and {pair.second.name}: output channels of the first differed by "
        f"{before[pair]:.3g}, now by {_spread(_out_ranges(pair.first, contents[pair.first])):.3g}"
        for pair in pairs
    )
    return Scaled(replace(graph, nodes=nodes).checked(), notes)


def _settled(pair: Pair, contents: dict[Node, Array]) -> bool:
    """Scale one pair; whether anything moved."""
    first, second = contents[pair.first], contents[pair.second]
    out, into = _out_ranges(pair.first, first), _in_ranges(pair.second, second)
    is_alive = (out > 0) & (into > 0) & np.isfinite(out) & np.isfinite(into)
    ratio = np.sqrt(np.where(is_alive, out, 1) / np.where(is_alive, into, 1))
    scale = np.exp2(np.rint(np.log2(np.clip(ratio, 1 / LARGEST, LARGEST)))).astype(np.float32)
    if (scale == 1).all():
        return False
    contents[pair.first] = first / along_outputs(pair.first, scale)
    contents[pair.second] = second * _along_inputs(pair.second, scale)
    for bias in pair.biases:
        contents[bias] = contents[bias] / like_bias(bias, scale)
    return True


# Which pairs there are ----------------------------------------------------------------------------


def _pairs(graph: Graph) -> Iterator[Pair]:
    readers: dict[Value, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            readers.setdefault(value, []).append(node)
    shared = Counter(value for node in graph.nodes for value in node.inputs if value.is_constant)
    for first in graph.nodes:
        if first.type in WEIGHTED and is_own(first, shared):
            yield from _pair_from(first, readers, shared)


def _pair_from(
    first: Node, readers: dict[Value, list[Node]], shared: Counter[Value]
) -> Iterator[Pair]:
    """Follow the only reader until the next convolution."""
    biases: list[Node] = []
    node = first
    while (following := _only_reader(node, readers)) is not None:
        node = following
        if node.type in WEIGHTED:
            if is_own(node, shared):
                yield Pair(first, node, tuple(biases))
            return
        if is_summand(node, shared):
            biases.append(node)
        elif not is_homogeneous(node):
            return


def _only_reader(node: Node, readers: dict[Value, list[Node]]) -> Node | None:
    """Who alone reads a node's first output, where nobody reads the others."""
    found = readers.get(node.outputs[0], [])
    others = [reader for value in node.outputs[1:] for reader in readers.get(value, ())]
    return found[0] if len(found) == 1 and not others else None


# Axes: OIHW of a Convolution, G(O/G)(I/G)HW of a GroupConvolution ---------------------------------


def _out_ranges(node: Node, weights: Array) -> Array:
    """Largest |w| per output channel."""
    kept = 2 if node.type == "GroupConvolution" else 1
    ranges: Array = np.abs(weights).max(axis=tuple(range(kept, weights.ndim))).ravel()
    return ranges


def _in_ranges(node: Node, weights: Array) -> Array:
    """Largest |w| per input channel."""
    own = (0, 2) if node.type == "GroupConvolution" else (1,)
    ranges: Array = np.abs(weights).max(axis=tuple(set(range(weights.ndim)) - set(own))).ravel()
    return ranges


def _along_inputs(node: Node, scale: Array) -> Array:
    shape = node.inputs[1].shape
    if node.type == "GroupConvolution":
        return scale.reshape(shape[0], 1, shape[2], *(1,) * (len(shape) - 3))
    return scale.reshape(1, -1, *(1,) * (len(shape) - 2))


def _spread(ranges: Array) -> float:
    alive = ranges[ranges > 0]
    return float(alive.max() / alive.min()) if alive.size else 1.0
