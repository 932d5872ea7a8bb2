"""Runs a script in an environment of its own: a request in, facts out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from converters.environments.making import ready
from converters.environments.place import Place
from converters.errors import ZooError

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": ""}
DEVICES = {"tensorrt": "0", "tftrt": "0"}
"""The GPU that an environment sees; the others see none, and lose no time in looking for one."""


def run_script(environment: str, script: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a module of scripts/ on a request; its facts. What it prints besides goes to the log."""
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "request.json"
        asked.write_text(json.dumps(request, default=str), encoding="utf-8")
        return run_apart(environment, ["-I", str(Path(script.__file__).resolve()), str(asked)])


def run_apart(environment: str, words: Sequence[str]) -> dict[str, Any]:
    """Run the environment's interpreter; the JSON in the last line that it prints."""
    place = ready(environment)
    settings = {**QUIET, "CUDA_VISIBLE_DEVICES": DEVICES.get(environment, "")}
    done = subprocess.run(
        [str(place.python), *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stderr.write(done.stderr)
    sys.stdout.write(done.stdout)
    if done.returncode:
        raise failed(place, done.stderr, done.returncode)
    return facts_in(done.stdout)


def failed(place: Place, said: str, code: int) -> ZooError:
    """The error of a script, in its own last words."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return ZooError(
        (lines[-1] if lines else f"exit status {code}")[:600],
        subject=f"in environment {place.name}",
        remedy="read the log above: it has the tool's own words; leave the target out of the "
        "recipe if the tool cannot express the network",
    )


def facts_in(said: str) -> dict[str, Any]:
    """The last line, if it is a JSON object."""
    last = (said.strip().splitlines() or [""])[-1]
    found = json.loads(last) if last.startswith("{") else {}
    return dict(found)
