"""Tables of ops and their variants, a file per family: one row each, run by `tests/test_ops.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Given:
    """A computed input: its values, drawn anew for every row.

    A `loose` one reaches the op with sizes that are known only when the model runs.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float = -2.0
    high: float = 2.0
    loose: bool = False
    values: Any = None

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        if self.values is not None:
            return np.array(self.values, self.dtype)
        if self.dtype == "bool":
            return rng.random(self.shape) < 0.5
        if self.dtype.startswith(("int", "uint")):
            return rng.integers(int(self.low), int(self.high) + 1, self.shape).astype(self.dtype)
        return rng.uniform(self.low, self.high, self.shape).astype(self.dtype)


@dataclass(frozen=True)
class Case:
    """One op, as OpenVINO's opsets state it: inputs, attributes, how exact it must be."""

    type: str
    inputs: tuple[Any, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    opset: str = "opset13"
    tolerance: float = 1e-5
    ports: int = 1

    def __str__(self) -> str:
        shapes = [_name(each) for each in self.inputs]
        words = [f"{k}={v}" for k, v in self.attributes.items()]
        return f"{self.type}({', '.join([str(s) for s in shapes] + words)})"


def _name(each: Any) -> Any:
    if not isinstance(each, Given):
        return list(np.shape(each))
    return each.shape if each.dtype == "float32" else f"{each.dtype}{each.shape}"


OPTIONS = ("opset", "tolerance", "ports")


def case(kind: str, *inputs: Any, **words: Any) -> Case:
    """A row: inputs are `image()` and kin, or constants; words are attributes, or options."""
    options = {word: words.pop(word) for word in OPTIONS if word in words}
    return Case(kind, inputs, words, **options)


def image(*shape: int, dtype: str = "float32", **words: Any) -> Given:
    return Given(shape or (2, 3, 4, 5), dtype, **words)


def const(*shape: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(sum(shape) + len(shape))
    return rng.uniform(low, high, shape).astype(np.float32)


def i64(*values: int | list[int]) -> np.ndarray:
    return np.array(values, np.int64)


FAMILIES = [
    "elementwise",
    "convolution",
    "pooling",
    "reduction",
    "linear",
    "shape",
    "slicing",
    "resizing",
    "normalization",
    "ordering",
    "ordinal",
    "gathering",
    "computed",
    "bitwise",
    "contraction",
    "recurrent",
    "spectral",
    "sampling",
    "embedding",
    "attention",
    "patches",
    "yolo",
    "decoding",
    "loose",
    "detection",
    "regions",
]


def all_cases() -> list[Case]:
    return [c for family in FAMILIES for c in import_module(f"{__name__}.{family}").CASES]
