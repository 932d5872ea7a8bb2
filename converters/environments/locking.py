"""Resolves the lists envs/<name>.in into locks: every version, every hash."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from converters.environments.making import found
from converters.environments.place import pins
from converters.environments.table import LOCKS, MAIN, environment_named, lock_of
from converters.errors import ZooError


def lock(name: str, locks: Path = LOCKS) -> Path:
    """Resolve an environment's list again; the lock that was written."""
    environment, target = environment_named(name), lock_of(name, locks)
    if environment.kind == "npm":
        npm = shutil.which("npm") or "npm"
        _run([npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit"], target)
        return target
    command = [found("uv") or "uv", "pip", "compile", f"{name}.in", "-q", "--upgrade"]
    command += ["--python-version", environment.python, "--generate-hashes", "--no-header"]
    command += ["--no-emit-index-url", "-o", target.name]
    if environment.without_requirements:
        command.append("--no-deps")
    if environment.kind == "layer":
        command += ["--constraints", MAIN]
        for package in pins(locks / MAIN):
            command += ["--no-emit-package", package]
    _run(command, target)
    return target


def _run(command: list[str], target: Path) -> None:
    done = subprocess.run(command, cwd=target.parent, capture_output=True, text=True, check=False)
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode:
        raise ZooError(
            f"cannot be resolved (exit status {done.returncode}); its message is above",
            subject=str(target),
            remedy="change its list, or check that the package registry is reached",
        )
