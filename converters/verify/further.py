"""Further targets, loaded and ready to run, or looked into where they cannot be run.

Each folder has an interface.json of its own, since some targets have the source's order of axes.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converters.datasets.interface import Interface
from converters.datasets.preprocess import Array
from converters.environments.making import ready
from converters.errors import ZooError
from converters.targets import c_array, mlir, tensorflow_js
from converters.targets.apart import run_script
from converters.targets.order import facts_file
from converters.targets.scripts import core_ml, tensorrt_engine, tf_trt
from converters.targets.table import INTERFACE, TARGETS, file_of
from converters.verify.runners import Runner, Transposes, compiled_ir, opened, size_of
from converters.versions import versions

Run = Callable[[Mapping[str, Array]], dict[str, Array]]


def opened_target(folder: Path, _interface: Interface) -> Runner:
    """The target in a folder of its name."""
    name = folder.name
    file, interface = folder / file_of(name), Interface.read(folder / INTERFACE)
    runner = OPENERS[TARGETS[name].maker](file, interface)
    takes_source = bool(facts_file(folder).get("takes_source"))
    return runner._replace(bytes=size_of(folder), takes_source=takes_source)


def _onnx(file: Path, interface: Interface) -> Runner:
    import onnxruntime

    from converters.targets.onnx import facts_of

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    _check_names(file, [i.name for i in session.get_inputs()], [i.name for i in interface.inputs])
    names = interface.output_names

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        found = session.run(names, interface.stored_inputs(given))
        return interface.source_outputs(dict(zip(names, found, strict=True)))

    operators = facts_of(file)["operators"]
    return Runner(run, versions("onnxruntime"), operators, None, 0)


def _check_names(file: Path, found: list[str], wanted: list[str]) -> None:
    if sorted(found) != sorted(wanted):
        raise ZooError(
            f"has {', '.join(found)}; wanted are {', '.join(wanted)}",
            subject=file.name,
            remedy="names were lost on the way: build it again",
        )


def _ir(file: Path, interface: Interface) -> Runner:
    return compiled_ir(file, interface)


def _c_array(file: Path, interface: Interface) -> Runner:
    """The bytes of the header, as the TFLite file that they are."""
    with tempfile.TemporaryDirectory() as folder:
        tflite = Path(folder) / "model.tflite"
        tflite.write_bytes(c_array.content_of(file))
        return opened("tflite", tflite, interface)


def _stablehlo(file: Path, interface: Interface) -> Runner:
    """Called by TensorFlow, as XLA compiles it."""
    import tensorflow as tf
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops

    text = file.read_text(encoding="utf-8")
    specs = [tf.TensorSpec(each.shape, each.dtype) for each in interface.inputs]
    types = [tf.as_dtype(each.dtype) for each in interface.outputs]

    @tf.function(jit_compile=True, input_signature=specs)  # type: ignore[untyped-decorator]
    def network(*tensors: Any) -> Any:
        return gen_xla_ops.xla_call_module(
            args=tensors,
            version=VERSION_OF_CALL,
            module=text,
            Sout=[each.shape for each in interface.outputs],
            Tout=types,
            platforms=["CPU"],
            dim_args_spec=[],
            function_list=[],
        )

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        found = network(*[tf.constant(v) for v in interface.stored_inputs(given).values()])
        made = {n: v.numpy() for n, v in zip(interface.output_names, found, strict=True)}
        return interface.source_outputs(made)

    counted = mlir.operators(text)
    moved = Transposes(*mlir.transposes(text))
    return Runner(run, versions("tensorflow"), counted, moved, 0)


VERSION_OF_CALL = 9
"""Of TensorFlow's XlaCallModule: text, and the main function's own arguments."""


def _tfjs(file: Path, interface: Interface) -> Runner:
    """In Node, with TensorFlow.js from npm: WebAssembly, which has nearly every kernel."""
    script = Path(tensorflow_js.__file__).with_name("scripts") / "run_tfjs.mjs"
    answer = Lines(["node", str(script), str(ready("node").modules), str(file.resolve())])
    told = answer({})

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        with tempfile.TemporaryDirectory() as folder:
            stored = interface.stored_inputs(given)
            asked = {
                name: _put(Path(folder) / f"{i}.bin", values)
                for i, (name, values) in enumerate(stored.items())
            }
            found = answer({"inputs": asked, "outputs": interface.output_names, "folder": folder})
            return interface.source_outputs({name: _got(each) for name, each in found.items()})

    operators = tensorflow_js.operators(file)
    moves = Transposes(operators.get("Transpose", 0), 0)
    return Runner(run, told["versions"], operators, moves, 0, told["backend"])


class Lines:
    """A process that answers each line of JSON with another; it ends when nobody holds it."""

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.end = weakref.finalize(self, _end, self.process)

    def __call__(self, request: Mapping[str, Any]) -> Any:
        """The answer; an error if the process has none."""
        assert self.process.stdin and self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line.strip():
            raise ZooError(
                f"TensorFlow.js cannot load or run it (exit status {self.process.wait()})",
                subject="tfjs",
                remedy="read the log above: it has the loader's own words",
            )
        return json.loads(line)


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _put(path: Path, values: Array) -> dict[str, Any]:
    path.write_bytes(np.ascontiguousarray(values).tobytes())
    return {"file": str(path), "shape": values.shape, "dtype": values.dtype.name}


def _got(described: Mapping[str, Any]) -> Array:
    values = np.fromfile(described["file"], np.dtype(described["dtype"]))
    return values.reshape(described["shape"])


def _coreml(file: Path, interface: Interface) -> Runner:
    """Looked into everywhere; run where macOS is, for Core ML is nowhere else."""
    facts = run_script("coreml", core_ml, {"look": str(file.resolve())})
    for side in ("inputs", "outputs"):
        specs = getattr(interface, side)
        _check_names(file, list(facts[side]), [core_ml.safe(spec.name) for spec in specs])
        for spec in specs:
            _check_shape(file, spec, facts[side][core_ml.safe(spec.name)])
    is_here = sys.platform == "darwin"
    run = _in_batches("coreml", core_ml, file, interface, core_ml.safe) if is_here else None
    return Runner(run, {}, facts["operators"], None, 0, "" if is_here else NOT_RUN)


NOT_RUN = (
    "structure checked: it loads, its inputs, outputs, shapes and operators are there; "
    "not run: Core ML is on macOS alone"
)


def _check_shape(file: Path, spec: Any, found: list[int]) -> None:
    """Core ML leaves the shapes of outputs open where it need not know them."""
    if found and tuple(found) != tuple(spec.shape):
        raise ZooError(
            f"has shape {found}, interface.json says {list(spec.shape)}",
            subject=f"{file.name}: {spec.name}",
            remedy="the converter mixed up tensors: build it again",
        )


def _tensorrt(file: Path, interface: Interface) -> Runner:
    run = _in_batches("tensorrt", tensorrt_engine, file, interface, str)
    return Runner(run, {}, {}, None, 0)


def _tftrt(file: Path, interface: Interface) -> Runner:
    run = _in_batches("tftrt", tf_trt, file, interface, str)
    return Runner(run, {}, {}, None, 0)


def _in_batches(
    environment: str, script: Any, file: Path, interface: Interface, spelled: Callable[[str], str]
) -> Run:
    """Runs a sample through a script; slow, and only on machines that have the hardware."""

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        with tempfile.TemporaryDirectory() as folder:
            stored: dict[str, Any] = interface.stored_inputs(given)
            np.savez(Path(folder) / "0.npz", **stored)
            run_script(environment, script, {"run": str(file.resolve()), "samples": folder})
            with np.load(Path(folder) / "0.out.npz") as kept:
                made = {n: kept[spelled(n)] for n in interface.output_names}
        return interface.source_outputs(made)

    return run


OPENERS: Mapping[str, Callable[[Path, Interface], Runner]] = {
    "tf2onnx": _onnx,
    "qdq": _onnx,
    "fp16": _ir,
    "nncf": _ir,
    "tfjs": _tfjs,
    "coreml": _coreml,
    "c_array": _c_array,
    "stablehlo": _stablehlo,
    "tensorrt": _tensorrt,
    "tftrt": _tftrt,
}
"""By the maker of a target."""
