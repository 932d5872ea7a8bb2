"""A SavedModel as a TensorFlow.js graph model: {"saved_model", "out", "weights", ...}.

Of tensorflowjs only the converter of SavedModels is imported: its packages import at their top
JAX, Flax, TensorFlow Hub and decision forests, which no SavedModel here has anything to do with.
"""

import contextlib
import importlib
import importlib.util
import json
import sys
import types
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

NOT_NEEDED = ("tensorflow_decision_forests", "tensorflow_hub")


def converter() -> Any:
    """tensorflowjs.converters.tf_saved_model_conversion_v2."""
    for name in NOT_NEEDED:
        sys.modules.setdefault(name, types.ModuleType(name))
    found = importlib.util.find_spec("tensorflowjs")
    if found is None or found.origin is None:
        raise SystemExit("tensorflowjs is not installed")
    place = Path(found.origin).parent
    for name, folder in (
        ("tensorflowjs", place),
        ("tensorflowjs.converters", place / "converters"),
    ):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return importlib.import_module("tensorflowjs.converters.tf_saved_model_conversion_v2")


def named(build: Callable[..., Any], request: dict[str, Any]) -> Callable[..., Any]:
    """The converter's signature with the names of ours: its own finds them by shape alone.

    A signature's outputs come in the order of their sorted names.
    """

    def built(graph: Any, inputs: Any, outputs: Any, _signature: Any = None) -> Any:
        signature = build(graph, inputs, outputs)
        given = {plain(name): name for name in request["inputs"]}
        calls = [(signature.inputs, each.name, given[plain(each.op.name)]) for each in inputs]
        ends = zip(outputs, sorted(request["outputs"]), strict=True)
        calls += [(signature.outputs, each.name, name) for each, name in ends]
        for side, own, name in calls:
            if own != name:
                side[name].CopyFrom(side[own])
                del side[own]
        return signature

    return built


def give_biases_an_axis(model: dict[str, Any]) -> None:
    """Scalar biases of fused convolutions to one channel: the WebAssembly kernels want one axis."""
    nodes = model["modelTopology"]["node"]
    weights = {
        each["name"]: each for group in model["weightsManifest"] for each in group["weights"]
    }
    for node in nodes:
        filters, bias = (
            weights.get(name, {}) for name in (*node.get("input", ()), "", "", "")[1:3]
        )
        is_fused = node["op"] == "_FusedConv2D" and bias.get("shape") == []
        if is_fused and filters.get("shape", [0])[-1] == 1:
            bias["shape"] = [1]
            constant = next(each for each in nodes if each["name"] == bias["name"])
            constant["attr"]["value"]["tensor"]["tensorShape"] = {"dim": [{"size": "1"}]}


def plain(name: str) -> str:
    """As TensorFlow spells a name in a graph."""
    return "".join(c if c.isalnum() else "_" for c in name)


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Convert the serving signature."""
    kept = {request["weights"]: ["*"]} if request["weights"] else None
    with contextlib.redirect_stdout(sys.stderr):
        module = converter()
        module._build_signature_def = named(module._build_signature_def, request)
        module.convert_tf_saved_model(
            request["saved_model"],
            request["out"],
            signature_def="serving_default",
            quantization_dtype_map=kept,
            metadata=None,
        )
    file = Path(request["out"]) / "model.json"
    model = json.loads(file.read_text())
    give_biases_an_axis(model)
    file.write_text(json.dumps(model, sort_keys=True))
    return {"versions": {name: version(name) for name in ("tensorflowjs", "tensorflow")}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
