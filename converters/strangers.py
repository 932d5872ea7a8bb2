"""Which stages run code that came with a source, and how a stage runs where it does.

Files of a recipe's own folder (network.py, data.py) are reviewed with the recipe, and run like
ours. What a source brings is a stranger's: such a stage runs in the sandbox, writes into a folder
made for it, and only what the rule expects is taken out of there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters import sandbox
from converters.errors import ZooError
from converters.stage import LOGS_VARIABLE, error_record, write_json

Load = Mapping[str, Any]


def _module(load: Load) -> str:
    return f"the module {load['module']} of a source" if load.get("module") else ""


def _pickled(load: Load) -> str:
    allowed = load.get("allow_pickle_of") or ()
    return f"what a pickle asks for: {', '.join(map(str, allowed))}" if allowed else ""


def _network(load: Load) -> str:
    return _module(load) or _pickled(load) if load.get("framework") == "pytorch" else ""


def _program(load: Load) -> str:
    """Models that are more than data to what reads them.

    TensorFlow says of its own that they are programs: operations read and write files.
    """
    programs = {
        "saved_model": "a SavedModel",
        "tensorflow_frozen": "a TensorFlow graph",
        "keras": "a Keras model",
        "tflite": "a TFLite file, whose native reader believes what it says",
    }
    return programs.get(str(load.get("framework")), "")


OF_STAGE: Mapping[str, Callable[[Load], str]] = {
    "export": _network,
    "reference": lambda load: _network(load) or _program(load),
    "mo": _program,
}
"""The stages that may run strangers' code, and what it is, in words; empty: none.

A `script` of surgery has a sandbox of its own, inside the stage.
"""


def code_in(stage: str, recipe: Mapping[str, Any]) -> str:
    """What strangers' code a stage runs, by the fields of the recipe that it reads."""
    load = recipe.get("load", {})
    if stage == "reference" and recipe.get("is_changed"):
        return ""  # it runs the changed ONNX
    return OF_STAGE[stage](load) if stage in OF_STAGE else ""


class Boxed(NamedTuple):
    """A stage that is to run in the sandbox."""

    stage: str
    options: Sequence[str]  # as for the stage: MODEL VARIANT --record NAME ...
    reads: Sequence[str]
    makes: Sequence[str]

    @property
    def record(self) -> Path:
        """Where its failure is kept."""
        model, variant, _, name = self.options[:4]
        return error_record(model, variant, name)


def run_boxed(boxed: Boxed) -> int:
    """Run a stage in the sandbox; its exit code, with its outputs or its failure in place."""
    boxed.record.unlink(missing_ok=True)
    folder = Path(boxed.makes[0]).parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".boxed.", dir=folder) as name:
        inside = Path(name).resolve()
        moved = {path: str(inside / "made" / path) for path in boxed.makes}
        words = [*boxed.options[:4], *(moved.get(w, _from_anywhere(w)) for w in boxed.options[4:])]
        command = [sys.executable, "-m", "converters.run_stage", boxed.stage, *words]
        limits = limits_asked()
        try:
            with _told(LOGS_VARIABLE, str(inside / "logs")):
                code = sandbox.run(command, _files(boxed, inside), limits, folder=inside)
        except ZooError as error:
            return _failed(boxed, error)
        if code:
            return _recorded(boxed, inside / "logs" / boxed.record.relative_to("logs"), code)
        return _taken_out(boxed, moved)


def _from_anywhere(word: str) -> str:
    """A path as it is called from other folders: inside, the scratch folder is the current one."""
    return str(Path(word).absolute()) if Path(word).exists() else word


def limits_asked() -> sandbox.Limits:
    """The limits, as config.yaml or the environment say them."""
    own = sandbox.Limits()
    memory, seconds = (os.environ.get(f"{sandbox.MODE}_{n}") for n in ("MEMORY", "SECONDS"))
    try:
        return own._replace(
            memory=int(float(memory) * 1e9) if memory else own.memory,
            seconds=int(float(seconds)) if seconds else own.seconds,
        )
    except ValueError as error:
        raise ZooError(
            f"memory {memory!r} or seconds {seconds!r} is no number",
            subject="sandbox",
            remedy="correct sandbox_memory (in GB) and sandbox_seconds in config.yaml",
        ) from error


def _files(boxed: Boxed, inside: Path) -> sandbox.Files:
    named = [Path(word) for word in (*boxed.reads, *boxed.options)]
    return sandbox.Files([path for path in named if path.exists()], [inside])


@contextlib.contextmanager
def _told(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def _taken_out(boxed: Boxed, moved: Mapping[str, str]) -> int:
    """Put each expected output into its place, if it is a file or a folder without links."""
    for path, made in moved.items():
        source = Path(made)
        parts = [source, *source.rglob("*")] if source.is_dir() else [source]
        if not source.exists() or any(not _is_plain(part) for part in parts):
            cause = f"made no {path}, or something else than plain files there"
            return _failed(boxed, ZooError(cause, subject="sandbox", remedy="read the log"))
    for path, made in moved.items():
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir():
            shutil.rmtree(target)
        Path(made).replace(target)
    return 0


def _is_plain(path: Path) -> bool:
    return not path.is_symlink() and (path.is_file() or path.is_dir())


def _recorded(boxed: Boxed, record: Path, code: int) -> int:
    """Keep the failure that the stage wrote, as far as it is one; else say how it ended."""
    fields = ("recipe", "stage", "subject", "cause", "remedy")
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if not record.is_symlink() and record.stat().st_size < 100_000:
            said = json.loads(record.read_bytes())
            told = {name: ZooError.clean(str(said.get(name, ""))) for name in fields}
            write_json(boxed.record, told)
            return code if code < 128 else 1
    return _failed(boxed, ZooError(ended(code), subject="sandbox", remedy=REMEDY))


REMEDY = (
    "read the log; where the limits are too tight, raise sandbox_memory or sandbox_seconds in "
    "config.yaml"
)


def ended(code: int) -> str:
    """How a process without a word of its own ended."""
    if code == sandbox.TOO_LONG:
        return "foreign code was stopped: it took too long"
    return f"foreign code was ended by signal {code - 128}" if code > 128 else f"ended with {code}"


def _failed(boxed: Boxed, error: ZooError) -> int:
    model, variant = boxed.options[:2]
    error = error.located(f"{model}/{variant}", boxed.stage)
    print(f"error: {error}", file=sys.stderr)
    with contextlib.suppress(OSError):
        write_json(boxed.record, error.record())
    return 1
