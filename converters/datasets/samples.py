"""Samples of a recipe's data set, one at a time, checked: `samples(variant, sampling, place)`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from converters.datasets import arrays, functions, noise, pictures, sounds, tables, tfds
from converters.datasets.place import Place, Reader
from converters.datasets.preprocess import Array, prepared
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Input, Options, Sampling, Variant

KINDS: dict[str, Reader] = {
    "pictures": pictures.read,
    "function": functions.read,
    "arrays": arrays.read,
    "sounds": sounds.read,
    "sklearn": tables.read,
    "tfds": tfds.read,
    "random": noise.read,
}
UNCALIBRATED = ("random",)
"""Kinds that say nothing of a model's real inputs."""


class Sample(NamedTuple):
    """One sample: inputs as the source model takes them, what they were made of, and the truth."""

    inputs: dict[str, Array]
    raw: Mapping[str, Array]
    target: Array | None


def samples(
    variant: Variant, sampling: Sampling, model_folder: Path, sources: Path
) -> Iterator[Sample]:
    """The samples of a calibration, verification or evaluation block, streamed."""
    options = data_set(variant, sampling)
    place = Place(variant.inputs, model_folder, sources)
    found, first, alike = 0, None, True
    for raw, target in KINDS[str(options["kind"])](options, sampling, place):
        inputs = {spec.name: _input(spec, raw, sampling, options) for spec in variant.inputs}
        found += 1
        fingerprint = digest(inputs)
        first = first or fingerprint
        alike = alike and fingerprint == first
        yield Sample(inputs, raw, target)
        if found == sampling.count:
            break
    _check_stream(sampling, found, alike)


def data_set(variant: Variant, sampling: Sampling) -> Options:
    """The data block that a sampling names; an unknown name or kind is the recipe's error."""
    if sampling.data not in variant.data:
        known = ", ".join(sorted(variant.data)) or "none"
        raise RecipeError(
            "is not declared", subject=f"data {sampling.data}", remedy=f"declared are: {known}"
        )
    options = variant.data[sampling.data]
    if options.get("kind") not in KINDS:
        raise RecipeError(
            f"no kind {options.get('kind')!r}",
            subject=f"data {sampling.data}",
            remedy=f"choose among {', '.join(KINDS)}",
        )
    return options


def is_calibrating(variant: Variant, sampling: Sampling) -> bool:
    """Whether a data set stands for the model's real inputs."""
    return data_set(variant, sampling)["kind"] not in UNCALIBRATED


def digest(inputs: Mapping[str, Array]) -> str:
    """A fingerprint of one sample's inputs."""
    state = hashlib.sha256()
    for name, values in sorted(inputs.items()):
        state.update(f"{name} {values.dtype.str} {values.shape};".encode())
        state.update(np.ascontiguousarray(values).tobytes())
    return state.hexdigest()


def _input(spec: Input, raw: Mapping[str, Array], sampling: Sampling, options: Options) -> Array:
    subject = f"data {sampling.data}, input {spec.name}"
    if spec.name not in raw:
        raise ZooError(
            f"a sample holds {', '.join(map(str, raw)) or 'nothing'}, not {spec.name}",
            subject=subject,
            remedy="yield a dictionary with a key for each input of the recipe",
        )
    values = prepared(spec, raw[spec.name])
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ZooError("a sample has NaN or infinite values", subject=subject, remedy=_MEND)
    low, high = options.get("range", (-np.inf, np.inf))
    if values.size and not (low <= values.min() and values.max() <= high):
        raise ZooError(
            f"values from {values.min():g} to {values.max():g} leave the declared range "
            f"{low:g} to {high:g}",
            subject=subject,
            remedy="mend preprocess or the data set's range",
        )
    return values


_MEND = "mend the data set: quantisation and evidence would be worthless"


def _check_stream(sampling: Sampling, found: int, alike: bool) -> None:
    subject = f"data {sampling.data}"
    if found < sampling.count:
        raise ZooError(
            f"gives {found} samples, {sampling.count} are wanted",
            subject=subject,
            remedy="lower `count` or give more data",
        )
    if alike and found > 1:
        raise ZooError(f"all {found} samples are alike", subject=subject, remedy=_MEND)
