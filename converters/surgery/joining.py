"""Another ONNX model put behind the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converters.export import onnx_source
from converters.export.graph import opset, without_initialisers_as_inputs
from converters.origin import listed
from converters.surgery.editing import set_opset
from converters.surgery.finding import input_named, output_named
from converters.surgery.operation import Change, Model, Proof, Site, operation
from converters.surgery.proofs import Draw, feed_for, ran, worst


@operation("merge")
def merge(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """The model of a source, fed with outputs of this one; its names get a prefix."""
    import onnx

    joined = dict(options["join"])
    prefix = str(options.get("prefix", "merged/"))
    other = onnx_source.read_file(site.sources, str(options["model"]), f"{site.subject}.model")
    other = without_initialisers_as_inputs(other)
    if opset(other) != opset(model):
        other = set_opset(other, opset(model), site).model
    for ours, theirs in joined.items():
        output_named(model, ours, site, "join")
        input_named(other, theirs, site, "join")
    renamed = onnx.compose.add_prefix(other, prefix)
    io_map = [(ours, prefix + theirs) for ours, theirs in joined.items()]
    first, second = _alike(model, renamed)
    try:
        changed = onnx.compose.merge_models(first, second, io_map=io_map)
    except (ValueError, onnx.checker.ValidationError) as error:
        cause = f"the graphs do not fit together: {str(error).splitlines()[0]}"
        raise site.error(cause, "correct join, or choose another prefix") from error
    versions = {each.domain: each.version for each in changed.opset_import}
    del changed.opset_import[:]
    changed.opset_import.extend(onnx.helper.make_opsetid(*each) for each in versions.items())
    says = f"{options['model']} behind {listed(joined)}: its answers to these outputs"
    return Change(changed, says, _one_after_the_other(second, io_map))


def _alike(model: Model, other: Model) -> tuple[Model, Model]:
    """Copies in one version of the file format."""
    copies = []
    for each in (model, other):
        copy = type(each)()
        copy.CopyFrom(each)
        copy.ir_version = max(model.ir_version, other.ir_version)
        copies.append(copy)
    return copies[0], copies[1]


def _one_after_the_other(second: Model, io_map: list[tuple[str, str]]) -> Proof:
    """The first model run, then the second one on what it answered."""

    def proof(before: Model, after: Model, draw: Draw) -> float:
        feed = feed_for(after, draw)
        own = {value.name for value in before.graph.input}
        answers = ran(before, {name: value for name, value in feed.items() if name in own})
        rest = {name: value for name, value in feed.items() if name not in own}
        more = ran(second, {**rest, **{theirs: answers[ours] for ours, theirs in io_map}})
        kept = {k: v for k, v in answers.items() if k not in dict(io_map)}
        return worst({**kept, **more}, ran(after, feed))

    return proof
