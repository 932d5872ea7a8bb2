"""How long files take under tflite-runtime, in turns: `SECONDS OUT.json TFLITE...`.

Every round runs each file once, so that whatever else the machine does falls on all alike.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

THREADS = (1, 2)
BLOCK = 0.0005
"""Seconds: the least that is timed at once; shorter networks run several times."""

ROUNDS = 5, 1000
"""The least and the most rounds, whatever the time allowed."""


def loaded(tflite: Path, threads: int) -> Any:
    """An interpreter whose inputs are random numbers."""
    from tflite_runtime.interpreter import Interpreter

    interpreter = Interpreter(str(tflite), num_threads=threads)
    interpreter.allocate_tensors()
    chance = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        values = chance.standard_normal(detail["shape"])
        interpreter.set_tensor(detail["index"], values.astype(detail["dtype"]))
    return interpreter


def timed(run: Callable[[], None], times: int) -> float:
    """Seconds of one run, over a block of some."""
    began = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - began) / times


def in_turns(runs: Sequence[Callable[[], None]], seconds: float) -> list[list[float]]:
    """Milliseconds of every round, per file; every other round goes backwards."""
    sizes = [block_size(run) for run in runs]
    taken: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + seconds
    least, most = ROUNDS
    for number in range(most):
        if number >= least and time.perf_counter() > end:
            break
        turn = list(range(len(runs)))
        for index in turn[:: -1 if number % 2 else 1]:
            taken[index].append(1e3 * timed(runs[index], sizes[index]))
    return taken


def block_size(run: Callable[[], None]) -> int:
    """How many runs make a block; they warm up on the way."""
    run()
    return 1 + int(BLOCK / min(timed(run, 1) for _ in range(5)))


def main(seconds: float, out: Path, files: Sequence[Path]) -> None:
    """Write the milliseconds of every round: {threads: [[of the first file], ...]}."""
    found = {
        threads: in_turns([loaded(file, threads).invoke for file in files], seconds)
        for threads in THREADS
    }
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), [Path(file) for file in sys.argv[3:]])
