"""TensorFlow's files as frozen graphs: variables folded in, inputs and outputs known by tensor.

OpenVINO reads SavedModels itself, but loses variables of large ones and knows no signatures.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters import stage
from converters.errors import RecipeError, SourceError
from converters.origin import listed, nearest
from converters.recipes.recipe import Input

DEFAULT_SIGNATURE = "serving_default"


class Frozen(NamedTuple):
    """A GraphDef, and for each name of an input or output the tensor it stands for."""

    graph: bytes
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


# Keras --------------------------------------------------------------------------------------


def frozen_keras(path: Path, inputs: Sequence[Input]) -> Frozen:
    """A Keras file with the recipe's inputs and shapes, and all its outputs."""
    model = keras_model(path)
    ordered, outputs = keras_names(model)
    _check_inputs(inputs, ordered)
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    declared = {i.name: i for i in inputs}
    specs = [tf.TensorSpec(declared[n].shape, declared[n].dtype, name=n) for n in ordered]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def static(*tensors: Any) -> Any:
        return tuple(_flat(model(list(tensors) if _wants_list(model) else tensors[0])))

    try:
        concrete = static.get_concrete_function(*specs)
    except Exception as error:
        shapes = ", ".join(f"{i.name}: {i.dtype}{list(i.shape)}" for i in inputs)
        raise RecipeError(
            f"the model does not take {shapes}: {error}",
            subject="inputs",
            remedy="correct shape, layout and dtype of the inputs in the recipe",
        ) from error
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    return Frozen(
        frozen.graph.as_graph_def().SerializeToString(deterministic=True),
        dict(zip(ordered, (tensor.name for tensor in frozen.inputs), strict=True)),
        dict(zip(outputs, (tensor.name for tensor in frozen.outputs), strict=True)),
    )


def _flat(result: Any) -> list[Any]:
    values = list(result.values()) if isinstance(result, dict) else result
    return list(values) if isinstance(values, list | tuple) else [values]


def keras_model(path: Path) -> Any:
    """The Keras model in an .h5, .hdf5 or .keras file, also of Keras 2 where Keras 3 reads it."""
    stage.quiet_tensorflow()
    import keras

    try:
        with warnings.catch_warnings():
            # old files name initialisers and options that newer layers only warn about
            warnings.simplefilter("ignore")
            return keras.models.load_model(path, compile=False, custom_objects=_keras2_layers())
    except Exception as error:
        raise SourceError(
            f"Keras {keras.__version__} cannot load it: {type(error).__name__}: {error}",
            subject=path.name,
            remedy="load it with the Keras that wrote it and store it as a SavedModel; "
            "Lambda layers hold code and are refused",
        ) from error


def _keras2_layers() -> dict[str, Any]:
    """Layers as Keras 2 stored them, where Keras 3 stumbles over what they say."""
    import keras

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
        """Keras 2 wrote `groups`, which means nothing to a depthwise convolution."""

        def __init__(self, *, groups: int = 1, **config: Any) -> None:
            if groups != 1:
                raise ValueError(f"groups={groups}: a depthwise convolution has none")
            super().__init__(**config)

    return {"DepthwiseConv2D": DepthwiseConv2D}


def _wants_list(model: Any) -> bool:
    """Whether a model is called with a list, even of one tensor; a Sequential never is."""
    try:
        return isinstance(model.input, list)
    except (AttributeError, ValueError):
        return len(model.inputs) > 1


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


def frozen_saved_model(path: Path, signature: str, inputs: Sequence[Input]) -> Frozen:
    """One signature of a SavedModel (without a name the serving one, or the only one)."""
    stage.quiet_tensorflow()
    import tensorflow as tf

    v1 = tf.compat.v1
    v1.logging.set_verbosity(v1.logging.ERROR)  # it calls what follows deprecated
    with tf.Graph().as_default(), v1.Session() as session:
        chosen = loaded_signature(session, path, signature)
        _check_inputs(inputs, list(chosen.inputs))
        ends = {name: tensor.name for name, tensor in sorted(chosen.outputs.items())}
        graph = v1.graph_util.convert_variables_to_constants(
            session, session.graph.as_graph_def(), [name.split(":")[0] for name in ends.values()]
        )
    starts = {name: chosen.inputs[name].name for name in (i.name for i in inputs)}
    return Frozen(graph.SerializeToString(deterministic=True), starts, ends)


def loaded_signature(session: Any, path: Path, signature: str) -> Any:
    """A SavedModel in a session, which needs its graph only, and the signature of that name.

    Of old releases the objects (optimisers, layers) cannot be made any more.
    """
    import tensorflow as tf

    saved_model = tf.compat.v1.saved_model
    try:
        loaded = saved_model.load(session, [saved_model.tag_constants.SERVING], str(path))
    except Exception as error:
        raise SourceError(
            f"cannot be loaded as a SavedModel: {error}",
            subject=path.name,
            remedy="name the folder that holds saved_model.pb and variables/",
        ) from error
    return _signature(dict(loaded.signature_def), signature)


def _signature(signatures: Mapping[str, Any], wanted: str) -> Any:
    """The signature of that name; without a name the serving one, or the only one."""
    callable_ones = {n: s for n, s in signatures.items() if s.outputs and s.method_name}
    only = list(callable_ones) if len(callable_ones) == 1 else []
    names = [wanted] if wanted else [DEFAULT_SIGNATURE, *only]
    for name in names:
        if name in callable_ones:
            return callable_ones[name]
    raise RecipeError(
        f"the SavedModel has no signature {names[0]!r}; it has {listed(callable_ones)}",
        subject="load.signature",
        remedy=nearest(names[0], callable_ones) or "name one of them",
    )


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
