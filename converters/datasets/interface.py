"""How a sample of the source enters a TensorFlow artefact, and how its outputs come back.

`interface.json` states for every tensor the order of the source's axes as they are stored. What
`ir:` put into the artefact itself (mean, scale, reversed channels) is taken out of its inputs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters.datasets.preprocess import Array
from converters.errors import ZooError
from converters.recipes.recipe import Input, Options, Variant

KEYS = ("mean", "scale")
"""What `ir:` may build into the artefacts, besides reversed channels."""


class Stored(NamedTuple):
    """A tensor as an artefact stores it: place i holds axis `order[i]` of the source."""

    name: str
    shape: tuple[int, ...]
    order: tuple[int, ...]
    dtype: str

    def from_source(self, values: Array) -> Array:
        """A tensor of the source, stored."""
        return np.ascontiguousarray(np.transpose(values, self.order)).astype(self.dtype)

    def to_source(self, values: Array) -> Array:
        """A stored tensor, as the source has it."""
        if values.ndim != len(self.order):
            raise ZooError(
                f"has {values.ndim} axes, interface.json says {len(self.order)}",
                subject=f"tensor {self.name}",
            )
        return np.transpose(values, np.argsort(self.order))


class Interface(NamedTuple):
    """The inputs and outputs of the TensorFlow artefacts, in their order."""

    inputs: tuple[Stored, ...]
    outputs: tuple[Stored, ...]

    @classmethod
    def read(cls, path: Path) -> Interface:
        """The content of interface.json."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(*(tuple(_stored(item) for item in data[key]) for key in ("inputs", "outputs")))

    @property
    def output_names(self) -> list[str]:
        """The public names of the outputs."""
        return [output.name for output in self.outputs]

    def stored_inputs(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The inputs of an artefact, ordered and stored as it wants them."""
        missing = [spec.name for spec in self.inputs if spec.name not in inputs]
        if missing:
            raise ZooError(
                f"the artefact wants {', '.join(missing)}, the recipe declares {', '.join(inputs)}",
                subject="interface.json",
                remedy="name the recipe's inputs as the source does",
            )
        return {spec.name: spec.from_source(inputs[spec.name]) for spec in self.inputs}

    def source_outputs(self, outputs: Mapping[str, Array]) -> dict[str, Array]:
        """The outputs of an artefact in the source's order of axes."""
        return {spec.name: spec.to_source(outputs[spec.name]) for spec in self.outputs}


def artifact_inputs(variant: Variant, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """What an artefact must be given, so that its body sees what the source is given.

    The artefact reverses the channels, subtracts the mean and divides by the scale; its input is
    therefore the source's, with that undone.
    """
    ir = variant.stages.get("ir", {})
    first = variant.inputs[0].name
    tables = {
        key: ir[key] if isinstance(ir[key], Mapping) else {first: ir[key]}
        for key in KEYS
        if ir.get(key) is not None
    }
    reverse = bool(ir.get("reverse_channels"))
    return {s.name: _before_ir(s, inputs[s.name], tables, reverse) for s in variant.inputs}


def _before_ir(spec: Input, values: Array, tables: Mapping[str, Options], reverse: bool) -> Array:
    channel = spec.layout.find("C")
    if channel < 0:
        return values  # the mo stage knows no channels here either
    mean, scale = (
        _per_channel(channel, tables.get(key, {}).get(spec.name), values) for key in KEYS
    )
    if scale is not None:
        values = values * scale
    if mean is not None:
        values = values + mean
    is_reversed = reverse and values.shape[channel] == 3
    return np.flip(values, channel) if is_reversed else values


def _per_channel(channel: int, option: Any, values: Array) -> Array | None:
    if option is None:
        return None
    numbers = np.asarray(option, np.float32)
    shape = [-1 if i == channel else 1 for i in range(values.ndim)]
    return numbers.reshape(shape) if numbers.ndim else numbers


def _stored(item: Mapping[str, Any]) -> Stored:
    return Stored(item["name"], tuple(item["shape"]), tuple(item["order"]), item["dtype"])
