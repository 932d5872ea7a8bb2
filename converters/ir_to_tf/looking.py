"""Looking inside: what the flags that print something print."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from converters.ir_to_tf.compare import compared, told
from converters.ir_to_tf.debug import layers_table, one_layer
from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.explain import explained
from converters.ir_to_tf.reader import read_model
from converters.ir_to_tf.request import Request
from converters.ir_to_tf.trace import reference, traced, values_for


def look(request: Request, args: Namespace) -> Iterator[tuple[str, bool]]:
    """Texts to print, each with whether it tells of a fault."""
    plan = request.converted.plan
    numbers = {name: number for number, name in request.layers.items()}
    if args.explain:
        yield explained(plan), False
    if args.debug or args.debug_layer_number is not None or args.compare_each:
        feeds = values_for(plan.graph, args.inputs)
    if args.debug:
        yield layers_table(traced(plan, feeds), numbers), False
    if args.debug_layer_number is not None:
        name = _layer(request, args.debug_layer_number)
        trace = list(traced(plan, feeds))
        model = read_model(args.model_path)
        ports = {f"{name}:{number}" for number in range(len(trace) + 1)}
        known = reference(model, feeds, ports)
        yield one_layer(name, trace, known, numbers), False
    if args.compare_each:
        comparison = compared(plan, read_model(args.model_path), feeds, args.tolerance)
        yield told(comparison, numbers), comparison.first is not None


def _layer(request: Request, number: int) -> str:
    if number not in request.layers:
        last = max(request.layers, default=None)
        raise ConversionError(
            "the model has no layer of that number",
            subject=f"--debug_layer_number {number}",
            remedy=f"numbers go to {last}; --debug prints them"
            if last is not None
            else "layers have numbers in an .xml only; --debug prints all layers by name",
        )
    return request.layers[number]
