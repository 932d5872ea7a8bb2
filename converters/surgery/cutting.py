"""Parts of a graph: what lies between tensors, and nodes left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converters.export import graph
from converters.origin import listed
from converters.surgery.finding import nodes_like, readers, tensor_named, tensors
from converters.surgery.operation import Change, Model, Proof, Site, operation
from converters.surgery.proofs import Draw, feed_for, piece_of, ran, worst


@operation("extract")
def extract(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """The part between the named tensors; without `inputs` it begins where the graph does."""
    outputs = list(options["outputs"])
    inputs = list(options.get("inputs") or [])
    for field, names in (("inputs", inputs), ("outputs", outputs)):
        for name in names:
            if tensor_named(model, name, site, field) is None:
                raise site.error(
                    f"the type of {name!r} is not known", "cut at another tensor", field
                )
    if not inputs:
        return Change(graph.cut(model, outputs), _between(inputs, outputs), _extracted([], outputs))
    part = piece_of(model, inputs, outputs)
    made = {name for node in part.graph.node for name in node.output}
    fed = {*inputs, *(tensor.name for tensor in part.graph.initializer)}
    lacking = sorted({n for node in part.graph.node for n in node.input if n} - made - fed)
    if lacking:
        raise site.error(
            f"the outputs also depend on {listed(map(repr, lacking))}",
            "add them to the inputs, or cut at tensors that everything passes through",
            "inputs",
        )
    return Change(part, _between(inputs, outputs), _extracted(inputs, outputs))


def _between(inputs: list[str], outputs: list[str]) -> str:
    start = f"from {listed(inputs)} " if inputs else ""
    return f"the part {start}to {listed(outputs)}, with the values that the whole has there"


def _extracted(inputs: list[str], outputs: list[str]) -> Proof:
    """Fed with what the whole has at its beginning, the part ends in what the whole has there."""

    def proof(before: Model, after: Model, draw: Draw) -> float:
        whole = type(before)()
        whole.CopyFrom(before)
        known = tensors(before)
        names = list(dict.fromkeys([*inputs, *outputs]))
        del whole.graph.output[:]
        whole.graph.output.extend([known[name] for name in names])
        feed = feed_for(before, draw)
        values = ran(whole, feed)
        own = {name: feed[name] for name in feed if name in {v.name for v in after.graph.input}}
        found = ran(after, {**own, **{name: values[name] for name in inputs}})
        return worst({name: values[name] for name in outputs}, found)

    return proof


@operation("delete_nodes")
def delete_nodes(model: Model, options: Any, site: Site) -> Change:
    """Nodes left out: who read what they made reads what they read first."""
    patterns = [options] if isinstance(options, str) else list(options)
    changed = type(model)()
    changed.CopyFrom(model)
    chosen = nodes_like(changed, patterns, site)
    for node in chosen:
        used = [o for o in node.output if o and _is_used(changed, o)]
        if not node.input or not node.input[0] or len(used) > 1:
            cause = f"{node.op_type} {node.name or node.output[0]!r} cannot be passed by: "
            why = f"{len(used)} of its outputs are read" if len(used) > 1 else "it reads nothing"
            raise site.error(cause + why, "cut the graph there instead, with extract", "nodes")
        _pass_by(changed, node, used[0] if used else "")
    names = listed(node.name or node.output[0] for node in chosen)
    return Change(changed, f"{len(chosen)} nodes left out: {names}")


def _is_used(model: Model, name: str) -> bool:
    ends = {value.name for value in model.graph.output}
    return name in ends or any(True for _ in readers(model, name))


def _pass_by(model: Model, node: Any, made: str) -> None:
    import onnx

    source = node.input[0]
    place = next(i for i, each in enumerate(model.graph.node) if each is node)
    model.graph.node.remove(node)
    for reader, i in list(readers(model, made)):
        reader.input[i] = source
    if made in {value.name for value in model.graph.output}:
        # an output keeps its name; simplify takes the Identity away
        kept = onnx.helper.make_node("Identity", [source], [made], name=f"{made}/kept")
        model.graph.node.insert(place, kept)
