"""A scikit-learn model in skops' format as ONNX, or its answers.

To make: {"model", "inputs": [[name, shape]], "opset", "out"}. To run: {"run": model, "samples"}.
A pickle can do whatever its reader can; skops loads only types that it trusts, and here no others.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

OF_ONNX_ML = {"LinearClassifier", "LinearRegressor", "Scaler", "Normalizer"}
"""Operators that ONNX has for such models alone: nothing behind ONNX knows them."""


OPTIMIZERS = "sklearn.neural_network._stochastic_optimizers."
TRUSTED = {OPTIMIZERS + name for name in ("AdamOptimizer", "SGDOptimizer")}
"""Types beyond those that skops trusts by itself: what training leaves in a perceptron."""


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Make or run."""
    estimator = loaded(request.get("run") or request["model"])
    return ran(estimator, request) if request.get("run") else made(estimator, request)


def loaded(place: str) -> Any:
    """The estimator; one of types that nobody vouches for is refused."""
    from skops import io

    path = file_in(Path(place))
    wanted = set(io.get_untrusted_types(file=path))
    unknown = sorted(wanted - TRUSTED)
    if unknown:
        raise SystemExit(f"{path.name} wants types that are not trusted: {', '.join(unknown)}")
    return io.load(path, trusted=sorted(wanted))


def file_in(place: Path) -> Path:
    """The one .skops file of a source."""
    files = [place] if place.is_file() else sorted(place.rglob("*.skops"))
    if len(files) != 1 or files[0].suffix != ".skops":
        raise SystemExit(
            "name one .skops file (skops.io.dump): pickles and joblib files are not read, "
            "for they run whatever is in them"
        )
    return files[0]


def made(estimator: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Convert; a classifier's probabilities as one tensor."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    types = [(name, FloatTensorType(shape)) for name, shape in request["inputs"]]
    is_classifier = hasattr(estimator, "predict_proba")
    model = to_onnx(
        estimator,
        initial_types=types,
        options={id(estimator): {"zipmap": False}} if is_classifier else None,
        target_opset={"": request["opset"], "ai.onnx.ml": 3},
        black_op=OF_ONNX_ML,
    )
    Path(request["out"]).write_bytes(model.SerializeToString(deterministic=True))
    return {"versions": {name: version(name) for name in ("scikit-learn", "skl2onnx", "skops")}}


def ran(estimator: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Answer every file of inputs, with the names that skl2onnx gives to outputs."""
    for path in sorted(Path(request["samples"]).glob("*.npz")):
        with np.load(path) as given:
            features = next(iter(given.values()))
        np.savez(path.with_suffix(".out.npz"), **answers(estimator, features))
    return {}


def answers(estimator: Any, features: Any) -> dict[str, Any]:
    """label and probabilities of a classifier, variable of anything else."""
    if hasattr(estimator, "predict_proba"):
        chances = np.asarray(estimator.predict_proba(features), np.float32)
        return {"label": np.asarray(estimator.predict(features)), "probabilities": chances}
    call = estimator.predict if hasattr(estimator, "predict") else estimator.transform
    found = np.asarray(call(features), np.float32)
    return {"variable": found.reshape(len(features), -1)}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
