"""OpenVINO: the IR with weights in float16, and in int8 by NNCF."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from converters.mo import ir_text
from converters.targets.apart import run_script
from converters.targets.order import Order, in_source_order
from converters.targets.scripts import nncf_int8
from converters.versions import versions


def fp16(order: Order) -> dict[str, Any]:
    """Weights as float16; whoever runs it computes in what suits the processor."""
    import openvino

    model = openvino.Core().read_model(str(order.origin))
    openvino.save_model(model, order.file, compress_to_fp16=True)
    return _finished(order, {"versions": versions("openvino")})


def int8(order: Order) -> dict[str, Any]:
    """Quantised by NNCF on the recipe's calibration samples."""
    with tempfile.TemporaryDirectory() as folder:
        count = keep_samples(order, Path(folder))
        request = {"xml": order.origin.resolve(), "samples": folder, "out": order.file.resolve()}
        facts = run_script("nncf", nncf_int8, request)
    return _finished(order, {**facts, "calibration": {"count": count}})


def keep_samples(order: Order, folder: Path) -> int:
    """Write the calibration samples as 0.npz, 1.npz, ...; how many there are."""
    count = 0
    for given in order.samples():
        np.savez(folder / f"{count}.npz", **dict(given))
        count += 1
    return count


def _finished(order: Order, facts: dict[str, Any]) -> dict[str, Any]:
    """Equal models give equal bytes: times and paths are taken out of the text."""
    text = ir_text.canonical(order.file.read_bytes(), order.model_folder.name)
    order.file.write_bytes(text)
    order.write_interface(in_source_order(order.interface))
    return {**facts, "operators": dict(sorted(operators(order.file).items()))}


def operators(xml: Path) -> Counter[str]:
    """How often each operator stands in an IR."""
    import openvino

    model = openvino.Core().read_model(str(xml))
    return Counter(op.get_type_name() for op in model.get_ops())
