"""TensorRT engines, and SavedModels with TF-TRT: on a machine with an NVIDIA GPU, and nowhere else.

Neither was ever run where this was written: what is tested is that elsewhere they say so.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from converters.errors import ZooError
from converters.targets.apart import run_script
from converters.targets.hardware import trtexec
from converters.targets.order import Order, in_source_order
from converters.targets.scripts import tensorrt_engine, tf_trt


def engine(order: Order) -> dict[str, Any]:
    """An engine of the ONNX file, for this GPU and no other."""
    precision = str(order.options.get("tensorrt_precision", "fp32"))
    program = trtexec()
    if program:
        facts = _by_command(program, order, precision)
    else:
        request = {
            "onnx": order.origin.resolve(),
            "out": order.file.resolve(),
            "precision": precision,
        }
        facts = run_script("tensorrt", tensorrt_engine, request)
    own = order.origin.name == "simplified.onnx"
    interface = in_source_order(order.interface) if own else order.interface
    order.write_interface(interface, takes_source=own)
    return {**facts, "precision": precision, "operators": {}}


def arguments(order: Order, precision: str) -> list[str]:
    """What trtexec is called with."""
    flags = [f"--onnx={order.origin}", f"--saveEngine={order.file}", "--skipInference"]
    return [*flags, "--noTF32", *(["--fp16"] if precision == "fp16" else [])]


def _by_command(program: str, order: Order, precision: str) -> dict[str, Any]:
    command = [program, *arguments(order, precision)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    if done.returncode or not order.file.is_file():
        said = [line for line in (done.stdout + done.stderr).splitlines() if "[E]" in line]
        raise ZooError(
            said[-1] if said else f"exit status {done.returncode}",
            subject="trtexec",
            remedy="read the log above, or leave tensorrt out of the recipe",
        )
    return {"made_by": Path(program).name}


def tf_trt_model(order: Order) -> dict[str, Any]:
    """The SavedModel with its convertible parts as TensorRT engines."""
    request = {
        "saved_model": order.origin.resolve(),
        "out": order.file.resolve(),
        "precision": str(order.options.get("tensorrt_precision", "fp32")),
    }
    facts = run_script("tftrt", tf_trt, request)
    order.write_interface(order.interface)
    return {**facts, "operators": {}}
