"""The ops that the converter knows: each one layout rule and one emitter, in one statement.

An emitter takes the site, then the tensors, then the IR's attributes by keyword. Its signature is
the schema: an attribute of the IR that it does not name is an error, unless excused here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from converters.ir_to_tf.errors import ConversionError, UnknownAttributeError
from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import Rule

Emitter = Callable[..., Any]
E = TypeVar("E", bound=Emitter)

EXCUSED = {
    "auto_broadcast": "shapes are static and OpenVINO has checked them",
    "auto_pad": "the reader has turned it into explicit pads",
}
"""Attributes that need no emitter's care, and why."""


class Op(NamedTuple):
    """How one IR type is laid out and emitted."""

    rule: Rule
    emit: Emitter
    attributes: frozenset[str]
    excused: Mapping[str, str]


OPS: dict[str, Op] = {}


def op(*ir_types: str, layout: Rule, excused: Mapping[str, str] | None = None) -> Callable[[E], E]:
    """Register an emitter for IR types, with its layout rule.

    `excused` names attributes that mean nothing here, each with its reason.
    """

    def register(emit: E) -> E:
        parameters = inspect.signature(emit).parameters.values()
        named = frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        for ir_type in ir_types:
            if ir_type in OPS:
                raise ConversionError("registered twice", subject=ir_type)
            OPS[ir_type] = Op(layout, emit, named, {**EXCUSED, **(excused or {})})
        return emit

    return register


def attributes_for(node: Node) -> dict[str, Any]:
    """The attributes that a node's emitter takes; one that it does not know is an error."""
    known = OPS[node.type]
    unknown = [
        name
        for name in node.attributes
        if name not in known.attributes and name not in known.excused
    ]
    if unknown:
        raise UnknownAttributeError.at(
            node,
            f"unknown attributes {', '.join(unknown)}",
            f"name them in the signature of its emitter, or excuse them there with a reason; it "
            f"knows {', '.join(sorted(known.attributes)) or 'none'}",
        )
    return {name: v for name, v in node.attributes.items() if name in known.attributes}
