"""Measure what transposes, movers and kernels cost each other, and fit the prices of layouts.

python -m benchmarks.prices --seconds 120 --write
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.convert.machine import described
from benchmarks.convert.measure import python
from benchmarks.prices.fit import Times, fitted
from benchmarks.prices.page import page
from converters.stage import quiet_tensorflow

PAGE = Path(__file__).parents[2] / "docs" / "prices.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prices", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="of measuring")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args(argv)
    quiet_tensorflow()
    times = measured(args.seconds)
    facts = {"runtime": version("tflite-runtime"), "seconds": f"{args.seconds:g}"}
    text = page(times, fitted(times), {**described(), **facts})
    print(text)
    if args.write:
        PAGE.write_text(text)
    return 0


def measured(seconds: float) -> Times:
    """Microseconds of every probe, in turns."""
    from benchmarks.prices.probes import probes

    wanted = list(probes())
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = [folder / f"{number}.tflite" for number in range(len(wanted))]
        for probe, file in zip(wanted, files, strict=True):
            file.write_bytes(probe.flatbuffer())
        out = folder / "times.json"
        usage = python("benchmarks.prices.times", folder, seconds, out, *files)
        if usage.code:
            raise SystemExit(usage.reason)
        return dict(zip(wanted, json.loads(out.read_text()), strict=True))


if __name__ == "__main__":
    sys.exit(main())
