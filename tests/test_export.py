"""export: networks built from files and modules, weights read safely, graphs named and cut."""

import argparse
import pickle
import textwrap
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from variants import variant

from converters.errors import ZooError
from converters.export import graph
from converters.export.__main__ import facts, source_model
from converters.network import build_network
from converters.recipes.recipe import Input, Output

NETWORK = """
    import torch

    class Twice(torch.nn.Module):
        def __init__(self, width=4, bias=True):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, width, 3, padding=1, bias=bias)

        def forward(self, x):
            d0 = self.conv(x)
            return torch.sigmoid(d0), torch.relu(d0)

    class Lookup(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(5, 4)

        def forward(self, ids, scale):
            return {"rows": self.table(ids) * scale, "more": [scale + 1]}

    class Family:
        @staticmethod
        def small():
            return Twice(2)

    def number():
        return 3
"""
IMAGE = Input("x", (1, 3, 8, 8), "NCHW")
SIGMOID = Output("F.sigmoid(d0)", "d0")
EXPORTERS = pytest.mark.parametrize("exporter", ["torchscript", "dynamo"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder with a network."""
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "network.py").write_text(textwrap.dedent(NETWORK))
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The downloads of a model."""
    sources = tmp_path / "sources"
    sources.mkdir()
    return sources


def loading(factory: str = "Twice", **more):
    return {"framework": "pytorch", "file": "network.py", "factory": factory, **more}


def stored(sources: Path, state: object, name: str = "w.pth") -> Path:
    path = sources / "weights" / name
    path.parent.mkdir(exist_ok=True)
    save_file(state, path) if name.endswith(".safetensors") else torch.save(state, path)
    return path


def state_of(folder: Path, sources: Path, **arguments) -> dict[str, torch.Tensor]:
    network = build_network(variant(loading(arguments=arguments), [IMAGE]), folder, sources)
    return dict(network.state_dict())


def ran(model: onnx.ModelProto, **feed: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(graph.serialised(model))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


# Building the network -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_weights_are_found_below_a_key_and_a_prefix(folder, sources, name):
    state = state_of(folder, sources, width=6)
    wrapped = {f"module.{key}": value for key, value in state.items()}
    nested = wrapped if name.endswith("safetensors") else {"ema": {"state.dict": wrapped}}
    stored(sources, nested, name)
    load = loading(arguments={"width": 6}, weights="weights", strip_prefix="module.")
    key = {} if name.endswith("safetensors") else {"state_dict": "ema.state.dict"}
    network = build_network(variant({**load, **key}, [IMAGE]), folder, sources)
    assert not network.training
    assert torch.equal(network.conv.weight, state["conv.weight"])


def test_half_precision_weights_are_cast_to_the_networks_type(folder, sources):
    state = state_of(folder, sources)
    stored(sources, {k: v.half() for k, v in state.items()}, "w.safetensors")
    network = build_network(variant(loading(weights="weights"), [IMAGE]), folder, sources)
    assert network.conv.weight.dtype == torch.float32
    assert torch.equal(network.conv.weight, state["conv.weight"].half().float())


def test_a_network_without_stored_weights_is_the_same_in_every_stage(folder, sources):
    one, other = (build_network(variant(loading(), [IMAGE]), folder, sources) for _ in range(2))
    assert torch.equal(one.conv.weight, other.conv.weight)


def test_a_dotted_factory_and_another_models_network(folder, sources):
    other = folder.parent / "other"
    other.mkdir()
    load = loading("Family.small", model_folder="tiny")
    network = build_network(variant(load, [IMAGE]), other, sources)
    assert network.conv.out_channels == 2


def test_upstream_code_is_imported_by_module_and_leaves_no_trace_on_the_path(folder, sources):
    import sys

    package = sources / "code" / "sub" / "model"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text("import torch\nwidth = 5\n")
    (package / "net.py").write_text(
        "import torch\nfrom model.parts import width\n"
        "def make(kernel):\n    return torch.nn.Conv2d(3, width, kernel)\n"
    )
    before = list(sys.path)
    load = {"framework": "pytorch", "module": "model.net", "path": ["code/sub"]}
    load |= {"factory": "make", "arguments": {"kernel": 1}}
    assert build_network(variant(load, [IMAGE]), folder, sources).out_channels == 5
    assert sys.path == before
    # a second source with a module of the same name gets its own
    (sources / "fork" / "model").mkdir(parents=True)
    (sources / "fork" / "model" / "net.py").write_text(
        "import torch\ndef make():\n    return torch.nn.Conv2d(3, 7, 1)\n"
    )
    load = {"framework": "pytorch", "module": "model.net", "path": "fork", "factory": "make"}
    assert build_network(variant(load, [IMAGE]), folder, sources).out_channels == 7


class Malicious:
    """A pickle that would write a file when it is loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


def test_a_pickle_that_runs_code_is_refused_and_not_run(folder, sources, tmp_path):
    target = tmp_path / "owned"
    stored(sources, {"conv.weight": Malicious(target)})
    with pytest.raises(ZooError, match="so it is refused") as caught:
        build_network(variant(loading(weights="weights"), [IMAGE]), folder, sources)
    assert "safetensors" in caught.value.remedy
    assert not target.exists()


def test_a_pickle_may_make_what_the_recipe_allows(folder, sources):
    state = state_of(folder, sources)
    stored(sources, {"args": argparse.Namespace(lr=0.1), "state": state})
    load = loading(weights="weights", state_dict="state")
    with pytest.raises(ZooError, match=r"argparse\.Namespace") as caught:
        build_network(variant(load, [IMAGE]), folder, sources)
    assert "load.allow_pickle_of" in caught.value.remedy
    load = {**load, "allow_pickle_of": ["argparse.Namespace"]}
    network = build_network(variant(load, [IMAGE]), folder, sources)
    assert torch.equal(network.conv.weight, state["conv.weight"])
    with pytest.raises(ZooError, match="there is no such class here"):
        load = {**load, "allow_pickle_of": ["argparse.Namespase"]}
        build_network(variant(load, [IMAGE]), folder, sources)


def test_a_bare_pickle_is_refused_and_not_run(folder, sources, tmp_path):
    target = tmp_path / "owned"
    stored(sources, {}).write_bytes(pickle.dumps(Malicious(target)))
    with pytest.raises(ZooError, match="cannot be read as a checkpoint"):
        build_network(variant(loading(weights="weights"), [IMAGE]), folder, sources)
    assert not target.exists()


def test_a_stored_network_is_refused_by_name(folder, sources):
    stored(sources, torch.nn.Sequential(torch.nn.ReLU()))
    with pytest.raises(ZooError, match=r"a whole network \(torch.save\(model\)\)"):
        build_network(variant(loading(weights="weights"), [IMAGE]), folder, sources)


WRONG_LOADS = {
    "no factory": (loading("Thrice"), "has no 'Thrice'", "did you mean Twice?"),
    "not a network": (loading("number"), "returns a int", "class of the network"),
    "unknown argument": (loading(arguments={"widht": 1}), "unexpected keyword", "load.arguments"),
    "escape": (loading() | {"file": "../../secret.py"}, "leaves its folder", "below the folder"),
    "other's escape": (loading(model_folder="../.."), "leaves its folder", "below the folder"),
    "no file": (loading() | {"file": "netwrok.py"}, "does not exist", "did you mean network.py?"),
    "no path": (
        {"framework": "pytorch", "module": "m", "factory": "f"},
        "not the source that holds it",
        "load.path",
    ),
    "no module": (
        {"framework": "pytorch", "module": "absent", "path": "weights", "factory": "f"},
        "it wants the module 'absent'",
        "load.path",
    ),
    "not downloaded": (loading(weights="wieghts"), "not downloaded", "--key wieghts"),
    "missing keys": (loading(weights="weights"), "the weights lack conv.bias", "strict: false"),
    "shapes": (
        loading(weights="weights", arguments={"width": 9}),
        r"conv.weight is \(4, 3, 3, 3\), the network wants \(9, 3, 3, 3\)",
        "load.arguments",
    ),
    "prefix": (loading(weights="weights", strip_prefix="net."), "no key begins", "leave it out"),
    "key": (loading(weights="weights", state_dict="state"), "no key 'state'", "leave it out"),
    "key to a tensor": (
        loading(weights="weights", state_dict="conv.weight"),
        "is a Tensor",
        "name the key",
    ),
    "no such weights": (loading("Lookup", weights="weights"), "no key of the weights", "prefix"),
}


@pytest.mark.parametrize("case", WRONG_LOADS)
def test_a_network_that_cannot_be_built_says_why(folder, sources, case):
    load, cause, remedy = WRONG_LOADS[case]
    state = state_of(folder, sources)
    stored(sources, {"conv.weight": state["conv.weight"], "epoch": torch.tensor(3)})
    with pytest.raises(ZooError, match=cause) as caught:
        build_network(variant(load, [IMAGE]), folder, sources)
    assert remedy in caught.value.remedy
    assert caught.value.subject


def test_weights_that_do_not_fit_are_accepted_where_the_recipe_says_so(folder, sources):
    state = state_of(folder, sources)
    stored(sources, {"conv.weight": state["conv.weight"], "epoch": torch.tensor(3)})
    load = loading(weights="weights", strict=False)
    network = build_network(variant(load, [IMAGE]), folder, sources)
    assert torch.equal(network.conv.weight, state["conv.weight"])


# PyTorch to ONNX ----------------------------------------------------------------------------


@EXPORTERS
def test_outputs_carry_public_names_and_the_networks_values(folder, sources, exporter):
    outputs = [SIGMOID, Output("relu")]
    made = variant(loading(), [IMAGE], outputs, export={"exporter": exporter, "opset": 18})
    network = build_network(made, folder, sources)
    model = source_model(made, folder, sources)
    x = random(1, 3, 8, 8)
    found = ran(model, x=x)
    with torch.no_grad():
        wanted = network(torch.from_numpy(x))
    assert list(found) == ["d0", "relu"]
    for value, tensor in zip(found.values(), wanted, strict=True):
        np.testing.assert_allclose(value, tensor.numpy(), atol=1e-6)
    assert facts(model, made)["exporter"] == exporter
    assert graph.opset(model) == 18
    # nothing of time and place is kept: a second export gives the same bytes
    text = graph.serialised(model)
    assert graph.serialised(source_model(made, folder, sources)) == text
    assert str(Path(torch.__file__).parent).encode() not in text
    assert str(folder).encode() not in text


@EXPORTERS
def test_two_inputs_of_different_types_and_outputs_in_a_dict(folder, sources, exporter):
    inputs = [Input("ids", (2, 3), dtype="int64"), Input("scale", (2, 3, 4))]
    made = variant(loading("Lookup"), inputs, export={"exporter": exporter, "opset": 18})
    model = source_model(made, folder, sources)
    assert [value.name for value in model.graph.input] == ["ids", "scale"]
    scale = random(2, 3, 4)
    found = ran(model, ids=np.ones((2, 3), np.int64), scale=scale)
    assert list(found) == ["output_0", "output_1"]
    np.testing.assert_allclose(found["output_1"], scale + 1)


def test_all_outputs_are_named_and_some_are_kept(folder, sources):
    export = {"output_names": ["mask", "rest"]}
    made = variant(loading(), [IMAGE], [Output("rest", "relu")], export=export)
    model = source_model(made, folder, sources)
    assert list(ran(model, x=random(1, 3, 8, 8))) == ["relu"]
    assert "Sigmoid" not in graph.operators(model)


def test_parameters_reach_the_exporter(folder, sources):
    parameters = {"do_constant_folding": False, "keep_initializers_as_inputs": True}
    made = variant(loading(), [IMAGE], export={"parameters": parameters, "opset": 13})
    model = source_model(made, folder, sources)
    assert graph.opset(model) == 13


WRONG_EXPORTS = {
    "one name of two": ([SIGMOID], {}, "returns 2 tensors, but 1 are named", "export.output_names"),
    "exporter": ([], {"exporter": "onnx"}, "no exporter 'onnx'", "torchscript, dynamo"),
    "ours": ([], {"parameters": {"dynamo": True}}, "dynamo cannot be given", "export.exporter"),
    "unknown": ([], {"parameters": {"opsett": 1}}, "opsett", "export.parameters"),
    "same names": ([Output("a", "y"), Output("b", "y")], {}, "not all different", "rename"),
    "input's name": ([Output("a", "x"), Output("b")], {}, "not all different", "rename"),
}


@pytest.mark.parametrize("case", WRONG_EXPORTS)
def test_an_export_that_cannot_be_made_says_why(folder, sources, case):
    outputs, export, cause, remedy = WRONG_EXPORTS[case]
    with pytest.raises(ZooError, match=cause) as caught:
        source_model(variant(loading(), [IMAGE], outputs, export=export), folder, sources)
    assert remedy in caught.value.remedy


def test_an_input_of_the_wrong_shape_says_what_was_tried(folder, sources):
    wrong = Input("x", (1, 4, 8, 8), "NCHW")
    with pytest.raises(ZooError, match=r"does not run on x: float32\[1, 4, 8, 8\]"):
        source_model(variant(loading(), [wrong]), folder, sources)


# ONNX sources -------------------------------------------------------------------------------


def tiny_onnx(path: Path, opset: int = 17, shape: tuple = ("n", 3, "h", "w")) -> onnx.ModelProto:
    """Conv, then a name that an output wants, then two ends; the weight is an input as well."""
    weight = numpy_helper.from_array(random(2, 3, 3, 3), "weight")
    nodes = [
        helper.make_node("Conv", ["x", "weight"], ["mask"], pads=[1, 1, 1, 1], doc_string="/home"),
        helper.make_node("Sigmoid", ["mask"], ["end"]),
        helper.make_node("Relu", ["mask"], ["other"]),
    ]
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        nodes,
        "torch-jit-export",
        [
            value("x", TensorProto.FLOAT, shape),
            value("weight", TensorProto.FLOAT, (2, 3, 3, 3)),
        ],
        [value("end", TensorProto.FLOAT, None), value("other", TensorProto.FLOAT, None)],
        [weight],
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", opset)], producer_name="a", ir_version=8
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return model


ONNX = {"framework": "onnx", "model": "net"}


def test_an_onnx_source_becomes_static_cut_and_named(sources):
    tiny_onnx(sources / "net" / "net.onnx")
    made = variant(ONNX, [IMAGE], [Output("end", "mask")])
    model = source_model(made, Path(), sources)
    (value,) = model.graph.input
    assert [d.dim_value for d in value.type.tensor_type.shape.dim] == [1, 3, 8, 8]
    (output,) = model.graph.output
    assert output.name == "mask"
    assert [d.dim_value for d in output.type.tensor_type.shape.dim] == [1, 2, 8, 8]
    assert graph.operators(model) == {"Conv": 1, "Sigmoid": 1}
    assert ran(model, x=random(1, 3, 8, 8))["mask"].min() > 0  # the sigmoid's, not the Conv's


def test_weights_of_the_first_formats_need_not_be_inputs_any_more(sources):
    model = tiny_onnx(sources / "net" / "net.onnx")
    model.ir_version = 3
    onnx.save(model, sources / "net" / "net.onnx")
    read = source_model(variant(ONNX, [IMAGE], [Output("end", "mask")]), Path(), sources)
    assert [value.name for value in read.graph.input] == ["x"]


def test_swapped_names_are_swapped_at_once(sources):
    tiny_onnx(sources / "net" / "net.onnx")
    made = variant(ONNX, [IMAGE], [Output("other", "end"), Output("end", "other")])
    found = ran(source_model(made, Path(), sources), x=random(1, 3, 8, 8))
    assert list(found) == ["end", "other"]
    assert found["end"].min() == 0 < found["other"].min()


def test_an_inner_tensor_can_be_an_output(sources):
    tiny_onnx(sources / "net" / "net.onnx")
    model = source_model(variant(ONNX, [IMAGE], [Output("mask")]), Path(), sources)
    assert graph.operators(model) == {"Conv": 1}


def test_an_onnx_source_is_brought_to_the_wanted_opset(sources):
    tiny_onnx(sources / "net" / "net.onnx", opset=9)
    model = source_model(variant(ONNX, [IMAGE], export={"opset": 13}), Path(), sources)
    assert graph.opset(model) == 13


def test_names_inside_branches_are_renamed_with_their_tensors(sources):
    value = helper.make_tensor_value_info
    branch = helper.make_graph(
        [helper.make_node("Abs", ["inner"], ["taken"])],
        "branch",
        [],
        [value("taken", TensorProto.FLOAT, (2,))],
    )
    other = helper.make_graph(
        [helper.make_node("Neg", ["inner"], ["not_taken"])],
        "branch",
        [],
        [value("not_taken", TensorProto.FLOAT, (2,))],
    )
    nodes = [
        helper.make_node("Exp", ["x"], ["inner"]),
        helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=other),
    ]
    inputs = [value("x", TensorProto.FLOAT, (2,)), value("flag", TensorProto.BOOL, ())]
    made = helper.make_graph(nodes, "g", inputs, [value("y", TensorProto.FLOAT, (2,))])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (sources / "net").mkdir()
    onnx.save(model, sources / "net" / "net.onnx")
    inputs = [Input("x", (2,)), Input("flag", (), dtype="bool")]
    found = source_model(variant(ONNX, inputs, [Output("y", "inner")]), Path(), sources)
    x = random(2)
    np.testing.assert_allclose(ran(found, x=x, flag=np.array(True))["inner"], np.exp(x), rtol=1e-6)


def test_external_weights_beside_the_model_are_read(sources):
    tiny_onnx(sources / "net" / "net.onnx")
    path = sources / "net" / "net.onnx"
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    made = variant({"framework": "onnx", "model": "net/net.onnx"}, [IMAGE])
    assert len(graph.serialised(source_model(made, Path(), sources))) > 200


def test_external_weights_elsewhere_are_refused(sources):
    path = sources / "net" / "net.onnx"
    model = tiny_onnx(path)
    tensor = model.graph.initializer[0]
    (sources / "secret.bin").write_bytes(tensor.raw_data)
    onnx.external_data_helper.set_external_data(tensor, "../secret.bin")
    tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ZooError, match="lie outside its folder"):
        source_model(variant(ONNX, [IMAGE]), Path(), sources)


WRONG_SOURCES = {
    "input": (Input("X", (1, 3, 8, 8)), (), {}, "its inputs are 'x'", "correct the name"),
    "near": (Input("xx", (1, 3, 8, 8)), (), {}, "its inputs are 'x'", "did you mean x?"),
    "rank": (Input("x", (1, 3, 8)), (), {}, "float32 of rank 4", "shape"),
    "dtype": (Input("x", (1, 3, 8, 8), dtype="uint8"), (), {}, "the recipe uint8", "dtype"),
    "output": (IMAGE, ("ende",), {}, "its outputs are 'end', 'other'", "did you mean end?"),
    "twice": (IMAGE, ("end=a", "end=b"), {}, "nothing computes it", "leave it out"),
    "opset": (IMAGE, (), {"opset": 99}, "cannot be converted", "nearer"),
}


@pytest.mark.parametrize("case", WRONG_SOURCES)
def test_an_onnx_source_that_does_not_fit_says_why(sources, case):
    declared, outputs, export, cause, remedy = WRONG_SOURCES[case]
    tiny_onnx(sources / "net" / "net.onnx")
    made = variant(ONNX, [declared], [Output(*name.split("=")) for name in outputs], export=export)
    with pytest.raises(ZooError, match=cause) as caught:
        source_model(made, Path(), sources)
    assert remedy in caught.value.remedy


def test_a_shape_that_the_network_cannot_take_says_so(sources):
    made = helper.make_graph(
        [helper.make_node("Add", ["x", "grid"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 3, "h", "w"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("n", 3, "h", "w"))],
        [numpy_helper.from_array(random(1, 1, 8, 8), "grid")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (sources / "net").mkdir()
    onnx.save(model, sources / "net" / "net.onnx")
    with pytest.raises(ZooError, match="do not fit together") as caught:
        source_model(variant(ONNX, [Input("x", (1, 3, 9, 8))]), Path(), sources)
    assert "inputs[].shape" in caught.value.remedy


def test_a_shape_that_cannot_be_inferred_is_kept_where_the_inputs_are_the_same(sources):
    made = helper.make_graph(
        # no inference looks through Abs at what a shape is
        [helper.make_node("Abs", ["rows"], ["s"]), helper.make_node("Reshape", ["x", "s"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 6))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (2, 3))],
        [numpy_helper.from_array(np.array([2, -3]), "rows")],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (sources / "net").mkdir()
    onnx.save(model, sources / "net" / "net.onnx")
    (output,) = source_model(variant(ONNX, [Input("x", (1, 6))]), Path(), sources).graph.output
    assert [d.dim_value for d in output.type.tensor_type.shape.dim] == [2, 3]


def test_a_file_that_is_no_onnx_says_so(sources):
    (sources / "net").mkdir()
    (sources / "net" / "net.onnx").write_bytes(b"<html>not found</html>")
    with pytest.raises(ZooError, match="cannot be read as ONNX"):
        source_model(variant(ONNX, [IMAGE]), Path(), sources)


def test_an_undeclared_input_is_an_error_unless_cut_away(sources):
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Abs", ["x"], ["a"]), helper.make_node("Add", ["a", "z"], ["b"])]
    inputs = [value(name, TensorProto.FLOAT, (2,)) for name in "xz"]
    outputs = [value(name, TensorProto.FLOAT, (2,)) for name in "ab"]
    model = helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    (sources / "net").mkdir()
    onnx.save(model, sources / "net" / "net.onnx")
    with pytest.raises(ZooError, match="also has the inputs 'z'"):
        source_model(variant(ONNX, [Input("x", (2,))]), Path(), sources)
    kept = source_model(variant(ONNX, [Input("x", (2,))], [Output("a")]), Path(), sources)
    assert [value.name for value in kept.graph.input] == ["x"]
