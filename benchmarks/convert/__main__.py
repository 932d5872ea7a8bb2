"""Measure the converter beside its peer on ONNX files.

python -m benchmarks.convert --zoo --write        a variant of every model in results/
python -m benchmarks.convert a.onnx b.onnx        print the page only
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.convert import peers
from benchmarks.convert.examine import SAMPLES
from benchmarks.convert.machine import described
from benchmarks.convert.measure import BACKENDS, Bench, Row, rows
from benchmarks.convert.page import page
from converters.errors import ZooError

PAGE = Path("docs/benchmarks.md")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("onnx", type=Path, nargs="*", help="ONNX files with fixed shapes")
    made.add_argument("--zoo", action="store_true", help="add a variant of each model in results/")
    made.add_argument("--write", action="store_true", help=f"write {PAGE}")
    made.add_argument("--json", type=Path, help="write every number as JSON")
    made.add_argument("--alone", action="store_true", help="measure ours only")
    made.add_argument("--tf-converter", action="store_true", help="the peer's older backend too")
    made.add_argument(
        "--seconds", type=float, default=3.0, help="for latencies, per network and threads"
    )
    return made


def networks(files: Sequence[Path], with_zoo: bool) -> dict[str, Path]:
    """The ONNX files by the names they have in the table."""
    found = {f"{path.parts[-3]} {path.parts[-2]}": path for path in zoo()} if with_zoo else {}
    for path in files:
        in_zoo = path.name == "simplified.onnx" and len(path.parts) > 2
        name = f"{path.parts[-3]} {path.parts[-2]}" if in_zoo else path.stem
        found[name] = path
    absent = [path for path in found.values() if not path.is_file()]
    if absent or not found:
        named = ", ".join(map(str, absent)) or "no ONNX files"
        raise ZooError("not found", subject=named, remedy="build the zoo, or name ONNX files")
    return {name: path.resolve() for name, path in found.items()}


def zoo() -> list[Path]:
    """What the zoo's simplify stage has made here, of each model its first variant."""
    found = sorted(Path("results").glob("*/*/simplified.onnx"), reverse=True)
    return sorted({path.parts[-3]: path for path in found}.values())


def peer_or_reason(alone: bool) -> tuple[peers.Environment | None, str]:
    """The peer's environment, or why there is none."""
    if alone:
        return None, "it was not asked for (`--alone`)."
    try:
        return peers.environment(), ""
    except ZooError as error:
        return None, f"{error.subject} {error.cause}. Remedy: {error.remedy}."


def measured(args: argparse.Namespace, peer: peers.Environment | None) -> list[Row]:
    """The rows of all networks."""
    backends = list(BACKENDS)[: 1 + args.tf_converter]
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), peer, backends, args.seconds)
        for model, onnx in networks(args.onnx, args.zoo).items():
            print(f"{model} ...", file=sys.stderr, flush=True)
            found += rows(bench, model, onnx)
    return found


def write(args: argparse.Namespace, found: Sequence[Row], facts: Mapping[str, str]) -> None:
    """The JSON that was asked for."""
    table = [dataclasses.asdict(row) for row in found]
    for row in table:
        for usage in (row["ir"], row["usage"]):
            usage and usage.pop("log")
    args.json.write_text(json.dumps({**facts, "rows": table}, indent=1) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(words)
    try:
        networks(args.onnx, args.zoo)
        peer, missing = peer_or_reason(args.alone)
        found = measured(args, peer)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    command = f"python -m benchmarks.convert {shlex.join(words)}"
    facts = {**described(), "command": command, "samples": str(SAMPLES)}
    if args.json:
        write(args, found, facts)
    text = page(found, facts, missing)
    if args.write:
        PAGE.write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
