"""edgetpu: run edgetpu_compiler on the full int8 file, where it is installed, and say how it went.

    python -m converters.edgetpu digits 8x8 --tflite full_int8.tflite \\
        --out e.tflite --facts /tmp/f.json

The command is that of config.yaml or of the environment variable EDGETPU_COMPILER, else what PATH
holds. What is predicted without it stands beside what it did. Where there is none, or it fails, the
facts say so and the build goes on, unless the recipe limits the share of operators that are mapped.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from converters import edgetpu_log, stage
from converters.edgetpu_command import COMPILER, compiler
from converters.edgetpu_log import CompilerLog, Failure
from converters.edgetpu_mapping import Prediction, predicted
from converters.recipes import load_variant
from converters.recipes.recipe import Options, Variant
from converters.verify.limits import Check, limits_of, refusal
from converters.verify.mapping import MEASURE, first_left

DEFAULT_TIMEOUT = 3600
"""Seconds that one try may take; the compiler's own default, 180, is too short for large models."""

DEFAULT_RETRIES = 2
GRACE = 30
"""Seconds that the compiler gets to stop itself before it is stopped."""

FLAGS = {
    "min_runtime_version": "--min_runtime_version",
    "delegate_search_step": "--delegate_search_step",
    "num_segments": "--num_segments",
}
"""Options of a recipe that are passed on with their value."""

ARTIFACT = "edgetpu"
COMPILED = "_edgetpu.tflite"


class Attempt(NamedTuple):
    """One run of the compiler."""

    log: CompilerLog
    compiled: tuple[Path, ...]  # one file, or a file per segment, in order; none if it failed
    failure: Failure | None


def arguments(options: Options, tflite: Path, folder: Path) -> list[str]:
    """What the compiler is called with."""
    timeout = int(options.get("timeout", DEFAULT_TIMEOUT))
    flags = ["--show_operations", "--out_dir", str(folder), "--timeout_sec", str(timeout)]
    for name, flag in FLAGS.items():
        flags += [flag, str(options[name])] if name in options else []
    flags += ["--search_delegate"] if options.get("search_delegate") else []
    cuts = ",".join(options.get("intermediate_tensors", ()))  # names hold `;`: no shell sees them
    flags += ["--intermediate_tensors", cuts] if cuts else []
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
    for left in folder.iterdir():
        left.unlink()
    limit = float(options.get("timeout", DEFAULT_TIMEOUT)) + GRACE
    code, said = _run([*command, *arguments(options, tflite, folder)], limit)
    print(said)
    logs = [path.read_text(errors="replace") for path in _in_order(folder, "_edgetpu.log")]
    log = edgetpu_log.parse(said, *logs)
    made = tuple(_in_order(folder, COMPILED))
    wanted = int(options.get("num_segments", 1))
    return Attempt(log, made, _failure(code, said, len(made) == wanted, log))


def _in_order(folder: Path, ending: str) -> list[Path]:
    """Files of a folder by their length, then name: segment 2 comes before segment 10."""
    found = [path for path in folder.iterdir() if path.name.endswith(ending)]
    return sorted(found, key=lambda path: (len(path.name), path.name))


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


def _failure(code: int | None, said: str, is_made: bool, log: CompilerLog) -> Failure | None:
    if code is None:
        return edgetpu_log.HUNG
    if code == 0 and is_made:
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
    sizes = [path.stat().st_size for path in last.compiled]
    segments = {"segments": sizes} if len(sizes) > 1 else {}
    return {**noted, "bytes": sum(sizes), **segments}


def without_compiler() -> dict[str, Any]:
    """The facts where there is none."""
    reason = f"no {COMPILER} on PATH"
    print(reason)
    return {"built": False, "reason": reason}


def beside(noted: dict[str, Any], prediction: Prediction) -> dict[str, Any]:
    """The facts, with the prediction, and whether the compiler agrees with it in number."""
    known = {"predicted": prediction.record()}
    if noted.get("mapped") is None:
        return {**noted, **known}
    return {**noted, **known, "as_predicted": noted["mapped"] == prediction.mapped}


def check(variant: Variant, noted: dict[str, Any], prediction: Prediction) -> list[Check]:
    """The limit on what is mapped: of the compiler where it ran, else of the prediction."""
    bounds = limits_of(ARTIFACT, variant.limits)
    if MEASURE not in bounds:
        return []
    if "attempts" not in noted:
        note = f"predicted, for there is no compiler; {first_left(prediction)}"
        return [Check(MEASURE, bounds[MEASURE], prediction.share, note=note)]
    if not noted["built"]:
        return [Check(MEASURE, bounds[MEASURE], 0.0, note=noted["reason"])]
    total = noted["mapped"] + noted["unmapped"] if noted["mapped"] is not None else 0
    share = noted["mapped"] / total if total else None
    return [Check(MEASURE, bounds[MEASURE], share, note=first_left(prediction))]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--tflite", type=Path, required=True, help="the full int8 TFLite file")
    parser.add_argument("--out", type=Path, required=True, help="compiled file, if there will be")
    parser.add_argument("--segments", type=Path, required=True, help="folder of segments, likewise")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Compile if it can be done; write the facts, unless a limit of the recipe is not held."""
    variant = load_variant(args.models, args.model, args.variant)
    options = variant.stages.get("edgetpu", {})
    for left in (args.out, args.segments):
        _remove(left)
    prediction, command = predicted(args.tflite), compiler()
    with tempfile.TemporaryDirectory() as folder:
        attempts = compiled(command, options, args.tflite, Path(folder)) if command else []
        noted = beside(facts(attempts) if attempts else without_compiler(), prediction)
        _hold(args, check(variant, noted, prediction), noted)
        if noted["built"]:
            _keep(attempts[-1].compiled, args)
    stage.write_json(args.facts, noted)


def _hold(args: argparse.Namespace, checks: list[Check], noted: dict[str, Any]) -> None:
    """Raise if a limit is not held, and keep what was found beside the log."""
    kept = stage.LOGS / args.model / args.variant / "edgetpu.failed.json"
    kept.unlink(missing_ok=True)
    refused = refusal(ARTIFACT, checks)
    if refused is not None:
        stage.write_json(kept, noted)
        refused.remedy += f"; found: {kept}"
        raise refused


def _keep(made: tuple[Path, ...], args: argparse.Namespace) -> None:
    if len(made) == 1:
        with stage.made_whole(args.out) as part:
            shutil.copyfile(made[0], part)
        return
    with stage.made_whole(args.segments) as part:
        part.mkdir()
        for path in made:
            shutil.copyfile(path, part / path.name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(stage.main("edgetpu", __doc__ or "", add_arguments, run))
