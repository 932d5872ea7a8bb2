"""How the numbers of a change are tested: in ONNX Runtime, on random values, without fusions.

Each function here answers with a `Proof`. A piece of the changed graph is held against a formula
written in NumPy; a graph that says the same is held against the one that it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from converters.errors import LimitError, ZooError
from converters.simplify import normalised_difference
from converters.surgery.finding import dtype_of, shape_of, tensors
from converters.surgery.operation import Array, Model, Proof

TOLERANCE = 1e-4
"""Of an output's largest value; the differences that are seen are some 1e-7."""

Draw = Callable[[str, tuple[int, ...], str], Array]
Values = Mapping[str, Array]


def draw_from(seed: int, ranges: Mapping[str, tuple[float, float]]) -> Draw:
    """Random values: floats of -1 to 1 unless a range is given, all of uint8, else 0 and 1."""
    random = np.random.default_rng(seed)

    def draw(name: str, shape: tuple[int, ...], dtype: str) -> Array:
        low, high = ranges.get(name, (0, 255) if dtype == "uint8" else (-1.0, 1.0))
        if np.issubdtype(dtype, np.floating):
            return random.uniform(low, high, shape).astype(dtype)
        top = high + 1 if dtype == "uint8" else 2
        return random.integers(0, int(top), shape).astype(dtype)

    return draw


def ran(model: Model, feed: Values) -> dict[str, Array]:
    """The outputs of a model, by name, computed node by node as it is written."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    names = [value.name for value in model.graph.output]
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return dict(zip(names, session.run(names, dict(feed)), strict=True))
    except Exception as error:
        raise ZooError(
            f"ONNX Runtime cannot run the graph: {str(error).strip().splitlines()[0]}",
            remedy="the change does not fit the graph; or give its inputs their shapes first",
        ) from error


def feed_for(model: Model, draw: Draw) -> dict[str, Array]:
    """Random inputs; sizes that nothing tells are 1."""
    feed = {}
    for value in model.graph.input:
        sizes = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
        feed[value.name] = draw(value.name, tuple(sizes), dtype_of(value))
    return feed


def worst(wanted: Values, found: Values) -> float:
    """The largest normalised difference over outputs of the same names."""
    if set(wanted) != set(found):
        return float("inf")
    return max((normalised_difference(wanted[n], found[n]) for n in wanted), default=0.0)


def held(difference: float, says: str) -> float:
    """The difference, unless it contradicts what the change says."""
    if difference <= TOLERANCE:
        return difference
    raise LimitError(
        f"the changed graph differs by {difference:.2g} of its largest value from what the "
        f"operation says: {says}; {TOLERANCE:g} is accepted",
        remedy="report it with the graph: the operation does not suit it",
    )


# Proofs -----------------------------------------------------------------------------------------


def same_answers(
    inputs: Mapping[str, str] | None = None, outputs: Mapping[str, str] | None = None
) -> Proof:
    """Both graphs answer alike, names apart: what is new is named by what was."""

    def proof(before: Model, after: Model, draw: Draw) -> float:
        feed = feed_for(after, draw)
        old = {new: was for was, new in (inputs or {}).items()}
        wanted = ran(before, {old.get(name, name): value for name, value in feed.items()})
        named = {(outputs or {}).get(name, name): value for name, value in wanted.items()}
        return worst(named, ran(after, feed))

    return proof


def piece_of(model: Model, reads: Sequence[str], makes: Sequence[str]) -> Model:
    """The part of a graph between tensors, as a model of its own."""
    import onnx

    return onnx.utils.Extractor(model).extract_model(list(reads), list(makes))


def formula(
    reads: Sequence[str],
    makes: Sequence[str],
    compute: Callable[[Values], Values],
    ranges: Mapping[str, Draw] | None = None,
) -> Proof:
    """What the graph makes of some of its tensors is what a formula makes of them.

    `ranges` draws those tensors for which values between -1 and 1 would not do.
    """

    def proof(before: Model, after: Model, draw: Draw) -> float:
        known = {name: _typed(name, before, after) for name in reads}
        feed = {}
        for name, value in known.items():
            source = (ranges or {}).get(name, draw)
            feed[name] = source(name, shape_of(value) or (), dtype_of(value))
        told = {value.name for value in [*after.graph.value_info, *after.graph.input]}
        after.graph.value_info.extend(v for name, v in known.items() if name not in told)
        return worst(compute(feed), ran(piece_of(after, reads, makes), feed))

    return proof


def _typed(name: str, before: Model, after: Model) -> Any:
    """The type of a tensor: as inference finds it, or as it was known while it was an output."""
    for model in (after, before):
        value = tensors(model).get(name)
        if shape_of(value) is not None:
            return value
    raise ZooError(
        f"the shape of {name!r} is not known, so nothing can be tested",
        remedy="give the graph's inputs their shapes first, with set_shape",
    )


def moved(before: Model, after: Model, draw: Draw) -> float | None:
    """How far the outputs of equal name and shape moved; None where none can be compared."""
    feed = feed_for(after, draw)
    old = {value.name: value for value in before.graph.input}
    if set(old) != set(feed):
        return None
    try:
        wanted, found = ran(before, feed), ran(after, feed)
    except ZooError:
        # the graph before may have been for other shapes: that after must run, and does so later
        return None
    differences = [
        normalised_difference(wanted[name], found[name])
        for name in set(wanted) & set(found)
        if wanted[name].shape == found[name].shape and wanted[name].dtype == found[name].dtype
    ]
    return max(differences, default=None)


def signature_of(model: Model) -> dict[str, Any]:
    """Inputs and outputs with their shapes, for the facts."""

    def told(values: Sequence[Any]) -> dict[str, Any]:
        return {
            value.name: [
                d.dim_value if d.HasField("dim_value") else d.dim_param or "?"
                for d in value.type.tensor_type.shape.dim
            ]
            for value in values
        }

    return {"inputs": told(model.graph.input), "outputs": told(model.graph.output)}
