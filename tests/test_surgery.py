"""surgery: each operation on a small graph, its numbers in ONNX Runtime; what matches nothing."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from variants import variant

from converters.errors import LimitError, ZooError
from converters.export import graph
from converters.recipes import load_zoo
from converters.recipes.recipe import Input, Output
from converters.recipes.schema import schema
from converters.surgery import proofs
from converters.surgery.__main__ import OPERATIONS, facts, operated, told
from converters.surgery.boxes import cells
from converters.surgery.ssd import computed_priors
from converters.surgery.suppressing import Limits, detections, overlaps

ROOT = Path(__file__).resolve().parent.parent
FLOAT = TensorProto.FLOAT


def value(name: str, *shape, kind: int = FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape))


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def stored(name: str, array) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def model(nodes, inputs, outputs, weights=(), opset: int = 17) -> onnx.ModelProto:
    made = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(weights))
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def classifier(opset: int = 17, batch=1) -> onnx.ModelProto:
    """A convolution, a dropout, a reshape that spells out the batch, and a matrix."""
    return model(
        [
            helper.make_node("Conv", ["x", "w"], ["a"], name="stem", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["a"], ["b"], name="relu"),
            helper.make_node("Dropout", ["b"], ["c"], name="drop_1"),
            helper.make_node("Reshape", ["c", "flat"], ["d"], name="flatten"),
            helper.make_node("MatMul", ["d", "m"], ["logits"], name="head"),
        ],
        [value("x", batch, 3, 4, 4)],
        [value("logits", batch, 5)],
        [
            stored("w", numbers(2, 3, 3, 3)),
            stored("flat", np.array([1, 32], np.int64)),
            stored("m", numbers(32, 5, seed=1)),
        ],
        opset,
    )


IMAGE = Input("x", (1, 3, 4, 4), "NCHW")


def changed(
    source: onnx.ModelProto,
    *steps,
    inputs=(IMAGE,),
    outputs=(),
    folder: Path = Path("/nowhere"),
    sources: Path = Path("/nowhere"),
):
    wanted = replace(variant({"framework": "onnx"}, inputs, outputs), surgery=tuple(steps))
    return operated(source, wanted, folder, sources)


def answers(made: onnx.ModelProto, **feed: np.ndarray) -> dict[str, np.ndarray]:
    return proofs.ran(made, feed)


X = numbers(1, 3, 4, 4, seed=7)


def logits_of(x: np.ndarray = X) -> np.ndarray:
    return answers(classifier(), x=x)["logits"]


def test_the_schema_and_the_table_have_the_same_operations():
    steps = schema()["properties"]["surgery"]["items"]["properties"]
    assert set(steps) == set(OPERATIONS)
    assert all(step["description"] and step["examples"] for step in steps.values())


def test_every_operation_is_used_by_a_recipe():
    recipes = load_zoo(ROOT / "models").values()
    surgeries = [variant.surgery for recipe in recipes for variant in recipe.variants.values()]
    used = {name for surgery in surgeries for step in surgery for name in step}
    assert used == set(OPERATIONS)


# Cutting ----------------------------------------------------------------------------------------


def test_extract_keeps_what_lies_between_tensors():
    step = {"extract": {"inputs": ["b"], "outputs": ["logits"]}}
    made, notes = changed(classifier(), step, inputs=[Input("b", (1, 2, 4, 4))])
    assert [node.name for node in made.graph.node] == ["drop_1", "flatten", "head"]
    whole = proofs.piece_of(graph.inferred(classifier()), ["x"], ["b"])
    b = answers(whole, x=X)["b"]
    np.testing.assert_allclose(answers(made, b=b)["logits"], logits_of(), rtol=1e-6)
    assert notes[0]["differs"] == 0


def test_extract_without_inputs_begins_where_the_graph_does():
    made, _ = changed(classifier(), {"extract": {"outputs": ["a"]}})
    assert [output.name for output in made.graph.output] == ["a"]
    assert len(made.graph.node) == 1


def test_extract_says_what_else_the_outputs_need():
    skip = classifier()
    skip.graph.node.append(helper.make_node("Add", ["a", "b"], ["s"]))
    skip.graph.output.append(value("s", 1, 2, 4, 4))
    step = {"extract": {"inputs": ["b"], "outputs": ["s"]}}
    with pytest.raises(ZooError, match="also depend on"):
        changed(skip, step, inputs=[Input("b", (1, 2, 4, 4))])


@pytest.mark.parametrize("pattern", ["drop_*", "drop_1", "c"])
def test_a_deleted_node_is_passed_by(pattern):
    made, notes = changed(classifier(), {"delete_nodes": [pattern]})
    assert "Dropout" not in graph.operators(made)
    np.testing.assert_allclose(answers(made, x=X)["logits"], logits_of())
    assert notes[0]["moved"] == 0


def test_a_deleted_node_that_mattered_is_noted_with_how_far_it_moved():
    made, notes = changed(classifier(), {"delete_nodes": ["relu"]})
    assert notes[0]["moved"] > 0.01
    assert np.abs(answers(made, x=X)["logits"] - logits_of()).max() > 0.01


def test_a_softmax_between_transposes_becomes_one_along_its_own_axis():
    """Two changes that move the numbers, and together do not, in the opset where they may."""
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], name="to", perm=[0, 3, 2, 1]),
        helper.make_node("Softmax", ["t"], ["s"], name="soft", axis=3),
        helper.make_node("Transpose", ["s"], ["y"], name="fro", perm=[0, 3, 2, 1]),
    ]
    ends = [value("x", 1, 3, 4, 4)], [value("y", 1, 3, 4, 4)]
    steps = (
        {"delete_nodes": ["to", "fro"]},
        {"set_attribute": {"node": "soft", "attribute": "axis", "value": 1}},
    )
    source = model(nodes, *ends, opset=11)
    wanted = answers(source, x=X)["y"]
    made, notes = changed(source, {"set_opset": 13}, *steps)
    np.testing.assert_allclose(answers(made, x=X)["y"], wanted, rtol=1e-6)
    assert notes[1]["moved"] > 0.01 and notes[2]["moved"] > 0.01
    assert told(notes[1]).startswith(" (outputs moved by") and told(notes[0]) == ""
    made, _ = changed(source, *steps, {"set_opset": 13})
    assert np.abs(answers(made, x=X)["y"] - wanted).max() > 0.01


def test_a_deleted_last_node_leaves_the_outputs_name():
    source = classifier()
    source.graph.node.append(helper.make_node("Softmax", ["logits"], ["p"], name="prob", axis=-1))
    source.graph.output[0].name = "p"
    made, _ = changed(source, {"delete_nodes": ["prob"]})
    np.testing.assert_allclose(answers(made, x=X)["p"], logits_of())


# Names ------------------------------------------------------------------------------------------


def test_rename_reaches_inputs_outputs_tensors_and_nodes():
    step = {
        "rename": {
            "inputs": {"x": "image"},
            "outputs": {"logits": "scores"},
            "tensors": {"b": "features"},
            "nodes": {"head": "last"},
        }
    }
    made, notes = changed(classifier(), step, inputs=[replace(IMAGE, name="image")])
    assert [node.name for node in made.graph.node][-1] == "last"
    assert made.graph.node[1].output[0] == "features"
    np.testing.assert_allclose(answers(made, image=X)["scores"], logits_of())
    assert notes[0]["differs"] == 0


def test_two_ends_of_one_name_are_refused():
    with pytest.raises(ZooError, match="two inputs or outputs"):
        changed(classifier(), {"rename": {"inputs": {"x": "y"}, "outputs": {"logits": "y"}}})


# Sizes ------------------------------------------------------------------------------------------


def test_a_batch_is_set_where_a_reshape_spells_it_out():
    made, notes = changed(
        classifier(), {"set_batch": 3}, inputs=[replace(IMAGE, shape=(3, 3, 4, 4))]
    )
    x = numbers(3, 3, 4, 4, seed=3)
    wanted = np.concatenate([logits_of(x[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(answers(made, x=x)["logits"], wanted, rtol=1e-5, atol=1e-6)
    assert "1 Reshapes" in notes[0]["says"] and notes[0]["differs"] < 1e-6


def test_an_open_shape_is_set():
    source = model(
        [helper.make_node("Relu", ["x"], ["y"])],
        [value("x", "n", 3, "h", "w")],
        [value("y", "n", 3, "h", "w")],
    )
    made, notes = changed(
        source, {"set_shape": {"x": [1, 3, 4, 6]}}, inputs=[replace(IMAGE, shape=(1, 3, 4, 6))]
    )
    assert proofs.signature_of(made)["outputs"] == {"y": [1, 3, 4, 6]}
    assert notes[0]["differs"] == 0


def test_a_shape_of_another_rank_is_refused():
    with pytest.raises(ZooError, match="has 4 axes"):
        changed(classifier(), {"set_shape": {"x": [3, 4, 4]}})


# Edits in place ---------------------------------------------------------------------------------


def test_an_opset_is_set_and_the_answers_stay():
    made, notes = changed(classifier(opset=9), {"set_opset": 13})
    assert graph.opset(made) == 13
    np.testing.assert_allclose(answers(made, x=X)["logits"], logits_of(), rtol=1e-6)
    assert notes[0]["differs"] < 1e-6


def test_an_attribute_is_set_with_the_operators_type():
    step = {"set_attribute": {"node": "stem", "attribute": "pads", "value": [0, 0, 2, 2]}}
    made, notes = changed(classifier(), step)
    assert list(made.graph.node[0].attribute[0].ints) == [0, 0, 2, 2]
    assert notes[0]["moved"] > 0.01
    step = {"set_attribute": {"node": "stem", "attribute": "auto_pad", "value": "NOTSET"}}
    assert changed(classifier(), step)[1][0]["moved"] == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"node": "stm", "attribute": "pads", "value": 1}, "did you mean stem?"),
        ({"node": "stem", "attribute": "pad", "value": 1}, "did you mean pads?"),
        ({"node": "stem", "attribute": "pads", "value": "wide"}, "takes INTS"),
    ],
)
def test_a_wrong_attribute_is_told(options, says):
    with pytest.raises(ZooError) as caught:
        changed(classifier(), {"set_attribute": options})
    assert says in str(caught.value) and "surgery[0].set_attribute" in str(caught.value)


def test_a_constant_is_replaced_by_values_or_a_file(tmp_path):
    weights = numbers(32, 5, seed=9)
    np.save(tmp_path / "m.npy", weights)
    given = {"name": "m", "file": "m.npy"}
    made, notes = changed(classifier(), {"replace_constant": given}, folder=tmp_path)
    d = answers(proofs.piece_of(graph.inferred(classifier()), ["x"], ["d"]), x=X)["d"]
    np.testing.assert_allclose(answers(made, x=X)["logits"], d @ weights, rtol=1e-5, atol=1e-5)
    assert notes[0]["says"] == "160 of 160 values of m replaced"
    given = {"name": "flat", "value": [1, -1, 4], "reshape": True}
    made, notes = changed(
        classifier(), {"extract": {"outputs": ["d"]}}, {"replace_constant": given}
    )
    assert notes[1]["outputs"] == {"d": [1, 8, 4]}
    assert notes[1]["says"] == "3 of 2 values of flat replaced, now [3]"
    zero, _ = changed(classifier(), {"replace_constant": {"name": "m", "value": 0}})
    assert not answers(zero, x=X)["logits"].any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"name": "mm", "value": 1}, "did you mean m?"),
        ({"name": "m", "value": [1, 2]}, "has shape"),
        ({"name": "flat", "value": 1.5}, "does not fit into int64"),
        ({"name": "m", "file": "../m.npy"}, "leaves its folder"),
        ({"name": "m", "file": "objects.npy"}, "cannot be read as an array"),
    ],
)
def test_a_wrong_constant_is_told(tmp_path, options, says):
    np.save(tmp_path.parent / "m.npy", numbers(2))
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ZooError, match=says.replace("?", r"\?")):
        changed(classifier(), {"replace_constant": options}, folder=tmp_path)


# Joining ----------------------------------------------------------------------------------------


def test_a_second_model_is_put_behind(tmp_path):
    (tmp_path / "tail").mkdir()
    tail = model(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [value("x", 1, 5), value("more", 1)],
        [value("y", 1, 5), value("twice", 1)],
        [stored("w", numbers(5))],
        opset=13,
    )
    tail.graph.node.append(helper.make_node("Add", ["more", "more"], ["twice"]))
    onnx.save(tail, tmp_path / "tail" / "tail.onnx")
    step = {"merge": {"model": "tail", "join": {"logits": "x"}, "prefix": "t/"}}
    inputs = [IMAGE, Input("t/more", (1,))]
    made, notes = changed(classifier(), step, inputs=inputs, sources=tmp_path)
    found = answers(made, x=X, **{"t/more": np.float32([2])})
    np.testing.assert_allclose(found["t/y"], logits_of() + numbers(5), rtol=1e-5)
    assert found["t/twice"] == 4 and notes[0]["differs"] < 1e-6
    step["merge"]["join"] = {"logits": "z"}
    with pytest.raises(ZooError, match="no input 'z'"):
        changed(classifier(), step, inputs=inputs, sources=tmp_path)


# Before the network -----------------------------------------------------------------------------


def test_normalisation_goes_into_the_graph():
    options = {"mean": [1, 2, 3], "std": 4, "reverse_channels": True, "dtype": "uint8"}
    made, notes = changed(
        classifier(), {"normalise": options}, inputs=[replace(IMAGE, dtype="uint8")]
    )
    raw = np.random.default_rng(0).integers(0, 256, (1, 3, 4, 4)).astype(np.uint8)
    seen = (raw[:, ::-1].astype(np.float32) - np.float32([1, 2, 3]).reshape(1, 3, 1, 1)) / 4
    np.testing.assert_allclose(answers(made, x=raw)["logits"], logits_of(seen), rtol=1e-5)
    assert notes[0]["differs"] < 1e-6
    assert notes[0]["says"] == (
        "the input x takes uint8, and the network sees (x with its channels reversed - "
        "[1, 2, 3]) / 4"
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mean": [1, 2]}, "has 2 numbers for 3 channels"),
        ({"std": 0}, "divides by zero"),
        ({"axis": 4, "mean": 1}, "no axis"),
        ({"input": "y", "mean": 1}, "there are: x"),
    ],
)
def test_a_wrong_normalisation_is_told(options, says):
    with pytest.raises(ZooError, match=says):
        changed(classifier(), {"normalise": options})


# Behind the network -----------------------------------------------------------------------------


def test_softmax_and_argmax_stand_in_the_outputs_place():
    made, notes = changed(
        classifier(),
        {"softmax": {"name": "p", "keep": True}},
        {"argmax": {"output": "logits", "name": "class", "dtype": "int32"}},
        outputs=[Output("class"), Output("p", "probabilities")],
    )
    found = answers(made, x=X)
    powers = np.exp(logits_of())
    np.testing.assert_allclose(found["probabilities"], powers / powers.sum(), rtol=1e-5)
    assert found["class"] == logits_of().argmax(1) and found["class"].dtype == np.int32
    assert max(note["differs"] for note in notes) < 1e-6


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"softmax": {"output": "logit"}}, "did you mean logits?"),
        ({"softmax": {"axis": 2}}, "no axis"),
        ({"argmax": {"name": "b"}}, "name of a tensor already"),
        ({"argmix": {}}, "did you mean argmax?"),
    ],
)
def test_a_wrong_ending_is_told(step, says):
    with pytest.raises(ZooError) as caught:
        changed(classifier(), step)
    assert says in str(caught.value)


def test_an_old_opset_is_told_its_remedy():
    with pytest.raises(ZooError, match="set_opset: 13"):
        changed(classifier(opset=11), {"softmax": {}})
    made, _ = changed(classifier(opset=11), {"set_opset": 13}, {"softmax": {}})
    np.testing.assert_allclose(answers(made, x=X)["logits_softmax"].sum(), 1, rtol=1e-6)


# Detectors --------------------------------------------------------------------------------------


def passing(*shapes: tuple[int, ...], names=("p",), opset: int = 17) -> onnx.ModelProto:
    """A detector whose predictions are its inputs, times one."""
    nodes = [helper.make_node("Relu", ["image"], ["unused"])]
    pairs = list(zip(names, shapes, strict=True))
    nodes += [helper.make_node("Mul", [f"{n}_in", "one"], [n]) for n, _ in pairs]
    inputs = [value(f"{n}_in", *shape) for n, shape in pairs]
    outputs = [value(n, *shape) for n, shape in pairs]
    return model(nodes[1:], inputs, outputs, [stored("one", np.float32(1))], opset)


def fed(*shapes: tuple[int, ...], names=("p",)) -> list[Input]:
    return [Input(f"{n}_in", shape) for n, shape in zip(names, shapes, strict=True)]


def test_yolox_is_decoded_by_hand():
    shape = (1, 5, 7)  # one cell of stride 16 after four of stride 8
    step = {"decode_yolo": {"style": "yolox", "strides": [8, 16], "size": [16, 16]}}
    made, notes = changed(passing(shape), step, inputs=fed(shape))
    p = np.zeros(shape, np.float32)
    p[0, 3] = [0.5, 0.5, np.log(2), 0, 0.5, 0.25, 0.75]  # in the cell x=1, y=1 of stride 8
    found = answers(made, p_in=p)
    np.testing.assert_allclose(found["boxes"][0, 3], [12 - 8, 12 - 4, 12 + 8, 12 + 4], rtol=1e-6)
    np.testing.assert_allclose(found["scores"][0, :, 3], [0.125, 0.375])
    np.testing.assert_allclose(found["boxes"][0, 4], [-8, -8, 8, 8])
    assert notes[0]["differs"] < 1e-5


@pytest.mark.parametrize(
    ("style", "shape", "first"), [("yolov5", (1, 6, 7), 5), ("yolov8", (1, 6, 9), 4)]
)
def test_predictions_in_pixels_are_turned_into_corners(style, shape, first):
    made, notes = changed(passing(shape), {"decode_yolo": {"style": style}}, inputs=fed(shape))
    p = np.abs(numbers(*shape))
    found = answers(made, p_in=p)
    rows = p if style == "yolov5" else p.transpose(0, 2, 1)
    np.testing.assert_allclose(found["boxes"][..., 0], rows[..., 0] - rows[..., 2] / 2, rtol=1e-4)
    scores = rows[..., first:] * (rows[..., 4:5] if first == 5 else 1)
    np.testing.assert_allclose(found["scores"], scores.transpose(0, 2, 1), rtol=1e-5)
    assert notes[0]["differs"] < 1e-5


@pytest.mark.parametrize("style", ["yolov3_heads", "yolov5_heads"])
def test_raw_heads_are_decoded_with_their_anchors(style):
    shapes, names = [(1, 12, 4, 4), (1, 12, 2, 2)], ("p", "q")
    anchors = [[[4, 6], [8, 8]], [[10, 20], [30, 5]]]
    options = {"style": style, "outputs": ["p", "q"], "anchors": anchors, "size": [32, 32]}
    step = {"decode_yolo": options}
    made, notes = changed(passing(*shapes, names=names), step, inputs=fed(*shapes, names=names))
    p, q = np.zeros(shapes[0], np.float32), np.zeros(shapes[1], np.float32)
    p[0, 6:8, 2, 1] = 1.5  # x and y of the second anchor at row 2, column 1
    box = answers(made, p_in=p, q_in=q)["boxes"][0, 16 + 2 * 4 + 1]
    middle = 1 / (1 + np.exp(-1.5))
    middle = middle if style == "yolov3_heads" else 2 * middle - 0.5
    centre = np.array([1 + middle, 2 + middle]) * 8
    np.testing.assert_allclose(box, [*(centre - 4), *(centre + 4)], rtol=1e-5)
    assert notes[0]["differs"] < 1e-5


def test_an_ssd_is_decoded_from_computed_priors():
    shapes, names = [(1, 6, 4), (1, 6, 2)], ("moves", "votes")
    priors = {"strides": [8, 16], "sizes": [[4], [10, 12]]}
    options = {
        "offsets": "moves",
        "confidences": "votes",
        "priors": priors,
        "size": [16, 16],
        "activation": "softmax",
    }
    made, notes = changed(
        passing(*shapes, names=names), {"decode_ssd": options}, inputs=fed(*shapes, names=names)
    )
    moves, votes = np.zeros(shapes[0], np.float32), np.zeros(shapes[1], np.float32)
    moves[0, 1] = [1, 0, np.log(2) / 0.2, 0]  # cell x=1, y=0 of stride 8, a square of 4 pixels
    votes[0, 1] = [0, np.log(3)]
    found = answers(made, moves_in=moves, votes_in=votes)
    x = 0.75 + 0.1 * 0.25
    np.testing.assert_allclose(found["boxes"][0, 1], [x - 0.25, 0.125, x + 0.25, 0.375], rtol=1e-5)
    np.testing.assert_allclose(found["scores"][0, 0, :2], [0.5, 0.75], rtol=1e-5)
    assert found["scores"].shape == (1, 1, 6) and notes[0]["differs"] < 1e-5


def test_priors_and_cells_are_counted():
    assert cells((16, 24), (8, 16)).tolist()[:4] == [[0, 0, 8], [1, 0, 8], [2, 0, 8], [0, 1, 8]]
    assert len(cells((16, 24), (8, 16))) == 6 + 2
    sizes = [[10, 16, 24], [32, 48], [64, 96], [128, 192, 256]]
    assert len(computed_priors((240, 320), (8, 16, 32, 64), sizes)) == 4420


@pytest.mark.parametrize("agnostic", [False, True])
@pytest.mark.parametrize("opset", [13, 18])
def test_suppression_keeps_the_best_of_what_overlaps(agnostic, opset):
    shapes, names = [(1, 4, 4), (1, 2, 4)], ("boxes", "scores")
    options = {"score": 0.3, "iou": 0.5, "max": 5, "class_agnostic": agnostic}
    made, notes = changed(
        passing(*shapes, names=names, opset=opset),
        {"nms": options},
        inputs=fed(*shapes, names=names),
    )
    boxes = np.float32([[0, 0, 10, 10], [1, 0, 11, 10], [20, 20, 30, 30], [0, 0, 10, 10]])[None]
    scores = np.float32([[0.9, 0.8, 0.2, 0.1], [0.1, 0.7, 0.6, 0.95]])[None]
    table = answers(made, boxes_in=boxes, scores_in=scores)["detections"][0]
    kept = [(round(float(row[4]), 3), int(row[5])) for row in table]
    of_classes = [(0.95, 1), (0.9, 0), (0.6, 1), (0.0, 0), (0.0, 0)]
    of_all = [(0.95, 1), (0.6, 1), (0.0, 0), (0.0, 0), (0.0, 0)]
    assert kept == (of_all if agnostic else of_classes)
    assert notes[0]["differs"] < 1e-6


def test_suppression_in_numpy_is_what_it_says():
    boxes = np.float32([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]])
    assert overlaps(boxes[0], boxes) == pytest.approx([1, 1 / 3, 0])
    limits = Limits(0.1, 0.3, 10, 2)
    table = detections(boxes, np.float32([[0.5, 0.9, 0.2]]), limits, False)
    assert table[:, 4].tolist() == pytest.approx([0.9, 0.2])


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"nms": {"boxes": "p", "scores": "p"}}, "they must be"),
        ({"decode_yolo": {"style": "yolox", "size": [8, 8]}}, "have 3 cells"),
        ({"decode_yolo": {"style": "yolox"}}, "size is not known"),
        ({"decode_yolo": {"style": "yolov3_heads"}}, "lists of anchors"),
        ({"decode_ssd": {"offsets": "p", "confidences": "q", "priors": {}}}, "no output 'q'"),
    ],
)
def test_a_detector_that_does_not_fit_is_told(step, says):
    with pytest.raises(ZooError, match=says):
        changed(passing((1, 5, 7)), step, inputs=fed((1, 5, 7)))


# The claim is tested ----------------------------------------------------------------------------


def test_a_change_that_is_not_what_it_says_is_refused(monkeypatch):
    from converters.surgery import answers as module

    monkeypatch.setattr(module.np, "exp", lambda x: 1 + x * x)
    with pytest.raises(LimitError, match="differs by"):
        changed(classifier(), {"softmax": {}})


# Scripts ----------------------------------------------------------------------------------------


def script(folder: Path, body: str) -> dict:
    text = "import onnx\n\n\ndef change(model):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    (folder / "change.py").write_text(text)
    return {"script": {"file": "change.py"}}


def test_a_script_changes_the_graph_apart(tmp_path):
    step = script(tmp_path, "model.graph.node[1].op_type = 'Abs'\nreturn model\n")
    made, notes = changed(classifier(), step, folder=tmp_path)
    assert graph.operators(made)["Abs"] == 1
    assert notes[0]["says"] == "what change.py: change makes of it"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise ValueError('no such node')\n", "ValueError: no such node"),
        ("return None\n", "returns NoneType"),
        ("import os\nos._exit(3)\n", "exit code 3"),
        ("del model.graph.node[0]\nreturn model\n", "surgery"),
    ],
)
def test_a_script_that_fails_is_told(tmp_path, body, says):
    with pytest.raises(ZooError) as caught:
        changed(classifier(), script(tmp_path, body), folder=tmp_path)
    assert says in str(caught.value)


# The whole --------------------------------------------------------------------------------------


def test_facts_tell_what_was_done_and_bytes_are_the_same_again():
    steps = ({"set_opset": 14}, {"softmax": {"name": "p"}})
    first, notes = changed(classifier(), *steps)
    second, _ = changed(classifier(), *steps)
    assert graph.serialised(first) == graph.serialised(second)
    told = facts(first, notes)
    assert [note["operation"] for note in told["operations"]] == ["set_opset", "softmax"]
    assert told["opset"] == 14 and told["outputs"] == ["p"]
    assert told["operations"][1]["outputs"] == {"p": [1, 5]}
