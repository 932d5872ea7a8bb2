"""Rewrites on the graph before layouts are chosen: IR to IR, each exact."""

from __future__ import annotations

from converters.ir_to_tf.graph import Graph
from converters.ir_to_tf.simplify.batches import batched
from converters.ir_to_tf.simplify.computed import computed
from converters.ir_to_tf.simplify.expand import expanded
from converters.ir_to_tf.simplify.fold import folded, without_dead

REWRITES = (folded, expanded, batched, computed, without_dead)


def simplified(graph: Graph) -> Graph:
    """The graph after every rewrite."""
    for rewrite in REWRITES:
        graph = rewrite(graph)
    return graph.checked()
