"""TensorFlow.js graph models, with weights in float32, float16 or uint8."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from converters.targets.apart import run_script
from converters.targets.order import Order
from converters.targets.scripts import tensorflow_js


def graph_model(order: Order) -> dict[str, Any]:
    """model.json and its weights, as a web server serves them."""
    request = {
        "saved_model": order.origin.resolve(),
        "out": order.folder.resolve(),
        "weights": order.target.options.get("weights", ""),
        "inputs": [each.name for each in order.interface.inputs],
        "outputs": order.interface.output_names,
    }
    facts = run_script("tfjs", tensorflow_js, request)
    order.write_interface(order.interface)
    return {**facts, "operators": operators(order.file)}


def operators(path: Path) -> dict[str, int]:
    """How often each operation stands in a model.json."""
    nodes = json.loads(path.read_text(encoding="utf-8"))["modelTopology"]["node"]
    return dict(sorted(Counter(node["op"] for node in nodes).items()))
