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
        self.settled: set[int] = set()

    def of_node(self, node: str) -> str:
        """The name of the layer, or operation, that ends in what a node makes."""
        return self.public.get(node) or self.unique(layer_name(node))

    def unique(self, name: str) -> str:
        """The name, with a number behind it if it is taken."""
        candidates = (name, *(f"{name}_{i}" for i in range(1, len(self.taken) + 2)))
        chosen = next(each for each in candidates if each not in self.taken)
        self.taken.add(chosen)
        return chosen

    def give(self, operation: Any, name: str) -> None:
        """Name an operation that a function of `keras.ops` has made; these take no names."""
        operation.name = name
        self.settled.add(id(operation))

    def settle(self, operations: Iterable[Any]) -> None:
        """Name what lies between: the names that Keras draws depend on what it made before."""
        for operation in operations:
            drawn = not isinstance(operation, keras.layers.Layer)
            if drawn and id(operation) not in self.settled:
                self.give(operation, self.unique(type(operation).__name__))
