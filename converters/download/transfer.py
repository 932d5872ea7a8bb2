"""From one place into a partial file: tried again while that may help, resumed where it stopped."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from converters.download.content import Expected, Intake
from converters.download.failures import TransientError, WrongContentError
from converters.download.http import Stream
from converters.download.options import FetchOptions
from converters.download.progress import Progress, spelled
from converters.download.store import Partial
from converters.errors import SourceError

FRUITFUL = 1 << 20
"""Bytes that make an attempt count as progress: a bad line is no reason to give up a large file."""
LONGEST_BACKOFF = 60.0


@dataclass(frozen=True)
class Place:
    """Somewhere that may serve a source."""

    name: str  # as messages call it
    origin: str  # mirror | url
    open: Callable[[int, str], AbstractContextManager[Stream]]  # offset, etag
    is_network: bool = True
    attempts: int | None = None  # fewer than usual for a place that may well be absent


class Transfer:
    """The transfer of one source into its partial file."""

    def __init__(
        self, partial: Partial, expected: Expected, options: FetchOptions, progress: Progress
    ) -> None:
        self.partial = partial
        self.expected = expected
        self.options = options
        self.progress = progress

    def run(self, place: Place) -> str:
        """Fill the partial file from a place; the sha256 of the whole."""
        failures = 0
        while True:
            had = self.partial.size
            try:
                return self._attempt(place)
            except TransientError as error:
                gained = self.partial.size - had
                failures = 1 if gained >= FRUITFUL else failures + 1
                self._wait(place, failures, error)
            except WrongContentError as error:
                if not had or self.partial.size:
                    raise
                # It was dropped: what was here before may be what is wrong.
                self.progress.say(f"{place.name}: {error.cause}; starting again")

    def _attempt(self, place: Place) -> str:
        offset, etag = self._resumable(place)
        if offset and offset == self.expected.size:
            return self._take(place, Stream(offset, iter(())))
        with place.open(offset, etag) as stream:
            return self._take(place, stream)

    def _take(self, place: Place, stream: Stream) -> str:
        # A place that shows with its first bytes that it is of no use must not cost what is here.
        first = next(stream.chunks, b"")
        self.expected.check_start(stream.start, stream.total, first)
        try:
            with (
                self.partial.intake(stream.start, self.expected) as intake,
                self.progress.bar(stream.start, stream.total or self.expected.size) as advance,
            ):
                self.partial.came_from(place.name, stream.etag)
                for chunk in itertools.chain([first], stream.chunks):
                    intake.take(chunk)
                    advance(len(chunk))
                return self._finish(intake, stream)
        except WrongContentError:
            self.partial.drop()
            raise

    def _finish(self, intake: Intake, stream: Stream) -> str:
        whole = self.expected.size if self.expected.size is not None else stream.total
        if whole is not None and intake.size < whole:
            raise TransientError(f"ended after {intake.size} of {whole} bytes")
        return intake.finish()

    def _resumable(self, place: Place) -> tuple[int, str]:
        """How much of what is here can stay, and the version it must be of.

        A checksum proves the bytes wherever they came from; without one, only the place itself
        can say that it still serves the same version.
        """
        etag = self.partial.etag(place.name)
        can_stay = bool(self.expected.sha256 or etag)
        has_room = self.expected.size is None or self.partial.size <= self.expected.size
        return (self.partial.size if can_stay and has_room else 0), etag

    def _wait(self, place: Place, failures: int, error: TransientError) -> None:
        attempts = min(self.options.attempts, place.attempts or self.options.attempts)
        if failures >= attempts:
            plural = f" ({attempts} attempts)" if attempts > 1 else ""
            raise SourceError(f"{error.cause}{plural}") from error
        # Jitter keeps many builds from knocking at the same moment.
        backoff = self.options.backoff * 2 ** (failures - 1) * random.uniform(0.5, 1.5)
        pause = max(error.pause, min(backoff, LONGEST_BACKOFF))
        here = f", {spelled(self.partial.size)} are here" if self.partial.size else ""
        self.progress.say(f"{place.name}: {error.cause}{here}; again in {pause:.1f} s")
        time.sleep(pause)
