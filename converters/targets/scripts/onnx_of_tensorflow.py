"""A SavedModel as ONNX, by tf2onnx: {"saved_model", "out", "opset", "inputs", "outputs", ...}.

The names of the signature are given back: tf2onnx names tensors, `x:0`.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Convert; inputs and outputs come in the order of the request."""
    import tensorflow as tf
    import tf2onnx

    loaded = tf.saved_model.load(request["saved_model"])
    call = loaded.signatures["serving_default"]
    given = call.structured_input_signature[1]
    specs = {spec.name: spec for spec in given.values()}
    stated = {plain(name): name for name in request["inputs"]}
    names = {plain(keyword): stated.get(plain(keyword), keyword) for keyword in specs}

    stated_specs = [tf.TensorSpec(spec.shape, spec.dtype, n) for n, spec in specs.items()]

    @tf.function(input_signature=stated_specs)  # type: ignore[untyped-decorator]
    def network(*tensors: Any) -> Any:
        made = call(**dict(zip(specs, tensors, strict=True)))
        return [tf.identity(made[name]) for name in request["outputs"]]

    concrete = network.get_concrete_function()
    ends = [tensor.name for tensor in concrete.outputs]
    starts = {tensor.name: plain(name) for tensor, name in zip(concrete.inputs, specs, strict=True)}
    first = {plain(name) for name in request["inputs_first"]}
    last = dict(zip(request["outputs"], ends, strict=True))
    model, _ = tf2onnx.convert.from_function(
        network,
        input_signature=network.input_signature,
        opset=request["opset"],
        inputs_as_nchw=[tensor for tensor, name in starts.items() if name in first],
        outputs_as_nchw=[last[name] for name in request["outputs_first"]],
    )
    wanted = [names[name] for name in starts.values()]
    rename(model.graph, model.graph.input, wanted)
    rename(model.graph, model.graph.output, request["outputs"])
    order(model.graph.input, request["inputs"])
    Path(request["out"]).write_bytes(model.SerializeToString(deterministic=True))
    return {"versions": {name: version(name) for name in ("tf2onnx", "onnx", "tensorflow")}}


def plain(name: str) -> str:
    """As TensorFlow spells a name for Python."""
    return "".join(c if c.isalnum() else "_" for c in name)


def rename(graph: Any, ends: Any, wanted: list[Any]) -> None:
    """Call inputs or outputs by their public names, wherever they are read or made."""
    pairs = {end.name: name for end, name in zip(ends, wanted, strict=True)}
    for end in ends:
        end.name = pairs[end.name]
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = pairs.get(name, name)
        for i, name in enumerate(node.output):
            node.output[i] = pairs.get(name, name)


def order(ends: Any, wanted: list[Any]) -> None:
    """The inputs in the order that was asked for."""
    kept = sorted(ends, key=lambda end: wanted.index(end.name))
    del ends[:]
    ends.extend(kept)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
