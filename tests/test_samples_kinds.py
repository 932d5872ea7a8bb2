"""Sounds, features, tables, prepared data sets; what is doubted; and that nothing piles up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tracemalloc
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from converters import check
from converters.datasets import features, samples
from converters.datasets.doubts import Doubts
from converters.datasets.interface import Interface, Stored
from converters.errors import RecipeError, ZooError
from converters.quantize.calibration import Calibration
from converters.recipes.colours import declared_mean, doubt
from converters.recipes.recipe import Input, Sampling
from tests.test_datasets import drawn, variant

WAVE = Input("x", (1, 8))
RATE = 1000


def write_wave(path: Path, values, rate=RATE, width=2) -> None:
    """Whole numbers `(n,)` or `(n, channels)`, little-endian as WAV has them."""
    table = np.atleast_2d(np.asarray(values, np.int64).T).T
    raw = table.astype("<i4").view(np.uint8).reshape(*table.shape, 4)[..., :width]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(table.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(raw).tobytes())


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sounds").mkdir()
    write_wave(tmp_path / "sounds" / "a.wav", np.arange(20) * 100)
    write_wave(tmp_path / "sounds" / "b.wav", -np.arange(8) * 100)
    return tmp_path


def sounds(**fields):
    return {"kind": "sounds", "folder": "sounds", "rate": RATE, "window": 8, **fields}


def test_windows_of_all_files_in_order(folder):
    found = drawn(folder, WAVE, sounds(), count=3)
    kept = [s.inputs["x"][0] * 2**15 / 100 for s in found]
    assert np.allclose(kept, [np.arange(8), np.arange(8, 16), -np.arange(8)])
    half = drawn(folder, WAVE, sounds(hop=4, names=["a"]), count=4)
    assert np.allclose(half[1].inputs["x"][0] * 2**15 / 100, np.arange(4, 12))
    with pytest.raises(ZooError, match="gives 3 samples, 4"):
        drawn(folder, WAVE, sounds(), count=4)


def test_axes_of_length_one_are_put_in(folder):
    found = drawn(folder, Input("x", (1, 1, 8, 1)), sounds(), count=1)
    assert found[0].inputs["x"].shape == (1, 1, 8, 1)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_every_width_of_numbers(folder, width):
    top = 2 ** (8 * width - 1)
    values = np.array([-top, -top // 2, 0, top // 2, top - 1, 0, 0, 0])
    write_wave(folder / "sounds" / "b.wav", values + (128 if width == 1 else 0), width=width)
    x = drawn(folder, WAVE, sounds(names=["b"]), count=1)[0].inputs["x"][0]
    assert np.allclose(x[:5], [-1, -0.5, 0, 0.5, 1], atol=2 / top)


def test_of_two_channels_the_recipe_says_which(folder):
    both = np.stack([np.full(8, 1000), np.full(8, 3000)], axis=1)
    write_wave(folder / "sounds" / "b.wav", both)
    with pytest.raises(ZooError, match="2 channels, and nothing says which"):
        drawn(folder, WAVE, sounds(names=["b"]), count=1)
    for channel, level in (("left", 1000), ("right", 3000), ("mean", 2000)):
        found = drawn(folder, WAVE, sounds(names=["b"], channel=channel), count=1)
        assert np.allclose(found[0].inputs["x"] * 2**15, level)


def test_another_rate_is_refused_or_resampled_as_is_said(folder):
    time = np.arange(4000) / 4000
    tone = np.rint(20000 * np.sin(2 * np.pi * 50 * time))
    write_wave(folder / "sounds" / "b.wav", tone, rate=4000)
    spec = Input("x", (1, 500))
    options = {**sounds(names=["b"]), "window": 500}
    with pytest.raises(ZooError, match="has 4000 Hz, the recipe says 1000"):
        drawn(folder, spec, options, count=1)
    x = drawn(folder, spec, {**options, "resample": True}, count=1)[0].inputs["x"][0]
    wanted = 20000 / 2**15 * np.sin(2 * np.pi * 50 * np.arange(500) / RATE)
    assert np.abs(x - wanted)[20:-20].max() < 0.01


def test_what_is_too_short_or_no_sound_is_said(folder):
    options = sounds(names=["b"], window=10)
    with pytest.raises(ZooError, match="has 8 values, a window 10"):
        drawn(folder, Input("x", (1, 10)), options, count=1)
    x = drawn(folder, Input("x", (1, 10)), {**options, "pad": True}, count=1)[0].inputs["x"][0]
    assert (x[8:] == 0).all()
    (folder / "sounds" / "c.wav").write_bytes(b"RIFF????WAVE")
    with pytest.raises(ZooError, match=r"c\.wav is no WAV file"):
        drawn(folder, WAVE, sounds(), count=1)
    with pytest.raises(ZooError, match="no sound d"):
        drawn(folder, WAVE, sounds(names=["d"]), count=1)
    with pytest.raises(ZooError, match="after preprocessing"):
        drawn(folder, Input("x", (1, 9)), sounds(names=["b"]), count=1)


MEL = {"rate": 16000, "frame": 480, "step": 320, "bands": 40, "low": 20, "high": 4000}


@pytest.mark.slow
def test_features_are_those_of_tensorflow():
    """In a process of its own: TensorFlow is the reference."""
    code = """
import sys, numpy as np, tensorflow as tf
x = tf.constant(np.random.default_rng(0).normal(size=16000).astype("f"))
s = tf.abs(tf.signal.stft(x, 480, 320, 512))
m = tf.signal.linear_to_mel_weight_matrix(40, 257, 16000, 20, 4000)
logs = tf.math.log(tf.tensordot(s, m, 1) + 1e-6)
np.savez(sys.argv[1], logs=logs, mfcc=tf.signal.mfccs_from_log_mel_spectrograms(logs)[..., :10])
"""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "wanted.npz"
        subprocess.run([sys.executable, "-c", code, str(file)], check=True, capture_output=True)
        with np.load(file) as wanted:
            x = np.random.default_rng(0).normal(size=16000).astype("f")
            logs = features.log_mel(x, MEL)
            assert logs.shape == (49, 40)
            assert np.abs(logs - wanted["logs"]).max() < 1e-3
            found = features.mfcc(x, {**MEL, "count": 10})
            assert np.abs(found - wanted["mfcc"]).max() < 1e-3


def test_features_come_only_where_they_are_declared(folder):
    step = {"mfcc": {"rate": RATE, "frame": 4, "step": 2, "bands": 3, "count": 2}}
    spec = Input("x", (1, 3, 2, 1), preprocess=(step,))
    assert drawn(folder, spec, sounds(), count=1)[0].inputs["x"].shape == (1, 3, 2, 1)
    with pytest.raises(ZooError, match="wants a waveform of at least 4 values"):
        drawn(folder, Input("x", (1, 2), preprocess=(step,)), sounds(window=2), count=1)


def test_tables_of_scikit_learn(tmp_path):
    options = {"kind": "sklearn", "table": "digits", "rows": [100, 110]}
    found = drawn(tmp_path, Input("x", (1, 1, 8, 8)), options, count=10)
    from sklearn.datasets import load_digits

    assert np.array_equal(found[0].inputs["x"][0, 0], load_digits().images[100])
    assert int(found[3].target) == load_digits().target[103]
    iris = drawn(tmp_path, Input("x", (1, 4)), {"kind": "sklearn", "table": "iris"}, count=150)
    assert len(iris) == 150
    with pytest.raises(ZooError, match="digits has 1797 rows, `rows` ends at 1798"):
        drawn(tmp_path, Input("x", (1, 64)), {**options, "rows": [0, 1798]})


# Prepared data sets -------------------------------------------------------------------------------

PREPARE = """
import sys, numpy as np, tensorflow as tf
from converters.datasets.records import tensorflow_datasets
tfds = tensorflow_datasets()
features = tfds.features.FeaturesDict({
    "image": tfds.features.Tensor(shape=(4, 6, 3), dtype=np.uint8),
    "label": tfds.features.ClassLabel(num_classes=20),
})
made = [{"image": np.full((4, 6, 3), i, np.uint8), "label": i} for i in range(12)]
split = tf.data.Dataset.from_generator(
    lambda: iter(made), output_signature={
        "image": tf.TensorSpec((4, 6, 3), tf.uint8), "label": tf.TensorSpec((), tf.int64)})
tfds.dataset_builders.store_as_tfds_dataset(
    name="levels", version="1.0.0", features=features, data_dir=sys.argv[1],
    split_datasets={"test": split}, disable_shuffling=True)
"""


@pytest.fixture(scope="module")
def prepared_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    done = subprocess.run(
        [sys.executable, "-c", PREPARE, str(folder / "home")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def levels(**fields):
    features = {"x": "image"}
    return {"kind": "tfds", "folder": "home", "split": "test", "features": features, **fields}


@pytest.mark.slow
def test_records_of_a_prepared_data_set(prepared_set, monkeypatch):
    spec = Input("x", (1, 3, 4, 6), layout="NCHW")
    found = drawn(prepared_set, spec, levels(target="label"), count=12)
    assert [int(s.inputs["x"][0, 0, 0, 0]) for s in found] == [int(s.target) for s in found]
    assert sorted(int(s.target) for s in found) == list(range(12))
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared_set / "home"))
    by_name = {k: v for k, v in levels(name="levels").items() if k != "folder"}
    one, other = (drawn(prepared_set, spec, by_name, count=5, seed=s) for s in (1, 2))
    pick = [[int(s.raw["x"][0, 0, 0]) for s in each] for each in (one, other)]
    assert pick[0] == sorted(pick[0]) and pick[0] != pick[1]


@pytest.mark.slow
def test_what_is_wrong_with_a_prepared_data_set_is_said(prepared_set):
    spec = Input("x", (1, 3, 4, 6), layout="NCHW")
    with pytest.raises(ZooError, match="there is no split 'train'; there are: test"):
        drawn(prepared_set, spec, levels(split="train"))
    with pytest.raises(ZooError, match="there is no feature picture; there are: image, label"):
        drawn(prepared_set, spec, levels(features={"x": "picture"}))
    with pytest.raises(RecipeError, match="says no feature for input x"):
        drawn(prepared_set, spec, levels(features={}))
    (prepared_set / "empty").mkdir()
    with pytest.raises(ZooError, match="holds 0 prepared data sets"):
        drawn(prepared_set, spec, levels(folder="empty"))


# Nothing piles up ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.npy", "b.npz", "function"])
def test_memory_does_not_grow_with_the_samples(tmp_path, name):
    wide = Input("x", (1, 5000))
    if name == "function":
        (tmp_path / "data.py").write_text(
            "import numpy as np\n\n\ndef f(count, seed):\n"
            "    for i in range(count):\n        yield {'x': np.full(5000, i, np.float32)}\n"
        )
        options = {"kind": "function", "file": "data.py", "function": "f"}
    else:
        table = np.arange(2000, dtype=np.float32)[:, None] + np.zeros(5000, np.float32)
        (np.save if name == "a.npy" else lambda f, t: np.savez(f, x=t))(tmp_path / name, table)
        del table
        options = {"kind": "arrays", "file": name}
    peaks = []
    v = variant(wide, data={"d": options})
    for count in (20, 2000):
        tracemalloc.start()
        for _ in samples(v, Sampling("d", count), tmp_path, tmp_path):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000, peaks  # 2000 samples are 40 MB


# Doubts -------------------------------------------------------------------------------------------

IMAGENET = ({"scale": 255}, {"mean": [0.485, 0.456, 0.406]}, {"std": [0.229, 0.224, 0.225]})


def colour(**fields):
    return Input("x", (1, 3, 4, 6), layout="NCHW", **fields)


def doubted(spec: Input, pictures, options=None) -> list[str]:
    doubts = Doubts((spec,), options or {})
    for number, picture in enumerate(pictures):
        values = np.asarray(picture, np.float32) / 255
        doubts.saw({"x": np.asarray(picture)}, {"x": values}, str(number))
    return [each["name"] for each in doubts.found()]


def noisy(*levels, count=8):
    chance = np.random.default_rng(0)
    for _ in range(count):
        yield np.clip(chance.normal(levels, 20, (4, 6, 3)), 0, 255).astype(np.uint8)


def test_sound_pictures_raise_no_doubt():
    assert doubted(colour(preprocess=IMAGENET), noisy(124, 116, 104)) == []
    assert doubted(colour(preprocess=IMAGENET), noisy(140, 90, 60)) == []


def test_colours_that_fit_the_mean_reversed_are_doubted():
    warm = ({"mean": [160, 110, 60]},)
    assert doubted(colour(preprocess=warm), noisy(158, 112, 64)) == []
    assert doubted(colour(preprocess=warm), noisy(64, 112, 158)) == ["reversed_colours"]
    turned = ({"mean": [60, 110, 160]},)
    assert doubted(colour(preprocess=turned, color="BGR"), noisy(158, 112, 64)) == []
    assert doubted(colour(preprocess=warm), noisy(64, 112, 158, count=3)) == []


def test_grey_constant_repeated_and_unused_are_doubted():
    grey = [np.full((4, 6), i, np.uint8) + np.eye(4, 6, dtype=np.uint8) for i in range(3)]
    assert doubted(colour(), grey) == ["grey_pictures"]
    assert doubted(colour(color="GRAY", preprocess=()), grey) == []
    flat = [np.full((4, 6, 3), i, np.uint8) * np.array([1, 2, 3], np.uint8) for i in range(2)]
    assert "constant_samples" in doubted(colour(), [*flat, np.zeros((4, 6, 3), np.uint8)])
    small = list(noisy(5, 4, 3))
    assert doubted(colour(), small, {"range": [0, 255]}) == ["unused_range"]
    doubts = Doubts((Input("x", (1, 2)),), {})
    for digest in ("a", "a", "b"):
        doubts.saw({"x": np.arange(2)}, {"x": np.arange(2)}, digest)
    assert doubts.found() == [
        {"name": "repeated_samples", "says": "1 of 3 samples equal the sample before"}
    ]


def test_a_mean_in_the_other_order_is_noted_when_recipes_are_checked():
    assert declared_mean(colour(preprocess=IMAGENET)) == pytest.approx((123.7, 116.3, 103.5), 0.01)
    assert doubt(colour(preprocess=IMAGENET)) == ""
    told = doubt(colour(preprocess=IMAGENET, color="BGR"))
    assert told.startswith("reversed_colours: input x is BGR")
    caffe = ({"mean": [104, 117, 123]},)
    assert doubt(colour(preprocess=caffe)) and not doubt(colour(preprocess=caffe, color="BGR"))
    v = variant(colour(preprocess=caffe), data={"d": {"kind": "random"}})
    assert any("reversed_colours" in note for note in check._notes(v))


def test_a_calibration_notes_its_doubts(tmp_path, capsys):
    (tmp_path / "data.py").write_text(
        "import numpy as np\n\n\ndef f(count, seed):\n    for i in range(count):\n"
        "        yield {'x': np.full((4, 6), i, np.uint8) + np.eye(4, 6, dtype=np.uint8)}\n"
    )
    options = {"kind": "function", "file": "data.py", "function": "f"}
    v = replace(variant(colour(), data={"d": options}), calibration=Sampling("d", 3))
    told = Interface((Stored("x", (1, 4, 6, 3), (0, 2, 3, 1), "float32"),), ())
    calibration = Calibration(v, told, tmp_path, tmp_path)
    assert len(list(calibration())) == 3
    assert [each["name"] for each in calibration.record()["doubts"]] == ["grey_pictures"]
    assert "doubt: data d: grey_pictures: all 3 pictures are grey" in capsys.readouterr().out
