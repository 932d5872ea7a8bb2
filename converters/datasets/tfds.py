"""Data sets that tensorflow-datasets has prepared: records on this disk, streamed from a process.

Nothing is downloaded here: what a build reads is a source with its checksum, a folder beside the
recipe, or a data set of a stated version that somebody prepared. TensorFlow reads the records in
a process of its own, for the runtimes that draw samples cannot share one with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import numpy as np

from converters.datasets.place import Place, RawSamples, inside, source_place
from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Options, Sampling

VARIABLE = "TFDS_DATA_DIR"
"""Where prepared data sets lie, as tensorflow-datasets has it."""

INFO = "dataset_info.json"


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:
    """The records of a split that the sampling chooses, in their order."""
    subject = f"data {sampling.data}"
    folder = _folder(options, place, subject)
    names = options.get("features") or {}
    wanted = {spec.name: names.get(spec.name) for spec in place.inputs}
    if None in wanted.values():
        missing = ", ".join(name for name, key in wanted.items() if key is None)
        raise RecipeError(
            f"says no feature for input {missing}",
            subject=subject,
            remedy="add `features: {<input>: <feature>}`",
        )
    asked = {
        "folder": str(folder),
        "split": options["split"],
        "features": [*wanted.values(), *([options["target"]] if options.get("target") else [])],
        "count": sampling.count,
        "seed": sampling.seed,
    }
    for arrays in _streamed(asked, subject):
        target = arrays[len(wanted)] if options.get("target") else None
        yield dict(zip(wanted, arrays, strict=False)), target


def _folder(options: Options, place: Place, subject: str) -> Path:
    """The folder of a prepared data set: the only one with an info file in what was named."""
    if options.get("source"):
        root = source_place(place.sources, str(options["source"]), subject)
    elif options.get("folder"):
        root = inside(place.model_folder, str(options["folder"]), subject)
    else:
        home = os.environ.get(VARIABLE) or "~/tensorflow_datasets"
        root = Path(home).expanduser() / str(options["name"])
    found = sorted(file.parent for file in root.rglob(INFO)) if root.is_dir() else []
    if len(found) == 1:
        return found[0]
    raise ZooError(
        f"holds {len(found)} prepared data sets in {root}",
        subject=subject,
        remedy="name the folder of one configuration and version; "
        f"`tfds build` prepares data sets, {VARIABLE} says where they lie",
    )


def _streamed(asked: dict[str, Any], subject: str) -> Iterator[list[Any]]:
    """The arrays of each record; the process that reads them ends with this generator."""
    command = [sys.executable, "-m", "converters.datasets.records", json.dumps(asked)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        while process.stdout.read(1) == b"\x01":
            yield [_array(process.stdout) for _ in asked["features"]]
        if process.wait() != 0:
            words = process.stderr.read().decode(errors="replace").strip().splitlines()
            raise ZooError(
                words[-1] if words else "cannot be read",
                subject=subject,
                remedy="correct `split` and `features`, or prepare the data set again",
            )
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def _array(stream: IO[bytes]) -> Array:
    """The next array in a stream, without pickled objects."""
    read: Any = np.lib.format.read_array
    # a pipe has no position, which numpy asks every file for
    return np.asarray(read(SimpleNamespace(read=stream.read), allow_pickle=False))
