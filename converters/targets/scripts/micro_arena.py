"""The arena that a TFLite file needs on a microcontroller: {"tflite": path}.

The interpreter is given more and more until it can allocate; then it tells what it took.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

LARGEST = 1 << 30
TOTAL = re.compile(r"Arena allocation total (\d+) bytes")


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Bytes of the arena; None, and a note, where an operator is none of its own."""
    from tflite_micro.python.tflite_micro import runtime

    noted = {"versions": {"tflite-micro": version("tflite-micro")}}
    content, size = Path(request["tflite"]).read_bytes(), 1 << 16
    while size <= LARGEST:
        try:
            interpreter = runtime.Interpreter.from_bytes(content, arena_size=size)
        except RuntimeError as error:
            problem, size = str(error), size * 4
            continue
        found = TOTAL.search(said_by(interpreter.print_allocations))
        return {**noted, "arena": int(found[1]) if found else None}
    return {**noted, "arena": None, "note": f"tflite-micro cannot allocate it: {problem}"}


def said_by(call: Callable[[], object]) -> str:
    """What native code prints while something is called."""
    with tempfile.TemporaryFile("w+") as kept:
        sys.stdout.flush()
        before = [os.dup(1), os.dup(2)]
        os.dup2(kept.fileno(), 1)
        os.dup2(kept.fileno(), 2)
        try:
            call()
        finally:
            for number, old in zip((1, 2), before, strict=True):
                os.dup2(old, number)
                os.close(old)
        kept.seek(0)
        return kept.read()


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
