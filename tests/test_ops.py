"""Every op, in every layout that its rule admits, against OpenVINO.

Inputs are stored as a choice says, the emitter runs, and the result must be OpenVINO's, stored as
the same choice says: an axis that was not moved shows at once.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset13
from openvino.runtime.opset_utils import _get_node_factory

from converters.ir_to_tf import convert as _registers_every_op
from converters.ir_to_tf.dynamic import DYNAMIC, LOOSE, is_dynamic, thinned
from converters.ir_to_tf.emit import Emission
from converters.ir_to_tf.layout.atoms import find_atoms
from converters.ir_to_tf.layout.choices import Seen, choices_of
from converters.ir_to_tf.layout.frame import frame_of
from converters.ir_to_tf.layout.plan import Bound, Plan
from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.layout.wishes import Wishes, terminal
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.registry import OPS
from converters.ir_to_tf.simplify import simplified
from converters.ir_to_tf.simplify.computed import INDEXED, PREFIX
from converters.ir_to_tf.simplify.filling import FILLED
from tests.cases import Case, Given, all_cases, loose

assert _registers_every_op
CASES = all_cases()
LAYOUTS = 24
"""How many orders of a tensor are tried at most: all of four axes."""


@pytest.fixture(scope="module")
def core():
    return ov.Core()


def model_of(case: Case) -> tuple[ov.Model, list[np.ndarray]]:
    rng = np.random.default_rng(7)
    nodes, parameters, given = [], [], []
    for each in case.inputs:
        if isinstance(each, Given):
            given.append(each.draw(rng))
            parameters.append(opset13.parameter(each.shape, np.dtype(each.dtype)))
            nodes.append(parameters[-1])
            if each.loose:  # a Reshape to a shape that the model is told
                given.append(np.array(each.shape, np.int64))
                parameters.append(opset13.parameter([len(each.shape)], np.int64))
                nodes[-1] = opset13.reshape(nodes[-1], parameters[-1], False)
        else:
            nodes.append(opset13.constant(each))
    node = _get_node_factory(case.opset).create(case.type, nodes, dict(case.attributes))
    results = [opset13.result(node.output(port)) for port in range(case.ports)]
    return ov.Model(results, parameters), given


def stored(data: np.ndarray, value, layout, atoms) -> np.ndarray:
    """A tensor with an axis per atom, in the order of a layout."""
    written = atoms.as_written(value)
    cut = data.reshape([atoms.size(value, atom) for atom in written])
    return cut.transpose([written.index(atom) for atom in layout])


def possible_choices(nodes, frames, atoms):
    """The choices of each node when every tensor around it may be in any order."""
    seen = Seen()
    for node in nodes:
        for value in node.values:
            orders = permutations(atoms.as_written(value))
            for layout in [order for order, _ in zip(orders, range(LAYOUTS), strict=False)]:
                seen.note(node, [_choice(node, value, layout)])
    return {
        node: list(choices_of(node, frames[node], seen.orders(node, frames[node])))
        for node in nodes
    }


def _choice(node, value, layout):
    from converters.ir_to_tf.layout.choices import Choice

    return Choice(tuple(layout if v is value and not v.is_constant else None for v in node.values))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_op_in_every_layout(case, core):
    model, given = model_of(case)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = [np.array(result) for result in compiled(given).values()]
    graph = simplified(graph_of(model))
    if any(map(is_dynamic, graph.nodes)):
        check_whole(graph, given, expected, case.tolerance)
        return
    specs = {
        node: terminal(node, [tuple(range(node.values[0].rank))])
        if node.type in ("Parameter", "Result")
        else OPS[node.type].rule(node)
        for node in graph.nodes
    }
    atoms = find_atoms(graph, specs)
    frames = {node: frame_of(node, specs[node], atoms) for node in graph.nodes}
    inner = [n for n in graph.nodes if n.type not in ("Parameter", "Result")]
    if len(inner) == 1:
        choices = possible_choices(inner, frames, atoms)[inner[0]]
        assert choices
        for choice in choices:
            check(graph, (atoms, frames), inner[0], choice, (given, expected, case.tolerance))
    else:
        check_whole(graph, given, expected, case.tolerance)


def check(graph, layouts, node, choice, wanted):
    atoms, frames = layouts
    given, expected, tolerance = wanted
    emission = Emission(Plan(graph, atoms, frames, {node: choice}, Bound(0, 0)))
    by_name = {p.outputs[0]: data for p, data in zip(graph.inputs, given, strict=True)}
    for value, layout in zip(node.inputs, choice.layouts, strict=False):
        if layout is not None:
            data = stored(by_name[value], value, layout, atoms)
            emission.copies[value, layout] = tf.constant(data)
    emission.run(node)
    for result, data in zip(graph.outputs, expected, strict=True):
        value = result.inputs[0]
        layout = choice.layouts[len(node.inputs) + node.outputs.index(value)]
        compare(emission.copies[value, layout], stored(data, value, layout, atoms), tolerance)


def check_whole(graph, given, expected, tolerance):
    """An op said in several others: as written, and channels last."""
    from converters.ir_to_tf.emit import emit
    from converters.ir_to_tf.layout.plan import assign_layouts

    rules = {LOOSE: as_written, **{name: known.rule for name, known in OPS.items()}}
    for wish in ("as_written", "channels_last"):
        inputs = {node.name: wish for node in graph.inputs}
        outputs = {node.name: wish for node in thinned(graph).outputs}
        plan = assign_layouts(thinned(graph), rules, Wishes(inputs, outputs))
        feeds = {
            node.name: tf.constant(data.transpose(plan.order(node)))
            for node, data in zip(graph.inputs, given, strict=True)
        }
        made = emit(plan, feeds)
        for node, data in zip(graph.outputs, expected, strict=True):
            is_loose = is_dynamic(node)
            wanted = data if is_loose else data.transpose(plan.order(node))
            assert not is_loose or made[node.name].shape == data.shape
            compare(made[node.name], wanted, tolerance)


def compare(made, wanted, tolerance):
    got = np.asarray(made).reshape(wanted.shape)
    assert got.dtype == wanted.dtype
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def test_every_op_has_a_case():
    listed = {case.type for case in CASES}
    own = {"Blocks", INDEXED}  # said by DepthToSpace, SpaceToDepth and MaxPool
    own |= {kind for kind in OPS if kind.removeprefix(PREFIX) in listed}  # told by their inputs
    own |= {DYNAMIC + each.type for each in loose.CASES}
    own |= {"DynamicROIAlign", FILLED}  # test_selecting.py
    assert set(OPS) - listed - own == set()
