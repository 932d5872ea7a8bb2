"""Data sets that ship inside scikit-learn: rows of a table, with their targets."""

from __future__ import annotations

import numpy as np

from converters.datasets.place import Place, RawSamples, chosen
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Options, Sampling

TABLES = ("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine")
"""Those that lie in the package; the others would be downloaded."""


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:
    """The rows that the sampling chooses, as float32; of digits, pictures `(8, 8)` from 0 to 16."""
    from sklearn import datasets

    subject = f"data {sampling.data}"
    if len(place.inputs) != 1:
        raise RecipeError(
            f"a table feeds one input, the model has {len(place.inputs)}", subject=subject
        )
    table = getattr(datasets, f"load_{options['table']}")()
    rows = table.get("images", table["data"])
    first, stop = options.get("rows", (0, len(rows)))
    if stop > len(rows):
        raise ZooError(
            f"{options['table']} has {len(rows)} rows, `rows` ends at {stop}",
            subject=subject,
            remedy="correct `rows`",
        )
    for number in chosen(stop - first, sampling):
        row = np.asarray(rows[first + number], np.float32)
        yield {place.inputs[0].name: row}, np.asarray(table["target"][first + number])
