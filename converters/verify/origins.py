"""The source models, ready to run in the framework they come from: what all evidence refers to.

`open_source` answers with a function from inputs by name to outputs by public name, both in the
source's own layout.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.mo.request import paired
from converters.mo.tensorflow_source import (
    check_frozen_names,
    keras_model,
    keras_names,
    loaded_signature,
)
from converters.network import build_network
from converters.origin import origin_file
from converters.recipes.recipe import Variant
from converters.recipes.slices import ELSEWHERE
from converters.saved_model import saved_model_folder
from converters.sound_tflite import check_sound
from converters.stage import quiet_tensorflow
from converters.verify.runners import dequantised, quantised

Run = Callable[[Mapping[str, Array]], dict[str, Array]]


class Origin(NamedTuple):
    """Where a source model lies."""

    variant: Variant
    model_folder: Path
    sources: Path
    onnx: Path | None  # the checked ONNX, for ONNX sources; for all others what surgery made


def open_source(origin: Origin) -> Run:
    """The source model of a variant, loaded."""
    framework = origin.variant.framework
    if framework not in OPENERS:
        raise RecipeError(
            f"no way to run {framework!r}",
            subject="load.framework",
            remedy=f"choose among {', '.join(OPENERS)}",
        )
    return OPENERS["onnx" if origin.variant.is_changed else framework](origin)


def _pytorch(origin: Origin) -> Run:
    import torch

    from converters.export.pytorch import output_names, tensors

    network = build_network(origin.variant, origin.model_folder, origin.sources)
    torch.manual_seed(0)

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        ordered = [torch.from_numpy(inputs[spec.name]) for spec in origin.variant.inputs]
        with torch.inference_mode():
            values = [value.numpy() for value in tensors(network(*ordered))]
        names = output_names(origin.variant, origin.variant.stages.get("export", {}), len(values))
        return _published(dict(zip(names, values, strict=True)), origin.variant)

    return run


def _onnx(origin: Origin) -> Run:
    import onnxruntime

    path = origin.onnx or origin_file(origin.sources, _reference(origin.variant, "model"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    wanted = [node.name for node in session.get_inputs()]

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        values = session.run(names, {name: inputs[name] for name in wanted})
        return _published(dict(zip(names, values, strict=True)), origin.variant)

    return run


def _tflite(origin: Origin) -> Run:
    """In floats: a quantised file is given what its integers mean, and so are its outputs read."""
    from tflite_runtime.interpreter import Interpreter

    path = origin_file(origin.sources, _reference(origin.variant, "model"))
    check_sound(path, f"load.model: {origin.variant.load['model']}")
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    wanted = _tensors_of(interpreter.get_input_details(), origin.variant)
    for spec in origin.variant.inputs:
        interpreter.resize_tensor_input(wanted[spec.name]["index"], spec.shape)
    interpreter.allocate_tensors()
    details = interpreter.get_output_details()

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        for name, detail in wanted.items():
            interpreter.set_tensor(detail["index"], quantised(inputs[name], detail))
        interpreter.invoke()
        values = {d["name"]: dequantised(interpreter.get_tensor(d["index"]), d) for d in details}
        return _published(values, origin.variant)

    return run


def _tensors_of(details: Sequence[Mapping[str, Any]], variant: Variant) -> dict[str, Any]:
    """Each declared input with its tensor: by name, else the only one that is left."""
    by_name = {str(d["name"]).split(":")[0].removeprefix("serving_default_"): d for d in details}
    by_name.update({str(detail["name"]): detail for detail in details})
    names = [spec.name for spec in variant.inputs]
    if all(name in by_name for name in names):
        return {name: by_name[name] for name in names}
    if len(details) == len(names) == 1:
        return {names[0]: details[0]}
    raise _unknown("inputs", names, [str(d["name"]) for d in details])


def _frozen(origin: Origin) -> Run:
    quiet_tensorflow()
    import tensorflow as tf

    variant = origin.variant
    fed = paired(variant, "inputs", [spec.name for spec in variant.inputs])
    listed = paired(variant, "outputs", [output.name for output in variant.outputs])
    path = origin_file(origin.sources, _reference(variant, "model"))
    check_frozen_names(path, fed, listed)
    graph_def = tf.compat.v1.GraphDef()
    graph_def.ParseFromString(path.read_bytes())
    wrapped = tf.compat.v1.wrap_function(
        lambda: tf.graph_util.import_graph_def(graph_def, name=""), []
    )
    tensor = wrapped.graph.as_graph_element
    network = wrapped.prune([tensor(_slot(n)) for n in fed], [tensor(_slot(n)) for n in listed])
    names = [output.name for output in variant.outputs] or listed

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        values = network(*[tf.constant(inputs[spec.name]) for spec in variant.inputs])
        found = [value.numpy() for value in tf.nest.flatten(values)]
        return _published(dict(zip(names, found, strict=True)), variant)

    return run


def _saved_model(origin: Origin) -> Run:
    quiet_tensorflow()
    import tensorflow as tf

    v1 = tf.compat.v1
    v1.logging.set_verbosity(v1.logging.ERROR)  # it calls what follows deprecated
    load, graph = origin.variant.load, tf.Graph()
    session = v1.Session(graph=graph)
    # what is loaded needs its files no more
    with tempfile.TemporaryDirectory() as spare, graph.as_default():
        folder = saved_model_folder(load, origin.sources, Path(spare))
        chosen = loaded_signature(session, folder, str(load.get("signature") or ""))
    ends = {name: tensor.name for name, tensor in chosen.outputs.items()}

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        fed = {chosen.inputs[name].name: array for name, array in inputs.items()}
        return _published(session.run(ends, fed), origin.variant)

    return run


def _keras(origin: Origin) -> Run:
    quiet_tensorflow()
    import tensorflow as tf

    network = keras_model(origin_file(origin.sources, _reference(origin.variant, "model")))
    wanted, names = keras_names(network)

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        ordered = [tf.constant(inputs[name]) for name in wanted]
        result = network(ordered if len(ordered) > 1 else ordered[0], training=False)
        values = [value.numpy() for value in tf.nest.flatten(result)]
        return _published(dict(zip(names, values, strict=True)), origin.variant)

    return run


def _caffe(origin: Origin) -> Run:
    import cv2

    load = ("prototxt", "caffemodel")
    files = [origin_file(origin.sources, _reference(origin.variant, name)) for name in load]
    network = cv2.dnn.readNetFromCaffe(*map(str, files))
    network.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    names = [output.name for output in origin.variant.outputs]
    names = names or list(network.getUnconnectedOutLayersNames())

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        for name, values in inputs.items():
            network.setInput(values, name)
        found = network.forward(names)
        return _published(
            {name: np.array(value) for name, value in zip(names, found, strict=True)},
            origin.variant,
        )

    return run


def _elsewhere(origin: Origin) -> Run:
    """In the environment of its framework."""
    from converters.export.elsewhere import opened

    call = opened(origin.variant, origin.sources)
    return lambda inputs: _published(call(inputs), origin.variant)


OPENERS: Mapping[str, Callable[[Origin], Run]] = {
    "pytorch": _pytorch,
    "onnx": _onnx,
    "tflite": _tflite,
    "tensorflow_frozen": _frozen,
    "saved_model": _saved_model,
    "keras": _keras,
    "caffe": _caffe,
    **dict.fromkeys(ELSEWHERE, _elsewhere),
}


def _published(values: Mapping[str, Array], variant: Variant) -> dict[str, Array]:
    """The outputs that the recipe lists, under their public names; all if it lists none."""
    if not variant.outputs:
        return dict(values)
    ends = {name.split(":")[0]: value for name, value in values.items()}
    known = {**ends, **values}
    chosen = {}
    for output in variant.outputs:
        candidates = [name for name in (output.name, output.public_name) if name in known]
        if not candidates and len(values) == len(variant.outputs) == 1:
            candidates = list(values)
            known = dict(values)
        if not candidates:
            raise _unknown("outputs", [output.name], list(values))
        chosen[output.public_name] = known[candidates[0]]
    return chosen


def _slot(name: str) -> str:
    return name if ":" in name else f"{name}:0"


def _reference(variant: Variant, field: str) -> str:
    if not variant.load.get(field):
        raise RecipeError(f"names no {field}", subject="load", remedy=f"add `{field}`")
    return str(variant.load[field])


def _unknown(what: str, wanted: Sequence[str], known: Sequence[str]) -> ZooError:
    return ZooError(
        f"the source model has no {', '.join(wanted)}",
        subject=what,
        remedy=f"it has: {', '.join(known)}",
    )
