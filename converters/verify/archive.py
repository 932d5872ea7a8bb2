"""The archives between the stages: `.npz` files whose keys are `<kind>/<name>`.

reference.npz holds the kinds input, output, picture and evaluation; what verify leaves of an
artefact, output. The first axis counts the samples. Equal content gives equal bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from converters import stage
from converters.datasets.preprocess import Array
from converters.errors import ZooError

Tables = Mapping[str, Array]

SHOWN = 3
"""How many samples are shown as pictures."""


def read(path: Path) -> dict[str, Array]:
    """The content of an archive."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def write(path: Path, tables: Tables) -> None:
    """Write an archive, whole or not at all."""
    with stage.made_whole(path) as part, part.open("wb") as file:
        np.savez(file, **tables)


def stacked(kind: str, entries: Sequence[Tables]) -> dict[str, Array]:
    """`<kind>/<name>` -> the values of all samples along a new first axis."""
    try:
        return {f"{kind}/{name}": np.stack([e[name] for e in entries]) for name in entries[0]}
    except ValueError as error:
        raise ZooError(
            f"the samples give {kind}s of different shapes: {error}",
            subject=kind,
            remedy="fix the input shapes; outputs that depend on the data cannot be compared",
        ) from error


def of_kind(tables: Tables, kind: str) -> dict[str, Array]:
    """The part of an archive under `<kind>/`, by name."""
    prefix = f"{kind}/"
    return {k.removeprefix(prefix): v for k, v in tables.items() if k.startswith(prefix)}


def entries_of(tables: Tables, kind: str) -> list[dict[str, Array]]:
    """The samples of a kind, one by one."""
    values = of_kind(tables, kind)
    count = len(next(iter(values.values()), ()))
    return [{name: value[i] for name, value in values.items()} for i in range(count)]
