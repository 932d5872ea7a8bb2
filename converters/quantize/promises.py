"""The runtimes that a zoo can promise its TFLite files for: `runtimes` in config.yaml."""

from __future__ import annotations

from typing import Any

from converters.errors import RecipeError
from converters.recipes.problems import nearest

EDGETPU = "edgetpu"
"""The compiler for the Edge TPU, version 16: its versions are known, it runs nothing here."""

PROMISED = ("tflite-runtime", "ai-edge-litert")
"""What a zoo promises that says nothing of it; both can run files."""

RUNTIMES = (*PROMISED, EDGETPU)


def promised(runtimes: Any) -> list[str]:
    """What config.yaml says of them; a misspelt one is an error."""
    wanted = [runtimes] if isinstance(runtimes, str) else list(runtimes or ())
    unknown = [name for name in wanted if name not in RUNTIMES]
    if unknown:
        raise RecipeError(
            f"no runtime {', '.join(map(str, unknown))}",
            subject="config.yaml: runtimes",
            remedy=nearest(str(unknown[0]), RUNTIMES) or f"choose among: {', '.join(RUNTIMES)}",
        )
    return wanted
