"""What a real compiler did, read from its input and its output, or from an index of pairs.

The compiled file holds one custom operator per part that runs on the accelerator, and, unchanged
but sometimes renamed, every operator that stays on the CPU, in the order of the input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from converters.edgetpu_mapping.model import Graph, Operator, read
from converters.errors import ZooError

COMPILED = "edgetpu-custom-op"
SUFFIX = "_edgetpu.tflite"

ADDED = {"RESHAPE"}
"""What the compiler adds on the CPU, in front of an operator that broadcasts."""


class Pair(NamedTuple):
    """A model and what the compiler made of it."""

    source: Path
    compiled: Path

    def digest(self) -> str:
        """The identity of the model: copies of it in two places count once."""
        return hashlib.sha256(self.source.read_bytes()).hexdigest()


def pairs(folder: Path) -> Iterator[Pair]:
    """The pairs below a folder: of its index.yaml, or X.tflite beside X_edgetpu.tflite."""
    index = folder / "index.yaml"
    if index.is_file():
        for entry in yaml.safe_load(index.read_text())["pairs"]:
            yield Pair(folder / entry["file"], folder / entry["compiled"])
        return
    for compiled in sorted(folder.rglob(f"*{SUFFIX}")):
        source = compiled.with_name(compiled.name.removesuffix(SUFFIX) + ".tflite")
        if source.is_file():
            yield Pair(source, compiled)


class Truth(NamedTuple):
    """Which operators of the input the compiler mapped, and in how many parts."""

    mapped: tuple[bool, ...]
    parts: int


def truth(pair: Pair) -> Truth:
    """Find each operator that was left in the compiled file again in the input."""
    source, compiled = read(pair.source)[0], read(pair.compiled)[0]
    left = [op for op in compiled.operators if op.type != COMPILED]
    found = _by_output(source, compiled, left)
    missing = [place for place, number in enumerate(found) if number is None]
    for place in missing:
        found[place] = _between(source, left[place], found, place)
    strange = {left[place].type for place in missing if found[place] is None} - ADDED
    if strange:
        raise ZooError(
            f"{strange.pop()} of the compiled file is not in the input", subject=str(pair)
        )
    on_cpu = set(found)
    mapped = tuple(number not in on_cpu for number in range(len(source.operators)))
    return Truth(mapped, len(compiled.operators) - len(left))


def _by_output(source: Graph, compiled: Graph, left: Sequence[Operator]) -> list[int | None]:
    """The number in the input of each operator whose type and output's name are found there."""
    known: dict[tuple[str, str], list[int]] = {}
    for number, operator in enumerate(source.operators):
        known.setdefault(_named(source, operator), []).append(number)
    return [
        known[key].pop(0) if known.get(key := _named(compiled, operator)) else None
        for operator in left
    ]


def _named(graph: Graph, operator: Operator) -> tuple[str, str]:
    return operator.type, graph.made(operator)[0].name


def _between(
    source: Graph, operator: Operator, found: Sequence[int | None], place: int
) -> int | None:
    """A renamed operator lies, by its order, between its neighbours; the last that fits is it."""
    before = [number for number in found[:place] if number is not None]
    after = [number for number in found[place + 1 :] if number is not None]
    low = max(before, default=-1)
    high = min((number for number in after if number > low), default=len(source.operators))
    fitting = [
        number
        for number in range(low + 1, high)
        if source.operators[number].type == operator.type and number not in found
    ]
    return fitting[-1] if fitting else None
