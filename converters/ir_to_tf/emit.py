"""Emission: walk the graph, insert the Transposes that were paid for, check every stored shape."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.carriers import MOVED, carried, carriers_of, recast
from converters.ir_to_tf.dynamic import StandIn
from converters.ir_to_tf.errors import WrongShapeError
from converters.ir_to_tf.form import axes_for
from converters.ir_to_tf.graph import UNKNOWN, Array, Node, Value
from converters.ir_to_tf.layout.assign import runs
from converters.ir_to_tf.layout.atoms import Atom, Atoms, Layout
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.plan import Plan
from converters.ir_to_tf.layout.spec import Dims, Label
from converters.ir_to_tf.pins import PIN
from converters.ir_to_tf.registry import OPS, attributes_for
from converters.ir_to_tf.site import Site, WrittenSite
from converters.ir_to_tf.views import shape_of

Tensor = Any


def emit(plan: Plan, feeds: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Compute the planned graph's outputs by name, as TensorFlow tensors in their planned order."""
    emission = Emission(plan)
    results: dict[str, Tensor] = {}
    for node in plan.graph.nodes:
        if isinstance(node, StandIn):
            results |= emission.run_loose(node)
        elif node.type == "Parameter":
            emission.store(node, 0, feeds[node.name])
        elif node.type == "Result":
            results[node.name] = emission.result(node)
        else:
            emission.run(node)
    return results


class Emission:
    """The tensors made so far: each in the layout of its producer, and in the copies paid for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.copies: dict[tuple[Value, Layout], Tensor] = {}
        self.loose: dict[Value, Tensor] = {}  # of sizes that are not known

    def store(self, node: Node, number: int, tensor: Tensor) -> None:
        """Keep an output of a node, in the layout that the plan gives it."""
        layout = self.plan.assignment[node].layouts[len(node.inputs) + number]
        assert layout is not None
        self.copies[node.outputs[number], layout] = tensor

    def result(self, node: Node) -> Tensor:
        """An output, in the order of axes that was chosen for it."""
        value, order = node.inputs[0], self.plan.order(node)
        if value.constant is not None:
            return tf.constant(value.constant.transpose(order))
        layout = self.plan.assignment[node].layouts[0]
        assert layout is not None
        tensor = self.fetch(value, layout)
        return _reshaped(tensor, tuple(value.shape[axis] for axis in order))

    def run(self, node: Node) -> None:
        """Emit one node, and store what it makes."""
        if node.type == PIN:
            self.pass_on(node)
            return
        choice, frame = self.plan.assignment[node], self.plan.frames[node]
        tensors = [
            None if layout is None else self.fetch(value, layout)
            for value, layout in zip(node.inputs, choice.layouts, strict=False)
        ]
        if frame.spec.renames and choice.arrangement is None:
            tensor = node.inputs[0].constant if tensors[0] is None else tensors[0]
            self.store(node, 0, tensor)  # only names changed
            return
        made = self.call(node, tensors)
        for number, tensor in enumerate(made):
            if choice.layouts[len(node.inputs) + number] is not None:
                self.store(node, number, tensor)

    def pass_on(self, node: Node) -> None:
        """What a pin makes is what it reads, in the order that it demands."""
        layout = self.plan.assignment[node].layouts[0]
        assert layout is not None
        self.store(node, 0, self.fetch(node.inputs[0], layout))

    def call(self, node: Node, tensors: list[Tensor]) -> tuple[Tensor, ...]:
        """Call the emitter of a node on views of its inputs, and check what it makes."""
        choice, frame = self.plan.assignment[node], self.plan.frames[node]
        shapes = [None if t is None else tuple(t.shape) for t in tensors]
        ports = axes_for(node.type, choice, frame, shapes)
        site = Site(node, frame, choice, self.plan.atoms, ports)
        carriers = carriers_of(node)
        arguments = [
            carried(_constant(site, port) if t is None else _view(site, port, t), carriers)
            for port, t in enumerate(tensors)
        ]
        made = OPS[node.type].emit(site, *arguments, **attributes_for(node))
        made = made if isinstance(made, (tuple, list)) else (made,)
        for number, tensor in enumerate(made):
            _check_shape(site, number, tensor)
        return tuple(
            recast(tensor, value.dtype.name)
            for tensor, value in zip(made, node.outputs, strict=False)
        )

    def run_loose(self, node: StandIn) -> dict[str, Tensor]:
        """Emit a node of unknown sizes as it is written; a result, if it is one."""
        whole, layouts = node.whole, self.plan.assignment[node].layouts
        assert whole is not None
        given = dict(self.loose)
        for value, layout in zip(node.inputs, layouts, strict=False):
            assert layout is not None
            given[value] = _reshaped(self.fetch(value, layout), value.shape)
        tensors = [given[v] if v.constant is None else v.constant for v in whole.inputs]
        if whole.type == "Result":
            return {whole.name: tensors[0]}
        for value, tensor in zip(whole.outputs, _emitted(whole, tensors), strict=False):
            if not value.is_static:
                self.loose[value] = tensor
            else:
                self.store(node, node.outputs.index(value), tensor)
        return {}

    def fetch(self, value: Value, layout: Layout) -> Tensor:
        """A tensor in some layout; a Transpose, shared by its readers, where none has made it."""
        if (value, layout) not in self.copies and value in self.plan.aliases:
            name = self.plan.aliases[value]
            self.copies[value, layout] = self.fetch(name.root, name.layout(layout))
        if (value, layout) not in self.copies:
            stored = self.plan.stored(value)
            self.copies[value, layout] = transposed(
                self.copies[value, stored], value, stored, layout, self.plan.atoms
            )
        return self.copies[value, layout]


def _emitted(node: Node, tensors: list[Tensor]) -> list[Tensor]:
    """What a node of unknown sizes makes; what is known of their shapes is said of them."""
    arguments = [carried(tensor, carriers_of(node)) for tensor in tensors]
    made = OPS[node.type].emit(WrittenSite(node), *arguments, **attributes_for(node))
    made = made if isinstance(made, (tuple, list)) else (made,)
    return [
        _known(recast(tf.convert_to_tensor(tensor), value.dtype.name), value)
        for tensor, value in zip(made, node.outputs, strict=False)
    ]


def _known(tensor: Tensor, value: Value) -> Tensor:
    if value.is_static:
        return tf.reshape(tensor, value.shape)
    if value.is_ranked:
        tensor.set_shape([None if size == UNKNOWN else size for size in value.shape])
    return tensor


def transposed(
    tensor: Tensor, value: Value, stored: Layout, wanted: Layout, atoms: Atoms
) -> Tensor:
    """The Transpose from one layout to another, of as few axes as it can have."""
    tensor = carried(tensor, MOVED)
    together = runs(stored, wanted)
    sizes = [prod(atoms.size(value, atom) for atom in run) for run in together]
    place: dict[Atom, int] = {atom: i for i, atom in enumerate(wanted)}
    order = sorted(range(len(together)), key=lambda i: place[together[i][0]])
    shape = list(tensor.shape)
    full = [i for i, size in enumerate(shape) if size > 1]
    if [shape[i] for i in full] == sizes:  # no Reshape: axes of size 1 lead
        ones = [i for i in range(len(shape)) if i not in full]
        made = tf.transpose(tensor, ones + [full[i] for i in order])
    else:
        made = tf.transpose(_reshaped(tensor, sizes), order)
    return recast(made, value.dtype.name)


def _view(site: Site, port: int, tensor: Tensor) -> Tensor:
    return _reshaped(tensor, site.shape(port))


def _reshaped(tensor: Tensor, shape: Any) -> Tensor:
    return tensor if list(tensor.shape) == list(shape) else tf.reshape(tensor, list(shape))


def _constant(site: Site, port: int) -> Array | None:
    """A constant as the IR wrote it, or, where the rule gives its axes labels, in stored order."""
    data, labels = site.node.inputs[port].constant, site.frame.spec.ports[port]
    if data is None or labels is None:
        return data
    dims = site.ports[port]
    if dims is not None:  # the kernel wants it cut just so
        return arranged(data, labels, site.frame, dims)
    dims = next(dims for dims in site.ports[::-1] if dims is not None)
    return _without_leading_ones(arranged(data, labels, site.frame, dims))


def arranged(data: Array, labels: tuple[Label, ...], frame: Frame, dims: Dims) -> Array:
    """Split a constant's axes in the places of a frame, and put them into TensorFlow axes."""
    sizes = {place: size for port in frame.sizes for place, size in port.items()}
    split, places = [], []
    for label, length in zip(labels, data.shape, strict=True):
        mine = sorted(p for p in sizes if p.label == label) if length != 1 else []
        mine_sizes = [length] if label in frame.spec.units else [sizes[p] for p in mine]
        places += mine
        split += mine_sizes if mine else []
    order = [place for dim in dims for place in dim if place in places]
    cut = data.reshape(split).transpose([places.index(place) for place in order])
    found = dict(zip(places, split, strict=True))
    shape = shape_of(dims, found)
    return cut.reshape(shape)


def _without_leading_ones(data: Array) -> Array:
    """Numpy aligns shapes at the right; a bias of one axis is one that kernels can take in."""
    shape = list(data.shape)
    while len(shape) > 1 and shape[0] == 1:
        shape.pop(0)
    return data.reshape(shape) if data.size != 1 else data.reshape(())


def _check_shape(site: Site, number: int, tensor: Tensor) -> None:
    port = len(site.node.inputs) + number
    if site.ports[port] is None:
        return
    wanted = site.output_shape(number)
    if list(np.shape(tensor)) != wanted and prod(np.shape(tensor)) != prod(wanted):
        raise WrongShapeError.at(
            site.node,
            f"output {number} has shape {list(np.shape(tensor))}, expected {wanted}",
            "this is a bug of the converter: report it with the model",
        )
