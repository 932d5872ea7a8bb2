"""A TensorFlow.js model of the zoo at work in a browser, on a picture.

    python -m converters.targets.browser u2netp 320x320 cat.png --out page

Makes a folder that any web server can serve, opens it in headless Chromium, and holds the output
against what the float32 TFLite file makes of the same pixels.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from converters.datasets.interface import Interface, Stored, artifact_inputs
from converters.datasets.preprocess import ARITHMETIC, Array, framed, prepared
from converters.environments.making import ready
from converters.errors import ZooError
from converters.recipes import Variant, load_variant
from converters.targets.table import INTERFACE

PAGE = Path(__file__).resolve().parent / "page"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def browser() -> str:
    """The command of a browser that Playwright can drive."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise ZooError(
            f"none of {', '.join(PROGRAMS)} is installed",
            subject="browser",
            remedy="install one (Debian: apt install chromium)",
        )
    return found


def write_page(variant: Variant, model: Path, picture: Array, folder: Path) -> Stored:
    """Everything that a web server has to serve; the output that is drawn: the first."""
    spec, interface = variant.inputs[0], Interface.read(model / INTERFACE)
    shutil.copytree(PAGE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("browse.mjs"))
    shutil.copytree(model, folder / "model", dirs_exist_ok=True)
    Image.fromarray(framed(spec, picture)).save(folder / "picture.png")
    steps = [next(iter(step.items())) for step in variant.inputs[0].preprocess]
    output = interface.outputs[0]
    wanted = {
        "name": f"{variant.about['name']}, {variant.name}",
        "color": spec.color,
        "steps": [[name, value] for name, value in steps if name in ARITHMETIC],
        "output": output.name,
        "tensor": tensor_of(model / "model.json", output.name),
    }
    (folder / "page.json").write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    return output


def tensor_of(path: Path, output: str) -> str:
    """The name in the graph of an output of the signature."""
    signature = json.loads(path.read_text(encoding="utf-8"))["signature"]
    return str(signature["outputs"][output]["name"])


def opened(folder: Path) -> Array:
    """The numbers that a page comes to in the browser, in the order of its shape."""
    modules = ready("node").modules
    command = ["node", str(PAGE / "browse.mjs"), str(modules), str(folder.resolve()), browser()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ZooError(
            " ".join(done.stderr.split())[-600:] or f"exit status {done.returncode}",
            subject="browser",
            remedy="see whether the browser starts by itself",
        )
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    if "error" in answer:
        raise ZooError(answer["error"], subject="page", remedy="open the folder in a browser")
    return np.asarray(answer["values"], np.float32).reshape(answer["shape"])


def by_tflite(variant: Variant, results: Path, picture: Array, output: str) -> Array:
    """The same output of the float32 TFLite file, in the source's order of axes."""
    from converters.verify.runners import opened as opened_artifact

    interface = Interface.read(results / "interface.json")
    runner = opened_artifact("float32", results / "float32.tflite", interface)
    if runner.run is None:
        raise ValueError("a TFLite file can be run")
    spec = variant.inputs[0]
    given = artifact_inputs(variant, {spec.name: prepared(spec, framed(spec, picture))})
    return runner.run(given)[output]


def main(argv: Sequence[str] | None = None) -> int:
    """Show it; 1 where the browser and TFLite do not agree."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.targets.browser",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="id of a recipe with one picture as its input")
    parser.add_argument("variant", help="such as 320x320")
    parser.add_argument("picture", type=Path, help="any picture")
    parser.add_argument("--target", default="tfjs", help="tfjs, tfjs_float16 or tfjs_uint8")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--out", type=Path, default=Path("page"), help="folder to write")
    parser.add_argument("--limit", type=float, default=1e-3, help="largest difference accepted")
    args = parser.parse_args(argv)
    try:
        variant = load_variant(args.models, args.model, args.variant)
        results = Path("results") / args.model / args.variant
        with Image.open(args.picture) as image:
            picture = np.asarray(image.convert("RGB"))
        output = write_page(variant, results / args.target, picture, args.out)
        found = output.to_source(opened(args.out))
        wanted = by_tflite(variant, results, picture, output.name)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    worst = float(np.abs(found - wanted).max())
    print(f"{output.name}: the browser differs from TFLite by at most {worst:.2g}; see {args.out}/")
    return int(worst > args.limit)


if __name__ == "__main__":
    raise SystemExit(main())
