"""Writes records of a prepared data set to its output, one after another: see tfds.py."""

from __future__ import annotations

import importlib
import importlib.resources
import importlib.resources.abc
import json
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np


def tensorflow_datasets() -> Any:
    """The package; it imports a backport that only older Pythons need, and does not ask for it."""
    sys.modules.setdefault("importlib_resources", importlib.resources)
    return importlib.import_module("tensorflow_datasets")


def write(asked: dict[str, Any], out: BinaryIO) -> None:
    """A byte 1 and the arrays of each chosen record; a byte 0 at the end."""
    tfds = tensorflow_datasets()
    builder = tfds.builder_from_directory(asked["folder"])
    splits = builder.info.splits
    if asked["split"] not in splits:
        raise SystemExit(f"there is no split {asked['split']!r}; there are: {', '.join(splits)}")
    total = splits[asked["split"]].num_examples
    order = np.random.default_rng(asked["seed"]).permutation(total)
    chosen = {int(number) for number in order[: asked["count"]]}
    records = builder.as_dataset(split=asked["split"], shuffle_files=False)
    for number, record in enumerate(tfds.as_numpy(records)):
        if number in chosen:
            lacking = [name for name in asked["features"] if name not in record]
            if lacking:
                known = ", ".join(record)
                raise SystemExit(f"there is no feature {', '.join(lacking)}; there are: {known}")
            out.write(b"\x01")
            for name in asked["features"]:
                np.save(out, np.asarray(record[name]), allow_pickle=False)
            out.flush()
    out.write(b"\x00")


def main(argv: Sequence[str]) -> int:
    """Answer one question."""
    write(json.loads(argv[0]), sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
