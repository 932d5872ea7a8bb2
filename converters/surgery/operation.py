"""What an operation of surgery is given and what it makes, and the table of all operations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from converters.errors import RecipeError

Model = Any
"""An `onnx.ModelProto`, with the shapes inferred that can be."""

Array = Any
"""A `numpy.ndarray`."""

Proof = Callable[[Model, Model, Callable[[str, tuple[int, ...], str], Array]], float]
"""Given the models before and after, and a source of random values by name, shape and dtype: by
how much the change is not what it says, in parts of the largest value."""


class Site(NamedTuple):
    """Where an operation stands."""

    subject: str  # such as `surgery[2].softmax`
    folder: Path  # the model's
    sources: Path  # the model's downloads

    def error(self, cause: str, remedy: str, at: str = "") -> RecipeError:
        """An error about the operation, or about one of its fields."""
        subject = f"{self.subject}.{at}" if at else self.subject
        return RecipeError(cause, subject=subject, remedy=remedy)


class Change(NamedTuple):
    """A changed model, and what is claimed of it."""

    model: Model
    says: str  # in words, for the facts
    proof: Proof | None = None  # None: other numbers are the purpose; how far they move is measured


Operation = Callable[[Model, Any, Site], Change]

OPERATIONS: dict[str, Operation] = {}
"""All operations by the name that recipes use; models/schema.yaml describes their fields."""


def operation(name: str) -> Callable[[Operation], Operation]:
    """Put an operation into the table."""

    def put(function: Operation) -> Operation:
        if name in OPERATIONS:
            raise ValueError(f"there are two operations {name}")
        OPERATIONS[name] = function
        return function

    return put
