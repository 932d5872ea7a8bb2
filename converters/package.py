"""package: one folder per variant with its artefacts, the report and a manifest of them all.

    python -m converters.package digits 8x8 --artifacts results/digits/8x8/float32.tflite \\
        --report results/digits/8x8/report.json --interface results/digits/8x8/interface.json \\
        --pictures results/digits/8x8/pictures --out /tmp/package

The manifest lists every file with its sha256 and size in a stable order, and the versions that
made them. Files are copied, never linked: what is packaged no longer changes with the build.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from converters import stage
from converters.contents import ONLY_SNAKEMAKES, file_digest
from converters.errors import ZooError
from converters.report import uncalibrated

MANIFEST = "manifest.json"


def manifest(folder: Path, report: Any) -> dict[str, Any]:
    """What is in a package: path -> sha256 and size in bytes, and the producing versions."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = {path.relative_to(folder).as_posix(): _identity(path) for path in files}
    versions = {
        name: facts["versions"]
        for name, facts in sorted(report["stages"].items())
        if facts.get("versions")
    }
    return {
        "schema": 1,
        "model": report["model"],
        "variant": report["variant"],
        "license": report["license"],
        "files": listed,
        "versions": versions,
        "uncalibrated": uncalibrated(report),
    }


def _identity(path: Path) -> dict[str, Any]:
    return {"sha256": file_digest(path), "size": path.stat().st_size}


def fill(folder: Path, artifacts: list[Path], extras: list[Path]) -> None:
    """Copy artefacts (an IR with its weights) and extras into a new folder."""
    folder.mkdir()
    for path in [*artifacts, *extras]:
        whole = path.parent if path.suffix == ".xml" else path
        if whole.is_dir():
            ignore = shutil.ignore_patterns(ONLY_SNAKEMAKES)
            shutil.copytree(whole, folder / whole.name, ignore=ignore)
        elif path.is_file():
            shutil.copyfile(path, folder / path.name)
        else:
            raise ZooError("is missing", subject=str(path), remedy="build the variant again")


def compiled_file(report: Path) -> list[Path]:
    """The file for the Edge TPU, or the folder of its segments, if the compiler made one."""
    facts = json.loads(report.read_text())["stages"].get("edgetpu", {})
    name = "full_int8_segments" if "segments" in facts else "full_int8_edgetpu.tflite"
    return [report.parent / name] if facts.get("built") else []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--artifacts", type=Path, nargs="*", default=[], help="files and folders")
    parser.add_argument("--report", type=Path, required=True, help="report.json")
    parser.add_argument("--interface", type=Path, required=True, help="interface.json")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--layers", type=Path, nargs="*", default=[], help="tables and pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(args: argparse.Namespace) -> None:
    """Make the package."""
    extras = [args.report, args.interface]
    if any(path.suffix == ".png" for path in args.pictures.iterdir()):
        extras.append(args.pictures)
    with stage.made_whole(args.out) as folder:
        fill(folder, [*args.artifacts, *compiled_file(args.report)], extras)
        if args.layers:
            fill(folder / "layers", [], args.layers)
        listing = manifest(folder, json.loads(args.report.read_text()))
        text = json.dumps(listing, indent=2, sort_keys=True, ensure_ascii=False)
        (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(stage.main("package", __doc__ or "", add_arguments, run))
