"""The calibration samples of a recipe, as TensorFlow's converter wants them, and their record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.datasets.doubts import Doubts, words
from converters.datasets.interface import Interface, artifact_inputs
from converters.datasets.preprocess import Array
from converters.datasets.samples import data_set, digest, is_calibrating, samples
from converters.errors import RecipeError
from converters.recipes.recipe import Sampling, Variant


class Calibration:
    """Draws the samples in the artefact's layout, one at a time, and remembers what was drawn."""

    def __init__(
        self, variant: Variant, interface: Interface, model_folder: Path, sources: Path
    ) -> None:
        self.variant, self.interface = variant, interface
        self.model_folder, self.sources = model_folder, sources
        self.sampling = _sampling(variant)
        self.seen = hashlib.sha256()
        self.doubts: list[dict[str, str]] = []

    def __call__(self) -> Iterator[dict[str, Array]]:
        """The samples by signature name, from the first."""
        seen = hashlib.sha256()
        doubts = Doubts(self.variant.inputs, data_set(self.variant, self.sampling))
        drawn = samples(self.variant, self.sampling, self.model_folder, self.sources)
        for sample in drawn:
            given = self.interface.stored_inputs(artifact_inputs(self.variant, sample.inputs))
            fingerprint = digest(given)
            seen.update(fingerprint.encode())
            doubts.saw(sample.raw, sample.inputs, fingerprint)
            yield given
        self.seen, self.doubts = seen, doubts.found()  # of all: a look at some does not count
        print(*words(self.doubts, f"data {self.sampling.data}"), sep="\n", end="\n")

    @property
    def is_real(self) -> bool:
        """Whether the data stand for the model's real inputs; random ones do not."""
        return is_calibrating(self.variant, self.sampling)

    def record(self) -> Mapping[str, Any]:
        """The evidence: which data, how many, which seed, and the digest of what was drawn."""
        drawn = {"data": self.sampling.data, "count": self.sampling.count}
        block = self.variant.data[self.sampling.data]
        drawn |= {name: block[name] for name in ("kind", "set", "part") if name in block}
        drawn |= {"doubts": self.doubts} if self.doubts else {}
        return {**drawn, "seed": self.sampling.seed, "digest": self.seen.hexdigest()}


def _sampling(variant: Variant) -> Sampling:
    if variant.calibration is None:
        raise RecipeError(
            "an int8 kind needs calibration data, and the recipe names none",
            subject="calibration",
            remedy="add `calibration: {data: <name>, count: 100, seed: 0}` and the data set, "
            "or leave the int8 kinds out of `artifacts`",
        )
    return variant.calibration
