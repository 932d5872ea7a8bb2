"""A PaddlePaddle inference model as ONNX, or its answers.

To make: {"model", "opset", "out"}. To run: {"run": model, "samples": folder of npz files}.
"""

import contextlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

PROGRAMS = (".json", ".pdmodel")
"""How files with the graph end; the weights lie beside it, as .pdiparams."""


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Make or run."""
    with contextlib.redirect_stdout(sys.stderr):
        return ran(request) if request.get("run") else made(request)


def files_in(place: Path) -> tuple[Path, Path]:
    """The graph and the weights of a source."""
    found = [place] if place.is_file() else sorted(place.rglob("*"))
    graphs = [path for path in found if path.suffix in PROGRAMS]
    graphs = [path for path in graphs if path.with_suffix(".pdiparams").is_file()]
    if len(graphs) != 1:
        raise SystemExit(
            f"has {len(graphs)} graphs (.json or .pdmodel) with their .pdiparams beside them; "
            "name the one that is meant"
        )
    return graphs[0], graphs[0].with_suffix(".pdiparams")


def made(request: dict[str, Any]) -> dict[str, Any]:
    """Convert."""
    import paddle2onnx

    graph, weights = files_in(Path(request["model"]))
    paddle2onnx.export(str(graph), str(weights), request["out"], opset_version=request["opset"])
    return {"versions": {name: version(name) for name in ("paddle2onnx", "paddlepaddle")}}


def ran(request: dict[str, Any]) -> dict[str, Any]:
    """Answer every file of inputs, under the model's own names of outputs."""
    from paddle import inference

    graph, weights = files_in(Path(request["run"]))
    config = inference.Config(str(graph), str(weights))
    config.disable_glog_info()
    predictor = inference.create_predictor(config)
    for path in sorted(Path(request["samples"]).glob("*.npz")):
        with np.load(path) as given:
            for name in predictor.get_input_names():
                predictor.get_input_handle(name).copy_from_cpu(np.ascontiguousarray(given[name]))
        predictor.run()
        names = predictor.get_output_names()
        found = {name: predictor.get_output_handle(name).copy_to_cpu() for name in names}
        np.savez(path.with_suffix(".out.npz"), **found)
    return {}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
