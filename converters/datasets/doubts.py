"""What looks wrong with samples though nothing proves it: doubts, each with a name.

What is certainly wrong (a value out of the declared range, another shape, no number, all alike) is
an error where the sample is drawn. A doubt is printed, and noted beside the calibration.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from converters.datasets.preprocess import Array, is_picture
from converters.recipes.colours import declared_mean, is_colour
from converters.recipes.recipe import Input, Options

FEW = 4
"""Below so many pictures their mean says nothing."""

CLEARLY = 30.0
"""Levels of 255, all channels together, by which a mean must miss the declared one."""

LEAST_USED = 0.1
"""Of a declared range that samples should reach."""


class Doubts:
    """Counts what is odd, sample by sample; keeps none of them."""

    def __init__(self, inputs: tuple[Input, ...], options: Options) -> None:
        self.inputs, self.options = inputs, options
        self.seen = self.grey = self.constant = self.repeated = 0
        self.pictures, self.colours = 0, np.zeros(3)
        self.low, self.high = np.inf, -np.inf
        self.last = ""

    def saw(self, raw: Mapping[str, Array], inputs: Mapping[str, Array], digest: str) -> None:
        """Look at one sample: what it was, and what the model is given."""
        self.seen += 1
        self.repeated += digest == self.last
        self.last = digest
        for spec in self.inputs:
            values = np.asarray(raw[spec.name])
            self.constant += bool(values.size) and bool(values.min() == values.max())
            if is_colour(spec) and is_picture(spec, values):
                self._saw_picture(values)
            if inputs[spec.name].size:
                self.low = min(self.low, float(inputs[spec.name].min()))
                self.high = max(self.high, float(inputs[spec.name].max()))

    def _saw_picture(self, picture: Array) -> None:
        self.pictures += 1
        if picture.ndim == 2 or (picture[..., :1] == picture[..., 1:3]).all():
            self.grey += 1
            self.colours += picture.mean()
        else:
            self.colours += picture[..., :3].mean(axis=(0, 1))

    def found(self) -> list[dict[str, str]]:
        """The doubts that are left when all samples were seen: name, and what it is about."""
        said = {
            "grey_pictures": self._greys(),
            "reversed_colours": self._reversed(),
            "constant_samples": self._counted(self.constant, "hold one value alone"),
            "repeated_samples": self._counted(self.repeated, "equal the sample before"),
            "unused_range": self._unused(),
        }
        return [{"name": name, "says": text} for name, text in said.items() if text]

    def _counted(self, count: int, what: str) -> str:
        return f"{count} of {self.seen} samples {what}" if count else ""

    def _greys(self) -> str:
        if not self.pictures or self.grey < self.pictures:
            return ""
        return f"all {self.pictures} pictures are grey, the input takes colours"

    def _reversed(self) -> str:
        """Whether the pictures' mean fits the declared one far better the other way round."""
        declared = next(filter(None, map(declared_mean, self.inputs)), None)
        if declared is None or self.pictures < FEW:
            return ""
        mean = self.colours / self.pictures
        here, there = (float(np.abs(m - np.array(declared)).sum()) for m in (mean, mean[::-1]))
        if here < CLEARLY or there > here / 2:
            return ""
        shown = ", ".join(f"{value:.0f}" for value in mean)
        return f"the channels' means ({shown}) fit the declared mean reversed: RGB or BGR?"

    def _unused(self) -> str:
        low, high = self.options.get("range", (0, 0))
        if low == high or self.high - self.low >= LEAST_USED * (high - low):
            return ""
        return f"values from {self.low:g} to {self.high:g} use little of {low:g} to {high:g}"


def words(found: list[dict[str, str]], subject: str) -> list[str]:
    """The doubts as they are printed."""
    return [f"doubt: {subject}: {each['name']}: {each['says']}" for each in found]
