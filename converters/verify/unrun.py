"""Evidence on what was not run: not built on this machine, or only looked into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters.targets.table import NOT_BUILT
from converters.verify import evidence, limits
from converters.verify.runners import Runner


def not_built(artifact: str, folder: Path) -> dict[str, Any]:
    """A target that lacks its hardware: the reason, and nothing measured."""
    reason = (folder / NOT_BUILT).read_text(encoding="utf-8").strip()
    return {**_empty(artifact), "built": False, "bytes": 0, "operators": {}, "note": reason}


def looked_into(artifact: str, runner: Runner, bounds: Mapping[str, float]) -> dict[str, Any]:
    """What stands in an artefact; the bounds on its size hold, those on numbers were not tried."""
    found = evidence.collected({}, [], runner, None, bounds)
    refused = limits.refusal(artifact, found.checks)
    if refused is not None:
        raise refused
    return {**evidence.record(artifact, found, runner), "passed": None, "structure": True}


def _empty(artifact: str) -> dict[str, Any]:
    return {
        "artifact": artifact,
        "outputs": {},
        "worst": {},
        "transposes": None,
        "runtime": {},
        "limits": [],
        "passed": None,
    }
