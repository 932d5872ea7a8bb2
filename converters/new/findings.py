"""What was found out about a network: its tensors, how it is loaded, what a person must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Shape = tuple[int | None, ...]
"""Sizes; None for one that the file leaves open."""


@dataclass(frozen=True)
class Tensor:
    """An input or output, as the file states it."""

    name: str
    shape: Shape | None = None  # None: not even the number of axes is stated
    dtype: str = "float32"
    quantised: tuple[float, float] | None = None  # scale and zero point; dtype is then float32


@dataclass(frozen=True)
class Network:
    """One network in a file."""

    framework: str  # as load.framework has it
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    load: Mapping[str, Any] = field(default_factory=dict)  # what else stands in `load`
    remarks: tuple[str, ...] = ()  # for comments in the recipe
    decisions: tuple[str, ...] = ()  # what a person must decide about `load`
    metadata: Mapping[str, str] = field(default_factory=dict)  # what the file says of itself
    files: Mapping[str, str] = field(default_factory=dict)  # to be put beside the recipe: content
    channels_first: bool = True  # the convention of its framework


@dataclass(frozen=True)
class License:
    """What a licence text was recognised as."""

    spdx: str  # `unknown` where nothing was recognised
    evidence: str
    url: str = ""
    doubt: str = ""  # what a person must look at
