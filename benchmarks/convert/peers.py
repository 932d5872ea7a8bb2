"""The environment of the peer: made from envs/peers.txt, one folder per content of that lock."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from converters.errors import ZooError
from envs import create

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = ROOT / "envs" / "peers.txt"
FOLDER = ROOT / ".venvs"
WANTED = (3, 12)
"""The Python that the lock is made for; onnx2tf 2 has none for the zoo's own."""


@dataclass(frozen=True)
class Environment:
    """Where the peer's programs lie."""

    bin: Path

    def variables(self) -> dict[str, str]:
        """The environment of its processes: it calls its own programs by name."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**kept, "PATH": f"{self.bin}{os.pathsep}{kept.get('PATH', os.defpath)}"}


def locked_version(package: str, lock: Path = LOCK) -> str:
    """The version of a package in a lock."""
    found = re.search(rf"^{re.escape(package)}==(\S+)", lock.read_text(), re.MULTILINE)
    return found.group(1) if found else "unknown"


def environment(lock: Path = LOCK, below: Path = FOLDER) -> Environment:
    """The environment, made if it is not there; a `ZooError` says why it cannot be."""
    folder = below / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    stamp = folder / "complete"
    if not stamp.is_file():
        python = find_python()
        below.mkdir(exist_ok=True)
        (below / ".gitignore").write_text("*\n")
        shutil.rmtree(folder, ignore_errors=True)
        install(python, folder, lock)
        stamp.touch()
    return Environment(folder / "bin")


def install(python: Path, folder: Path, lock: Path) -> None:
    """Make an environment and install a lock into it."""
    print(f"making the peer's environment {folder.name} ...", file=sys.stderr)
    try:
        create.run(python, "-m", "venv", folder)
        inside = folder / "bin" / "python"
        create.run(*installer(inside), "--quiet", "--require-hashes", "-r", lock)
    except (subprocess.CalledProcessError, OSError) as error:
        raise ZooError(
            f"cannot be installed: {error}",
            subject=lock.name,
            remedy="check that the package registry is reached; the message is above",
        ) from error


def installer(python: Path) -> list[str]:
    """As for the zoo's own environment, whose uv is taken if it has one."""
    beside = Path(sys.executable).parent / "uv"
    if beside.is_file():
        return [str(beside), "pip", "install", "--python", str(python)]
    return create.installer(python)


def find_python() -> Path:
    """An interpreter of the version that the lock is made for."""
    for candidate in candidates():
        if version_of(candidate) == WANTED:
            return candidate
    wanted = ".".join(map(str, WANTED))
    raise ZooError(
        f"needs Python {wanted}, and none was found",
        subject="the peer's environment",
        remedy=f"install python{wanted}, or name one in PEER_PYTHON",
    )


def candidates() -> Iterator[Path]:
    """Where an interpreter may lie: as named, on the PATH, or where pyenv and uv keep theirs."""
    name = ".".join(map(str, WANTED))
    if named := os.environ.get("PEER_PYTHON"):
        yield Path(named)
    if found := shutil.which(f"python{name}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{name}*/bin/python"))
    managed = Path.home() / ".local" / "share" / "uv" / "python"
    yield from sorted(managed.glob(f"cpython-{name}*/bin/python3"))


def version_of(python: Path) -> tuple[int, ...]:
    """Major and minor; nothing for what does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    except (subprocess.CalledProcessError, OSError):
        return ()
    return tuple(int(word) for word in said.stdout.split())
