"""Operators of an int8 file that work in float all the same: by name, or as few as it takes.

An operator is known by the tensor that it makes, whose name it has in every file of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from converters.errors import RecipeError
from converters.quantize.budget import Found, fewest
from converters.quantize.conversion import Conversion, operators_of
from converters.quantize.noise import Noise
from converters.recipes.problems import nearest
from converters.recipes.recipe import Options

CROSSINGS = ("QUANTIZE", "DEQUANTIZE")
"""Operators that lead into an island or out of it."""

MEASURED = 8
"""So many of the calibration samples are run to find what the noise comes from."""


class Islands(NamedTuple):
    """The tensors whose operators stay in float, and why."""

    tensors: tuple[str, ...] = ()
    record: Mapping[str, Any] | None = None


def chosen(conversion: Conversion, kind: str, options: Options) -> Islands:
    """The islands that a recipe asks for in a kind; none if it asks for none."""
    asked = options.get("keep_float")
    if not asked or kind not in asked.get("kinds", ("int8", "full_int8", "full_uint8")):
        return Islands()
    known = operators_of(conversion.with_ranges)
    named = matching(known, asked.get("names", ()))
    record: dict[str, Any] = {"names": list(asked.get("names", ())), "named": _told(known, named)}
    if "sqnr_db" not in asked:
        return Islands(tuple(named), record)
    found = _within_budget(conversion, known, named, asked)
    record |= {
        "sqnr_db": {"wanted": asked["sqnr_db"], "before": found.before, "after": found.after},
        "found": _told(known, found.kept),
        "measured_on": MEASURED,
        "files_tried": found.tried,
    }
    return Islands((*named, *found.kept), record)


def _told(known: Sequence[tuple[str, str]], tensors: Sequence[str]) -> list[dict[str, str]]:
    types = {tensor: kind for kind, tensor in known}
    return [{"operator": types[tensor], "tensor": tensor} for tensor in tensors]


def matching(known: Sequence[tuple[str, str]], patterns: Sequence[str]) -> list[str]:
    """The tensors of the operators that some pattern fits; a pattern without any is an error."""
    kept: dict[str, None] = {}
    for pattern in patterns:
        fitting = [tensor for kind, tensor in known if _fits(kind, tensor, pattern)]
        if not fitting:
            names = sorted({name for kind, tensor in known for name in (kind, *_parts(tensor))})
            raise RecipeError(
                f"{pattern!r} fits no operator and no tensor",
                subject="quantize.keep_float.names",
                remedy=nearest(pattern, names) or f"there are: {', '.join(names)[:600]}",
            )
        kept.update(dict.fromkeys(fitting))
    return [tensor for _, tensor in known if tensor in kept]


def _parts(tensor: str) -> list[str]:
    """A fused operator's tensor has the names of all that went into it."""
    return [tensor, *(tensor.split(";") if ";" in tensor else ())]


def _fits(kind: str, tensor: str, pattern: str) -> bool:
    return kind == pattern or any(fnmatchcase(part, pattern) for part in (*_parts(tensor), kind))


def _within_budget(
    conversion: Conversion, known: Sequence[tuple[str, str]], named: Sequence[str], asked: Options
) -> Found:
    """The fewest further operators with which the noise is as low as was asked."""
    noise = Noise(conversion.with_ranges, conversion.calibration, MEASURED)
    others = [tensor for kind, tensor in known if kind not in CROSSINGS and tensor not in named]

    def measured(kept: frozenset[str]) -> float:
        return noise.sqnr_db(conversion.made((), (*named, *sorted(kept))))

    found = fewest(measured, others, asked["sqnr_db"])
    if len(found.kept) > asked["at_most"]:
        first = ", ".join(found.kept[:5])
        raise RecipeError(
            f"{asked['sqnr_db']} dB takes {len(found.kept)} of {len(known)} operators in float "
            f"({first}, ...), at most {asked['at_most']} may be; without any it is "
            f"{found.before:.1f} dB",
            subject="quantize.keep_float",
            remedy="lower sqnr_db, raise at_most, or use another kind, such as int16x8",
        )
    return found


def float_operators(path: Path) -> dict[str, int]:
    """How often each operator has an output in float, by name."""
    from ai_edge_litert import schema_py_generated as schema

    data = path.read_bytes()
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    is_float = [
        any(graph.tensors[i].type == schema.TensorType.FLOAT32 for i in operator.outputs)
        for graph in model.subgraphs
        for operator in graph.operators
        if len(operator.outputs)
    ]
    kinds = [kind for kind, _ in operators_of(data)]
    found = Counter(kind for kind, floats in zip(kinds, is_float, strict=True) if floats)
    return {name: count for name, count in sorted(found.items()) if name not in CROSSINGS}
