"""The artefacts, loaded and ready to run as their users will run them.

Every runner takes inputs and gives outputs in the source's layout under public names, in floats:
what an artefact stores otherwise (axes, 8-bit integers) is undone here.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters import flatbuffer, imports
from converters.datasets.interface import Interface
from converters.datasets.preprocess import Array
from converters.errors import ZooError
from converters.jobs import FORMATS
from converters.targets.table import TARGETS
from converters.verify.endings import Ending, endings
from converters.versions import versions

SIGNATURE = "serving_default"


class Transposes(NamedTuple):
    """The Transposes in an artefact, and the bytes they move."""

    number: int
    moved: int

    def record(self) -> dict[str, int]:
        """As JSON data."""
        return {"count": self.number, "bytes": self.moved}


class Runner(NamedTuple):
    """An artefact, loaded."""

    run: Callable[[Mapping[str, Array]], dict[str, Array]] | None  # None: looked into only
    runtime: Mapping[str, str]  # package -> version
    operators: Mapping[str, int]
    transposes: Transposes | None  # None: the format has its axes where the source has them
    bytes: int
    note: str = ""
    takes_source: bool = False  # inputs as the source has them, without what `ir:` builds in
    endings: Mapping[str, Ending] = {}  # by output; of TFLite files


def opened(artifact: str, path: Path, interface: Interface) -> Runner:
    """The artefact at a path, loaded by the runtime of its kind."""
    if not path.exists():
        raise ZooError("is missing", subject=str(path), remedy="build it first")
    return OPENERS.get(artifact, _tflite)(path, interface)


# TFLite -------------------------------------------------------------------------------------------


def _tflite(path: Path, interface: Interface) -> Runner:
    interpreter, package, note = interpreter_of(path)
    signatures = interpreter.get_signature_list()
    if SIGNATURE not in signatures:
        raise ZooError(
            f"has no signature {SIGNATURE}",
            subject=path.name,
            remedy="build it again: without a signature, outputs are told apart by chance",
        )
    call = interpreter.get_signature_runner(SIGNATURE)
    check_names(path.name, signatures[SIGNATURE], interface)
    inputs, outputs = call.get_input_details(), call.get_output_details()

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        stored = interface.stored_inputs(given)
        fed = {name: quantised(values, inputs[name]) for name, values in stored.items()}
        found = invoked(call, fed, path.name)
        floats = {name: dequantised(values, outputs[name]) for name, values in found.items()}
        return interface.source_outputs(floats)

    return Runner(
        run,
        versions(package),
        flatbuffer.operators(path),
        Transposes(*flatbuffer.transposes(path)),
        path.stat().st_size,
        note,
        endings=endings(
            flatbuffer.graph(path), {name: each["index"] for name, each in outputs.items()}
        ),
    )


def interpreter_of(
    path: Path, *, threads: int = 1, is_tapped: bool = False
) -> tuple[Any, str, str]:
    """An interpreter, its package, and a note if it is not the first choice.

    Of one that is tapped every tensor can be read after a run: all are outputs, so that none is
    written over, and none is given away to a delegate.
    """
    refusals: list[str] = []
    for package, load in INTERPRETERS.items():
        try:
            kind = load()
            options = tapping(kind, path) if is_tapped else {"model_path": str(path)}
            interpreter = kind(num_threads=threads, **options)
            interpreter.allocate_tensors()
            return interpreter, package, "; ".join(refusals)
        except (ImportError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            refusals.append(f"{package} refuses the file: {reason}")
    raise ZooError("; ".join(refusals), subject=path.name, remedy="no runtime here can load it")


def tapping(interpreter: Any, path: Path) -> dict[str, Any]:
    """What an interpreter is made with so that every tensor can be read after a run.

    `experimental_preserve_all_tensors` is not enough: ADD and others still work in place.
    """
    resolvers = sys.modules[interpreter.__module__].OpResolverType
    return {
        "model_content": flatbuffer.exposed(path.read_bytes(), path.name),
        "experimental_op_resolver_type": resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    }


def invoked(call: Any, inputs: Mapping[str, Array], subject: str) -> dict[str, Array]:
    """What a signature answers; an operator that cannot run is the file's fault."""
    try:
        outputs: dict[str, Array] = call(**inputs)
    except (RuntimeError, ValueError) as error:
        raise ZooError(
            f"loads, but does not run: {' '.join(str(error).split())}",
            subject=subject,
            remedy="the runtime has no kernel for this operator in this type: build the file again",
        ) from error
    return outputs


def _tflite_runtime() -> Any:
    from tflite_runtime.interpreter import Interpreter

    return Interpreter


def _ai_edge_litert() -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter


INTERPRETERS = {"tflite-runtime": _tflite_runtime, "ai-edge-litert": _ai_edge_litert}
"""In the order in which they are tried: the older one is the one more users have."""


def check_names(subject: str, signature: Mapping[str, Any], interface: Interface) -> None:
    """The signature carries the public names, all and no others."""
    for side, wanted in (("inputs", interface.inputs), ("outputs", interface.outputs)):
        expected = sorted(spec.name for spec in wanted)
        if sorted(signature[side]) != expected:
            raise ZooError(
                f"the signature's {side} are {', '.join(sorted(signature[side]))}; "
                f"wanted are {', '.join(expected)}",
                subject=subject,
                remedy="the names were lost on the way: build the SavedModel again",
            )


def quantised(values: Array, detail: Mapping[str, Any]) -> Array:
    """Floats as the integers that an 8-bit input wants; anything else unchanged."""
    wanted = np.dtype(detail["dtype"])
    scale, zero = detail["quantization"]
    if not scale or wanted.kind not in "iu" or values.dtype.kind != "f":
        return values.astype(wanted)
    bounds = np.iinfo(wanted)
    steps = np.rint(values / np.float32(scale)) + zero
    stored: Array = np.clip(steps, bounds.min, bounds.max).astype(wanted)
    return stored


def dequantised(values: Array, detail: Mapping[str, Any]) -> Array:
    """The floats that an 8-bit output stands for; anything else unchanged."""
    scale, zero = detail["quantization"]
    if not scale or values.dtype.kind not in "iu":
        return values
    floats: Array = (values.astype(np.float32) - zero) * np.float32(scale)
    return floats


# SavedModel ---------------------------------------------------------------------------------------


def _saved_model(path: Path, interface: Interface) -> Runner:
    tf = imports.tensorflow()
    loaded = tf.saved_model.load(str(path))
    call = loaded.signatures[SIGNATURE]
    check_names(path.name, _stated_names(path), interface)

    def run(given: Mapping[str, Array], _loaded: Any = loaded) -> dict[str, Array]:
        stored = interface.stored_inputs(given)
        found = call(**{name: tf.constant(values) for name, values in stored.items()})
        return interface.source_outputs({name: value.numpy() for name, value in found.items()})

    operators = [op for op in _inlined(call).get_operations() if op.type not in NO_WORK]
    moved = [_bytes_of(op.outputs[0]) for op in operators if op.type == "Transpose"]
    return Runner(
        run,
        versions("tensorflow"),
        Counter(op.type for op in operators),
        Transposes(len(moved), sum(moved)),
        size_of(path),
    )


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _stated_names(path: Path) -> dict[str, list[str]]:
    """The names in a signature as the file has them: once loaded, `input.1` is `input_1`."""
    from tensorflow.core.protobuf import saved_model_pb2

    stored = saved_model_pb2.SavedModel()
    stored.ParseFromString((path / "saved_model.pb").read_bytes())
    signature = stored.meta_graphs[0].signature_def[SIGNATURE]
    return {"inputs": list(signature.inputs), "outputs": list(signature.outputs)}


def _inlined(call: Any) -> Any:
    """The graph of a signature with the functions it calls written out."""
    from tensorflow.python.framework import convert_to_constants

    return convert_to_constants.convert_variables_to_constants_v2(call).graph


NO_WORK = ("Const", "Placeholder", "Identity", "NoOp")
"""TensorFlow operations that hold or pass on, and compute nothing."""


def _bytes_of(tensor: Any) -> int:
    return int((tensor.shape.num_elements() or 0) * tensor.dtype.size)


# OpenVINO IR --------------------------------------------------------------------------------------


def compiled_ir(path: Path, interface: Interface) -> Runner:
    """An IR, loaded; it computes in float32 where it is not quantised."""
    import openvino

    core = openvino.Core()
    model = core.read_model(str(path))
    # f32: some processors would else compute in bf16
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(model, "CPU", settings)
    names = [(spec.name, _port(compiled.outputs, spec.name)) for spec in interface.outputs]
    fed = [(spec.name, _port(compiled.inputs, spec.name)) for spec in interface.inputs]

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        found = compiled({port: np.ascontiguousarray(given[name]) for name, port in fed})
        return {name: np.array(found[port]) for name, port in names}

    kinds = Counter(op.get_type_name() for op in model.get_ordered_ops())
    operators = {kind: n for kind, n in kinds.items() if kind not in PORTS}
    weights = path.with_suffix(".bin")
    size = path.stat().st_size + weights.stat().st_size
    return Runner(run, versions("openvino"), operators, None, size)


PORTS = ("Parameter", "Result", "Constant")


def _port(ports: Any, name: str) -> Any:
    for port in ports:
        if name in port.get_names():
            return port
    known = sorted(name for port in ports for name in port.get_names())
    raise ZooError(
        f"has no tensor {name}", subject="model.xml", remedy=f"it has: {', '.join(known)}"
    )


# Frozen graph, Keras ------------------------------------------------------------------------------


def _outside(path: Path, interface: Interface) -> Runner:
    from converters.verify.outside import opened_outside

    return opened_outside(path.name, path, interface)


def _further(path: Path, interface: Interface) -> Runner:
    from converters.verify.further import opened_target

    return opened_target(path, interface)


OPENERS: Mapping[str, Callable[[Path, Interface], Runner]] = {
    "saved_model": _saved_model,
    "ir": compiled_ir,
    **dict.fromkeys(FORMATS, _outside),
    **dict.fromkeys(TARGETS, _further),
}
"""Artefacts that are not TFLite files."""
