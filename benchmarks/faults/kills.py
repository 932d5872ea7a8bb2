"""Kills: of everything, of Snakemake alone, of one job; and the signals that ask politely."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.faults.bench import Bench, Outcome
from benchmarks.faults.build import Build


def without_store(bench: Bench) -> Outcome:
    """kill -9 of every process, no store"""
    return killed(bench, Build.kill)


def with_store(bench: Bench) -> Outcome:
    """kill -9 of every process, a new store"""
    return killed(bench, Build.kill, bench.folder())


def while_restoring(bench: Bench) -> Outcome:
    """kill -9 of every process while results come from a store"""
    bench.undisturbed  # noqa: B018 - its seconds are needed
    return killed(bench, Build.kill, bench.store, share=0.5)


def snakemake_alone(bench: Bench) -> Outcome:
    """kill -9 of Snakemake alone; its jobs are orphans"""
    return killed(bench, lambda build: build.process.kill())


def interrupted(bench: Bench) -> Outcome:
    """Ctrl-C"""
    return killed(bench, lambda build: os.killpg(build.process.pid, signal.SIGINT))


def terminated(bench: Bench) -> Outcome:
    """SIGTERM to Snakemake"""
    return killed(bench, lambda build: build.process.terminate())


def twice(bench: Bench) -> Outcome:
    """kill -9 of every process, and of the build that follows"""
    folder, first = struck(bench, Build.kill)
    moment = time.monotonic() + bench.chance.uniform(0, bench.seconds / 2)
    build = Build(folder)
    build.wait_until(lambda: time.monotonic() >= moment)
    words = f"after {first} and {build.finished_stages()} stages"
    build.kill()
    return bench.rebuilt(folder, words=words)


def one_job(bench: Bench) -> Outcome:
    """kill -9 of one job, as when memory runs out"""
    return killed(bench, kill_one)


def kill_one(build: Build) -> None:
    """Kill a process that does a job, if there is one at the moment; wait for the build's end."""
    jobs = [each for each in build.everyone() if "converters." in _command(each)]
    if jobs:
        jobs[-1].kill()
    build.ended()


def killed(
    bench: Bench, strike: Callable[[Build], None], store: Path | str = "off", share: float = 1
) -> Outcome:
    """Strike at a random moment, then the same command again."""
    folder, stages = struck(bench, strike, store, share)
    return bench.rebuilt(folder, store, words=f"after {stages} stages")


def struck(
    bench: Bench, strike: Callable[[Build], None], store: Path | str = "off", share: float = 1
) -> tuple[Path, int]:
    """A folder whose build was struck, and how many stages it had finished.

    A build that ended before its moment is no trial: the next is given less time.
    """
    bench.undisturbed  # noqa: B018 - its seconds are needed
    while True:
        folder, began = bench.zoo(), time.monotonic()
        moment = began + bench.chance.uniform(0, bench.seconds * share)
        build = Build(folder, store)
        if build.wait_until(lambda until=moment: time.monotonic() >= until):
            break
        share *= 0.8
    stages = build.finished_stages()
    strike(build)
    build.process.wait()
    return folder, stages


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
