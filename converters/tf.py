"""tf: OpenVINO IR, channels first, to a TensorFlow SavedModel, channels last.

    python -m converters.tf digits 8x8 --xml results/digits/8x8/ir/model.xml \\
        --out /tmp/saved_model --interface /tmp/interface.json --facts /tmp/f.json

Reads the recipe's variant for the layouts and public names of inputs and outputs; writes the
SavedModel, interface.json (how each input and output is stored) and facts.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from converters import imports, stage
from converters.errors import RecipeError
from converters.recipes.recipe import Input, Output, Variant
from converters.versions import versions

if TYPE_CHECKING:
    from converters.ir_to_tf.convert import Converted, Options
    from converters.ir_to_tf.graph import Graph, Node
    from converters.ir_to_tf.layout.prices import Target
    from converters.ir_to_tf.layout.wishes import Wish

CHANNELS_FIRST = ("NCW", "NCHW", "NCDHW")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options beyond model and variant."""
    parser.add_argument("--xml", type=Path, required=True, help="the IR; its .bin lies beside it")
    parser.add_argument("--out", type=Path, required=True, help="folder of the SavedModel")
    parser.add_argument("--interface", type=Path, required=True, help="interface.json to write")
    parser.add_argument("--facts", type=Path, required=True, help="facts to write")


def run(args: argparse.Namespace) -> None:
    """Convert one variant's IR."""
    imports.tensorflow()
    from converters.ir_to_tf.convert import save_saved_model
    from converters.recipes import load_variant

    variant = load_variant(args.models, args.model, args.variant)
    made = conversion(variant, args.xml)
    with stage.made_whole(args.out) as part:
        save_saved_model(made.converted, part)
    stage.write_json(args.interface, made.converted.interface())
    stage.write_json(args.facts, facts_of(*made))


class Conversion(NamedTuple):
    """A variant's model, the graph that it was made of, and what overrides were applied to."""

    converted: Converted
    graph: Graph
    overrides: Sequence[Mapping[str, Any]]
    forms: Mapping[str, Sequence[str]]  # what was said otherwise for the target, and of which ops


def conversion(variant: Variant, xml: Path) -> Conversion:
    """Convert an IR as the recipe wants it."""
    from converters.ir_to_tf.convert import convert
    from converters.ir_to_tf.edgetpu_forms import adapted_to
    from converters.ir_to_tf.overrides import change_graph, change_model
    from converters.ir_to_tf.pins import apart
    from converters.ir_to_tf.reader import graph_of, read_model
    from converters.ir_to_tf.replacements import kept_apart

    model = read_model(xml)
    overrides = change_model(model, variant.stages["tf"].get("overrides", ()))
    forms = adapted_to(target_of(variant), model)
    graph, *wishes = change_graph(apart(graph_of(model), kept_apart(forms)), overrides)
    converted = convert(graph, with_wishes(options_for(variant, graph), *wishes))
    return Conversion(converted, graph, overrides, forms)


def target_of(variant: Variant) -> Target:
    """What the recipe makes the network for."""
    return cast("Target", variant.stages["tf"].get("target", "cpu"))


def with_wishes(
    options: Options, inputs: Mapping[str, Wish], outputs: Mapping[str, Wish]
) -> Options:
    """The same, but for the layouts that overrides ask of inputs and outputs."""
    return replace(
        options, inputs={**options.inputs, **inputs}, outputs={**options.outputs, **outputs}
    )


def options_for(variant: Variant, graph: Graph) -> Options:
    """What a recipe wishes of the inputs and outputs; the IR carries their public names."""
    from converters.ir_to_tf.convert import Options

    inputs = {_match([each.name], graph.inputs, "input"): each for each in variant.inputs}
    outputs = {
        _match([each.public_name, each.name], graph.outputs, "output"): each
        for each in variant.outputs
    }
    return Options(
        inputs={name: input_wish(each) for name, each in inputs.items()},
        outputs={name: output_wish(each) for name, each in outputs.items()},
        rename={
            **{name: each.name for name, each in inputs.items()},
            **{name: each.public_name for name, each in outputs.items()},
        },
        from_channels_first=not variant.inputs or _any_channels_first(variant.inputs),
        target=target_of(variant),
        equalise=bool(variant.stages["tf"].get("equalise", False)),
    )


def _any_channels_first(inputs: Iterable[Input]) -> bool:
    return any(each.layout in CHANNELS_FIRST for each in inputs)


def input_wish(declared: Input) -> Wish:
    """Channels last where the source has them first, unless the recipe keeps its layout."""
    turned = declared.layout in CHANNELS_FIRST and not declared.keep_layout
    return "channels_last" if turned else "as_written"


def output_wish(declared: Output) -> Wish:
    """The wish for one output."""
    return "as_written" if declared.layout == "as-is" else "free"


def _match(names: Sequence[str], nodes: tuple[Node, ...], kind: str) -> str:
    """The graph's name for what a recipe names; front ends of TensorFlow add `:0`."""
    known = {alias: node.name for node in nodes for alias in (*node.aliases, node.name)}
    for name in names:
        for spelling in (name, f"{name}:0", name.removesuffix(":0")):
            if spelling in known:
                return known[spelling]
    raise RecipeError(
        f"the model has no {kind} of that name",
        subject=f"{kind}s: {names[0]!r}",
        remedy=f"name one of {', '.join(repr(node.name) for node in nodes)}",
    )


def facts_of(
    converted: Converted,
    graph: Graph,
    overrides: Sequence[Mapping[str, Any]],
    forms: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """What was planned and made, for the report."""
    from converters.ir_to_tf.layout.alternatives import explanations

    plan = converted.plan
    return {
        "transposes": {
            "count": plan.count,
            "bytes": plan.bytes,
            "bound": plan.bound.count,
            "bound_bytes": plan.bound.bytes,
            "target": plan.prices.name,
            "remaining": list(explanations(plan)),
        },
        "overrides": list(overrides),
        **({"said_for_target": {form: list(ops) for form, ops in forms.items()}} if forms else {}),
        "equalised": list(converted.equalised),
        "ir_operators": dict(Counter(node.type for node in graph.nodes)),
        "versions": versions("tensorflow", "openvino", "scipy", "numpy"),
    }


if __name__ == "__main__":
    raise SystemExit(stage.main("tf", __doc__, add_arguments, run))
