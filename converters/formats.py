"""formats: a SavedModel's network as a frozen graph, or as files of Keras.

    python -m converters.formats digits 8x8 --saved-model results/digits/8x8/saved_model \\
        --interface results/digits/8x8/interface.json --format keras \\
        --out /tmp/keras --facts /tmp/f.json

Reads the SavedModel and interface.json; writes a folder with the files of one format. What stock
Keras cannot say of it is an error that names every such operation.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from converters import stage
from converters.datasets.interface import Interface
from converters.versions import versions

FILES = {
    "frozen_pb": "model.pb",
    "h5": "model.h5",
    "keras": "model.keras",
    "weights_and_json": "",
}
"""The formats, and the file in the folder of each; weights and JSON are two."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--saved-model", type=Path, required=True, help="the SavedModel's folder")
    parser.add_argument("--interface", type=Path, required=True, help="its interface.json")
    parser.add_argument("--format", choices=FILES, required=True, help="which one to write")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Write one format."""
    stage.quiet_tensorflow()
    from converters.ir_to_tf.formats import FORMATS
    from converters.ir_to_tf.formats.loaded import load

    emitted = load(args.saved_model, Interface.read(args.interface))
    with stage.made_whole(args.out) as part:
        part.parent.mkdir(parents=True, exist_ok=True)
        if FILES[args.format]:
            part.mkdir()
        FORMATS[args.format].write(emitted, part / FILES[args.format])
        noted = facts(part, args.format)
    stage.write_json(args.facts, noted)


def facts(folder: Path, kind: str) -> dict[str, Any]:
    """What was made, and by which packages."""
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    return {
        "kind": kind,
        "bytes": sum(files.values()),
        "files": files,
        "versions": versions("tensorflow", "keras", "h5py", "numpy"),
    }


if __name__ == "__main__":
    raise SystemExit(stage.main("formats", __doc__, add_arguments, run))
