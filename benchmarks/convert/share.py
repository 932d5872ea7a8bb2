"""What of our processor time is TensorFlow's own, and how long the layouts take.

python -m benchmarks.convert.share MODEL.xml SAVED_MODEL OUT.json

Run in a fresh process: TensorFlow's import, and its conversion of the SavedModel that we wrote, are
what nobody who makes a TFLite file by TensorFlow is spared.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters import stage

TRIES = 3


def unavoidable(saved_model: Path) -> float:
    """Seconds of the processor, from the start of this process to a float32 file."""
    stage.quiet_tensorflow()
    import tensorflow as tf

    tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=["serving_default"]
    ).convert()
    return time.process_time()


def layouts(xml: Path) -> dict[str, Any]:
    """How many nodes have a layout assigned, and the least seconds of the processor for all."""
    from converters.ir_to_tf.convert import Options, plan_layouts
    from converters.ir_to_tf.reader import read_graph
    from converters.ir_to_tf.simplify import simplified

    graph = simplified(read_graph(xml))
    taken = []
    for _ in range(TRIES):
        began = time.process_time()
        plan_layouts(graph, Options())
        taken.append(time.process_time() - began)
    return {"nodes": len(graph.nodes), "layouts": min(taken)}


def main(argv: Sequence[str]) -> int:
    """Write both as JSON."""
    xml, saved_model, out = map(Path, argv)
    spent = unavoidable(saved_model)  # first: it counts from the start of the process
    out.write_text(json.dumps({"floor": spent, **layouts(xml)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
