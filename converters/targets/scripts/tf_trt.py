"""A SavedModel with TF-TRT, or its answers.

To make: {"saved_model", "out", "precision"}. To run: {"run": SavedModel, "samples": folder}.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Make or run."""
    noted = {"versions": {"tensorflow": version("tensorflow")}}
    return {**noted, **(ran(request) if request.get("run") else made(request))}


def made(request: dict[str, Any]) -> dict[str, Any]:
    """Convert; how many engines came of it."""
    from tensorflow.python.compiler.tensorrt import trt_convert

    converter = trt_convert.TrtGraphConverterV2(
        input_saved_model_dir=request["saved_model"],
        precision_mode=request["precision"].upper(),
        use_dynamic_shape=False,
    )
    converted = converter.convert()
    engines = [n for n in converted.graph.as_graph_def().node if n.op == "TRTEngineOp"]
    converter.save(request["out"])
    return {"engines": len(engines)}


def ran(request: dict[str, Any]) -> dict[str, Any]:
    """Run it for every file of inputs; outputs lie beside it as <n>.out.npz."""
    import tensorflow as tf

    loaded = tf.saved_model.load(request["run"])
    call = loaded.signatures["serving_default"]
    keywords = list(call.structured_input_signature[1])
    spelled = {"".join(c if c.isalnum() else "_" for c in k): k for k in keywords}
    for path in sorted(Path(request["samples"]).glob("*.npz")):
        with np.load(path) as given:
            plain = {"".join(c if c.isalnum() else "_" for c in n): given[n] for n in given.files}
        found = call(**{spelled[name]: tf.constant(values) for name, values in plain.items()})
        np.savez(path.with_suffix(".out.npz"), **{n: v.numpy() for n, v in found.items()})
    return {}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
