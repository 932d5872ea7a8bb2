"""Names of layers: public ones for inputs and outputs, those of nodes for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras


def layer_name(name: str) -> str:
    """A name as Keras lets a layer have it: not a path."""
    return name.replace("/", "_")


class Names:
    """Gives each layer a name of its own, the same whatever Keras has made before."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.taken = set(reserved)
        self.public: dict[str, str] = {}  # node -> the name of the output that it makes
        self.settled: dict[int, Any] = {}  # kept, so that no other has its id

    def of_node(self, node: str) -> str:
        """The name of the layer, or operation, that ends in what a node makes."""
        return self.public.get(node) or self.unique(layer_name(node))

    def unique(self, name: str) -> str:
        """The name, with a number behind it if it is taken."""
        candidates = (name, *(f"{name}_{i}" for i in range(1, len(self.taken) + 2)))
        chosen = next(each for each in candidates if each not in self.taken)
        self.taken.add(chosen)
        return chosen

    def settle(self, operation: Any, name: str) -> None:
        """Name an operation, and what lies between it and those named before.

        Functions of `keras.ops` take no names; those that Keras draws for their operations depend
        on what it made before, and may be those of our layers.
        """
        waiting = [operation]
        while waiting:
            each = waiting.pop()
            if id(each) in self.settled:
                continue
            self.settled[id(each)] = each
            if not isinstance(each, keras.layers.Layer):
                between = f"{name}_{type(each).__name__}"
                each.name = name if each is operation else self.unique(between)
            sources = [t for node in each._inbound_nodes for t in node.input_tensors]
            waiting += [tensor._keras_history.operation for tensor in sources]
