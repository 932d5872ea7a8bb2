"""Nodes: what a row may ask about the operation that it says, and how it makes layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.formats.reading.constants import LARGEST_IN_CONFIG, Anchor, Array
from converters.ir_to_tf.formats.reading.names import Names
from converters.ir_to_tf.formats.reading.table import ROWS

ACTIVATIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Elu": "elu",
    "Softplus": "softplus",
    "Softsign": "softsign",
}
"""What a convolution or dense layer may end in."""


class Reading:
    """The Keras tensors made so far, by the tensors of the graph that they stand for."""

    def __init__(self, graph: Any, constants: dict[str, Array], names: Names) -> None:
        self.graph = graph
        self.constants = constants
        self.names = names
        self.made: dict[str, Any] = {}
        self.absorbed: set[str] = set()
        self.anchor = Anchor([])
        self.refusals: list[str] = []

    def say(self, op: Any) -> None:
        """Say one node by its row, and check what that makes."""
        if op.type == "NoOp":
            return
        node = Node(op, self)
        try:
            self._say(node)
        except (ConversionError, ValueError, TypeError, NotImplementedError) as error:
            cause = error.cause if isinstance(error, ConversionError) else str(error)
            self.refusals.append(f"{op.type} {op.name!r}: {' '.join(cause.split())}")
            for tensor in node.last.outputs:  # go on, to name all others too
                shape = () if tensor.shape.rank is None else tuple(tensor.shape)
                self.made[tensor.name] = keras.Input(batch_shape=shape, dtype=tensor.dtype.name)

    def _say(self, node: Node) -> None:
        inputs = [self.value(tensor) for tensor in node.op.inputs]
        made = inputs[0] if node.op.type == "Identity" else ROWS[node.op.type](node, *inputs)
        made = made if isinstance(made, (tuple, list)) else (made,)
        for wanted, tensor in zip(node.last.outputs, made, strict=True):
            self.made[wanted.name] = node.checked(tensor, wanted)
        node.settle([self.made[wanted.name] for wanted in node.last.outputs])

    def value(self, tensor: Any) -> Any:
        """What stands for a tensor: an array where it is constant."""
        if tensor.name in self.constants:
            return self.constants[tensor.name]
        return self.made[tensor.name]

    def tensor(self, tensor: Any) -> Any:
        """What stands for a tensor, constants too as Keras tensors."""
        found = self.value(tensor)
        if not isinstance(found, (np.ndarray, np.generic)):
            return found
        if tensor.name not in self.made:
            name = self.names.unique(tensor.op.name.replace("/", "_") + "_value")
            self.made[tensor.name] = self.anchor.weight(np.asarray(found), name)
        return self.made[tensor.name]


class Node:
    """An operation of the graph, together with those behind it that its layer takes in."""

    def __init__(self, op: Any, reading: Reading) -> None:
        self.op = op
        self.reading = reading
        self.last = op  # of those that the layer takes in
        self.named: str | None = None

    def attribute(self, name: str) -> Any:
        """An attribute of the operation; text as text."""
        found = self.op.get_attr(name)
        return found.decode() if isinstance(found, bytes) else found

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the first output."""
        return tuple(self.op.outputs[0].shape)

    @property
    def target(self) -> tuple[int, ...]:
        """The shape as a target: one size may be open."""
        if self.shape.count(None) > 1:
            raise self.refuse("several of its sizes are open")
        return tuple(-1 if size is None else size for size in self.shape)

    @property
    def fixed(self) -> tuple[int, ...]:
        """The shape, no size of which is open."""
        if None in self.shape:
            raise self.refuse("its sizes are open")
        return self.shape

    @property
    def dtype(self) -> str:
        """The type of the first output."""
        return str(self.op.outputs[0].dtype.name)

    def operand(self, port: int) -> Any:
        """An input for a function of `keras.ops`: a large constant is a weight."""
        source = self.op.inputs[port]
        found = self.reading.value(source)
        if not isinstance(found, np.ndarray) or found.size <= LARGEST_IN_CONFIG:
            return found
        return self.reading.tensor(source)

    def tensor(self, port: int) -> Any:
        """An input as a Keras tensor, whatever it is."""
        return self.reading.tensor(self.op.inputs[port])

    def number(self, port: int) -> int:
        """A constant whole number."""
        return int(self.constant(port).item())

    def constant(self, port: int) -> Array:
        """A constant that a layer states in its config."""
        found = self.reading.value(self.op.inputs[port])
        if not isinstance(found, np.ndarray | np.generic):
            raise self.refuse(f"its input {port} is computed")
        return np.asarray(found)

    def name(self) -> str:
        """The name of the layer that ends in what this node, and those taken in, make."""
        if self.named is None:
            self.named = self.reading.names.of_node(self.last.name)
        return self.named

    def layer(
        self, kind: type[Any], *inputs: Any, weights: Sequence[Array] = (), **config: Any
    ) -> Any:
        """Call a new layer on inputs, and give it its weights."""
        made = kind(name=self.name(), dtype=str(inputs[0].dtype), **config)
        result = made(inputs[0] if len(inputs) == 1 else list(inputs))
        if weights:
            made.set_weights(list(weights))
        return result

    def inner(self, kind: type[Any], x: Any, weights: Sequence[Array] = (), **config: Any) -> Any:
        """Call a new layer that stands before the node's own."""
        name = self.reading.names.unique(f"{self.op.name.replace('/', '_')}_{kind.__name__}")
        made = kind(name=name, dtype=str(x.dtype), **config)
        result = made(x)
        if weights:
            made.set_weights(list(weights))
        return result

    def absorbed_bias(self, channels: int) -> Array | None:
        """The constant added behind, one number per channel of the last axis, if there is one."""
        after = self._only_reader()
        if after is None or after.type not in ("AddV2", "BiasAdd", "Add"):
            return None
        others = [tensor for tensor in after.inputs if tensor.op is not self.last]
        found = self.reading.constants.get(others[0].name) if len(others) == 1 else None
        if found is None or tuple(after.outputs[0].shape) != self.shape:
            return None
        if found.size not in (1, channels) or (found.size > 1 and found.shape[-1] != channels):
            return None
        self._take_in(after)
        return np.broadcast_to(found.ravel(), (channels,))

    def absorbed_activation(self) -> str | None:
        """The activation behind, if there is one that layers know."""
        after = self._only_reader()
        if after is None or after.type not in ACTIVATIONS:
            return None
        self._take_in(after)
        return ACTIVATIONS[after.type]

    def _only_reader(self) -> Any:
        readers = self.last.outputs[0].consumers()
        return readers[0] if len(readers) == 1 else None

    def _take_in(self, op: Any) -> None:
        self.last = op
        self.reading.absorbed.add(op.name)

    def checked(self, made: Any, wanted: Any) -> Any:
        """What a row made, of the type and the shape that the graph has there."""
        dtype = wanted.dtype.name
        if isinstance(made, np.ndarray):
            made = self.reading.anchor.weight(made, self.name())
        if str(made.dtype) != dtype:
            made = keras.ops.cast(made, dtype)
        if wanted.shape.is_fully_defined() and tuple(made.shape) != tuple(wanted.shape):
            raise self.refuse(f"Keras makes {tuple(made.shape)} of it, not {tuple(wanted.shape)}")
        return made

    def settle(self, results: Sequence[Any]) -> None:
        """Let what makes the node's results carry its name."""
        for number, tensor in enumerate(results):
            operation, names = tensor._keras_history.operation, self.reading.names
            if id(operation) not in names.settled:
                name = names.unique(f"{self.name()}_{number}") if number else self.name()
                names.settle(operation, name)

    def refuse(self, cause: str) -> ConversionError:
        """An error about this node, to raise."""
        return ConversionError(cause, subject=f"{self.op.type} {self.op.name!r}")
