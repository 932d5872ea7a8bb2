"""How long TFLite files take under tflite-runtime, in turns.

Every round runs each file once, so that whatever else the machine does falls on all alike. Rounds
in which it kept us waiting for a processor are told from the calm ones: with two threads, one of
them waiting costs milliseconds that are no part of the network.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters.verify.runners import interpreter_of

THREADS = (1, 2)
BLOCK = 0.0005
"""Seconds: the least that is timed at once; shorter networks run several times."""

ROUNDS = 5, 1000
"""The least and the most rounds, whatever the time allowed."""


WAITING = 0.05
"""The part of a calm round that threads may have waited for a processor."""


class Round(NamedTuple):
    """One file's turn: milliseconds of a run, and whether nothing disturbed it."""

    milliseconds: float
    is_calm: bool


def loaded(tflite: Path, threads: int) -> Any:
    """An interpreter whose inputs are random numbers."""
    interpreter, _, _ = interpreter_of(tflite, threads=threads)
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


def waited() -> float:
    """Seconds that the threads of this process have waited for a processor; 0 if none can tell."""
    return (
        sum(
            int(words[1])
            for path in Path("/proc/self/task").glob("*/schedstat")
            if len(words := path.read_text().split()) > 1
        )
        / 1e9
    )


def turn(run: Callable[[], None], times: int) -> Round:
    """One file's turn."""
    before = waited()
    seconds = timed(run, times)
    return Round(1e3 * seconds, waited() - before <= WAITING * seconds * times)


def in_turns(runs: Sequence[Callable[[], None]], seconds: float) -> list[list[Round]]:
    """Every round, per file; every other round goes backwards."""
    sizes = [block_size(run) for run in runs]
    taken: list[list[Round]] = [[] for _ in runs]
    for number in rounds(seconds):
        order = list(range(len(runs)))
        for index in order[:: -1 if number % 2 else 1]:
            taken[index].append(turn(runs[index], sizes[index]))
    return taken


def rounds(seconds: float) -> Iterator[int]:
    """The numbers of the rounds, until the time is over."""
    end = time.perf_counter() + seconds
    least, most = ROUNDS
    for number in range(most):
        if number >= least and time.perf_counter() > end:
            break
        yield number


def calm(taken: Sequence[Sequence[Round]]) -> tuple[bool, list[list[float]]]:
    """Milliseconds of the calm rounds of each file; of all rounds where calm ones are too few."""
    found = [[each.milliseconds for each in file if each.is_calm] for file in taken]
    if min(map(len, found)) >= ROUNDS[0]:
        return True, found
    return False, [[each.milliseconds for each in file] for file in taken]


def block_size(run: Callable[[], None]) -> int:
    """How many runs make a block; they warm up on the way."""
    run()
    return 1 + int(BLOCK / min(timed(run, 1) for _ in range(5)))
