"""What a place must do to hold a store: a few verbs on named things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol


class Held(NamedTuple):
    """One thing on a shelf."""

    name: str
    size: int  # bytes
    used: float  # seconds since the epoch


class Shelf(Protocol):
    """A place for named things; names are relative paths with `/`."""

    place: str  # for messages

    def open(self, name: str) -> BinaryIO:
        """Read a thing; FileNotFoundError if it is not there."""

    def has(self, name: str) -> bool:
        """Whether a thing is there."""

    def put(self, name: str, content: BinaryIO) -> None:
        """Write a thing whole, or not at all."""

    def use(self, name: str) -> None:
        """Note that a thing was used now."""

    def drop(self, name: str) -> None:
        """Take a thing away, if it is there."""

    def held(self, below: str) -> Iterator[Held]:
        """Everything below a name, sorted."""

    def sweep(self) -> None:
        """Remove what killed writers left."""
