"""What stands behind a classifier or a segmentation: probabilities, or the best class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from converters.surgery.finding import dtype_of, free_name, output_named, sized, tensors
from converters.surgery.operation import Array, Change, Model, Site, operation
from converters.surgery.proofs import Values, formula
from converters.surgery.sketch import Sketch


@operation("softmax")
def softmax(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """exp(x) / sum exp(x) along an axis of an output, which it replaces."""
    source, axis = _output_and_axis(model, options, site, -1)
    dtype = dtype_of(tensors(model)[source])
    sketch = Sketch(model, f"{source}/softmax", site)
    name = _new_output(sketch.model, options, f"{source}_softmax", site)
    sketch.node("Softmax", source, name=name, axis=axis)
    sketch.outputs([] if options.get("keep") else [source], [(name, dtype)])

    def compute(feed: Values) -> dict[str, Array]:
        x = feed[source]
        powers = np.exp(x - x.max(axis, keepdims=True))
        return {name: powers / powers.sum(axis, keepdims=True)}

    says = f"{name} is the softmax of {source} along axis {axis}"
    return Change(sketch.behind(), says, formula([source], [name], compute))


@operation("argmax")
def argmax(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """The place of the largest value along an axis of an output, which it replaces."""
    source, axis = _output_and_axis(model, options, site, 1)
    keepdims, dtype = bool(options.get("keepdims", False)), str(options.get("dtype", "int64"))
    sketch = Sketch(model, f"{source}/argmax", site)
    name = _new_output(sketch.model, options, f"{source}_argmax", site)
    wide = dtype == "int64"
    x = sketch.node("ArgMax", source, name=name if wide else "", axis=axis, keepdims=int(keepdims))
    if not wide:
        sketch.node("Cast", x, name=name, to=_element(dtype))
    sketch.outputs([] if options.get("keep") else [source], [(name, dtype)])

    def compute(feed: Values) -> dict[str, Array]:
        found = feed[source].argmax(axis)
        return {name: (np.expand_dims(found, axis) if keepdims else found).astype(dtype)}

    says = f"{name} is the place of the largest value of {source} along axis {axis}"
    return Change(sketch.behind(), says, formula([source], [name], compute))


def _element(dtype: str) -> int:
    import onnx

    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _output_and_axis(
    model: Model, options: Mapping[str, Any], site: Site, usual: int
) -> tuple[str, int]:
    source = output_named(model, options.get("output"), site)
    shape = sized(model, source, site, "output")
    axis = int(options.get("axis", usual))
    if not -len(shape) <= axis < len(shape):
        raise site.error(
            f"{axis} is no axis of {source!r}, which is {list(shape)}", "correct the axis", "axis"
        )
    return source, axis % len(shape)


def _new_output(model: Model, options: Mapping[str, Any], usual: str, site: Site) -> str:
    name = str(options.get("name", usual))
    if free_name(model, name) != name:
        raise site.error(f"{name!r} is the name of a tensor already", "choose another", "name")
    return name
