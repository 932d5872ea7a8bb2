"""Why one place did not serve a source; the next place may do better."""

from __future__ import annotations

from converters.errors import SourceError


class TransientError(SourceError):
    """What may go well when it is tried again: a cut line, a busy server."""

    def __init__(self, cause: str, *, subject: str = "", pause: float = 0.0) -> None:
        super().__init__(cause, subject=subject)
        self.pause = pause  # seconds that the server asks to wait


class AbsentError(SourceError):
    """The place does not hold the source."""


class WrongContentError(SourceError):
    """The place serves something else than the recipe names."""
