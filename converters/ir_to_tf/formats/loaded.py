"""A model that was emitted before, read back from its SavedModel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from converters.datasets.interface import Interface, Stored
from converters.ir_to_tf.signature import SERVING


class Loaded(NamedTuple):
    """What formats ask of an emission."""

    function: Any
    inputs: Sequence[Stored]
    outputs: Sequence[Stored]
    root: Any  # keeps the function alive


def load(saved_model: Path, interface: Interface) -> Loaded:
    """The emission in a SavedModel."""
    root = tf.saved_model.load(str(saved_model))
    return Loaded(root.signatures[SERVING], interface.inputs, interface.outputs, root)
