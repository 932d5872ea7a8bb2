"""ONNX to OpenVINO IR as the zoo's mo stage does it, without a recipe: `ONNX XML`."""

from __future__ import annotations

import sys
from pathlib import Path


def write_ir(onnx: Path, xml: Path) -> None:
    """Write model.xml and, beside it, model.bin, with float32 weights."""
    import openvino

    from converters.mo import backends, interface
    from converters.mo.request import Request

    model = interface.with_shapes(backends.converted(Request("onnx", onnx), "mo"), ())
    openvino.save_model(model, xml, compress_to_fp16=False)


if __name__ == "__main__":
    write_ir(Path(sys.argv[1]), Path(sys.argv[2]))
