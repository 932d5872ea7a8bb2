"""The noise that quantisation adds to the outputs, measured where files are made.

TensorFlow's own interpreter runs both files. What is measured here decides what stays in float;
what a runtime makes of the file on data it was not calibrated on, verification tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from converters.datasets.preprocess import Array
from converters.quantize.calibration import Calibration
from converters.verify.runners import SIGNATURE, dequantised, quantised

Outputs = Mapping[str, Array]


class Noise:
    """Compares files with one float file, on the first samples of a calibration."""

    def __init__(self, reference: bytes, calibration: Calibration | None, count: int) -> None:
        self.samples = list(islice(calibration() if calibration else iter(()), count))
        self.wanted = list(_outputs(reference, self.samples))

    def sqnr_db(self, tflite: bytes) -> float:
        """10 log10(sum b^2 / sum (a - b)^2) of the output where it is least."""
        found = list(_outputs(tflite, self.samples))
        return min(_sqnr(found, self.wanted, name) for name in self.wanted[0])


def _sqnr(found: list[Outputs], wanted: list[Outputs], name: str) -> float:
    pairs = [(np.float64(a[name]), np.float64(b[name])) for a, b in zip(found, wanted, strict=True)]
    noise = sum(float(np.sum((a - b) ** 2)) for a, b in pairs)
    signal = sum(float(np.sum(b**2)) for _, b in pairs)
    return float("inf") if noise == 0 else 10 * float(np.log10(max(signal, 1e-300) / noise))


def _outputs(tflite: bytes, samples: list[dict[str, Array]]) -> Iterator[Outputs]:
    """What a file makes of samples, as floats."""
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=tflite, num_threads=1)
    call: Any = interpreter.get_signature_runner(SIGNATURE)
    takes, gives = call.get_input_details(), call.get_output_details()
    for sample in samples:
        made = call(**{name: quantised(x, takes[name]) for name, x in sample.items()})
        yield {name: dequantised(values, gives[name]) for name, values in made.items()}
