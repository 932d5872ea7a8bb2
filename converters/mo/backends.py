"""The two tools that read a model into OpenVINO, behind one signature."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from converters.errors import RecipeError, ZooError
from converters.mo import caffe
from converters.mo.request import Request

Backend = Callable[[Request], Any]


def converted(request: Request, backend: str) -> Any:
    """The `openvino.Model` of a source, read by the named backend."""
    if backend not in BACKENDS:
        raise RecipeError(
            f"there is no backend {backend!r}",
            subject="ir.backend",
            remedy=f"choose among: {', '.join(BACKENDS)}",
        )
    try:
        return BACKENDS[backend](request)
    except ZooError:
        raise
    except Exception as error:
        other = next(name for name in BACKENDS if name != backend)
        raise ZooError(
            f"{backend} cannot convert the {request.framework} model: {error}",
            subject=request.path.name,
            remedy=f"try ir.backend: {other}, or cut what OpenVINO does not know "
            "with outputs or ir.output",
        ) from error


def with_mo(request: Request) -> Any:
    """Model Optimizer, called in this process: the command line adds seconds and nothing else."""
    if request.framework == "caffe":
        return caffe.converted(request)
    convert_model = silent_mo()
    return convert_model(input_model=str(request.path), **mo_cuts(request))


def mo_cuts(request: Request) -> dict[str, Any]:
    """A request's cuts as arguments of Model Optimizer."""
    cuts: dict[str, Any] = {}
    if request.inputs:
        cuts["input"] = list(request.inputs)
        if all(request.inputs.values()):
            cuts["input_shape"] = [list(shape) for shape in request.inputs.values()]
    if request.outputs:
        cuts["output"] = list(request.outputs)
    return cuts


def silent_mo() -> Any:
    """`openvino.tools.mo.convert_model`, which then reports its use to nobody."""
    # mo falls back to a stub when the package that sends telemetry cannot be imported
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    from openvino.tools.mo import convert_model
    from openvino.tools.mo.utils.version import VersionChecker

    # it would start another interpreter to see whether OpenVINO can be imported
    VersionChecker().runtime_checked = True
    return convert_model


def with_ovc(request: Request) -> Any:
    """OpenVINO Model Converter: mo's successor, without its Caffe reader."""
    if request.framework == "caffe":
        raise RecipeError(
            "ovc does not read Caffe models", subject="ir.backend", remedy="set ir.backend: mo"
        )
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    # otherwise it imports torch and first tries every file as a torch archive
    sys.modules["openvino.frontend.pytorch.ts_decoder"] = None  # type: ignore[assignment]
    # it cuts nowhere but at a model's own inputs; outputs are chosen afterwards all the same
    # and there it wants the full name of a tensor
    ending = ":0" if request.framework == "tensorflow" else ""
    full = {name.removesuffix(ending) + ending: shape for name, shape in request.inputs.items()}
    inputs = [(name, list(shape)) if shape else name for name, shape in full.items()]
    return openvino.convert_model(str(request.path), input=inputs or None)


BACKENDS: dict[str, Backend] = {"mo": with_mo, "ovc": with_ovc}
