"""intact: whether every result is still, byte by byte, what its job left.

    python -m converters.intact                       everything that was built here
    python -m converters.intact digits u2netp         these models
    python -m converters.intact --package FOLDER ...  packages, by their own manifests, anywhere

Reads all files again and compares them with the traces of their jobs (of a package: with its
manifest): each that changed, is gone or was added is listed. Exit code 0: all are intact; 1: some
are not; building again (`snakemake`) makes them anew, from the store where it has them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters.contents import file_digest, files_below
from converters.errors import ZooError
from converters.package import MANIFEST
from converters.traces import FOLDER, Trace, all_traces

CHANGED, GONE, ADDED = "was changed", "is gone", "was added"
UNREADABLE = "cannot be read: what its job made is not known"

WITHOUT_TRACE = ("recipe.checked",)
"""What a build leaves beside variants and no job accounts for."""


class Finding(NamedTuple):
    """A file that is not as it was left."""

    path: Path
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


class Checked(NamedTuple):
    """What one check came to."""

    jobs: int
    files: int
    findings: list[Finding]

    def record(self, of_what: str) -> dict[str, Any]:
        """As JSON data."""
        found = [{"path": str(each.path), "what": each.what} for each in self.findings]
        return {"of": of_what, "jobs": self.jobs, "files": self.files, "findings": found}


def differences(path: Path, digests: Mapping[str, str]) -> Iterator[Finding]:
    """Where a file (`.`) or the files of a folder differ from what they were."""
    there = set(files_below(path))
    for name in sorted(there | set(digests)):
        file = path if name == "." else path / name
        if name not in there:
            yield Finding(file, GONE)
        elif name not in digests:
            yield Finding(file, ADDED)
        elif file_digest(file) != digests[name]:
            yield Finding(file, CHANGED)


def check_results(models: Sequence[str] = ()) -> Checked:
    """Everything that jobs left here, or what they left of some models."""
    traces = list(all_traces(models))
    found: dict[Finding, None] = {}
    known: set[Path] = set()
    for place, trace in traces:
        found |= dict.fromkeys(_of_a_job(place, trace))
        known |= {Path(path) for path in (trace.outputs if trace else ())}
    found |= dict.fromkeys(strangers({place.parents[2] for place, _trace in traces}, known))
    files = sum(len(o.files) for _, trace in traces if trace for o in trace.outputs.values())
    return Checked(len(traces), files, sorted(found))


def _of_a_job(place: Path, trace: Trace | None) -> Iterator[Finding]:
    if trace is None:
        yield Finding(place, UNREADABLE)
        return
    for path, output in trace.outputs.items():
        digests = {name: file[0] for name, file in output.files.items()}
        yield from differences(Path(path), digests)
        if output.is_folder and not Path(path).is_dir():
            yield Finding(Path(path), GONE)


def strangers(variants: set[Path], known: set[Path]) -> Iterator[Finding]:
    """Files in the folders of variants that no job made."""
    for variant in variants:
        for name in files_below(variant):
            path = variant / name
            is_ours = path.relative_to(variant).parts[0] == FOLDER or path.name in WITHOUT_TRACE
            if not is_ours and not known & {path, *path.parents}:
                yield Finding(path, ADDED)


def check_package(folder: Path) -> Checked:
    """A package, by its manifest."""
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())["files"]
        digests = {str(name): str(file["sha256"]) for name, file in listed.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ZooError(
            f"no manifest that can be read: {error}",
            subject=str(folder),
            remedy="name the folder that holds manifest.json",
        ) from error
    found = [each for each in differences(folder, digests) if each.path != folder / MANIFEST]
    return Checked(1, len(digests), found)


def text(checked: Checked, of_what: str) -> Iterator[str]:
    """The findings, and what they come to."""
    yield from map(str, checked.findings)
    state = f"{len(checked.findings)} are not as they were left" if checked.findings else "intact"
    yield f"{checked.files} files of {checked.jobs} {of_what}: {state}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.intact",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="*", help="ids of models (default: all that are built)")
    parser.add_argument("--package", type=Path, nargs="+", default=[], help="folders of packages")
    parser.add_argument("--json", action="store_true", help="print data instead of lines")
    args = parser.parse_args(argv)
    checks: list[tuple[Checked, str]] = []
    try:
        checks += [(check_package(folder), f"package, {folder}") for folder in args.package]
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.model or not args.package:
        checks.append((check_results(args.model), "jobs"))
    if args.json:
        print(json.dumps([checked.record(of_what) for checked, of_what in checks], indent=2))
    else:
        print("\n".join(line for each in checks for line in text(*each)))
    return 1 if any(checked.findings for checked, _ in checks) else 0


if __name__ == "__main__":
    raise SystemExit(main())
