"""The same environments for conda: envs/<name>.yaml, made from the locks.

conda has neither layers nor hashes of wheels: the file of a layer lists the main environment too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from converters.environments.place import pins
from converters.environments.table import ENVIRONMENTS, LOCKS, MAIN, environment_named, lock_of

HEADER = """\
# Made by `python -m converters.environments conda` from envs/{name}.txt: do not edit.
# Every package is listed, so none is resolved: PIP_NO_DEPS=1 conda env create -f envs/{name}.yaml
"""


def listed(name: str, locks: Path = LOCKS) -> dict[str, str]:
    """Package -> version, of all that is installed in an environment."""
    below = {}
    if environment_named(name).kind == "layer":
        below = {**pins(locks / MAIN), **pins(locks / "torch.txt")}
    return {**below, **pins(lock_of(name, locks))}


def text(name: str, locks: Path = LOCKS) -> str:
    """The file of an environment."""
    packages = "".join(f"      - {p}=={v}\n" for p, v in sorted(listed(name, locks).items()))
    return (
        HEADER.format(name=name)
        + f"name: zoo-{name}\nchannels: [conda-forge, nodefaults]\ndependencies:\n"
        + f"  - python={environment_named(name).python}\n  - pip\n  - pip:\n{packages}"
    )


def write(locks: Path = LOCKS) -> Iterator[Path]:
    """Write the file of every environment that has an interpreter and a lock."""
    written = []
    for name, environment in ENVIRONMENTS.items():
        if environment.is_python and lock_of(name, locks).is_file():
            path = locks / f"{name}.yaml"
            path.write_text(text(name, locks), encoding="utf-8")
            written.append(path)
    return iter(written)
