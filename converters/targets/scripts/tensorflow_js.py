"""A SavedModel as a TensorFlow.js graph model: {"saved_model", "out", "weights": type or empty}.

Of tensorflowjs only the converter of SavedModels is imported: its packages import at their top
JAX, Flax, TensorFlow Hub and decision forests, which no SavedModel here has anything to do with.
"""

import contextlib
import importlib
import importlib.util
import json
import sys
import types
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


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Convert the serving signature."""
    kept = {request["weights"]: ["*"]} if request["weights"] else None
    with contextlib.redirect_stdout(sys.stderr):
        converter().convert_tf_saved_model(
            request["saved_model"],
            request["out"],
            signature_def="serving_default",
            quantization_dtype_map=kept,
            metadata=None,
        )
    file = Path(request["out"]) / "model.json"
    model = json.loads(file.read_text())
    file.write_text(json.dumps(model, sort_keys=True))
    return {"versions": {name: version(name) for name in ("tensorflowjs", "tensorflow")}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
