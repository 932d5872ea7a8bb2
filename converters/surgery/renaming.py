"""Other names for nodes, tensors, inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converters.export import graph
from converters.origin import listed
from converters.surgery.finding import absent, node_names, tensors
from converters.surgery.operation import Change, Model, Site, operation
from converters.surgery.proofs import same_answers


@operation("rename")
def rename(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """New names by old ones, below inputs, outputs, tensors and nodes."""
    present = {
        "inputs": [value.name for value in model.graph.input],
        "outputs": [value.name for value in model.graph.output],
        "tensors": list(tensors(model)),
        "nodes": list(node_names(model)),
    }
    for field, names in options.items():
        for name in names:
            if name not in present[field]:
                raise absent(field[:-1], name, present[field], site, field)
    mapping = {k: v for f in ("inputs", "outputs", "tensors") for k, v in _of(options, f).items()}
    _check_distinct(mapping, present, site)
    changed = type(model)()
    changed.CopyFrom(model)
    for old, new in _of(options, "nodes").items():
        node_names(changed)[old].name = new
    changed = graph.renamed(changed, mapping)
    told = listed(f"{old} -> {new}" for field in options for old, new in options[field].items())
    return Change(changed, f"the same under other names: {told}", _unchanged(mapping, present))


def _of(options: Mapping[str, Any], field: str) -> Mapping[str, str]:
    return options.get(field) or {}


def _check_distinct(mapping: Mapping[str, str], present: Mapping[str, Any], site: Site) -> None:
    ends = [mapping.get(name, name) for name in (*present["inputs"], *present["outputs"])]
    twice = sorted({name for name in ends if ends.count(name) > 1})
    if twice:
        raise site.error(
            f"gives {listed(map(repr, twice))} to two inputs or outputs", "give each its own name"
        )


def _unchanged(mapping: Mapping[str, str], present: Mapping[str, Any]) -> Any:
    inputs = {k: v for k, v in mapping.items() if k in present["inputs"]}
    outputs = {k: v for k, v in mapping.items() if k in present["outputs"]}
    return same_answers(inputs, outputs)
