"""Write the recipe of a new model, from a file, an address or a repository.

It is looked at, never run: ONNX, a PyTorch checkpoint, TFLite, Keras, a frozen graph, a SavedModel
folder, prototxt and caffemodel, or an archive of one of these. The recipe builds (of a checkpoint:
as soon as its network is written), and has a comment `# DECIDE: ...` wherever a person must decide.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from converters.errors import ZooError
from converters.new.drafting import Made, draft
from converters.new.given import Wish
from converters.new.writing import open_decisions, write
from converters.recipes import load_recipe
from converters.recipes.shared import data_set_files

EXAMPLES = """\
examples:
  python -m converters.new net.onnx
  python -m converters.new net.onnx --id yunet --task face_detection --dry-run
  python -m converters.new https://github.com/<owner>/<name>/blob/main/model/net.tflite
  python -m converters.new https://github.com/<owner>/<name> --path weights/net.pth
  python -m converters.new https://example.org/release.tar.gz --path release/saved_model
  python -m converters.new net.caffemodel --prototxt deploy.prototxt
  python -m converters.new saved_model/

exit codes: 0 written, 1 not, with the reason
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    args = _parser().parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="zoo-new-") as scratch:
            sets = tuple(file.stem for file in data_set_files(args.models))
            wish = Wish(args.path, args.prototxt, Path(scratch), sets)
            made = draft(args.given, wish, args.id, args.task)
            if args.dry_run:
                _show(made)
                return 0
            _report(made, write(made, args.models))
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m converters.new",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("given", help="a file, a folder, or the address of a file or repository")
    parser.add_argument("--id", default="", help="id of the recipe (default: from the name)")
    parser.add_argument("--task", default="", help="what the model is for (default: from the name)")
    parser.add_argument("--path", default="", help="which network of an archive or repository")
    parser.add_argument("--prototxt", default="", help="the prototxt that goes with a caffemodel")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--dry-run", action="store_true", help="print the files, write nothing")
    return parser


def _show(made: Made) -> None:
    for name, text in made.texts.items():
        print(f"--- {made.id}/{name}")
        print(text, end="")
    for name, origin in made.copies.items():
        print(f"--- {made.id}/{name}: {origin.stat().st_size} bytes, a copy of {origin}")


def _report(made: Made, folder: Path) -> None:
    files = ", ".join(sorted([*made.texts, *made.copies]))
    print(f"{folder}/ is written: {files}")
    print(f"found: {made.network.framework}, licence {made.given.license.spdx}")
    found = list(open_decisions(folder))
    print(f"{len(found)} things to decide:")
    for file, number, line in found[:40]:
        print(f"  {file}:{number}: {line}")
    print("then:")
    print(f"  python -m converters.check {made.id}")
    print(f"  snakemake --cores 2 {' '.join(_targets(folder))}")


def _targets(folder: Path) -> list[str]:
    return [f"results/{folder.name}/{name}/package" for name in load_recipe(folder).variants]


if __name__ == "__main__":
    raise SystemExit(main())
