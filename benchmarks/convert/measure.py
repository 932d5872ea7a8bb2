"""One network through each converter: the rows of the table."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.convert.peers import ROOT, Environment
from benchmarks.convert.process import Usage, measured

OURS = "ours"
BACKENDS: Mapping[str, tuple[str, ...]] = {
    "onnx2tf": (),
    "onnx2tf, tf_converter": ("--tflite_backend", "tf_converter"),
}
"""The peer as it comes, and by its other way."""

WRONG = 0.05
"""An error beyond this is no rounding: the file computes something else."""


class Latency(NamedTuple):
    """Milliseconds of the rounds, and whether the machine let us run in them."""

    is_calm: bool
    rounds: Sequence[float]


@dataclass(frozen=True)
class Row:
    """What one converter made of one network; None is what could not be measured."""

    model: str
    by: str
    reason: str = ""  # why there is no file
    note: str = ""  # what is missing or odd although there is one
    ir: Usage | None = None  # ONNX to IR, which only ours needs
    usage: Usage | None = None
    ops: int | None = None
    transposes: int | None = None
    transposed: int | None = None  # bytes
    size: int | None = None  # bytes
    error: float | None = None
    nodes: int | None = None  # of ours alone: whose layouts are assigned
    layouts: float | None = None  # of ours alone: s of the processor for that
    floor: float | None = None  # of ours alone: s of the processor that TensorFlow takes anyway
    operators: Mapping[str, int] = field(default_factory=dict)
    latency: Mapping[str, Latency] = field(default_factory=dict)  # by threads

    def _total(self, name: str) -> float | None:
        parts = [getattr(usage, name) for usage in (self.ir, self.usage) if usage]
        return sum(parts) if self.usage else None

    @property
    def is_right(self) -> bool:
        """Whether there is a file that runs, and answers as the source does."""
        return self.error is not None and self.error <= WRONG

    @property
    def seconds(self) -> float | None:
        """From ONNX to TFLite."""
        return self._total("seconds")

    @property
    def cpu(self) -> float | None:
        """From ONNX to TFLite, on all cores."""
        return self._total("cpu")

    @property
    def share(self) -> float | None:
        """Our processor time from IR to TFLite, in times of what TensorFlow takes anyway."""
        return self.usage.cpu / self.floor if self.usage and self.floor else None

    @property
    def peak(self) -> int | None:
        """The largest process on the way from ONNX to TFLite."""
        return max(u.peak for u in (self.ir, self.usage) if u) if self.usage else None

    def fastest(self, threads: str) -> float | None:
        """Milliseconds of the fastest round; of disturbed rounds, none is worth comparing."""
        found = self.latency.get(threads)
        return min(found.rounds) if found and found.is_calm else None


@dataclass(frozen=True)
class Bench:
    """How to measure: where the peer is, if anywhere, and how long latencies may take."""

    folder: Path
    peer: Environment | None = None
    backends: Sequence[str] = ()
    seconds: float = 3.0  # per network and number of threads


def rows(bench: Bench, model: str, onnx: Path) -> list[Row]:
    """All converters on one network."""
    work = bench.folder / model.replace("/", " ")
    made = {OURS: ours(work / "ours", model, onnx)}
    for number, backend in enumerate(bench.backends if bench.peer else ()):
        made[backend] = peers(bench, work / f"peer{number}", model, (backend, onnx))
    files = {by: file for by, (row, file) in made.items() if file}
    table = {by: examined(row, onnx, made[by][1]) for by, (row, _) in made.items()}
    runnable = {by: file for by, file in files.items() if table[by].error is not None}
    latencies = timed(work, list(runnable.values()), bench.seconds)
    for number, by in enumerate(runnable):
        if isinstance(latencies, str):
            table[by] = replace(table[by], note=f"latency: {latencies}")
        else:
            taken = {t: Latency(calm, each[number]) for t, (calm, each) in latencies.items()}
            table[by] = replace(table[by], latency=taken)
    shutil.rmtree(work, ignore_errors=True)
    return list(table.values())


def ours(work: Path, model: str, onnx: Path) -> tuple[Row, Path | None]:
    """ONNX to IR to TFLite."""
    work.mkdir(parents=True)
    row, xml = Row(model, OURS), work / "model.xml"
    ir = python("benchmarks.convert.onnx_to_ir", work, onnx, xml)
    if ir.code:
        return replace(row, reason=f"ONNX to IR: {ir.reason}"), None
    places = "--model_path", xml, "--model_output_path", work
    usage = python("converters.ir_to_tf", work, *places, "--output_no_quant_float32_tflite")
    if usage.code:
        return replace(row, reason=usage.reason, ir=ir), None
    row = replace(row, ir=ir, usage=usage)
    return shared(row, work, xml), work / "model_float32.tflite"


def shared(row: Row, work: Path, xml: Path) -> Row:
    """The row with what TensorFlow takes anyway, of a SavedModel that is written for that."""
    saved_model, out = work / "saved_model", work / "share.json"
    places = "--model_path", xml, "--model_output_path", saved_model
    written = python("converters.ir_to_tf", work, *places, "--output_saved_model")
    told = python("benchmarks.convert.share", work, xml, saved_model, out)
    if written.code or told.code:
        return replace(row, note=f"TensorFlow's share: {written.reason or told.reason}")
    return replace(row, **json.loads(out.read_text()))


def peers(bench: Bench, work: Path, model: str, asked: tuple[str, Path]) -> tuple[Row, Path | None]:
    """ONNX to TFLite, of a copy, since onnx2tf simplifies its input in place."""
    backend, onnx = asked
    work.mkdir(parents=True)
    row, copy = Row(model, backend), work / "model.onnx"
    shutil.copyfile(onnx, copy)
    assert bench.peer
    places: tuple[str | Path, ...] = ("-i", copy, "-o", work / "out")
    command = [bench.peer.bin / "onnx2tf", *places, *BACKENDS[backend]]
    usage = measured(command, work, bench.peer.variables())
    if usage.code:
        return replace(row, reason=usage.reason), None
    file = work / "out" / "model_float32.tflite"
    if not file.is_file():
        return replace(row, reason=f"it wrote no file; its last word: {usage.last_word}"), None
    return replace(row, usage=usage), file


def examined(row: Row, onnx: Path, file: Path | None) -> Row:
    """The row with what lies in the file and how far it is from ONNX Runtime."""
    if not file:
        return row
    out = file.with_suffix(".json")
    usage = python("benchmarks.convert.examine", file.parent, onnx, file, out)
    found = json.loads(out.read_text()) if out.is_file() else {}
    return replace(
        row,
        note="; ".join(filter(None, [row.note, usage.reason or told_of(found)])),
        ops=found.get("ops"),
        transposes=found.get("transposes"),
        transposed=found.get("transposed"),
        size=found.get("size"),
        error=found.get("error"),
        operators=found.get("operators", {}),
    )


def told_of(found: Mapping[str, Any]) -> str:
    """What is odd about a file that runs."""
    is_wrong = found["error"] > WRONG
    wrong = f"it answers otherwise than the source: error {found['error']:.1e}" if is_wrong else ""
    return "; ".join(filter(None, [found["runtime_note"], wrong, *found["turned"]]))


def timed(work: Path, files: Sequence[Path], seconds: float) -> dict[str, Any] | str:
    """The latencies of files in turns; why there are none."""
    if not files:
        return {}
    out = work / "latency.json"
    usage = python("benchmarks.convert.latency", work, seconds, out, *files)
    return usage.reason or dict(json.loads(out.read_text()))


def python(module: str, folder: Path, *arguments: object) -> Usage:
    """One of our own modules, in a fresh process of the zoo's environment."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return measured(command, folder, {**os.environ, "PYTHONPATH": str(ROOT)})
