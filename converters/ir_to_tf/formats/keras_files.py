"""Files of Keras: written by Keras, then settled, so that equal models are equal bytes.

A `.h5` of Keras 3 states its layers in the way of Keras 2, which knows no operations of `keras.ops`
and takes `ops.reshape` for the layer Reshape. The loader of `.h5` also reads the way of Keras 3,
which does; so that is what our `.h5` holds.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from converters.ir_to_tf.formats.frozen import Emitted

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file knows."""

MODEL, WEIGHTS = "model.json", "model.weights.h5"
"""The files of weights and JSON."""


def write_h5(emitted: Emitted, path: Path) -> None:
    """Write one HDF5 file that `keras.models.load_model` loads."""
    import h5py  # type: ignore[import-untyped]

    model = _model_of(emitted)
    with TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / "model.h5"
        model.save(written)
        with h5py.File(written, "r+") as file:
            file.attrs["model_config"] = model.to_json()
        written.replace(path)


def write_keras(emitted: Emitted, path: Path) -> None:
    """Write a `.keras` archive without the date that Keras puts in."""
    model = _model_of(emitted)
    with TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / "model.keras"
        model.save(written)
        with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
            for name in sorted(source.namelist()):
                target.writestr(zipfile.ZipInfo(name, LONG_AGO), _settled(name, source, model))


def write_weights_and_json(emitted: Emitted, path: Path) -> None:
    """Write a folder with the model's JSON and the weights to load into it."""
    model = _model_of(emitted)
    path.mkdir()
    (path / MODEL).write_text(model.to_json(indent=1, sort_keys=True) + "\n", encoding="utf-8")
    model.save_weights(path / WEIGHTS)


def _model_of(emitted: Emitted) -> Any:
    from converters.ir_to_tf.formats.reading.model import keras_model

    return keras_model(emitted)


def _settled(name: str, archive: zipfile.ZipFile, model: Any) -> bytes:
    """A member of a `.keras` archive without dates and numbers of this process."""
    if name == "config.json":
        return str(model.to_json(sort_keys=True)).encode()
    content = archive.read(name)
    if name == "metadata.json":
        return json.dumps({**json.loads(content), "date_saved": "1980-01-01@00:00:00"}).encode()
    return content
