"""TensorFlow's files before OpenVINO reads them: names checked, one signature, static shapes."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters import stage
from converters.errors import RecipeError, SourceError
from converters.origin import listed, nearest
from converters.recipes.recipe import Input

DEFAULT_SIGNATURE = "serving_default"

# Keras --------------------------------------------------------------------------------------


def keras_as_saved_model(path: Path, inputs: Sequence[Input], folder: Path) -> None:
    """Write a Keras file as a SavedModel with the recipe's inputs and shapes, and all outputs."""
    model = keras_model(path)
    ordered, outputs = keras_names(model)
    _check_inputs(inputs, ordered)
    import tensorflow as tf

    declared = {i.name: i for i in inputs}
    specs = [tf.TensorSpec(declared[n].shape, declared[n].dtype, name=n) for n in ordered]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def static(*tensors: Any) -> Any:
        result = model(list(tensors) if isinstance(model.input, list) else tensors[0])
        flat = list(result.values()) if isinstance(result, dict) else result
        flat = flat if isinstance(flat, list | tuple) else [flat]
        return dict(zip(outputs, flat, strict=True))

    module = tf.Module()
    module.owner = model  # variables are saved with the module that reaches them
    try:
        concrete = static.get_concrete_function(*specs)
    except Exception as error:
        shapes = ", ".join(f"{i.name}: {i.dtype}{list(i.shape)}" for i in inputs)
        raise RecipeError(
            f"the model does not take {shapes}: {error}",
            subject="inputs",
            remedy="correct shape, layout and dtype of the inputs in the recipe",
        ) from error
    tf.saved_model.save(module, str(folder), signatures=concrete)


def keras_model(path: Path) -> Any:
    """The Keras model in an .h5, .hdf5 or .keras file, also of Keras 2 where Keras 3 reads it."""
    stage.quiet_tensorflow()
    import keras

    try:
        with warnings.catch_warnings():
            # old files name initialisers and options that newer layers only warn about
            warnings.simplefilter("ignore")
            return keras.models.load_model(path, compile=False)
    except Exception as error:
        raise SourceError(
            f"Keras {keras.__version__} cannot load it: {type(error).__name__}: {error}",
            subject=path.name,
            remedy="load it with the Keras that wrote it and store it as a SavedModel; "
            "Lambda layers hold code and are refused",
        ) from error


def keras_names(model: Any) -> tuple[list[str], list[str]]:
    """The names of a Keras model's inputs and outputs: those of the layers they come from."""
    inputs = [tensor.name.split(":")[0] for tensor in model.inputs]
    outputs = [tensor._keras_history.operation.name for tensor in model.outputs]
    doubled = {name for name in outputs if outputs.count(name) > 1}
    return inputs, [f"{n}_{i}" if n in doubled else n for i, n in enumerate(outputs)]


def _check_inputs(declared: Sequence[Input], present: Sequence[str]) -> None:
    if sorted(i.name for i in declared) != sorted(present):
        raise RecipeError(
            f"the model's inputs are {listed(map(repr, present))}, the recipe's "
            f"{listed(repr(i.name) for i in declared)}",
            subject="inputs",
            remedy="name each input of the model once",
        )


# SavedModel ---------------------------------------------------------------------------------


def serving(path: Path, signature: str, inputs: Sequence[Input], folder: Path) -> Path:
    """A SavedModel whose serving signature is the wanted one: the source, or a copy in `folder`.

    Nothing is loaded: SavedModels of old releases hold optimisers that a newer one cannot make.
    """
    stage.quiet_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2

    stored = saved_model_pb2.SavedModel()
    try:
        stored.ParseFromString((path / "saved_model.pb").read_bytes())
    except Exception as error:
        raise SourceError(
            f"is no SavedModel: {error}", subject=path.name, remedy="the file may be cut"
        ) from error
    signatures = {n: s for graph in stored.meta_graphs for n, s in graph.signature_def.items()}
    signatures = {n: s for n, s in signatures.items() if s.outputs and s.method_name}
    wanted = signature or DEFAULT_SIGNATURE
    if wanted not in signatures:
        raise RecipeError(
            f"the SavedModel has no signature {wanted!r}; it has {listed(signatures)}",
            subject="load.signature",
            remedy=nearest(wanted, signatures) or "name one of them",
        )
    _check_inputs(inputs, list(signatures[wanted].inputs))
    if wanted == DEFAULT_SIGNATURE:
        return path
    shutil.copytree(path, folder)
    for graph in stored.meta_graphs:
        if wanted in graph.signature_def:
            graph.signature_def[DEFAULT_SIGNATURE].CopyFrom(graph.signature_def[wanted])
    (folder / "saved_model.pb").unlink()
    (folder / "saved_model.pb").write_bytes(stored.SerializeToString(deterministic=True))
    return folder


# Frozen graph -------------------------------------------------------------------------------


def check_frozen_names(path: Path, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Every name is a node of a frozen GraphDef, or the error lists what there is."""
    stage.quiet_tensorflow()
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(path.read_bytes())
    except Exception as error:
        raise SourceError(
            f"is no binary GraphDef: {error}", subject=path.name, remedy="name a frozen .pb file"
        ) from error
    nodes = {node.name: node for node in graph.node}
    placeholders = [node.name for node in graph.node if node.op == "Placeholder"]
    read = {name.lstrip("^").split(":")[0] for node in graph.node for name in node.input}
    ends = [name for name in nodes if name not in read]
    shown = {"inputs": placeholders, "outputs": ends}
    for field, wanted in (("inputs", inputs), ("outputs", outputs)):
        for name in wanted:
            if name.split(":")[0] not in nodes:
                raise RecipeError(
                    f"the graph has no node {name!r}; its {field} are {listed(shown[field])}",
                    subject=f"{field}: {name}",
                    remedy=nearest(name, nodes) or "correct the name in the recipe",
                )
