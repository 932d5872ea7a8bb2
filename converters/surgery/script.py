"""The last resort: `def change(model)` in a Python file of the model's folder, run in the sandbox.

    python -m converters.surgery.script FILE FUNCTION IN OUT

It gets an `onnx.ModelProto` and returns one. Only a folder of its own is writable, and what comes
out is read and checked like any stranger's ONNX.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from converters import sandbox
from converters.errors import ZooError
from converters.origin import inside
from converters.surgery.operation import Change, Model, Site, operation

LIMITS = sandbox.Limits(seconds=600)


@operation("script")
def script(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """What the function makes of the model; nothing is claimed of it."""
    import onnx

    file, function = str(options["file"]), str(options.get("function", "change"))
    path = inside(site.folder, file)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in.onnx").write_bytes(model.SerializeToString())
        ends = [str(folder / "in.onnx"), str(folder / "out.onnx")]
        words = [sys.executable, "-m", __name__, str(path), function, *ends]
        with (folder / "said").open("w+b") as said:
            files = sandbox.Files([path.parent], [folder])
            code = sandbox.run(words, files, LIMITS, said)
        told = (folder / "said").read_text(errors="replace").strip()
        if code or not (folder / "out.onnx").is_file():
            raise _failed(site, f"{file}: {function}", code, told)
        try:
            changed = onnx.load_from_string((folder / "out.onnx").read_bytes())
        except Exception as error:
            raise _failed(site, file, code, f"it wrote no ONNX: {error}") from error
    return Change(changed, f"what {file}: {function} makes of it")


def _failed(site: Site, subject: str, code: int, told: str) -> ZooError:
    words = "".join(c if c.isprintable() else " " for c in (told.splitlines() or ["no word"])[-1])
    return ZooError(
        f"ends with exit code {code}: {words[:300]}",
        subject=f"{site.subject}: {subject}",
        remedy="it takes an onnx.ModelProto and returns one; it has no network, "
        "and may write nowhere but below tempfile.gettempdir()",
    )


def main(argv: Sequence[str]) -> int:
    """Inside: load the file, call the function, write what it returns."""
    import onnx

    file, function, source, target = argv
    spec = importlib.util.spec_from_file_location("zoo_surgery", file)
    if spec is None or spec.loader is None:
        print(f"{file} is no Python file", file=sys.stderr)
        return 1
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        made = getattr(module, function)(onnx.load(source))
    except Exception as error:  # noqa: BLE001 - the boundary to code that is not ours
        traceback.print_exc()
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if not isinstance(made, onnx.ModelProto):
        print(f"{function} returns {type(made).__name__}, not a ModelProto", file=sys.stderr)
        return 1
    onnx.save(made, target)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
