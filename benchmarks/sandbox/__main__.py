"""Run a few commands bare and in the sandbox, and compare what they cost.

python -m benchmarks.sandbox --write              rewrites the table in docs/security.md
python -m benchmarks.sandbox --repeats 3          prints it only
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.convert.machine import described
from converters import sandbox

PAGE = Path("docs/security.md")
PLACE = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end -->)", re.DOTALL)

COMMANDS = {
    "Python that does nothing": "pass",
    "Python that imports torch": "import torch",
}


class Cost(NamedTuple):
    """Seconds of the processor, and of the clock."""

    cpu: float
    wall: float


USED = (
    "import resource; u = resource.getrusage(resource.RUSAGE_SELF); print(u.ru_utime + u.ru_stime)"
)
"""What goes behind a command: a process in a namespace of its own is not counted outside."""


def cost_of(code: str, mode: str) -> Cost:
    """One run."""
    os.environ[sandbox.MODE] = mode
    began = time.monotonic()
    with tempfile.TemporaryFile() as said:
        words = [sys.executable, "-c", f"{code}\n{USED}"]
        ended = sandbox.run(words, sandbox.Files(), output=said)
        wall = time.monotonic() - began
        said.seek(0)
        lines = said.read().decode().split()
    if ended:
        raise SystemExit(f"{code}: exit code {ended}")
    return Cost(float(lines[-1]), wall)


def median(code: str, mode: str, repeats: int) -> Cost:
    """The middle of several runs, each measure by itself; the first one fills caches."""
    costs = [cost_of(code, mode) for _ in range(repeats + 1)][1:]
    return Cost(*(statistics.median(each) for each in zip(*costs, strict=True)))


def table(repeats: int, command: str) -> str:
    """The measurements as Markdown."""
    facts = described()
    lines = [
        f"Measured on {facts['date']} by `{command}`, on {facts['machine']}, "
        f"with a load of {facts['load']} from other work; medians of {repeats}. "
        "Bare is the same process with the limits alone.",
        "",
        "| command | bare, CPU s | sandbox, CPU s | bare, s | sandbox, s |",
        "|---|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, code in COMMANDS.items():
            bare, boxed = median(code, "off", repeats), median(code, "required", repeats)
            cells = (bare.cpu, boxed.cpu, bare.wall, boxed.wall)
            lines.append(f"| {name} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
        os.chdir(sandbox.ROOT)
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table or write it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sandbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeats", type=int, default=5, help="how often (default: 5)")
    parser.add_argument("--write", action="store_true", help=f"write into {PAGE}")
    args = parser.parse_args(argv)
    words = sys.argv[1:] if argv is None else argv
    made = table(args.repeats, shlex.join(["python", "-m", "benchmarks.sandbox", *words]))
    if not args.write:
        print(made, end="")
        return 0
    PAGE.write_text(PLACE.sub(lambda _: made, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
