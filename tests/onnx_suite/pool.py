"""A pool of processes for work that may crash: a crash costs its own task, nothing else."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

SECONDS = 120
"""How long a task may take."""


class Worker(NamedTuple):
    process: Any
    pipe: Connection


class Crash(NamedTuple):
    """The outcome of a task whose process died, or had to be ended."""

    cause: str


def outcomes(
    work: Callable[[str], Any], tasks: Sequence[str], jobs: int
) -> Iterator[tuple[str, Any]]:
    """What each task gives, as they end. Processes are forked: `work` may use what is loaded."""
    waiting = list(reversed(tasks))
    busy: dict[Any, tuple[Worker, str]] = {}
    idle: list[Worker] = []
    while waiting or busy:
        while waiting and len(busy) < jobs:
            worker = idle.pop() if idle else _start(work)
            worker.pipe.send(waiting[-1])
            busy[worker.pipe] = worker, waiting.pop()
        ready = wait(list(busy), SECONDS)
        for pipe in ready or list(busy):
            worker, task = busy.pop(pipe)
            outcome = _received(worker) if ready else Crash("took too long")
            if isinstance(outcome, Crash):
                _end(worker)
            else:
                idle.append(worker)
            yield task, outcome
    for worker in idle:
        _end(worker)


def _received(worker: Worker) -> Any:
    try:
        return worker.pipe.recv()
    except EOFError:
        worker.process.join(10)
        return Crash(f"the process ended with {worker.process.exitcode}")


def _start(work: Callable[[str], Any]) -> Worker:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, ours, work), daemon=True)
    process.start()
    theirs.close()
    return Worker(process, ours)


def _end(worker: Worker) -> None:
    worker.pipe.close()
    worker.process.kill()
    worker.process.join()


def _serve(pipe: Connection, other: Connection, work: Callable[[str], Any]) -> None:
    other.close()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what native libraries print
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send(work(task))
