"""The values that flow through a float file: the range and the size of each tensor, measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from converters.datasets.preprocess import Array
from converters.verify.measures import decibels
from converters.verify.pairing import FLOATS, layers_of
from converters.verify.tapped import Tapped

STEPS = 255
"""Steps between the least and the greatest of 8 bits."""


@dataclass
class Range:
    """One tensor over all samples so far."""

    low: float = math.inf
    high: float = -math.inf
    size: float = 0.0  # sum |x|
    count: int = 0
    is_constant: bool = True
    channels: Array | None = None  # largest |x| per place of the last axis
    first: Array | None = None

    def add(self, values: Array) -> None:
        """One sample."""
        if not values.size:
            return
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        self.size += float(np.abs(values).sum(dtype=np.float64))
        self.count += values.size
        if self.is_constant:
            self.first = values if self.first is None else self.first
            self.is_constant = bool(np.array_equal(values, self.first))
        if values.ndim > 1:
            seen = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            self.channels = seen if self.channels is None else np.maximum(self.channels, seen)

    @property
    def width(self) -> float:
        """From the least to the greatest, 0 among them: what 8 bits are spread over."""
        return max(self.high, 0.0) - min(self.low, 0.0)

    @property
    def mean_size(self) -> float:
        """Mean |x|: unlike the mean square, hardly moved by a few large values."""
        return self.size / max(self.count, 1)

    @property
    def best_sqnr(self) -> float:
        """dB that 8 bits over the width leave a value of mean size: noise is step^2 / 12."""
        noise = (self.width / STEPS) ** 2 / 12
        return decibels(self.mean_size**2, noise) if self.size else math.inf


class Ranges:
    """The range of every float tensor that a file is given or computes."""

    def __init__(self, file: Tapped) -> None:
        self.file = file
        numbers = {layer.tensor for layer in layers_of(file.graph)}
        self.of = {n: Range() for n in numbers if file.graph.tensors[n].dtype in FLOATS}
        self.samples = 0

    def add(self, given: Mapping[str, Array]) -> None:
        """Run the file on one sample."""
        self.file.run(given)
        self.samples += 1
        for number, found in self.of.items():
            found.add(np.array(self.file.value(number)))
