"""The bench: fresh zoos, what an undisturbed build of them makes, and chance with a seed."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from benchmarks.faults.build import Build, Ended
from benchmarks.faults.zoo import contents, differences, make_zoo


class Outcome(NamedTuple):
    """What became of one trial of a fault."""

    survived: bool
    words: str


class Impossible(Exception):  # noqa: N818 - no error: this machine cannot show the fault
    """The fault cannot be brought about here; says why."""


Fault = Callable[["Bench"], Outcome]


class Bench:
    """Where faults are tried."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.seed = seed
        self.chance = random.Random(seed)
        self._numbers = itertools.count()

    def folder(self) -> Path:
        """A new folder."""
        made = self.root / f"{next(self._numbers):03}"
        made.mkdir(parents=True)
        return made

    def zoo(self, **choices: str) -> Path:
        """A fresh zoo."""
        return make_zoo(self.folder(), **choices)

    def furnish(self, folder: Path) -> Path:
        """A fresh zoo in a folder that is there."""
        return make_zoo(folder)

    @cached_property
    def undisturbed(self) -> Mapping[str, str]:
        """The contents of a build that nothing happens to."""
        folder, began = self.zoo(), time.monotonic()
        self.ended = Build(folder).ended()
        self.seconds = time.monotonic() - began
        if self.ended.code:
            raise RuntimeError(f"the undisturbed build fails:\n{self.ended.output}")
        return contents(folder)

    @cached_property
    def store(self) -> Path:
        """A store that has everything; only read it."""
        store = self.folder()
        code = Build(self.zoo(), store).ended().code
        if code:
            raise RuntimeError("the build that fills a store fails")
        return store

    def judged(
        self,
        folder: Path,
        ended: Ended,
        words: str = "",
        wanted: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Whether a build ended well and made what an undisturbed one makes."""
        if ended.code:
            return Outcome(False, f"exit {ended.code}: {last_words(ended)}")
        other = differences(contents(folder), dict(wanted or self.undisturbed))
        return Outcome(not other, other or words or ended.stages)

    def rebuilt(
        self,
        folder: Path,
        store: Path | str = "off",
        words: str = "",
        wanted: Mapping[str, str] | None = None,
    ) -> Outcome:
        """The same command again, judged; the one after it must find nothing to do."""
        judged = self.judged(folder, Build(folder, store).ended(), words, wanted)
        if not judged.survived:
            return judged
        again = Build(folder, store).ended()
        if again.code or "Nothing to be done" not in again.output:
            return Outcome(False, f"a third build has something to do: {last_words(again)}")
        return judged


def last_words(ended: Ended) -> str:
    """The last line of a build's output that says something."""
    lines = [line.strip() for line in ended.output.splitlines() if "rror" in line]
    return (lines or [""])[-1][:160]


def is_root() -> bool:
    """Whether permissions of files do not count."""
    return os.geteuid() == 0
