"""Caffe through Model Optimizer, in a process whose protobuf is the slow, lenient one.

mo's generated Caffe classes are older than today's protobuf: only its Python implementation still
takes them, that is chosen before the first import, and one property that mo reads is gone from it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from converters.errors import ZooError
from converters.mo.request import Request

SETTINGS = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python", "PYTHONHASHSEED": "0"}

OPTIONAL, REPEATED = 1, 3
"""Values of `FieldDescriptor.label`."""


def converted(request: Request) -> Any:
    """The `openvino.Model` of a caffemodel and its prototxt."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.xml"
        order = {
            "input_model": str(request.path),
            "input_proto": str(request.prototxt),
            "inputs": {name: list(shape) for name, shape in request.inputs.items()},
            "outputs": list(request.outputs),
        }
        done = subprocess.run(
            [sys.executable, "-m", "converters.mo.caffe", str(target)],
            input=json.dumps(order),
            env={**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ZooError(
                f"mo cannot convert the Caffe model: {_last_words(done.stderr)}",
                subject=request.path.name,
                remedy="check that prototxt and caffemodel belong together",
            )
        weights = target.with_suffix(".bin").read_bytes()
        return openvino.Core().read_model(target.read_bytes(), weights)


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-3:]) or "it said nothing"


def main(target: str) -> None:
    """Convert what standard input describes: the body of the worker process."""
    from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]

    from converters.mo.backends import mo_cuts, silent_mo

    if not hasattr(FieldDescriptor, "label"):
        FieldDescriptor.label = property(lambda field: REPEATED if field.is_repeated else OPTIONAL)
    import openvino

    order = json.load(sys.stdin)
    shapes = {name: tuple(shape) for name, shape in order["inputs"].items()}
    request = Request("caffe", Path(), inputs=shapes, outputs=tuple(order["outputs"]))
    model = silent_mo()(
        input_model=order["input_model"],
        input_proto=order["input_proto"],
        framework="caffe",
        **mo_cuts(request),
    )
    openvino.save_model(model, target, compress_to_fp16=False)


if __name__ == "__main__":
    main(sys.argv[1])
