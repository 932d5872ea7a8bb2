"""What a converted file holds and how far it is from ONNX Runtime: `ONNX TFLITE OUT.json`.

Nothing is known of the converter that made the file: its inputs and outputs are found by name, and
the order of their axes by shape; where several orders fit, the one that errs least is meant.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from converters import flatbuffer
from converters.errors import ZooError
from converters.verify.archive import entries_of, read
from converters.verify.measures import difference
from converters.verify.runners import interpreter_of

Array = npt.NDArray[Any]
Order = tuple[int, ...]

SAMPLES = 12
NOISE = 0.05
"""Standard deviation of what is added to the zoo's samples, of the largest value, for more of them:
which converter rounds better on one sample is chance."""
KEPT = "reference.npz"
"""What the zoo keeps beside a network: the inputs that it is verified on."""
RIGHT = 1e-2
"""An error below this comes from rounding: the orders of the inputs are found."""


class Fit(NamedTuple):
    """How far outputs are from the source's, and which of them are stored in an order of their own.

    As written, and channels last of four axes and more, are no such orders.
    """

    error: float
    turned: tuple[str, ...] = ()


def contents(tflite: Path) -> dict[str, Any]:
    """What lies in the file."""
    kinds = flatbuffer.operators(tflite)
    count, moved = flatbuffer.transposes(tflite)
    return {
        "ops": sum(kinds.values()),
        "operators": dict(sorted(kinds.items())),
        "transposes": count,
        "transposed": moved,
        "size": tflite.stat().st_size,
    }


def error_of(onnx: Path, tflite: Path) -> dict[str, Any]:
    """The worst output's normalised error, and the runtime that computed it."""
    samples, expected = reference(onnx)
    interpreter, runtime, note = interpreter_of(tflite)
    call = interpreter.get_signature_runner()
    given, made = call.get_input_details(), call.get_output_details()
    inputs = paired(list(samples[0]), list(given))
    outputs = paired(list(expected[0]), list(made))
    best = Fit(math.inf)
    for orders in input_orders(samples[0], {n: given[inputs[n]]["shape"] for n in inputs}):
        results = [
            call(**{inputs[n]: x.transpose(orders[n]) for n, x in sample.items()})
            for sample in samples
        ]
        best = min(best, worst(results, expected, outputs))
        if best.error < RIGHT:
            break
    return {**best._asdict(), "runtime": runtime, "runtime_note": note}


def reference(onnx: Path) -> tuple[list[dict[str, Array]], list[dict[str, Array]]]:
    """Samples, and what ONNX Runtime makes of them."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    samples = kept(onnx.with_name(KEPT), session.get_inputs()) or random(session.get_inputs())
    names = [port.name for port in session.get_outputs()]
    return samples, [
        dict(zip(names, session.run(names, sample), strict=True)) for sample in samples
    ]


def kept(archive: Path, ports: Sequence[Any]) -> list[dict[str, Array]]:
    """Samples that the zoo verified a network on, and noisy ones; none where it did not."""
    entries = entries_of(read(archive), "input") if archive.is_file() else []
    fitting = {port.name: list(port.shape) for port in ports}
    found = [{name: list(values.shape) for name, values in entry.items()} for entry in entries]
    if not entries or not all(each == fitting for each in found):
        return []
    chance = np.random.default_rng(0)
    more = (
        {name: noisy(values, chance) for name, values in entries[k % len(entries)].items()}
        for k in itertools.count()
    )
    return list(itertools.islice(itertools.chain(entries, more), SAMPLES))


def noisy(values: Array, chance: np.random.Generator) -> Array:
    """Floats with noise; whole numbers mean themselves."""
    if values.dtype.kind != "f":
        return values
    added = chance.normal(0, NOISE * np.abs(values).max(initial=0), values.shape)
    return (values + added).astype(values.dtype)


def random(ports: Sequence[Any]) -> list[dict[str, Array]]:
    """As many random samples."""
    chance = np.random.default_rng(0)
    return [
        {port.name: drawn(port.name, port.shape, port.type, chance) for port in ports}
        for _ in range(SAMPLES)
    ]


def drawn(name: str, shape: Sequence[Any], kind: str, chance: np.random.Generator) -> Array:
    """One random input: a normal distribution for floats, zeros and ones for all else."""
    if not all(isinstance(size, int) and size > 0 for size in shape):
        raise ZooError(f"the shape {shape} is not fixed", subject=f"input {name!r}")
    element = kind.removeprefix("tensor(").removesuffix(")")
    if element == "float":
        return chance.standard_normal(shape).astype(np.float32)
    return chance.integers(0, 2, shape).astype(element)


def paired(wanted: Sequence[str], present: Sequence[str]) -> dict[str, str]:
    """Each name of the source with the name in the file: equal, or equal but for signs."""
    plain = {plainly(name): name for name in present}
    found = {name: name if name in present else plain.get(plainly(name), "") for name in wanted}
    left = [name for name in present if name not in found.values()]
    lost = [name for name in wanted if not found[name]]
    if len(lost) > 1 or len(lost) > len(left):
        raise ZooError(f"the names {', '.join(lost)} are lost; there are {', '.join(present)}")
    return {**found, **dict(zip(lost, left, strict=False))}


def plainly(name: str) -> str:
    """A name as converters may have to write it."""
    return re.sub(r"\W", "_", name.removesuffix(":0")).strip("_").lower()


def channels_last(rank: int) -> Order:
    """The axes of a source whose channels come second."""
    return (0, *range(2, rank), 1) if rank > 2 else tuple(range(rank))


def fitting(source: Sequence[int], stored: Sequence[int]) -> list[Order]:
    """The orders of a source's axes that give a stored shape, channels last before all others."""
    rank = len(source)
    if rank != len(stored):
        return []
    orders = dict.fromkeys([channels_last(rank), *itertools.permutations(range(rank))])
    return [order for order in orders if [source[axis] for axis in order] == list(stored)]


def input_orders(
    sample: Mapping[str, Array], stored: Mapping[str, Sequence[int]]
) -> Iterator[dict[str, Order]]:
    """All ways in which the inputs may be stored, likely ones first."""
    choices = [fitting(values.shape, stored[name]) for name, values in sample.items()]
    for name, orders in zip(sample, choices, strict=True):
        if not orders:
            shapes = f"{list(sample[name].shape)} is stored as {[*map(int, stored[name])]}"
            raise ZooError(shapes, subject=f"input {name!r}")
    for combination in itertools.islice(itertools.product(*choices), 24):
        yield dict(zip(sample, combination, strict=True))


def worst(
    results: Sequence[Mapping[str, Array]],
    expected: Sequence[Mapping[str, Array]],
    names: Mapping[str, str],
) -> Fit:
    """The worst output's mean error; infinite where one is not finite."""
    fits = [
        least_error(
            np.stack([result[there] for result in results]),
            np.stack([reference[here] for reference in expected]),
            here,
        )
        for here, there in names.items()
    ]
    turned = [text for fit in fits for text in fit.turned]
    return Fit(max((fit.error for fit in fits), default=math.inf), tuple(turned))


def least_error(actual: Array, expected: Array, name: str) -> Fit:
    """One output's error, in the order of axes in which it is least."""
    orders = fitting(expected.shape[1:], actual.shape[1:])
    if not orders:
        shapes = f"{list(expected.shape[1:])} is stored as {list(actual.shape[1:])}"
        raise ZooError(shapes, subject=f"output {name!r}")
    errors = {order: mean_error(actual, expected, order) for order in orders}
    best = min(errors, key=errors.__getitem__)
    turned = f"output {name!r} {list(expected.shape[1:])} is stored as {list(actual.shape[1:])}"
    return Fit(errors[best], () if is_usual(best) else (turned,))


def mean_error(actual: Array, expected: Array, order: Order) -> float:
    """Over the samples, of their largest differences, each of that sample's largest value."""
    there = expected.transpose(0, *(axis + 1 for axis in order))
    each = [difference(*pair).normalised_max for pair in zip(actual, there, strict=True)]
    return float(np.mean([error if math.isfinite(error) else math.inf for error in each]))


def is_usual(order: Order) -> bool:
    """As written, or channels last of four axes and more."""
    rank = len(order)
    return order == tuple(range(rank)) or (rank > 3 and order == channels_last(rank))


def main(onnx: Path, tflite: Path, out: Path) -> None:
    """Write what is known as soon as it is: a runtime may crash on the file."""
    found = contents(tflite)
    out.write_text(json.dumps(found))
    found |= error_of(onnx, tflite)
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:4]))
    except (ZooError, ValueError, RuntimeError) as failure:
        sys.exit(f"error: {str(failure).splitlines()[0]}")
