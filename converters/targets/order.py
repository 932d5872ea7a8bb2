"""What a maker is asked for, and the samples that it may draw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from converters.datasets.interface import Interface, Stored, artifact_inputs
from converters.datasets.preprocess import Array
from converters.datasets.samples import samples
from converters.errors import RecipeError
from converters.recipes.recipe import Options, Variant
from converters.targets.table import INTERFACE, TARGETS, Target, file_of


class Order(NamedTuple):
    """One target of one variant."""

    name: str
    variant: Variant
    model_folder: Path
    sources: Path
    origin: Path  # SavedModel, ONNX, IR or TFLite file; of a network, the SavedModel
    interface: Interface  # of the TensorFlow artefacts
    folder: Path  # to fill

    @property
    def target(self) -> Target:
        """Its row of the table."""
        return TARGETS[self.name]

    @property
    def options(self) -> Options:
        """What the recipe says of targets."""
        return self.variant.stages.get("target_options", {})

    @property
    def file(self) -> Path:
        """The file that users open."""
        return self.folder / file_of(self.name)

    @property
    def is_channels_first(self) -> bool:
        """Whether the origin has the source's own order of axes: the source's ONNX, an IR."""
        return self.target.origin == "ir" or self.origin.name == "simplified.onnx"

    def write_interface(self, interface: Interface, *, takes_source: bool = False) -> None:
        """Say beside the target how it stores what.

        With `takes_source` its inputs are the source's, without what `ir:` built into artefacts.
        """
        sides = {side: [each._asdict() for each in getattr(interface, side)] for side in SIDES}
        text = json.dumps({**sides, "takes_source": takes_source}, indent=2)
        (self.folder / INTERFACE).write_text(text + "\n", encoding="utf-8")

    def samples(self) -> Iterator[dict[str, Array]]:
        """The calibration samples, as the origin takes them."""
        sampling = self.variant.calibration
        if sampling is None:
            raise RecipeError(
                f"{self.name} needs calibration data, and the recipe names none",
                subject="calibration",
                remedy="add `calibration: {data: <name>, count: 100, seed: 0}` and the data set, "
                "or leave the target out",
            )
        for sample in samples(self.variant, sampling, self.model_folder, self.sources):
            if self.origin.name == "simplified.onnx":
                yield dict(sample.inputs)
                continue
            given = artifact_inputs(self.variant, sample.inputs)
            yield given if self.is_channels_first else self.interface.stored_inputs(given)


SIDES = ("inputs", "outputs")


def in_source_order(interface: Interface) -> Interface:
    """The same tensors with the axes where the source has them."""
    return Interface(*(tuple(map(unmoved, getattr(interface, side))) for side in SIDES))


def unmoved(stored: Stored) -> Stored:
    """A tensor stored as the source has it."""
    shape = [0] * len(stored.shape)
    for size, axis in zip(stored.shape, stored.order, strict=True):
        shape[axis] = size
    return stored._replace(shape=tuple(shape), order=tuple(range(len(shape))))


def facts_file(folder: Path) -> Any:
    """What a target's folder says of its interface."""
    return json.loads((folder / INTERFACE).read_text(encoding="utf-8"))
