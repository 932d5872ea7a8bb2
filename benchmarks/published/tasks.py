"""The reference models of MLPerf Tiny: whose int8 file, and which real samples come with it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

ROOT = (
    "https://raw.githubusercontent.com/mlcommons/tiny/"
    "1afd2c9820f795965a6134facd0b4dfae41ef23f/benchmark/"
)


class Remote(NamedTuple):
    """A file of the repository."""

    path: str
    sha256: str


class Task(NamedTuple):
    """One model: our variant, the authors' file, and how its samples are read.

    `samples` takes the content and the scale and zero of the authors' input, and gives the samples
    along the first axis, as the float model takes them.
    """

    variant: str
    theirs: Remote
    real: Remote
    samples: Callable[[bytes, float, int], Samples]
    is_classifier: bool = True


def numbers(content: bytes) -> Samples:
    """The numbers of an array in C."""
    text = content.decode()
    body = re.sub(r"//.*", "", text[text.index("= {") :])
    return np.array(re.findall(r"-?\d+(?:\.\d+)?", body), np.float32)


def image(content: bytes, _scale: float, _zero: int) -> Samples:
    """Bytes, as they are: the network takes 0 to 255."""
    return numbers(content).reshape(-1, 1, 32, 32, 3)


def stored(content: bytes, scale: float, zero: int) -> Samples:
    """Numbers as the int8 input of the authors' file stores them."""
    steps = numbers(content).reshape(-1, 1, 49, 10, 1)
    return np.asarray((steps - zero) * np.float32(scale), np.float32)


def fractions(content: bytes, scale: float, zero: int) -> Samples:
    """Such numbers, divided by 127, of grey pictures."""
    steps = np.rint(numbers(content) * 127).reshape(-1, 1, 96, 96, 1)
    return np.repeat((steps - zero) * np.float32(scale), 3, axis=-1)


def spectra(content: bytes, _scale: float, _zero: int) -> Samples:
    """What the authors calibrated with."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return np.asarray(file["specs"], np.float32).reshape(-1, 1, 30, 1, 40)


def windows(content: bytes, _scale: float, _zero: int) -> Samples:
    """Every five frames that follow each other in a recording of 200 frames of 128 bands."""
    frames = np.frombuffer(content, np.float32).reshape(-1, 128)
    return np.stack([frames[i : i + 5].reshape(1, 640) for i in range(len(frames) - 4)])


TRAINED = "training/{}/trained_models/{}"
SUBMITTED = "reference_submissions/{}"

TASKS = (
    Task(
        "mlperf_tiny_resnet8/32x32",
        Remote(
            TRAINED.format("image_classification", "pretrainedResnet_quant.tflite"),
            "3c002613d1b2475eb51dd78dfb85a546c8ae658dee71cf6ade43b022fe205415",
        ),
        Remote(
            SUBMITTED.format("image_classification/ic/ic_inputs.cc"),
            "a89329efe274b5477e139b26ff27f830f50fb65938a809bbe89037a98b4d1eec",
        ),
        image,
    ),
    Task(
        "mlperf_tiny_vww/default",
        Remote(
            TRAINED.format("visual_wake_words", "vww_96_int8.tflite"),
            "597a384c8c2c8a1276f04702f25013b7838f2f814f1ca7c174d295b73e3d6b7b",
        ),
        Remote(
            TRAINED.format("visual_wake_words", "vww/vww_inputs.cc"),
            "06ee15db7d84b5bb2e4731d7d6bddf15b4e8adef680636449b5308b35cb22548",
        ),
        fractions,
    ),
    Task(
        "mlperf_tiny_kws/default",
        Remote(
            TRAINED.format("keyword_spotting", "kws_ref_model.tflite"),
            "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae",
        ),
        Remote(
            SUBMITTED.format("keyword_spotting/kws/kws_input_data.cc"),
            "86677d920aaeef0f48c472305d3fe0bad7466d69780f0978fa40fc7cbb06f676",
        ),
        stored,
    ),
    Task(
        "mlperf_tiny_ad/default",
        Remote(
            TRAINED.format("anomaly_detection", "ad01_int8.tflite"),
            "87cf24194ef93d1d9b11a591d805526b98008e351655d29883c825c9c106ba24",
        ),
        Remote(
            SUBMITTED.format(
                "anomaly_detection/datasets/dcase01/normal_id_01_00000000_hist_librosa.bin"
            ),
            "31bc130d27e3732e1c09db946ccc7bfa130f98739bcd90cfa39d590f61f4d6fa",
        ),
        windows,
        is_classifier=False,
    ),
    Task(
        "mlperf_tiny_sww/default",
        Remote(
            TRAINED.format("streaming_wakeword", "str_ww_ref_model.tflite"),
            "3af8550895ba7d5c584277102b5075c52dcfa63ba9d2b2240f37c4e6abd5dd2b",
        ),
        Remote(
            "training/streaming_wakeword/calibration_samples.npz",
            "43e84d3ac605461d9b08d14d927a8c562d9c09e4e02b8ef6d89bba2be16c6533",
        ),
        spectra,
    ),
)
