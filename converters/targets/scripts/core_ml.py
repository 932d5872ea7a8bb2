"""A Core ML program of TorchScript or of a SavedModel, or what is in one.

To make: {"torch" or "saved_model", "out", "inputs": [[name, shape, dtype]], "outputs": names,
"precision", "weights"}. To look inside: {"look": an .mlpackage}. To run, on macOS alone:
{"run": an .mlpackage, "samples": folder of npz files}.
"""

import contextlib
import json
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Make, look inside, or run."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        if request.get("look"):
            return looked(request["look"])
        return ran(request) if request.get("run") else made(request)


def made(request: dict[str, Any]) -> dict[str, Any]:
    """Convert and save."""
    import coremltools as ct

    precision = {"float32": ct.precision.FLOAT32, "float16": ct.precision.FLOAT16}
    options = {
        "convert_to": "mlprogram",
        "compute_precision": precision[request["precision"]],
        "minimum_deployment_target": ct.target.iOS16,
        "outputs": [ct.TensorType(name=safe(name)) for name in request["outputs"]],
    }
    convert = of_torch if request["torch"] else of_saved_model
    model = convert(ct, request, options)
    if request["weights"] == "int8":
        from coremltools.optimize import coreml

        config = coreml.OptimizationConfig(coreml.OpLinearQuantizerConfig(mode="linear_symmetric"))
        model = coreml.linear_quantize_weights(model, config)
    model.save(request["out"])
    found = looked(request["out"])
    return {**found, "versions": {"coremltools": version("coremltools")}}


def of_torch(ct: Any, request: dict[str, Any], options: dict[str, Any]) -> Any:
    """TorchScript, its inputs as the source has them."""
    inputs = [tensor_type(ct, *each) for each in request["inputs"]]
    return ct.convert(request["torch"], source="pytorch", inputs=inputs, **options)


def of_saved_model(ct: Any, request: dict[str, Any], options: dict[str, Any]) -> Any:
    """A SavedModel, saved once more with one signature and the outputs as a flat list."""
    import tensorflow as tf

    loaded = tf.saved_model.load(request["saved_model"])
    call = loaded.signatures["serving_default"]
    keywords = {safe(name): name for name in call.structured_input_signature[1]}
    names = [keywords[safe(name)] for name, _, _ in request["inputs"]]
    specs = [tf.TensorSpec(s, d, safe(n)) for n, s, d in request["inputs"]]

    @tf.function(input_signature=specs)  # type: ignore[untyped-decorator]
    def network(*tensors: Any) -> Any:
        found = call(**dict(zip(names, tensors, strict=True)))
        return [tf.identity(found[name], safe(name)) for name in request["outputs"]]

    concrete = network.get_concrete_function()
    inputs = [
        ct.TensorType(name=tensor.op.name, shape=shape)
        for tensor, (_, shape, _) in zip(concrete.inputs, request["inputs"], strict=True)
    ]
    del options["outputs"]
    model = ct.convert([concrete], source="tensorflow", inputs=inputs, **options)
    return renamed(ct, model, [safe(name) for name, _, _ in request["inputs"]], request["outputs"])


def renamed(ct: Any, model: Any, inputs: list[Any], outputs: list[Any]) -> Any:
    """Inputs and outputs by their public names."""
    spec, wanted = model.get_spec(), [safe(name) for name in outputs]
    for ends, names in ((spec.description.input, inputs), (spec.description.output, wanted)):
        for end, name in zip(list(ends), names, strict=True):
            if end.name != name:
                ct.utils.rename_feature(spec, end.name, name)
    return ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True)


def tensor_type(ct: Any, name: str, shape: list[Any], dtype: str) -> Any:
    """An input of that name."""
    return ct.TensorType(name=safe(name), shape=shape, dtype=np.dtype(dtype).type)


def safe(name: str) -> str:
    """Core ML wants identifiers."""
    kept = "".join(c if c.isalnum() else "_" for c in name)
    return kept if kept[:1].isalpha() else f"_{kept}"


def looked(package: str) -> dict[str, Any]:
    """What stands in a package: names, shapes, operators, bytes of the weights' types."""
    import coremltools as ct

    spec = ct.utils.load_spec(package)
    operators: Counter[str] = Counter()
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            operators.update(operation.type for operation in block.operations)
    ends = {side: features(getattr(spec.description, side)) for side in ("input", "output")}
    return {
        "inputs": ends["input"],
        "outputs": ends["output"],
        "specification": spec.specificationVersion,
        "operators": dict(sorted((k, n) for k, n in operators.items() if k != "const")),
    }


def features(described: Any) -> dict[str, Any]:
    """Name -> shape."""
    return {each.name: list[Any](each.type.multiArrayType.shape) for each in described}


def ran(request: dict[str, Any]) -> dict[str, Any]:
    """Predict for every file of inputs; outputs lie beside it as <n>.out.npz."""
    import coremltools as ct

    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "model.mlpackage"
        shutil.copytree(request["run"], package)
        model = ct.models.MLModel(str(package), compute_units=ct.ComputeUnit.CPU_ONLY)
        for path in sorted(Path(request["samples"]).glob("*.npz")):
            with np.load(path) as given:
                found = model.predict({safe(name): given[name] for name in given.files})
            np.savez(path.with_suffix(".out.npz"), **found)
    return {"versions": {"coremltools": version("coremltools")}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
