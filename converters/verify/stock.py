"""A network in a file of TensorFlow or Keras, run by these alone.

    python -I stock.py KIND FOLDER

A script, not a module of the package: run isolated, it finds nothing of ours, so what it loads
needs nothing of ours. It prints what it loaded as one line of JSON; then, for each line with the
path of an .npz file of inputs `0`, `1`, ..., it writes the outputs beside it and prints their path.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

MOVES = ("Transpose", "Permute")
NO_WORK = ("Const", "Placeholder", "Identity", "NoOp", "InputLayer")


class Network(NamedTuple):
    """A loaded network: its names in order, and what it is made of."""

    run: Callable[[list[Any]], list[Any]]
    inputs: list[str]
    outputs: list[str]
    operators: Counter[str]
    moved: list[int]  # bytes, per transpose
    package: str


def h5(folder: Path) -> Network:
    """As Keras's own users load it."""
    import keras

    return _keras(keras.models.load_model(folder / "model.h5"))


def archive(folder: Path) -> Network:
    """As Keras's own users load it."""
    import keras

    return _keras(keras.models.load_model(folder / "model.keras"))


def weights_and_json(folder: Path) -> Network:
    """The two steps that weights and JSON take."""
    import keras

    model = keras.models.model_from_json((folder / "model.json").read_text(encoding="utf-8"))
    model.load_weights(folder / "model.weights.h5")
    return _keras(model)


def _keras(model: Any) -> Network:
    def run(tensors: list[Any]) -> list[Any]:
        made = model(tensors if len(tensors) > 1 else tensors[0], training=False)
        return list(made) if isinstance(made, (list, tuple)) else [made]

    names = [type(operation).__name__ for operation in model.operations]
    moves = [each for each in model.operations if type(each).__name__ in MOVES]
    moved = [_bytes(each.output.shape, each.output.dtype) for each in moves]
    inputs = [tensor.name for tensor in model.inputs]
    return Network(run, inputs, list(model.output_names), _working(names), moved, "keras")


def frozen_pb(folder: Path) -> Network:
    """Placeholders are the inputs; Identity nodes that nobody reads, the outputs."""
    import tensorflow as tf

    graph = tf.compat.v1.GraphDef.FromString((folder / "model.pb").read_bytes())
    read = {tensor.lstrip("^").split(":")[0] for node in graph.node for tensor in node.input}
    inputs = [node.name for node in graph.node if node.op == "Placeholder"]
    outputs = [n.name for n in graph.node if n.op == "Identity" and n.name not in read]
    whole = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    fetched = ([f"{name}:0" for name in names] for names in (inputs, outputs))
    call = whole.prune(*fetched)
    operations = whole.graph.get_operations()
    moves = [each.outputs[0] for each in operations if each.type in MOVES]
    moved = [_bytes(each.shape, each.dtype.name) for each in moves]
    working = _working(each.type for each in operations)

    def run(tensors: list[Any]) -> list[Any]:
        made: list[Any] = call(*map(tf.constant, tensors))
        return made

    return Network(run, inputs, outputs, working, moved, "tensorflow")


KINDS = {"h5": h5, "keras": archive, "weights_and_json": weights_and_json, "frozen_pb": frozen_pb}


def _working(names: Iterable[str]) -> Counter[str]:
    return Counter(name for name in names if name not in NO_WORK)


def _bytes(shape: Iterable[Any], dtype: str) -> int:
    width = 1 if dtype == "bool" else np.dtype(dtype).itemsize
    return int(width * np.prod([size or 1 for size in shape]))


def answered(network: Network, requests: Iterable[str]) -> Iterator[Path]:
    """Run the network for each file of inputs."""
    for request in requests:
        path = Path(request.strip())
        with np.load(path) as given:
            made = network.run([given[str(i)] for i in range(len(network.inputs))])
        written = path.with_name("outputs.npz")
        np.savez(written, **{str(i): np.asarray(values) for i, values in enumerate(made)})
        yield written


def main(kind: str, folder: str) -> int:
    """Load, tell, answer."""
    warnings.simplefilter("ignore")
    told = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is no answer
    network = KINDS[kind](Path(folder))
    facts = network._replace(run=network.package)._asdict()  # type: ignore[arg-type]
    print(json.dumps(facts), file=told, flush=True)
    for path in answered(network, sys.stdin):
        print(path, file=told, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
