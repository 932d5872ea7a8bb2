"""Measure how planning grows with the zoo.

python -m benchmarks.scale --write               zoos of 1, 10, 100 and 1000 recipes
python -m benchmarks.scale 1 10 --no-build       smaller ones, and nothing is converted
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from os import cpu_count, getloadavg
from pathlib import Path

from benchmarks.convert.machine import memory, processor
from benchmarks.scale import zoo
from benchmarks.scale.measure import Bench, Row
from benchmarks.scale.page import page
from converters.errors import ZooError
from converters.versions import versions

PAGE = Path("docs/scale.md")
SIZES = (1, 10, 100, 1000)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("sizes", type=int, nargs="*", default=SIZES, help="numbers of recipes")
    made.add_argument("--write", action="store_true", help=f"write {PAGE}")
    made.add_argument("--no-build", action="store_true", help="convert nothing at all")
    made.add_argument("--below", type=Path, help="folder for the zoos (default: a temporary one)")
    return made


def measured(args: argparse.Namespace) -> list[Row]:
    """A row per size, from small to large."""
    rows = []
    with tempfile.TemporaryDirectory(dir=args.below) as folder:
        bench = Bench(Path(folder), builds=not args.no_build)
        for count in sorted(set(args.sizes)):
            print(f"{count} recipes ...", file=sys.stderr, flush=True)
            rows.append(bench.row(count))
    return rows


def facts(args: argparse.Namespace) -> dict[str, str]:
    """Date, machine and command, as words; where the zoos lay does not matter."""
    options = [f"--{name}" for name in ("write", "no-build") if vars(args)[name.replace("-", "_")]]
    words = [*(str(size) for size in args.sizes if tuple(args.sizes) != SIZES), *options]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {cpu_count()} cores, {memory():.0f} GiB",
        "load": f"{getloadavg()[1]:.1f}",
        "snakemake": versions("snakemake")["snakemake"],
        "command": shlex.join(["python", "-m", "benchmarks.scale", *words]),
        "artefact": zoo.ONE_ARTEFACT,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    args = parser().parse_args(argv)
    try:
        rows = measured(args)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    text = page(rows, facts(args))
    if args.write:
        PAGE.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
