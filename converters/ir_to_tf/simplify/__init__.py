"""Rewrites on the graph before layouts are chosen: IR to IR, each exact."""

from __future__ import annotations

from dataclasses import replace

from converters.ir_to_tf.dynamic import noted
from converters.ir_to_tf.graph import Graph
from converters.ir_to_tf.simplify import formulas as _formulas  # registers every formula
from converters.ir_to_tf.simplify.batches import batched
from converters.ir_to_tf.simplify.computed import computed
from converters.ir_to_tf.simplify.expand import expanded
from converters.ir_to_tf.simplify.filling import filled
from converters.ir_to_tf.simplify.fold import folded, without_dead
from converters.ir_to_tf.simplify.needless import (
    runs_as_slices,
    split_once,
    without_broadcasts,
    without_needless,
)
from converters.ir_to_tf.simplify.recognise import recognised
from converters.ir_to_tf.simplify.scales import without_scales
from converters.ir_to_tf.simplify.shuffles import as_blocks
from converters.ir_to_tf.simplify.windows import padded_with_zeros, widened

assert _formulas

BEFORE = (
    *(folded, filled, expanded, batched),
    *(without_needless, without_broadcasts, without_dead),
)
AFTER = (
    *(computed, runs_as_slices, split_once, without_scales),
    *(widened, padded_with_zeros, as_blocks, without_dead),
)


def simplified(graph: Graph) -> Graph:
    """The graph after every rewrite.

    Its notes say which formulas were found in it, or nearly, and where a size is not known.
    """
    for rewrite in BEFORE:
        graph = rewrite(graph)
    graph, notes = recognised(graph)
    for rewrite in AFTER:
        graph = rewrite(graph)
    return replace(graph, notes=(*notes, *noted(graph))).checked()
