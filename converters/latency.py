"""latency: how long the built TFLite files take on this machine, beside the reports.

    python -m converters.latency digits u2netp/320x320

A time belongs to a machine and an hour, so it is no part of a build: packages stay equal byte for
byte wherever they are made. This command measures what is built, file by file in turns, with 1 and
2 threads, and writes results/<id>/<variant>/latency.json; the summary, releases and the site show
it for files that are still the same. Let nothing else run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from converters import stage
from converters.contents import file_digest
from converters.errors import ZooError
from converters.jobs import RESULTS
from converters.timing import THREADS, calm, in_turns, loaded
from converters.versions import versions

NOTE = "latency.json"


def measured(files: Mapping[str, Path], seconds: float, machine: str) -> dict[str, Any]:
    """What is written: per artefact and number of threads the median and the quartiles, in ms."""
    found: dict[str, dict[str, Any]] = {
        name: {"sha256": file_digest(path), "machine": machine, "threads": {}}
        for name, path in files.items()
    }
    for threads in THREADS:
        runs = [loaded(path, threads).invoke for path in files.values()]
        is_calm, taken = calm(in_turns(runs, seconds))
        for name, milliseconds in zip(files, taken, strict=True):
            found[name]["threads"][str(threads)] = {**spread(milliseconds), "calm": is_calm}
    for each in found.values():
        each["median_ms"] = each["threads"]["1"]["median_ms"]
    return {"machine": machine, "runtime": versions("tflite-runtime"), "artifacts": found}


def spread(milliseconds: Sequence[float]) -> dict[str, Any]:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(milliseconds, n=4, method="inclusive")
    numbers = {"median_ms": middle, "low_ms": low, "high_ms": high}
    return {**{k: round(v, 4) for k, v in numbers.items()}, "runs": len(milliseconds)}


def merged(report: Any, folder: Path, package: Path) -> Any:
    """A report with the latencies that were measured of the very files in its package."""
    path = folder / NOTE
    if not path.is_file():
        return report
    found = json.loads(path.read_text(encoding="utf-8"))["artifacts"]
    artifacts = {
        name: {**evidence, "latency": found[name]}
        if name in found and _is_same(package / f"{name}.tflite", found[name]["sha256"])
        else evidence
        for name, evidence in report["artifacts"].items()
    }
    return {**report, "artifacts": artifacts}


def _is_same(path: Path, digest: str) -> bool:
    return path.is_file() and file_digest(path) == digest


def this_machine() -> str:
    """The processor as it names itself, its cores and memory."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    name = found.group(1).strip() if found else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB"


def built(wanted: Sequence[str]) -> Iterator[Path]:
    """The folders of packaged variants: all, or those of `<id>` or `<id>/<variant>`."""
    patterns = [each if "/" in each else f"{each}/*" for each in wanted] or ["*/*"]
    folders = [path.parent for p in patterns for path in sorted(RESULTS.glob(f"{p}/package"))]
    if not folders:
        raise ZooError(
            f"nothing is packaged of {', '.join(wanted) or 'any model'}",
            subject=str(RESULTS),
            remedy="build it first: snakemake --cores 2 results/<id>/<variant>/package",
        )
    yield from dict.fromkeys(folders)


def lines(folder: Path, data: Any) -> Iterator[str]:
    """The measurement as a table."""
    yield f"{folder.parent.name}/{folder.name}, ms: median (quartiles)"
    for name, each in data["artifacts"].items():
        cells = (
            f"{t['median_ms']:9.3f} ({t['low_ms']:.3f}-{t['high_ms']:.3f})"
            f"{'' if t['calm'] else ' ~'}"
            for t in each["threads"].values()
        )
        yield f"  {name:12} " + "   ".join(cells)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write, print; 1 if there is nothing to measure."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m converters.latency", description=__doc__, formatter_class=form
    )
    parser.add_argument("models", nargs="*", help="<id> or <id>/<variant> (default: all built)")
    parser.add_argument("--seconds", type=float, default=2.0, help="per number of threads")
    parser.add_argument("--machine", default="", help="its name (default: its processor)")
    args = parser.parse_args(argv)
    machine = args.machine or this_machine()
    print(f"{machine}; load {os.getloadavg()[0]:.1f}; ~: threads waited for a processor")
    try:
        for folder in built(args.models):
            package = folder / "package"
            names = json.loads((package / "report.json").read_text())["artifacts"]
            paths = {name: package / f"{name}.tflite" for name in names}
            files = {name: path for name, path in paths.items() if path.is_file()}
            data = measured(files, args.seconds, machine)
            stage.write_json(folder / NOTE, data)
            print("\n".join(lines(folder, data)), flush=True)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
