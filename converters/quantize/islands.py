"""Which operators of an int8 file work in float all the same: what makes it less than full."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

CROSSINGS = ("QUANTIZE", "DEQUANTIZE")
"""Operators that lead into an island or out of it."""


def float_operators(path: Path) -> dict[str, int]:
    """How often each operator has an output in float, by name."""
    from ai_edge_litert import schema_py_generated as schema

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    found = Counter(
        names[_code(model.operatorCodes[operator.opcodeIndex])]
        for graph in model.subgraphs
        for operator in graph.operators
        if any(graph.tensors[i].type == schema.TensorType.FLOAT32 for i in operator.outputs)
    )
    return {name: count for name, count in sorted(found.items()) if name not in CROSSINGS}


def _code(operator: Any) -> int:
    return int(max(operator.builtinCode, operator.deprecatedBuiltinCode))
