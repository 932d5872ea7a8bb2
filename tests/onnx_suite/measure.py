"""What OpenVINO computes of a test, and what the converter reproduces of it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.onnx_suite.suite import Sample, Test, differs, is_plain

TERMINALS = {"Parameter", "Result", "Constant"}


class Outcome(NamedTuple):
    """The reason of a failure, or none; the op types of OpenVINO that the test is made of.

    `fixed` says that inputs which are parameters had to be constants.
    """

    reason: str
    types: tuple[str, ...] = ()
    fixed: bool = False


class Reference(NamedTuple):
    """OpenVINO's own result, and the IR that it leaves in a folder."""

    tests: Mapping[str, Test]
    folder: Path

    def __call__(self, name: str) -> Outcome:
        try:
            return self._run(name)
        except Exception as error:  # noqa: BLE001 - whatever OpenVINO raises is the outcome
            return Outcome(f"OpenVINO: {_first_line(error)}")

    def _run(self, name: str) -> Outcome:
        import openvino as ov

        test = self.tests[name]
        core = ov.Core()
        model = core.read_model(test.model)
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        compiled = core.compile_model(model, "CPU", hints)
        for sample in test.samples:
            if not is_plain(sample):
                return Outcome("strings or sequences")
            made = compiled([np.asarray(given) for given in sample.inputs])
            results = [np.array(made[port]) for port in compiled.outputs]
            reason = _compared(results, sample)
            if reason:
                return Outcome(reason)
        ov.save_model(model, self.folder / f"{name}.xml", compress_to_fp16=False)
        types = {op.get_type_name() for op in model.get_ops()} - TERMINALS
        return Outcome("", tuple(sorted(types)))


class Reproduction(NamedTuple):
    """The converter's result for the IR: as a TensorFlow function, or as TFLite without Flex."""

    tests: Mapping[str, Test]
    folder: Path
    tflite: bool = False

    def __call__(self, name: str) -> Outcome:
        warnings.simplefilter("ignore")
        plain = self._tried(name, fix=False)
        if plain.reason and self._has_parameters(name):
            fixed = self._tried(name, fix=True)
            if fixed.reason and fixed.reason != plain.reason:
                return Outcome(f"{plain.reason}; with parameters fixed: {fixed.reason}")
            return fixed
        return plain

    def _has_parameters(self, name: str) -> bool:
        test = self.tests[name]
        return any(_parameters(test.input_names, sample) for sample in test.samples)

    def _tried(self, name: str, fix: bool) -> Outcome:
        try:
            return Outcome(self._run(name, fix), fixed=fix)
        except Exception as error:  # noqa: BLE001 - whatever is raised is the outcome
            return Outcome(_reason(error))

    def _run(self, name: str, fix: bool) -> str:
        from converters.ir_to_tf.convert import convert, read_graph

        test = self.tests[name]
        for sample in test.samples:
            fixed = _parameters(test.input_names, sample) if fix else {}
            converted = convert(read_graph(self.folder / f"{name}.xml", fixed))
            compute = _tflite(converted) if self.tflite else _function(converted)
            pairs = zip(test.input_names, sample.inputs, strict=True)
            tensors = [data for name, data in pairs if name not in fixed]
            given = [
                np.asarray(data).transpose(port.order).astype(port.dtype)
                for port, data in zip(converted.inputs, tensors, strict=True)
            ]
            made = compute(given)
            results = [
                np.transpose(tensor, np.argsort(port.order))
                for port, tensor in zip(converted.outputs, made, strict=True)
            ]
            reason = _compared(results, sample)
            if reason:
                return reason
        return ""


def _parameters(names: list[str], sample: Sample) -> dict[str, Any]:
    """The inputs that say how to compute: whole numbers, scalars and short rows behind the first.

    A scalar that comes first is one, too.
    """
    found = {}
    for number, (name, data) in enumerate(zip(names, sample.inputs, strict=True)):
        array = np.asarray(data)
        is_rest = number or len(names) == 1
        if array.ndim == 0 or (is_rest and (array.ndim == 1 or array.dtype.kind in "iub")):
            found[name] = array
    return found


def _function(converted: Any) -> Any:
    import tensorflow as tf

    from converters.ir_to_tf.signature import keywords

    def compute(given: list[Any]) -> list[Any]:
        words = keywords(converted.inputs)
        made = converted.function(**dict(zip(words, map(tf.constant, given), strict=True)))
        return [made[port.name].numpy() for port in converted.outputs]

    return compute


def _tflite(converted: Any) -> Any:
    import tensorflow as tf

    from converters.ir_to_tf.signature import keywords

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [converted.function], converted.module
    )
    interpreter = tf.lite.Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner()

    ins, outs = runner.get_input_details(), runner.get_output_details()

    def compute(given: list[Any]) -> list[Any]:
        # Keys of a signature are arguments' names; the file knows no order.
        for key, data in zip(keywords(converted.inputs), given, strict=True):
            if data.size:
                interpreter.set_tensor(ins[key]["index"], data)
        interpreter.invoke()
        return [_fetched(interpreter, outs[port.name]["index"], port) for port in converted.outputs]

    return compute


def _fetched(interpreter: Any, index: int, port: Any) -> Any:
    """An output; the interpreter refuses to hand out one without elements."""
    is_empty = port.shape is not None and 0 in port.shape
    return np.zeros(port.shape, port.dtype) if is_empty else interpreter.get_tensor(index)


def _compared(results: list[Any], sample: Sample) -> str:
    if len(results) != len(sample.outputs):
        return f"{len(results)} outputs, expected {len(sample.outputs)}"
    reasons = (differs(made, wanted) for made, wanted in zip(results, sample.outputs, strict=True))
    return next(filter(None, reasons), "")


def _reason(error: Exception) -> str:
    """The kind of a failure, short enough for a table."""
    kind = type(error).__name__
    subject = getattr(error, "subject", "").split(" ")[0]
    known = {
        "ConverterError": lambda: "needs Flex: " + ", ".join(sorted(_flex(error))),
        "UnsupportedError": lambda: "unsupported op " + ", ".join(_unsupported(error)),
        "DynamicShapeError": lambda: "dynamic shape",
        "NotConstantError": lambda: f"run-time parameter of {subject}",
    }
    if kind in known:
        return known[kind]()
    cause = getattr(error, "cause", f"{kind}: {_first_line(error)}")
    return f"{subject}: {cause}" if subject else cause


def _flex(error: Exception) -> set[str]:
    """The ops that TFLite has no kernel for, of the types they have here."""
    found = re.findall(r"'tf\.(\w+)' op is neither|'(tfl\.\w+)' op operand", str(error))
    return {plain or lite for plain, lite in found} or {_first_line(error)}


def _unsupported(error: Any) -> list[str]:
    return [line.strip().split(":")[0] for line in error.cause.splitlines()[1:]]


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1 if "Check '" in str(error) else 0][:160] if lines else type(error).__name__
