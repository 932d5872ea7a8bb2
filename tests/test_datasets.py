"""Samples: every kind of data, every preprocessing operation, and what is wrong with data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters.datasets import samples
from converters.datasets.interface import Interface, Stored, artifact_inputs
from converters.datasets.preprocess import framed, prepared
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Input, Sampling, Variant

PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def variant(*inputs: Input, data: dict, stages: dict | None = None) -> Variant:
    return Variant(
        name="v",
        axes={},
        sources={},
        load={"framework": "onnx"},
        inputs=inputs,
        outputs=(),
        stages=stages or {},
        artifacts=(),
        data=data,
        calibration=None,
        verification=Sampling("d", 1),
        evaluation=None,
        limits={},
    )


def image(*steps: dict, shape=(1, 3, 4, 6), **fields) -> Input:
    return Input("x", shape, **{"layout": "NCHW", "preprocess": steps, **fields})


# Preprocessing ------------------------------------------------------------------------------------


def test_layout_and_batch():
    assert np.array_equal(prepared(image(), PICTURE)[0], PICTURE.transpose(2, 0, 1))
    nhwc = prepared(image(shape=(2, 4, 6, 3), layout="NHWC"), PICTURE)
    assert np.array_equal(nhwc[1], PICTURE) and nhwc.dtype == np.float32


def test_colour_orders():
    rgb = prepared(image(), PICTURE)
    assert np.array_equal(prepared(image(color="BGR"), PICTURE), rgb[:, ::-1])
    grey = prepared(image(color="GRAY", shape=(1, 1, 4, 6)), PICTURE)
    luma = PICTURE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[0, 0] - luma).max() <= 1
    from_grey = prepared(image(), PICTURE[..., 0])
    assert np.array_equal(from_grey[0, 0], from_grey[0, 2])


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"scale": 255}, lambda x: x / 255),
        ({"scale": "image_max"}, lambda x: x / x.max()),
        ({"mean": [1, 2, 3]}, lambda x: x - [1, 2, 3]),
        ({"mean": 5}, lambda x: x - 5),
        ({"std": [1, 2, 4]}, lambda x: x / [1, 2, 4]),
        ({"multiply": 0.5}, lambda x: x * 0.5),
        ({"add": -1}, lambda x: x - 1),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_arithmetic(step, expected):
    wanted = expected(PICTURE.astype(np.float64)).transpose(2, 0, 1)
    assert np.allclose(prepared(image(step), PICTURE)[0], wanted, atol=1e-5)


def test_arithmetic_follows_the_colour_order_and_the_order_of_the_recipe():
    spec = image({"scale": 2}, {"mean": [10, 0, 0]}, color="BGR")
    assert np.allclose(prepared(spec, PICTURE)[0, 0], PICTURE[..., 2] / 2 - 10)


def test_a_black_picture_survives_image_max():
    assert prepared(image({"scale": "image_max"}), np.zeros_like(PICTURE)).max() == 0


def test_resize_is_that_of_pil():
    got = prepared(image({"resize": [8, 5]}, shape=(1, 3, 8, 5)), PICTURE)
    wanted = np.asarray(Image.fromarray(PICTURE).resize((5, 8), Image.Resampling.BILINEAR))
    assert np.array_equal(got[0].transpose(1, 2, 0), wanted)


def test_letterbox_keeps_proportions_and_pads_with_grey():
    box = prepared(image({"letterbox": [12, 12]}, shape=(1, 3, 12, 12)), PICTURE)[0]
    assert (box[:, :2] == 114).all() and (box[:, 10:] == 114).all()
    assert (box[:, 2:10] != 114).any(axis=0).all()


def test_center_crop():
    spec = image({"center_crop": [2, 2]}, shape=(1, 3, 2, 2))
    assert np.array_equal(prepared(spec, PICTURE)[0].transpose(1, 2, 0), PICTURE[1:3, 2:4])
    with pytest.raises(ZooError, match="smaller than 9x9"):
        prepared(image({"center_crop": [9, 9]}), PICTURE)


def test_framed_is_what_the_model_sees_before_arithmetic():
    spec = image({"resize": [2, 3]}, {"scale": 255}, {"mean": 0.5}, color="BGR")
    assert framed(spec, PICTURE).shape == (2, 3, 3) and framed(spec, PICTURE).dtype == np.uint8


def test_tensors_take_arithmetic_by_channel_and_no_geometry():
    spec = Input("x", (1, 2, 5), layout="NCW", preprocess=({"mean": [1, 2]},))
    got = prepared(spec, np.zeros((2, 5), np.float32))
    assert np.array_equal(got[0, :, 0], [-1, -2])
    with pytest.raises(ZooError, match="resize needs a picture"):
        prepared(image({"resize": [4, 6]}), np.zeros((3, 4, 6), np.float32))


@pytest.mark.parametrize(
    ("spec", "raw", "message"),
    [
        (image(shape=(1, 3, 5, 6)), PICTURE, r"shape \(3, 4, 6\) after preprocessing"),
        (image({"blur": 2}), PICTURE, "no preprocessing operation 'blur'"),
        (image({"mean": [1, 2]}), PICTURE, "2 numbers for"),
        (image({"add": -1}, dtype="uint8"), PICTURE, "do not fit uint8"),
    ],
)
def test_what_cannot_be_prepared_is_said(spec, raw, message):
    with pytest.raises(ZooError, match=message):
        prepared(spec, raw)


# Kinds --------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pictures").mkdir()
    chance = np.random.default_rng(0)
    for i in range(3):
        pixels = chance.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"p{i}.png")
    (tmp_path / "data.py").write_text(
        "import numpy as np\n\n\n"
        "def ramps(count, seed):\n"
        "    for i in range(count):\n"
        "        yield {'x': np.full(4, seed + i, np.float32)}, np.array(i)\n\n\n"
        "def bare(count, seed):\n    yield from ({'x': np.full(4, i)} for i in range(count))\n\n\n"
        "def few(count, seed):\n    yield {'x': np.zeros(4)}, None\n\n\n"
        "def alike(count, seed):\n    yield from ({'x': np.ones(4)} for i in range(count))\n\n\n"
        "def broken(count, seed):\n    yield {'x': np.full(4, np.nan)}\n\n\n"
        "def misnamed(count, seed):\n    yield {'y': np.zeros(4)}\n\n\n"
        "def raising(count, seed):\n    raise KeyError('oh')\n"
    )
    (tmp_path.parent / "outside.py").write_text("def ramps(count, seed):\n    yield {}\n")
    return tmp_path


def drawn(folder: Path, spec: Input, options: dict, count=3, seed=0):
    v = variant(spec, data={"d": options})
    return list(samples(v, Sampling("d", count, seed), folder, folder / "sources"))


VECTOR = Input("x", (2, 4))
SQUARE = image({"resize": [4, 6]})


def function(name: str, file: str = "data.py") -> dict:
    return {"kind": "function", "file": file, "function": name}


def test_function(folder):
    got = drawn(folder, VECTOR, function("ramps"), seed=7)
    assert [int(s.target) for s in got] == [0, 1, 2]
    assert [s.inputs["x"].tolist() for s in got] == [[[7 + i] * 4] * 2 for i in range(3)]
    assert drawn(folder, VECTOR, function("bare"))[2].target is None


def test_samples_are_streamed(folder):
    v = variant(VECTOR, data={"d": function("bare")})
    stream = samples(v, Sampling("d", 10**9), folder, folder)
    assert next(stream).inputs["x"].shape == (2, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (function("few"), "gives 1 samples, 3 are wanted"),
        (function("alike"), "all 3 samples are alike"),
        (function("broken"), "NaN"),
        (function("misnamed"), "holds y, not x"),
        (function("raising"), "KeyError: 'oh'"),
        (function("absent"), "has no function absent"),
        (function("ramps", "../outside.py"), "leaves its folder"),
        (function("ramps", "nothing.py"), "does not exist"),
        ({**function("ramps"), "range": [0, 1]}, "leave the declared range 0 to 1"),
        ({"kind": "guess"}, "no kind 'guess'"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_bad_data_is_said(folder, options, message):
    with pytest.raises(ZooError, match=message):
        drawn(folder, VECTOR, options)


def test_undeclared_data(folder):
    with pytest.raises(RecipeError, match="is not declared"):
        list(samples(variant(VECTOR, data={}), Sampling("d", 1), folder, folder))


def test_pictures_of_a_folder_then_seeded_crops(folder):
    options = {"kind": "pictures", "folder": "pictures"}
    seven = drawn(folder, SQUARE, options, count=7)
    again = drawn(folder, SQUARE, options, count=7)
    assert all(
        np.array_equal(a.inputs["x"], b.inputs["x"]) for a, b in zip(seven, again, strict=True)
    )
    assert len({s.inputs["x"].tobytes() for s in seven}) == 7
    other = drawn(folder, SQUARE, options, count=7, seed=1)
    assert np.array_equal(seven[0].inputs["x"], other[0].inputs["x"])
    assert not np.array_equal(seven[6].inputs["x"], other[6].inputs["x"])


def test_fewer_pictures_are_a_seeded_subset_in_order(folder):
    options = {"kind": "pictures", "folder": "pictures"}
    every = [s.inputs["x"].tobytes() for s in drawn(folder, SQUARE, options)]
    firsts = {
        every.index(drawn(folder, SQUARE, options, 1, seed)[0].inputs["x"].tobytes())
        for seed in range(12)
    }
    assert len(firsts) > 1


def test_pictures_of_a_package_and_of_sources(folder):
    names = ["coffee", "camera"]
    packaged = {"kind": "pictures", "package": "skimage", "names": names}
    assert len(drawn(folder, SQUARE, packaged, count=2)) == 2
    with pytest.raises(RecipeError, match="no picture cofee"):
        drawn(folder, SQUARE, {**packaged, "names": ["cofee"]})
    source = folder / "sources" / "face"
    source.mkdir(parents=True)
    Image.fromarray(PICTURE).save(source / "download", format="PNG")
    (source / ".info").touch()
    got = drawn(folder, image(), {"kind": "pictures", "sources": ["face"]}, count=1)
    assert np.array_equal(got[0].raw["x"], PICTURE)


def test_pictures_cannot_feed_a_vector_nor_be_a_text(folder):
    with pytest.raises(RecipeError, match="a picture cannot feed it"):
        drawn(folder, VECTOR, {"kind": "pictures", "folder": "pictures"})
    (folder / "pictures" / "a.png").write_text("<html>")
    with pytest.raises(ZooError, match="no picture that can be read"):
        drawn(folder, SQUARE, {"kind": "pictures", "folder": "pictures"})


def test_crops_are_large_enough_for_a_center_crop(folder):
    spec = image({"center_crop": [18, 28]}, shape=(1, 3, 18, 28))
    assert len(drawn(folder, spec, {"kind": "pictures", "folder": "pictures"}, count=20)) == 20


def test_arrays(folder):
    table = np.arange(40, dtype=np.float32).reshape(10, 4)
    np.save(folder / "a.npy", table)
    np.savez(folder / "b.npz", x=table, target=np.arange(10))
    got = drawn(folder, VECTOR, {"kind": "arrays", "file": "a.npy"}, count=10)
    assert np.array_equal([s.inputs["x"][0] for s in got], table)
    assert int(drawn(folder, VECTOR, {"kind": "arrays", "file": "b.npz"}, 10)[9].target) == 9
    with pytest.raises(ZooError, match="gives 10 samples, 11"):
        drawn(folder, VECTOR, {"kind": "arrays", "file": "a.npy"}, count=11)
    np.savez(folder / "c.npz", x=table, target=np.arange(9))
    with pytest.raises(ZooError, match="different lengths"):
        drawn(folder, VECTOR, {"kind": "arrays", "file": "c.npz"})


def test_arrays_never_unpickle(folder):
    np.save(folder / "a.npy", np.array([{"x": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ZooError, match="cannot be read"):
        drawn(folder, VECTOR, {"kind": "arrays", "file": "a.npy"})


def test_random_knows_pictures_vectors_and_numbers(folder):
    for spec in (SQUARE, VECTOR, Input("x", (1, 4), dtype="int32")):
        first, second, _ = drawn(folder, spec, {"kind": "random"})
        assert first.inputs["x"].shape == spec.shape and first.inputs["x"].dtype == spec.dtype
        assert first.inputs["x"].tobytes() != second.inputs["x"].tobytes()


# The artefact's side ------------------------------------------------------------------------------


def test_a_tensor_is_stored_and_brought_back():
    stored = Stored("x", (1, 4, 6, 3), (0, 2, 3, 1), "float32")
    values = np.random.default_rng(0).random((1, 3, 4, 6))
    assert stored.from_source(values).shape == stored.shape
    assert np.array_equal(stored.to_source(np.transpose(values, stored.order)), values)


def test_what_the_ir_does_itself_is_taken_out_of_the_inputs():
    ir = {"mean": {"x": [1, 2, 3]}, "scale": {"x": [2, 2, 2]}, "reverse_channels": True}
    v = variant(image(), data={}, stages={"ir": ir})
    values = np.random.default_rng(0).random((1, 3, 4, 6)).astype(np.float32)
    given = artifact_inputs(v, {"x": values})["x"]
    inside = (given[:, ::-1] - np.array([1, 2, 3]).reshape(1, 3, 1, 1)) / 2
    assert np.allclose(inside, values, atol=1e-6)


def test_an_interface_that_wants_other_inputs_says_so():
    interface = Interface((Stored("y", (1,), (0,), "float32"),), ())
    with pytest.raises(ZooError, match="the artefact wants y, the recipe declares x"):
        interface.stored_inputs({"x": np.zeros(1)})
