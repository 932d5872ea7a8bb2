"""edgetpu: run edgetpu_compiler on the full int8 file, where it is installed, and say how it went.

The compiler is found on PATH, or named by the environment variable EDGETPU_COMPILER. Where there
is none, or it fails, the facts say so and the build goes on: the exit status is 0 all the same.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from converters import edgetpu_log, stage
from converters.edgetpu_log import CompilerLog, Failure
from converters.errors import ZooError
from converters.recipes import load_variant
from converters.recipes.recipe import Options

COMPILER = "edgetpu_compiler"
DEFAULT_TIMEOUT = 3600
"""Seconds that one try may take; the compiler's own default, 180, is too short for large models."""

DEFAULT_RETRIES = 2
GRACE = 30
"""Seconds that the compiler gets to stop itself before it is stopped."""

FLAGS = {
    "min_runtime_version": "--min_runtime_version",
    "delegate_search_step": "--delegate_search_step",
}
"""Options of a recipe that are passed on with their value."""


class Attempt(NamedTuple):
    """One run of the compiler."""

    log: CompilerLog
    compiled: Path | None
    failure: Failure | None


def compiler() -> list[str] | None:
    """The command to run, or None where there is no compiler."""
    named = shlex.split(os.environ.get("EDGETPU_COMPILER", ""))
    command = named or [COMPILER]
    found = shutil.which(command[0])
    if named and found is None:
        raise ZooError(
            f"{command[0]} is no program",
            subject="EDGETPU_COMPILER",
            remedy="mend the variable, or unset it",
        )
    return [found, *command[1:]] if found else None


def arguments(options: Options, tflite: Path, folder: Path) -> list[str]:
    """What the compiler is called with."""
    timeout = int(options.get("timeout", DEFAULT_TIMEOUT))
    flags = ["--show_operations", "--out_dir", str(folder), "--timeout_sec", str(timeout)]
    for name, flag in FLAGS.items():
        flags += [flag, str(options[name])] if name in options else []
    flags += ["--search_delegate"] if options.get("search_delegate") else []
    return [*flags, str(tflite)]


def compiled(command: list[str], options: Options, tflite: Path, folder: Path) -> list[Attempt]:
    """Tries until one succeeds, fails for good, or the retries are used up."""
    attempts = []
    for _ in range(1 + int(options.get("retries", DEFAULT_RETRIES))):
        attempts.append(attempt(command, options, tflite, folder))
        failure = attempts[-1].failure
        if failure is None or not failure.is_transient:
            break
        print(f"try {len(attempts)} failed: {failure.kind}: {failure.explanation}")
    return attempts


def attempt(command: list[str], options: Options, tflite: Path, folder: Path) -> Attempt:
    """One run of the compiler, judged by its words and its file, not by its exit code alone."""
    target = folder / f"{tflite.stem}_edgetpu.tflite"
    target.unlink(missing_ok=True)
    limit = float(options.get("timeout", DEFAULT_TIMEOUT)) + GRACE
    code, said = _run([*command, *arguments(options, tflite, folder)], limit)
    print(said)
    written = folder / f"{tflite.stem}_edgetpu.log"
    log = edgetpu_log.parse(said, written.read_text() if written.is_file() else "")
    made = target if target.is_file() else None
    return Attempt(log, made, _failure(code, said, made, log))


def _run(command: list[str], limit: float) -> tuple[int | None, str]:
    """Exit code (None: stopped) and what was printed; it forks, so its whole group is stopped."""
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
        code: int | None = None
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        return code, said.read()


def _failure(code: int | None, said: str, made: Path | None, log: CompilerLog) -> Failure | None:
    if code is None:
        return edgetpu_log.HUNG
    if code == 0 and made is not None:
        is_mapped = log.mapped != 0 and log.subgraphs != 0
        return None if is_mapped else edgetpu_log.NOTHING_MAPPED
    if code < 0:
        return edgetpu_log.filled(edgetpu_log.CRASHED, signal=-code)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = " ".join(lines[-3:]) or f"exit status {code}"
    unexplained = edgetpu_log.filled(edgetpu_log.UNEXPLAINED, said=last)
    return edgetpu_log.failure_in(said) or unexplained


def facts(attempts: list[Attempt]) -> dict[str, Any]:
    """What came of it, as JSON data."""
    last = attempts[-1]
    noted = {**last.log.record(), "attempts": len(attempts), "built": last.failure is None}
    if last.failure is not None:
        wrong = {"kind": last.failure.kind, "remedy": last.failure.remedy}
        return {**noted, "reason": last.failure.explanation, "failure": wrong}
    if last.compiled is not None:
        noted["bytes"] = last.compiled.stat().st_size
    return noted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--tflite", type=Path, required=True, help="the full int8 TFLite file")
    parser.add_argument("--out", type=Path, required=True, help="compiled file, if there will be")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Compile if it can be done; write the facts in any case."""
    options = load_variant(args.models, args.model, args.variant).stages.get("edgetpu", {})
    args.out.unlink(missing_ok=True)
    command = compiler()
    if command is None:
        noted = {"built": False, "reason": f"no {COMPILER} on PATH"}
        print(noted["reason"])
        stage.write_json(args.facts, noted)
        return
    with tempfile.TemporaryDirectory() as folder:
        attempts = compiled(command, options, args.tflite, Path(folder))
        made = attempts[-1].compiled
        if attempts[-1].failure is None and made is not None:
            with stage.made_whole(args.out) as part:
                shutil.copyfile(made, part)
        stage.write_json(args.facts, facts(attempts))


if __name__ == "__main__":
    raise SystemExit(stage.main("edgetpu", __doc__ or "", add_arguments, run))
