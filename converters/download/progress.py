"""What a person sees of a download: a bar on a terminal, one line at start and end in a log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

STEPS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def spelled(size: int) -> str:
    """A number of bytes as people say it."""
    for step, unit in STEPS:
        if size >= step:
            return f"{size / step:.1f} {unit}"
    return f"{size} bytes"


class Progress:
    """Tells of one source; says nothing if asked to be quiet."""

    def __init__(self, label: str, quiet: bool = False) -> None:
        self.label = label
        self.quiet = quiet

    def say(self, text: str) -> None:
        """One line."""
        if not self.quiet:
            print(f"{self.label}: {text}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def bar(self, done: int, total: int | None) -> Iterator[Callable[[int], object]]:
        """A function to call with the number of bytes that came."""
        if self.quiet or not sys.stderr.isatty():
            yield lambda _: None
            return
        import tqdm

        with tqdm.tqdm(
            desc=self.label, initial=done, total=total, unit="B", unit_scale=True, leave=False
        ) as bar:
            yield bar.update
