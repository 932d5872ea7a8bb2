"""target: one of the further targets, from the SavedModel, ONNX, IR or TFLite file of a variant.

    python -m converters.targets digits 8x8 --target onnx_nhwc \\
        --origin results/digits/8x8/saved_model \\
        --interface results/digits/8x8/interface.json --out /tmp/target --facts /tmp/f.json

It is a folder with what its users open, and interface.json. A target for hardware that is not here
is not built: the folder then says why, and the exit status is 0.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from converters import stage
from converters.datasets.interface import Interface
from converters.errors import RecipeError
from converters.recipes import load_variant
from converters.targets.hardware import LACKING
from converters.targets.makers import MAKERS
from converters.targets.order import Order
from converters.targets.table import NOT_BUILT, TARGETS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--target", required=True, help=f"one of {', '.join(TARGETS)}")
    parser.add_argument("--origin", type=Path, required=True, help="what it is made from")
    parser.add_argument("--interface", type=Path, required=True, help="interface.json")
    parser.add_argument("--sources", type=Path, default=Path("sources"), help="folder of downloads")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Make one target, or say why it cannot be made on this machine."""
    if args.target not in TARGETS:
        raise RecipeError(
            f"no target {args.target!r}",
            subject="targets",
            remedy=f"choose among {', '.join(TARGETS)}",
        )
    variant = load_variant(args.models, args.model, args.variant)
    with stage.made_whole(args.out) as part:
        part.mkdir()
        order = Order(
            name=args.target,
            variant=variant,
            model_folder=args.models / args.model,
            sources=args.sources,
            origin=args.origin,
            interface=Interface.read(args.interface),
            folder=part,
        )
        facts = made(order)
    stage.write_json(args.facts, {"kind": args.target, **facts})


def made(order: Order) -> dict[str, Any]:
    """Fill the order's folder; the facts."""
    target = order.target
    lacking = LACKING[target.hardware]() if target.hardware else None
    if lacking:
        print(f"not built: {lacking}")
        (order.folder / NOT_BUILT).write_text(f"not built: {lacking}\n", encoding="utf-8")
        return {"built": False, "reason": lacking}
    facts = MAKERS[target.maker].load()(order)
    files = {p.relative_to(order.folder).as_posix(): p for p in sorted(order.folder.rglob("*"))}
    sizes = {name: path.stat().st_size for name, path in files.items() if path.is_file()}
    return {**facts, "built": True, "bytes": sum(sizes.values()), "files": sizes}


if __name__ == "__main__":
    raise SystemExit(stage.main("target", __doc__ or "", add_arguments, run))
