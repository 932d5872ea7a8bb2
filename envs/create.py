"""Create the environment: `python3 envs/create.py .venv`. Needs Python 3.11 and nothing else.

Every version is pinned and checked by hash (main.txt). torch (torch.txt) is pinned by version
alone and installed by pip, so that pip's own configuration decides which build is taken: a CPU
wheel where one is found, else the registry's. uv does the rest when it can be had; pip otherwise.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKS = ("uv.txt", "main.txt", "torch.txt")
WANTED = (3, 11)


def fingerprint() -> str:
    """A digest of all locks: an environment that carries it is up to date."""
    return hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in LOCKS)).hexdigest()


def run(*command: str | Path) -> None:
    """Run a command and stop with its exit code if it fails."""
    subprocess.run([str(part) for part in command], check=True)


def installer(python: Path) -> list[str]:
    """`uv pip` if uv is there or can be installed from its lock; else pip itself."""
    found = shutil.which("uv")
    if not found:
        lock = str(HERE / "uv.txt")
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock]
        if subprocess.run(pip, check=False).returncode == 0:
            found = str(python.parent / "uv")
    if found:
        return [found, "pip", "install", "--python", str(python), "--compile-bytecode"]
    print("uv cannot be had here: pip installs, which takes some minutes longer", file=sys.stderr)
    return [str(python), "-m", "pip", "install"]


def create(folder: Path) -> None:
    """Make the environment, or leave it as it is when it already matches the locks."""
    stamp = folder / "locks.sha256"
    if stamp.is_file() and stamp.read_text() == fingerprint():
        return
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    run(*installer(python), "--quiet", "--require-hashes", "-r", HERE / "main.txt")
    run(python, "-m", "pip", "install", "--quiet", "-r", HERE / "torch.txt")
    stamp.write_text(fingerprint())


def main() -> int:
    """The command; its one argument is the folder."""
    if any(word.startswith("-") for word in sys.argv[1:]) or len(sys.argv) > 2:
        print(__doc__)
        return 0 if sys.argv[1:] in (["--help"], ["-h"]) else 2
    if sys.version_info[:2] != WANTED:
        have = ".".join(map(str, sys.version_info[:2]))
        print(f"error: this is Python {have}; the zoo needs 3.11 (tflite-runtime has no newer "
              "wheel)\n  remedy: install Python 3.11 and run `make env PYTHON=python3.11`",
              file=sys.stderr)  # fmt: skip
        return 1
    try:
        create(Path(sys.argv[1] if len(sys.argv) > 1 else ".venv"))
    except subprocess.CalledProcessError as error:
        command = " ".join(map(str, error.cmd[:4]))
        print(f"error: `{command} ...` failed (exit {error.returncode}); its message is above\n"
              "  remedy: check that the package registry is reached, then run `make env` again",
              file=sys.stderr)  # fmt: skip
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
