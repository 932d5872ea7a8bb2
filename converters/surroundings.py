"""What else decides a result: locks of environments, the hardware, the system."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

from converters.contents import file_digest
from converters.environments.table import lock_of
from converters.recipes import Variant
from converters.recipes.slices import ELSEWHERE
from converters.targets.table import TARGETS


def of_target(what: str, version: Callable[[str], str]) -> dict[str, str]:
    """Of a further target; nothing of anything else."""
    target = TARGETS.get(what)
    if target is None:
        return {}
    locks = {f"environment {name}": lock_digest(name) for name in target.environments}
    tools = ["nvidia-smi", "trtexec"] if target.hardware else []
    tools += ["node"] if target.runs_in == "node" else []
    return {**locks, **{name: version(name) for name in tools}, "system": sys.platform}


def of_source(variant: Variant, is_run: bool) -> dict[str, str]:
    """The lock of the environment that a source's framework lives in, where a stage runs it."""
    name = ELSEWHERE.get(variant.framework, "") if is_run else ""
    return {f"environment {name}": lock_digest(name)} if name else {}


@cache
def lock_digest(environment: str) -> str:
    """16 hex digits for the lock of an environment."""
    return file_digest(lock_of(environment))[:16]
