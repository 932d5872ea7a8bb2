"""Ops that take tensors apart, put them together, or fill them up, along some axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import as_written, concatenated, split, touched_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.ops.gathering import gather as gather_by_batch
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op("Concat", layout=concatenated)
def concat(site: Site, *tensors: Any, axis: int) -> Any:
    """CONCATENATION; or PACK, without a Reshape, of parts that are interleaved."""
    rank = max(len(tensor.shape) for tensor in tensors)
    full = [tf.reshape(t, [1] * (rank - len(t.shape)) + list(t.shape)) for t in tensors]
    place = site.axis_of_output(axis)
    if site.part(axis) > 1 and all(t.shape[place] == 1 for t in full):
        return tf.stack([tf.squeeze(t, place) for t in full], place)
    return tf.concat(full, place)


@op("Split", "VariadicSplit", layout=split, excused={"num_splits": "there are as many outputs"})
def split_(site: Site, x: Any, _axis: Any, _lengths: Any = None) -> Any:
    """SPLIT; SPLIT_V for int64 too; of parts of one size, whatever their inner order."""
    (axis,) = site.node.axes(1)
    lengths = [output.shape[axis] // site.part(axis) for output in site.node.outputs]
    is_even = len(set(lengths)) == 1 and x.dtype != tf.int64
    return tf.split(x, len(lengths) if is_even else lengths, site.axis(axis))


def slices_of(node: Node) -> dict[int, slice]:
    """What a Slice takes of each axis that it does not take whole; start and step are plain."""
    rank = node.inputs[0].rank
    axes = node.known(4) if len(node.inputs) > 4 else np.arange(np.size(node.known(1)))
    starts, stops, steps = (np.ravel(node.known(port)) for port in (1, 2, 3))
    taken = {}
    for axis, start, stop, step in zip(np.ravel(axes), starts, stops, steps, strict=True):
        size = node.inputs[0].shape[int(axis) % rank]
        bounds = slice(int(start), int(stop), int(step)).indices(size)
        if bounds != (0, size, 1):
            taken[int(axis) % rank] = slice(*bounds)
    return taken


def _sliced(node: Node) -> Mapping[int, int | None]:
    return {axis: _part(node, axis, taken) for axis, taken in slices_of(node).items()}


def _part(node: Node, axis: int, taken: slice) -> int | None:
    """The size of a slice that is one of the equal parts of its axis."""
    size, made = node.inputs[0].shape[axis], node.outputs[0].shape[axis]
    is_part = taken.step == 1 and bool(made) and size % made == 0 and taken.start % made == 0
    return made if is_part else None


@op("Slice", layout=touched_axes(_sliced, mover=True))
def slice_(site: Site, x: Any, *_bounds: Any) -> Any:
    """STRIDED_SLICE."""
    cuts = [slice(None)] * len(x.shape)
    for axis, taken in slices_of(site.node).items():
        part = site.part(axis)
        start, stop = taken.start // part, taken.stop // part if part > 1 else taken.stop
        # A negative stop would count from the end: walking backwards, -1 means to the very start.
        cuts[site.axis(axis)] = slice(start, None if stop < 0 else stop, taken.step)
    return x[tuple(cuts)]


def widths_of(node: Node) -> dict[int, tuple[int, int]]:
    """How much a Pad adds before and behind each axis that it changes."""
    widths = zip(np.ravel(node.known(1)), np.ravel(node.known(2)), strict=True)
    return {axis: (int(b), int(e)) for axis, (b, e) in enumerate(widths) if b or e}


def _pad_touches(node: Node) -> Mapping[int, int | None]:
    return dict.fromkeys(widths_of(node))


@op("Pad", layout=touched_axes(_pad_touches))
def pad(site: Site, x: Any, _begin: Any, _end: Any, value: Any = 0, *, pad_mode: str) -> Any:
    """PAD, PADV2 and MIRROR_PAD; negative pads crop; an edge is repeated by GATHER."""
    widths = {site.axis(axis): both for axis, both in widths_of(site.node).items()}
    if pad_mode == "edge":
        for place, (begin, end) in widths.items():
            steps = np.clip(np.arange(-begin, x.shape[place] + end), 0, x.shape[place] - 1)
            x = tf.gather(x, steps.astype(np.int32), axis=place)
        return x
    cuts, rows = [slice(None)] * len(x.shape), [[0, 0] for _ in x.shape]
    for place, (begin, end) in widths.items():
        cuts[place] = slice(max(0, -begin), x.shape[place] - max(0, -end))
        rows[place] = [max(0, begin), max(0, end)]
    if any(min(both) < 0 for both in widths.values()):
        x = x[tuple(cuts)]
    filler = {"constant_values": np.ravel(value)[0]} if pad_mode == "constant" else {}
    return tf.pad(x, rows, pad_mode.upper(), **filler)


def _repeated(node: Node) -> Mapping[int, int | None]:
    data, made = node.inputs[0], node.outputs[0]
    extra = made.rank - data.rank
    return {a: None for a in range(data.rank) if data.shape[a] != made.shape[a + extra]}


def repeated(node: Node) -> Spec:
    """Tile: the axes that are repeated stay whole; new ones lead."""
    data, made = node.inputs[0], node.outputs[0]
    extra = made.rank - data.rank
    labels = tuple(range(made.rank))
    units = frozenset(axis + extra for axis in _repeated(node)) | frozenset(range(extra))
    return Spec((labels[extra:], None, labels), units, alone=units)


@op("Tile", layout=repeated)
def tile(site: Site, x: Any, _repeats: Any) -> Any:
    """TILE."""
    wanted = site.output_shape()
    return tf.tile(x, [made // size for made, size in zip(wanted, x.shape, strict=True)])


def broadcast_labels(node: Node) -> Spec:
    """The input has some of the output's axes: those at the right, or those it names."""
    data, made = node.inputs[0], node.outputs[0]
    labels = tuple(range(made.rank))
    if node["mode"] == "explicit":
        given = tuple(int(axis) for axis in np.ravel(node.known(2)))
    else:
        given = labels[made.rank - data.rank :]
    none = [None] * (len(node.inputs) - 1)
    return Spec((given, *none, labels))


@op("Broadcast", layout=broadcast_labels, excused={"mode": "the layout rule reads it"})
def broadcast(site: Site, x: Any, *_target: Any) -> Any:
    """BROADCAST_TO, where anything is new."""
    wanted = site.output_shape()
    return tf.identity(x) if list(x.shape) == wanted else tf.broadcast_to(x, wanted)


def _gathered_axis(node: Node) -> Iterator[int]:
    yield from node.axes(2)


def gathered(node: Node) -> Spec:
    """Known indices along one axis: it stays whole; the rest in any order."""
    if node.attributes.get("batch_dims"):
        return as_written(node)
    axes: Mapping[int, int | None] = dict.fromkeys(_gathered_axis(node))
    return touched_axes(lambda _: axes, mover=True)(node)


@op("Gather", layout=gathered)
def gather(site: Site, x: Any, indices: Any, _axis: Any, *, batch_dims: int) -> Any:
    """GATHER of known indices; a run of them is a slice."""
    if batch_dims:
        return gather_by_batch(site, x, indices, _axis, batch_dims=batch_dims)
    (axis,) = site.node.axes(2)
    place, size = site.axis(axis), site.node.inputs[0].shape[axis]
    steps = np.where(indices < 0, indices + size, indices).astype(np.int32)
    if steps.size and (np.diff(steps) == 1).all():
        cuts = [slice(None)] * len(x.shape)
        cuts[place] = slice(int(steps[0]), int(steps[-1]) + 1)
        return x[tuple(cuts)]
    return tf.gather(x, steps, axis=place)
