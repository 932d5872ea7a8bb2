"""Requests: from the command line to a converted model."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from converters.ir_to_tf.convert import Converted, Options, convert
from converters.ir_to_tf.edgetpu_forms import adapted_to
from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import Graph, Node
from converters.ir_to_tf.layout.wishes import Wish
from converters.ir_to_tf.overrides import change_graph, change_model, read_overrides
from converters.ir_to_tf.pins import apart
from converters.ir_to_tf.reader import graph_of, read_model
from converters.ir_to_tf.replacements import REPLACEMENTS, kept_apart, replaced
from converters.ir_to_tf.surgery import Model, ended_at, layer_names
from converters.recipes.problems import nearest


class Request(NamedTuple):
    """A converted model, and what is needed to look inside."""

    converted: Converted
    layers: Mapping[int, str]  # number in the .xml -> name


def requested(args: Namespace) -> Request:
    """Convert the model as the flags say."""
    layers = layer_names(args.model_path) if args.model_path.exists() else {}
    model = read_model(args.model_path)
    if args.layerids_of_the_terminating_output:
        names = _layers(args.layerids_of_the_terminating_output, layers, model)
        model = ended_at(model, names)
    entries = read_overrides(args.overrides) if args.overrides else ()
    record = change_model(model, entries)
    for entry in record:
        print(f"override of {entry['op']!r}: {', '.join(entry['applied_to'])}", file=sys.stderr)
    done = replaced(model, {flag for flag in REPLACEMENTS if getattr(args, flag)})
    for flag, ops in done.items():
        print(f"--{flag}: {', '.join(ops) or 'there is nothing to replace'}", file=sys.stderr)
    forms = adapted_to(args.target, model)
    for form, ops in forms.items():
        print(f"--target edgetpu: {form}: {', '.join(ops)}", file=sys.stderr)
    kept = kept_apart({**done, **forms})
    changed = change_graph(apart(graph_of(model), kept), record)
    inputs, outputs = _kept(args, changed.graph)
    wishes = {**inputs, **changed.inputs}, {**outputs, **changed.outputs}
    options = Options(*wishes, target=args.target)
    return Request(convert(changed.graph, options), layers)


def _layers(text: str, layers: Mapping[int, str], model: Model) -> list[str]:
    """Names of layers, given by number or by name."""
    known = [op.get_friendly_name() for op in model.get_ordered_ops()]
    return [_layer(word.strip(), layers, known) for word in text.split(",") if word.strip()]


def _layer(word: str, layers: Mapping[int, str], known: Sequence[str]) -> str:
    name = layers.get(int(word), word) if word.isdecimal() else word
    if name not in known:
        raise ConversionError(
            f"the model has no layer {word!r}",
            subject="--layerids_of_the_terminating_output",
            remedy=nearest(word, known) or "--debug lists all layers",
        )
    return name


def _kept(args: Namespace, graph: Graph) -> tuple[dict[str, Wish], dict[str, Wish]]:
    """The inputs and outputs that stay as the IR has them; `--input_as_ncdhw` has the last word."""
    asked = args.keep_input_tensor_in_nchw
    names = {name for given in asked for name in given}
    inputs = dict(_named(names, graph.inputs))
    outputs = dict(_named(names, graph.outputs))
    _check_names(names, graph)
    if any(not given for given in asked):
        inputs |= {node.name: "as_written" for node in graph.inputs}
    if args.input_as_ncdhw:
        deep: dict[str, Wish] = {
            node.name: "channels_last" for node in graph.inputs if node.outputs[0].rank == 5
        }
        if not deep:
            raise ConversionError(
                "no input has five axes", subject="--input_as_ncdhw", remedy="leave the flag out"
            )
        inputs |= deep
    return inputs, outputs


def _named(names: set[str], nodes: Sequence[Node]) -> Iterator[tuple[str, Wish]]:
    for node in nodes:
        if names & {node.name, *node.aliases}:
            yield node.name, "as_written"


def _check_names(names: set[str], graph: Graph) -> None:
    terminals = (*graph.inputs, *graph.outputs)
    known = {alias for node in terminals for alias in (node.name, *node.aliases)}
    for name in sorted(names - known):
        raise ConversionError(
            f"the model has no input or output {name!r}",
            subject="--keep_input_tensor_in_nchw",
            remedy=f"it has {', '.join(repr(node.name) for node in terminals)}",
        )
