"""Debugging: tables of what each layer makes, and one layer beside OpenVINO's own result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from converters.ir_to_tf.compare import difference
from converters.ir_to_tf.graph import Array
from converters.ir_to_tf.layout.atoms import Layout
from converters.ir_to_tf.tables import table
from converters.ir_to_tf.trace import Traced, Values

HEAD = ("layer", "type", "name", "shape", "stored", "axes", "min", "max", "mean", "NaN")
Numbers = Mapping[str, int]
"""The number in the .xml of each layer, by name."""


def layers_table(trace: Iterable[Traced], numbers: Numbers) -> str:
    """A row per tensor."""
    return table(HEAD, (_row(each, numbers) for each in trace))


def _row(each: Traced, numbers: Numbers) -> list[str]:
    number = str(numbers.get(each.layer, ""))
    shapes = [_sizes(each.data.shape), _sizes(each.shape), axes(each.layout)]
    return [number, each.node.type, each.value.name, *shapes, *statistics(each.data)]


def statistics(data: Array) -> list[str]:
    """Least, largest and mean of what is a number, and how many are none."""
    if data.size == 0:
        return ["", "", "", "0"]
    numbers = data[np.isfinite(data)] if data.dtype.kind == "f" else data
    odd = str(data.size - numbers.size)
    if numbers.size == 0:
        return ["", "", "", odd]
    values = (numbers.min(), numbers.max(), numbers.mean(dtype=np.float64))
    return [*(f"{float(value):.5g}" for value in values), odd]


def axes(layout: Layout) -> str:
    """A layout as the IR's axes in the order of storage; a dot where an axis is torn."""
    words: list[str] = []
    for axis, atoms in groupby(layout, key=lambda atom: atom[0]):
        pieces = [piece for _, piece in atoms]
        is_whole = pieces == [piece for other, piece in sorted(layout) if other == axis]
        words += [str(axis)] if is_whole else [f"{axis}.{piece}" for piece in pieces]
    return " ".join(words)


def _sizes(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def one_layer(name: str, trace: Sequence[Traced], known: Values, numbers: Numbers) -> str:
    """What one layer makes here, and what OpenVINO makes of it."""
    mine = [each for each in trace if each.layer == name]
    theirs = {key: data for key, data in known.items() if key.rpartition(":")[0] == name}
    return "\n".join(_told(mine, theirs, numbers))


def _told(mine: Sequence[Traced], theirs: Values, numbers: Numbers) -> Iterator[str]:
    if not mine:
        yield "a constant, or a layer that the converter folds or says in others; in OpenVINO:"
    for each in mine:
        yield table(HEAD, [_row(each, numbers)])
        inputs = (f"{v.name} {_sizes(v.shape)}" for v in each.node.inputs)
        yield f"  reads {', '.join(inputs) or 'nothing'}"
        words = (f"{name}={value}" for name, value in each.node.attributes.items())
        yield f"  attributes: {', '.join(words) or 'none'}"
        if each.value.name in theirs:
            found = difference(each.data, theirs[each.value.name])
            yield f"  max abs difference from OpenVINO: {found.max_abs:.5g}"
    rows = [[key, _sizes(data.shape), *statistics(data)] for key, data in theirs.items()]
    yield table(("OpenVINO", "shape", "min", "max", "mean", "NaN"), rows)
