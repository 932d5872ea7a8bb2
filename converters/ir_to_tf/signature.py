"""Signatures: TensorFlow functions whose inputs and outputs carry any public names.

TensorFlow makes an argument's name an identifier: `input.1` would become `input_1`. The keys of a
saved signature, however, come from the keywords that a concrete function states for its arguments,
and may be any text. So the arguments get numbers for names, and the keywords are stated afterwards.
Outputs are the keys of a dict, which TensorFlow leaves alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Port:
    """An input or output of the TensorFlow model: `order[i]` is the IR's axis at place i."""

    name: str
    shape: tuple[int, ...]
    order: tuple[int, ...]
    dtype: str

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        sizes, order = list(self.shape), list(self.order)
        return {"name": self.name, "shape": sizes, "order": order, "dtype": self.dtype}


def named_function(
    compute: Callable[..., list[Any]], inputs: Sequence[Port], outputs: Sequence[Port]
) -> tuple[tf.Module, Any]:
    """A module, and a concrete function in it, from public names to public names."""
    names = [port.name for port in outputs]
    specs = {
        f"input_{number:03}": tf.TensorSpec(port.shape, getattr(tf, port.dtype))
        for number, port in enumerate(inputs)
    }

    def serve(**tensors: Any) -> dict[str, Any]:
        made = compute(*(tensors[argument] for argument in specs))
        return {name: tf.identity(y) for name, y in zip(names, made, strict=True)}

    module = tf.Module()
    module.serve = tf.function(serve, autograph=False)
    function = module.serve.get_concrete_function(**specs)
    function._arg_keywords = [port.name for port in inputs]
    return module, function
