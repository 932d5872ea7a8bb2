"""Data sets in `.npy` and `.npz` files: one sample per entry of the first axis.

A `.npy` file feeds the only input; a `.npz` holds an array per input, and `target` if it has one.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from converters.datasets.place import Place, RawSamples, chosen, inside, source_place
from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Options, Sampling

TARGET = "target"


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:
    """The entries that the sampling chooses; pickled objects are never loaded."""
    subject = f"data {sampling.data}"
    if options.get("source"):
        path = source_place(place.sources, str(options["source"]), subject)
    else:
        path = inside(place.model_folder, str(options["file"]), subject)
    with TemporaryDirectory() as folder:
        tables = _tables(path, place, subject, Path(folder))
        yield from _entries(path, tables, options, sampling)


def _entries(
    path: Path, tables: dict[str, Array], options: Options, sampling: Sampling
) -> RawSamples:
    subject = f"data {sampling.data}"
    lengths = {name: len(table) for name, table in tables.items()}
    if len(set(lengths.values())) != 1:
        raise ZooError(
            f"{path.name} holds arrays of different lengths: {lengths}",
            subject=subject,
            remedy="give every input, and the target, as many entries",
        )
    first, stop = options.get("rows", (0, min(lengths.values())))
    if stop > min(lengths.values()):
        raise ZooError(
            f"{path.name} has {min(lengths.values())} entries, rows end at {stop}",
            subject=subject,
            remedy="correct `rows`",
        )
    for i in (first + k for k in chosen(stop - first, sampling)):
        target = np.asarray(tables[TARGET][i]) if TARGET in tables else None
        yield {name: table[i] for name, table in tables.items() if name != TARGET}, target


def _members(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The arrays of an archive by name, each unpacked: then no more of it is read than is asked."""
    with zipfile.ZipFile(path) as archive:
        for number, name in enumerate(sorted(archive.namelist())):
            file = folder / f"{number}.npy"
            with archive.open(name) as packed, file.open("wb") as plain:
                shutil.copyfileobj(packed, plain)
            yield name.removesuffix(".npy"), file


def _mapped(file: Path) -> Array:
    table = np.load(file, allow_pickle=False, mmap_mode="r")
    return table if table.ndim else np.asarray(table)


def _tables(path: Path, place: Place, subject: str, folder: Path) -> dict[str, Array]:
    try:
        if path.suffix == ".npz":
            return {name: _mapped(file) for name, file in _members(path, folder)}
        table = np.load(path, allow_pickle=False, mmap_mode="r")
    except (ValueError, OSError, MemoryError, EOFError, zipfile.BadZipFile) as error:
        raise ZooError(
            f"{path.name} cannot be read: {error}",
            subject=subject,
            remedy="save plain arrays with numpy.save or numpy.savez",
        ) from error
    if len(place.inputs) != 1:
        raise RecipeError(
            f"{path.name} holds one array, the model has {len(place.inputs)} inputs",
            subject=subject,
            remedy="use an .npz file with an array per input",
        )
    return {place.inputs[0].name: table}
