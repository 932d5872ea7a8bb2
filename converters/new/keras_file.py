"""Keras: a model in .h5 or .keras. Its configuration is read first, and code in it refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converters.errors import SourceError
from converters.new.findings import Network, Shape, Tensor
from converters.new.tensorflow_graph import silently
from converters.new.text import counted

WITH_CODE = ("Lambda", "TorchModuleWrapper", "JaxLayer")
LONGEST = 50_000_000  # bytes of a configuration


def look(path: Path, name: str) -> Network:
    """The network in a Keras file."""
    from converters.mo.tensorflow_source import keras_model, keras_names

    config = configuration(path, name)
    code = sorted(set(_classes(config)) & set(WITH_CODE))
    if code:
        raise SourceError(
            f"holds code in layers of the class {', '.join(code)}, which is not run here",
            subject=name,
            remedy="where you trust the file, load it and store it as a SavedModel",
        )
    with silently():
        model = keras_model(path)
    inputs, outputs = keras_names(model)
    return Network(
        "keras",
        tuple(_tensor(n, t) for n, t in zip(inputs, model.inputs, strict=True)),
        tuple(_tensor(n, t) for n, t in zip(outputs, model.outputs, strict=True)),
        remarks=(f"Keras model {str(model.name)!r}, {counted(len(model.layers), 'layer')}",),
        channels_first=False,
    )


def configuration(path: Path, name: str) -> Any:
    """The model's configuration, as data."""
    try:
        text = _from_zip(path) if zipfile.is_zipfile(path) else _from_hdf5(path)
        return json.loads(text)
    except (OSError, ValueError, KeyError, RecursionError, zipfile.BadZipFile) as error:
        raise SourceError(
            f"holds no Keras model: {error}",
            subject=name,
            remedy="weights alone have no graph: give the whole model (model.save)",
        ) from error


def _from_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as opened:
        if opened.getinfo("config.json").file_size > LONGEST:
            raise ValueError(f"config.json is longer than {LONGEST} bytes")
        return opened.read("config.json").decode()


def _from_hdf5(path: Path) -> str:
    import h5py  # type: ignore[import-untyped]

    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise ValueError("the HDF5 file has no model_config")
        text = file.attrs["model_config"]
    return text.decode() if isinstance(text, bytes) else str(text)


def _classes(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config["class_name"]
        for value in config.values():
            yield from _classes(value)
    elif isinstance(config, list):
        for value in config:
            yield from _classes(value)


def _tensor(name: str, tensor: Any) -> Tensor:
    shape: Shape = tuple(None if size is None else int(size) for size in tensor.shape)
    return Tensor(name, shape, str(tensor.dtype))
