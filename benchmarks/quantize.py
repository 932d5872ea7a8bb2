"""TensorFlow's quantiser beside ai-edge-quantizer, on the float files of built models.

python -m benchmarks.quantize digits/8x8 resnet20_cifar10/32x32 --write

Both get the same calibration samples. ai-edge-quantizer (AEQ) is run twice: as it comes, and cured
of three things: ranges are true minima and maxima instead of a moving average, every operator has
the version that TensorFlow's converter gives it in that form instead of 1, and the data of tensors
stand inside the flatbuffer. What comes of it runs in each promised runtime on held-out samples.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from benchmarks.convert.machine import described
from benchmarks.convert.measure import python
from converters import flatbuffer
from converters.aligned import packed
from converters.datasets.interface import Interface, artifact_inputs
from converters.datasets.samples import samples
from converters.quantize.kinds import kind_named
from converters.quantize.promises import PROMISED
from converters.recipes import load_variant

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "quantisers.md"
COMPARED = ("dynamic", "weight_only", "int8", "full_int8", "int16x8")
ROUNDS = 1

VERSIONS: Mapping[str, Mapping[str, int]] = {
    "int8": {
        "CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "TRANSPOSE_CONV": 3,
        "RESIZE_BILINEAR": 3, "RESIZE_NEAREST_NEIGHBOR": 3, "DEQUANTIZE": 2, "QUANTIZE": 1,
        "RESHAPE": 1, "HARD_SWISH": 1, "GATHER_ND": 1,
    },
    "int16": {
        "CONV_2D": 4, "DEPTHWISE_CONV_2D": 5, "FULLY_CONNECTED": 4, "TRANSPOSE_CONV": 3,
        "DEQUANTIZE": 3, "QUANTIZE": 2, "RESHAPE": 1, "ADD": 4, "MUL": 4, "SUB": 5,
        "AVERAGE_POOL_2D": 3, "MAX_POOL_2D": 3, "LOGISTIC": 3, "TANH": 3, "SOFTMAX": 3,
        "CONCATENATION": 3, "MEAN": 3, "PAD": 2, "STRIDED_SLICE": 4, "RELU": 3,
        "RESIZE_BILINEAR": 3, "RESIZE_NEAREST_NEIGHBOR": 3,
    },
    "hybrid": {
        "CONV_2D": 5, "DEPTHWISE_CONV_2D": 6, "FULLY_CONNECTED": 9, "TRANSPOSE_CONV": 1,
        "BATCH_MATMUL": 4,
    },
    "float": {"DEQUANTIZE": 5},
}  # fmt: skip
"""Form -> operator -> version, as TensorFlow 2.21 writes them; others are 2 in int8, else 1."""


class Made(NamedTuple):
    """A file that one quantiser made."""

    model: str
    kind: str
    engine: str
    seconds: float  # of CPU, the least of some rounds
    error: str
    path: str


# The quantisers -----------------------------------------------------------------------------------


def of_tensorflow(work: Any, kind: str) -> bytes:
    """From the SavedModel, as the stage does it."""
    from converters.quantize.conversion import Conversion

    drawn = work.again if kind_named(kind).is_calibrated else None
    return Conversion(work.saved_model, kind_named(kind), drawn, {"per_channel": True}).made()


def of_aeq(work: Any, kind: str) -> bytes:
    """From the float file, as it comes."""
    return _by_aeq(work, kind, is_cured=False)


def of_cured_aeq(work: Any, kind: str) -> bytes:
    """The same with the three cures."""
    return inline(_by_aeq(work, kind, is_cured=True))


def of_own_weights(work: Any, kind: str) -> bytes:
    """Weights alone rounded in the float file, as the stage does it."""
    from converters.quantize.weights import in_int8

    if kind != "weight_only":
        raise NotImplementedError
    return in_int8(work.float_file.read_bytes())


ENGINES: Mapping[str, Callable[[Any, str], bytes]] = {
    "TensorFlow": of_tensorflow,
    "own": of_own_weights,
    "AEQ": of_aeq,
    "AEQ, cured": of_cured_aeq,
}


def _by_aeq(work: Any, kind: str, *, is_cured: bool) -> bytes:
    from ai_edge_quantizer import calibrator, quantizer

    asked = quantizer.Quantizer(str(work.float_file))
    _RECIPES[kind](asked, is_cured)
    ranges = None
    if asked.need_calibration:
        told = {"qsv_update_func": _true_range} if is_cured else {}
        measured = calibrator.Calibrator(work.float_file.read_bytes(), num_threads=1, **told)
        given = {"serving_default": work.drawn}
        measured.calibrate(given, asked._recipe_manager)
        ranges = measured.get_model_qsvs()
    return bytes(asked.quantize(ranges, enable_progress_report=False).quantized_model)


def _true_range(before: Any, now: Any) -> Any:
    if not before:
        return now
    return {
        "min": np.minimum(before["min"], now["min"]),
        "max": np.maximum(before["max"], now["max"]),
    }


def _dynamic(asked: Any, is_cured: bool) -> None:
    from ai_edge_quantizer import recipe

    found = recipe.dynamic_legacy_wi8_afp32()
    if is_cured:  # per channel, a dense layer is of a version that tflite-runtime 2.14 lacks
        (whole,) = found
        config = whole["op_config"]
        coarse = {**config["weight_tensor_config"], "granularity": "TENSORWISE"}
        dense = {**config, "weight_tensor_config": coarse}
        found = [whole, {**whole, "operation": "FULLY_CONNECTED", "op_config": dense}]
    asked.load_quantization_recipe(found)


def _weight_only(asked: Any, _is_cured: bool) -> None:
    from ai_edge_quantizer import recipe

    asked.load_quantization_recipe(recipe.weight_only_wi8_afp32())


def _static(bits: int, *, is_full: bool) -> Callable[[Any, bool], None]:
    def ask(asked: Any, _is_cured: bool) -> None:
        from ai_edge_quantizer import algorithm_manager, qtyping, recipe

        found = recipe.static_wi8_ai8() if bits == 8 else recipe.static_wi8_ai16()
        asked.load_quantization_recipe(found)
        ends = (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT)
        for end in () if is_full else ends:
            never = algorithm_manager.AlgorithmName.NO_QUANTIZE
            asked.update_quantization_recipe(".*", end, algorithm_key=never)

    return ask


_RECIPES: Mapping[str, Callable[[Any, bool], None]] = {
    "dynamic": _dynamic,
    "weight_only": _weight_only,
    "int8": _static(8, is_full=False),
    "full_int8": _static(8, is_full=True),
    "int16x8": _static(16, is_full=False),
}


def inline(tflite: bytes) -> bytes:
    """With the data of all tensors in the flatbuffer, and true versions of all operators."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    for buffer in model.buffers:
        if buffer.offset > 1:
            data = tflite[buffer.offset : buffer.offset + buffer.size]
            buffer.data, buffer.offset, buffer.size = np.frombuffer(data, np.uint8), 0, 0
    names = flatbuffer.codes(model)
    known: dict[tuple[int, int], int] = {}
    codes = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            name, number = names[operator.opcodeIndex][0], operator.opcodeIndex
            one = (number, _true_version(name, graph, operator))
            if one not in known:
                known[one] = len(codes)
                old = model.operatorCodes[number]
                fresh = schema.OperatorCodeT()
                fresh.builtinCode, fresh.customCode = old.builtinCode, old.customCode
                fresh.deprecatedBuiltinCode, fresh.version = old.deprecatedBuiltinCode, one[1]
                codes.append(fresh)
            operator.opcodeIndex = known[one]
    model.operatorCodes = codes
    return packed(model)


def _true_version(name: str, graph: Any, operator: Any) -> int:
    from ai_edge_litert import schema_py_generated as schema

    types = [graph.tensors[i].type for i in (*operator.inputs, *operator.outputs) if i >= 0]
    kinds = schema.TensorType
    if kinds.INT16 in types:
        return VERSIONS["int16"].get(name, 2)
    if kinds.FLOAT32 not in types and kinds.INT8 in types:
        return VERSIONS["int8"].get(name, 2)
    if kinds.INT8 in types and name not in ("QUANTIZE", "DEQUANTIZE"):
        if hasattr(operator.builtinOptions, "asymmetricQuantizeInputs"):
            operator.builtinOptions.asymmetricQuantizeInputs = True
        return VERSIONS["hybrid"].get(name, 1)
    if name == "DEQUANTIZE":
        scales = graph.tensors[operator.inputs[0]].quantization.scale
        return 5 if len(scales) > 1 else 2
    return 1


# The work -----------------------------------------------------------------------------------------


class Work:
    """A built model: its files, and the samples of its recipe."""

    def __init__(self, name: str) -> None:
        from converters.quantize.calibration import Calibration

        model, variant = name.split("/")
        folder = Path("results", model, variant)
        self.name, self.saved_model = name, folder / "saved_model"
        self.float_file, self.interface = folder / "float32.tflite", folder / "interface.json"
        self.variant = load_variant(Path("models"), model, variant)
        told, own = Interface.read(self.interface), Path("models", model)
        sources = Path("sources", model)
        # read and prepared before anything is timed: both are given the same
        self.drawn = list(Calibration(self.variant, told, own, sources)())
        drawn = samples(self.variant, self.variant.verification, own, sources)
        given = [artifact_inputs(self.variant, each.inputs) for each in drawn]
        self.heldout = [told.stored_inputs(each) for each in given]

    def again(self) -> Iterator[Any]:
        """The calibration samples, from the first."""
        return iter(self.drawn)


def made(work: Work, folder: Path) -> Iterator[Made]:
    """Every kind by every quantiser."""
    for kind in COMPARED:
        for engine, quantise in ENGINES.items():
            best, error, content = float("inf"), "", b""
            try:
                for _ in range(ROUNDS):
                    began = time.process_time()
                    content = quantise(work, kind)
                    best = min(best, time.process_time() - began)
            except NotImplementedError:
                continue
            except Exception as problem:  # noqa: BLE001 - whatever it is, the page shall say it
                error = f"{type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
            path = (
                folder / f"{work.name.replace('/', '-')}-{kind}-{engine.replace(', ', '-')}.tflite"
            )
            path.write_bytes(content)
            yield Made(work.name, kind, engine, best, error, str(path))
            print(work.name, kind, engine, f"{best:.2f}", error, file=sys.stderr, flush=True)


def measured(folder: Path, made_file: Path) -> None:
    """Run the files, in a process without TensorFlow; write what came of it beside them."""
    from converters.quantize import runtimes

    found = []
    for each in map(Made._make, json.loads(made_file.read_text())):
        given = _given(folder / f"{each.model.replace('/', '-')}.npz")
        source = runtimes.answered(
            ROOT / "results" / each.model / "float32.tflite", PROMISED[1], given
        )
        path = Path(each.path)
        answers = (
            {name: _against(source, path, name, given) for name in PROMISED}
            if not each.error
            else {}
        )
        told = {"bytes": path.stat().st_size, "floats": _floats(path)} if not each.error else {}
        found.append({**each._asdict(), "answers": answers, **told})
    (folder / "measured.json").write_text(json.dumps(found))


def _given(file: Path) -> list[dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    with np.load(file) as table:
        for key in table.files:
            number, _, name = key.partition("/")
            kept.setdefault(number, {})[name] = table[key]
    return list(kept.values())


def _floats(path: Path) -> int:
    from converters.quantize.islands import float_operators

    return sum(float_operators(path).values())


def _against(source: Any, path: Path, runtime: str, given: Any) -> dict[str, Any]:
    """SQNR in dB and largest difference of the worst output, beside the float file."""
    from converters.quantize import runtimes

    answer = runtimes.answered(path, runtime, given)
    if answer.refusal:
        return {"refusal": answer.refusal[:160]}
    noise = runtimes._apart(answer.outputs, source.outputs, runtimes._noise)
    with np.errstate(divide="ignore"):
        decibels = float(-20 * np.log10(noise)) if np.isfinite(noise) else -99.0
    return {
        "sqnr_db": min(decibels, 200.0),
        "max_abs": runtimes._apart(answer.outputs, source.outputs, runtimes._difference),
    }


# The page -----------------------------------------------------------------------------------------


def page(found: Sequence[Mapping[str, Any]], facts: Mapping[str, str]) -> str:
    """The tables, and by which facts the engine of each kind was chosen."""
    head = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0] if PAGE.is_file() else ""
    lines = [head + BEGIN, "", *(f"- {name}: {value}" for name, value in facts.items())]
    for kind in COMPARED:
        lines += ["", f"## `{kind}`", "", COLUMNS, "|---|---|--:|--:|--:|--:|--:|--:|"]
        lines += [_row(each) for each in found if each["kind"] == kind]
    return "\n".join(lines) + "\n"


BEGIN = "<!-- below: made by `python -m benchmarks.quantize ... --write` -->"
COLUMNS = (
    "| model | quantiser | CPU s | kB | dB in 2.14 | dB in litert | max error, litert | in float |"
)


def _row(each: Mapping[str, Any]) -> str:
    if each["error"]:
        return f"| {each['model']} | {each['engine']} | {each['error']} | | | | | |"
    old, new = (each["answers"][name] for name in PROMISED)
    cells = (
        each["model"],
        each["engine"],
        f"{each['seconds']:.2f}",
        f"{each['bytes'] / 1000:.1f}",
        _decibels(old),
        _decibels(new),
        f"{new['max_abs']:.2g}" if "max_abs" in new else "",
        str(each["floats"]),
    )
    return "| " + " | ".join(cells) + " |"


def _decibels(answer: Mapping[str, Any]) -> str:
    if "refusal" in answer:
        return "does not load" if "Didn't find" in answer["refusal"] else "refused"
    return f"{answer['sqnr_db']:.1f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Make, measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quantize", description=__doc__)
    parser.add_argument("names", nargs="*", help="built models, as <model>/<variant>")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.measure:
        measured(*args.measure)
        return 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        done: list[Made] = []
        for work in map(Work, args.names):
            done += made(work, folder)
            flat = {f"{i}/{k}": x for i, each in enumerate(work.heldout) for k, x in each.items()}
            np.savez(folder / f"{work.name.replace('/', '-')}.npz", **flat)
        (folder / "made.json").write_text(json.dumps(done))
        usage = python("benchmarks.quantize", folder, "--measure", folder, folder / "made.json")
        if usage.code:
            raise SystemExit(usage.reason)
        found = json.loads((folder / "measured.json").read_text())
    packages = ("tensorflow", "ai-edge-quantizer", *PROMISED)
    facts = {**described(), **{each: version(each) for each in packages}}
    facts["command"] = f"`python -m benchmarks.quantize {' '.join(args.names)} --write`"
    text = page(found, facts)
    print(text)
    if args.write:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
