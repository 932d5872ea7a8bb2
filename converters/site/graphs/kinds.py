"""Kinds of operators, which share a colour whatever each format calls them."""

from __future__ import annotations

import re
from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "end": r"^(input|output)$",
    "transpose": r"^transpose$",
    "convolution": r"conv",
    "matmul": r"matmul|gemm|fully_?connected|einsum",
    "pool": r"pool",
    "quantise": r"quantize|quantizelinear|convert$|^cast",
    "normalise": r"norm|mvn|lrn|softmax",
    "activate": r"relu|sigmoid|tanh|swish|mish|elu|gelu|clamp|clip|logistic|minimum|maximum",
    "join": r"concat|split|^pack|unpack|stack",
    "resize": r"resize|interpolate|upsample",
    "shape": r"shape|squeeze|flatten|expand|broadcast|pad|slice|gather|tile|space",
    "reduce": r"reduce|mean|^sum$|arg_?m|topk",
    "arithmetic": r"add|sub|mul|div|pow|sqrt|exp|abs|neg|square|floor|log",
}
"""Kind -> a pattern for names of operators, in small letters; the first that fits counts."""

OTHER = "other"


def kind_of(operator: str) -> str:
    """The kind of an operator; `other` for one that no pattern knows."""
    name = operator.lower()
    return next((kind for kind, text in KINDS.items() if re.search(text, name)), OTHER)
