"""Where an environment lies: in a folder named after everything that decides its content."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from converters.environments.table import LOCKS, MAIN, environment_named, lock_of
from converters.errors import ZooError

VARIABLE = "ZOO_ENVIRONMENTS"
"""The variable that names another folder for them all, which clones may share."""

STAMP = "made.json"
"""Written last: a folder that has it is whole."""


class Place(NamedTuple):
    """An environment's folder, which may not be there yet."""

    name: str
    folder: Path

    @property
    def is_made(self) -> bool:
        """Whether it can be used."""
        return (self.folder / STAMP).is_file()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def modules(self) -> Path:
        """What npm installed."""
        return self.folder / "node_modules"


def of_conda(name: str, locks: Path = LOCKS) -> Place | None:
    """The conda environment that is active, if it has every package of the lock (`--sdm conda`)."""
    prefix = os.environ.get("CONDA_PREFIX", "")
    found = list(Path(prefix).glob("lib/python3*/site-packages")) if prefix else []
    if not found or not environment_named(name).is_python:
        return None
    has = {_plain(path.name.removesuffix(".dist-info")) for path in found[0].glob("*.dist-info")}
    wanted = {_plain("-".join(pin)) for pin in pins(lock_of(name, locks)).items()}
    return Place(name, Path(prefix)) if wanted <= has else None


def _plain(name: str) -> str:
    """A package and its version, however its folder spells them."""
    return re.sub(r"[-_.]+", "_", name).lower()


PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    """Package -> version, of a lock."""
    return dict(PIN.findall(lock.read_text(encoding="utf-8")))


def all_environments() -> Path:
    """The folder that holds them."""
    return Path(os.environ.get(VARIABLE) or LOCKS.parent / "environments").absolute()


def place_of(name: str, locks: Path = LOCKS, within: Path | None = None) -> Place:
    """Where the environment with the present lock belongs."""
    named = f"{name}-{lock_digest(name, locks)}"
    return Place(name, (within or all_environments()) / named)


def lock_digest(name: str, locks: Path = LOCKS) -> str:
    """12 hex digits of all that decides what is in an environment; of a layer, what lies below."""
    environment, lock = environment_named(name), lock_of(name, locks)
    if not lock.is_file():
        raise ZooError(
            f"has no lock {lock}",
            subject=f"environment {name}",
            remedy=f"run python -m converters.environments lock {name}",
        )
    parts = [environment.kind, environment.python, platform.machine(), sys.platform]
    digest = hashlib.sha256("\0".join(parts).encode())
    digest.update(lock.read_bytes())
    if environment.kind == "layer":
        digest.update((locks / MAIN).read_bytes() + sysconfig.get_path("purelib").encode())
    return digest.hexdigest()[:12]
