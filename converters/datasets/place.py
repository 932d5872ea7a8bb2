"""What a kind of data set is given and gives: the signature that all kinds share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from converters import origin
from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Input, Options, Sampling

RawSamples = Iterator[tuple[Mapping[str, Array], Array | None]]
"""Raw inputs by name, and the target where the data set knows one."""


class Place(NamedTuple):
    """Where a data set is read: for which inputs, beside which recipe, from which downloads."""

    inputs: tuple[Input, ...]
    model_folder: Path
    sources: Path


Reader = Callable[[Options, Sampling, Place], RawSamples]


def inside(folder: Path, path: str, subject: str) -> Path:
    """An existing path below a folder; the error names the data set that wants it."""
    try:
        return origin.inside(folder, path)
    except RecipeError as error:
        raise RecipeError(error.cause, subject=f"{subject}: {path}", remedy=error.remedy) from error


def source_place(sources: Path, reference: str, subject: str) -> Path:
    """What a data set's `<source key>` or `<source key>/<path in it>` names.

    A source that is a single file is found by its key alone.
    """
    try:
        place = origin.origin_place(sources, reference)
    except ZooError as error:
        raise type(error)(
            error.cause, subject=f"{subject}: {reference}", remedy=error.remedy
        ) from error
    if place.is_file():
        return place
    files = [entry for entry in place.iterdir() if not entry.name.startswith(".")]
    return files[0] if len(files) == 1 else place


def chosen(total: int, sampling: Sampling) -> list[int]:
    """Which of a number of items a sampling takes: all, or a seeded subset in their order."""
    order = np.random.default_rng(sampling.seed).permutation(total)
    return sorted(int(i) for i in order[: sampling.count])
