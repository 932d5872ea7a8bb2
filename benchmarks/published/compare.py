"""Our file beside the authors': size, operators, and what both answer to the same samples."""

from __future__ import annotations

import hashlib
import math
import os
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.published.tasks import ROOT, Remote, Samples, Task
from converters import flatbuffer
from converters.verify.measures import decibels
from converters.verify.runners import dequantised, interpreter_of, quantised

KEPT = Path("sources") / ".published"
CLOSE = 0.05
"""A size that differs by no more is the same."""

EQUAL = 0.005
"""Constants that differ by no more are the same but for a few shapes."""


class Found(NamedTuple):
    """One model's comparison."""

    name: str
    ours: int
    theirs: int
    constants: tuple[int, int]  # bytes of weights and other constants: ours, theirs
    operators: dict[str, tuple[int, int]]  # where they differ: ours, theirs
    samples: int
    agreed: int | None  # samples whose top class is the same; None where there are no classes
    as_float: tuple[int, int] | None  # ours, theirs: samples whose top class is the float file's
    sqnr: tuple[float, float]  # ours, theirs: dB beside the float file

    @property
    def ratio(self) -> float:
        """Our size by theirs."""
        return self.ours / self.theirs

    @property
    def misses(self) -> list[str]:
        """What of the three does not hold: size within 5%, operators, top class of every sample."""
        own, other = self.constants
        is_alike = abs(own / other - 1) <= EQUAL
        why = "names and noted ranges, the constants are the same" if is_alike else "constants"
        words = {
            f"size, by {why}": abs(self.ratio - 1) > CLOSE,
            "operators": bool(self.operators),
            "top class": self.agreed not in (None, self.samples),
        }
        return [text for text, is_missed in words.items() if is_missed]


def fetched(remote: Remote) -> Path:
    """The file: of a mirror, or from where it is published; checked either way."""
    kept = KEPT / remote.sha256
    if kept.is_file():
        return kept
    content = next(_contents(remote), None)
    if content is None or hashlib.sha256(content).hexdigest() != remote.sha256:
        raise ValueError(f"{remote.path}: not what its checksum says")
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    return kept


def _contents(remote: Remote) -> Any:
    for mirror in filter(None, os.environ.get("ZOO_MIRRORS", "").split(",")):
        path = Path(mirror) / "sha256" / remote.sha256[:2] / remote.sha256
        if path.is_file():
            yield path.read_bytes()
    with urllib.request.urlopen(ROOT + remote.path, timeout=60) as answer:
        yield answer.read()


def compared(task: Task, results: Path) -> Found:
    """One model; FileNotFoundError where our files are not built."""
    ours, floats = (results / task.variant / f"{name}.tflite" for name in ("full_int8", "float32"))
    theirs = fetched(task.theirs)
    scale, zero = _run(theirs)[1]
    given = task.samples(fetched(task.real).read_bytes(), scale, zero)
    own, other, true = (_answers(path, given) for path in (ours, theirs, floats))
    tops = [np.argmax(each.reshape(len(each), -1), axis=1) for each in (own, other, true)]
    same = [
        int((a == b).sum()) for a, b in ((tops[0], tops[1]), (tops[0], tops[2]), (tops[1], tops[2]))
    ]
    return Found(
        task.variant.split("/")[0],
        ours.stat().st_size,
        theirs.stat().st_size,
        (_constants(ours), _constants(theirs)),
        _differences(flatbuffer.operators(ours), flatbuffer.operators(theirs)),
        len(given),
        same[0] if task.is_classifier else None,
        (same[1], same[2]) if task.is_classifier else None,
        (_sqnr(own, true), _sqnr(other, true)),
    )


def _constants(path: Path) -> int:
    buffers = flatbuffer.parsed(path.read_bytes(), str(path)).buffers
    return sum(len(each.data) for each in buffers if each.data is not None)


def _differences(ours: Counter[str], theirs: Counter[str]) -> dict[str, tuple[int, int]]:
    names = sorted(set(ours) | set(theirs))
    return {n: (ours[n], theirs[n]) for n in names if ours[n] != theirs[n]}


def _sqnr(values: Samples, true: Samples) -> float:
    signal, noise = float((true**2).sum()), float(((values - true) ** 2).sum())
    return decibels(signal, noise) if noise else math.inf


def _answers(path: Path, given: Samples) -> Samples:
    run = _run(path)[0]
    return np.stack([run(sample) for sample in given])


def _run(path: Path) -> Any:
    """A function from floats to floats, and the scale and zero of the input."""
    interpreter, _, _ = interpreter_of(path)
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()

    def run(sample: Samples) -> Samples:
        interpreter.set_tensor(given["index"], quantised(sample.reshape(given["shape"]), given))
        interpreter.invoke()
        return dequantised(interpreter.get_tensor(made["index"]), made)

    return run, given["quantization"]
