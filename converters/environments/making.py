"""Makes an environment from its lock: once, whole or not at all, whoever else wants it waits."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from converters import stage
from converters.environments.place import STAMP, Place, of_conda, place_of
from converters.environments.table import LOCKS, Environment, environment_named, lock_of
from converters.errors import ZooError

REMEDY = "check that the package registry is reached, then run python -m converters.environments {}"


def ready(name: str, locks: Path = LOCKS, within: Path | None = None) -> Place:
    """The environment, made now if this is its first use."""
    active = of_conda(name, locks)
    if active:
        return active
    place = place_of(name, locks, within)
    if place.is_made:
        return place
    with _alone(place):
        if not place.is_made:  # who waited finds it made
            print(f"environment {name}: made in {place.folder}", file=sys.stderr)
            _make(place, lock_of(name, locks))
    return place


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    place.folder.parent.mkdir(parents=True, exist_ok=True)
    with place.folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(place: Place, lock: Path) -> None:
    environment, began = environment_named(place.name), time.monotonic()
    with stage.made_whole(place.folder) as part:
        MAKERS[environment.kind](part, lock, environment, place.name)
        made = {
            "name": place.name,
            "kind": environment.kind,
            "seconds": round(time.monotonic() - began, 1),
            "bytes": sum(f.lstat().st_size for f in part.rglob("*") if f.is_file()),
        }
        (part / STAMP).write_text(json.dumps(made, indent=2) + "\n")


def _layer(part: Path, lock: Path, environment: Environment, name: str) -> None:
    """Its own packages come first, then those of the interpreter that runs this."""
    venv.create(part, symlinks=True)
    _install(part, lock, name)
    packages = part / "lib" / f"python{environment.python}" / "site-packages"
    paths = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (packages / "main.pth").write_text("".join(f"{path}\n" for path in paths))


def _alone_standing(part: Path, lock: Path, environment: Environment, name: str) -> None:
    if environment.python != ".".join(map(str, sys.version_info[:2])):
        _run([_uv(name), "venv", "--quiet", "--python", environment.python, str(part)], name)
    else:
        venv.create(part, symlinks=True)
    _install(part, lock, name)


def _install(part: Path, lock: Path, name: str) -> None:
    """The lock's packages, checked by hash, and no others."""
    python = str(part / "bin" / "python")
    wanted = ["--no-deps", "--require-hashes", "-r", str(lock)]
    uv = found("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
    else:
        command = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    _run([*command, *wanted], name)


def _npm(part: Path, lock: Path, _environment: Environment, name: str) -> None:
    """Exactly what the lock says, checked by its integrity; no package's scripts are run."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise ZooError(
            "node and npm are not installed",
            subject=f"environment {name}",
            remedy="install them (Debian: apt install nodejs npm), or leave out what needs them",
        )
    part.mkdir()
    for file in ("package.json", "package-lock.json"):
        shutil.copyfile(lock.parent / file, part / file)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([npm, "ci", *quiet, "--prefix", str(part)], name)


MAKERS: Mapping[str, Callable[[Path, Path, Environment, str], None]] = {
    "layer": _layer,
    "alone": _alone_standing,
    "npm": _npm,
}


def found(program: str) -> str | None:
    """A program beside this interpreter, or else on the path."""
    beside = Path(sys.executable).parent / program
    return str(beside) if beside.is_file() else shutil.which(program)


def _uv(name: str) -> str:
    uv = found("uv")
    if uv is None:
        raise ZooError("wants uv", subject=f"environment {name}", remedy="run make env")
    return uv


def _run(command: Sequence[str], name: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        print(said, file=sys.stderr)
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        raise ZooError(
            f"cannot be made: {' '.join(lines[-3:]) or f'exit status {done.returncode}'}"[:600],
            subject=f"environment {name}",
            remedy=REMEDY.format(name),
        )
