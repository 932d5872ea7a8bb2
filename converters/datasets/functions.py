"""Data sets drawn by a function in the model's folder: `def f(count, seed) -> Iterator[...]`."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from converters.datasets.place import Place, RawSamples, inside
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Options, Sampling


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:
    """What the function yields: a dictionary of raw inputs, or with it the target."""
    subject = f"data {sampling.data}"
    path = inside(place.model_folder, str(options["file"]), subject)
    draw = _function(path, str(options["function"]), subject)
    try:
        for item in draw(sampling.count, sampling.seed):
            raw, target = item if isinstance(item, tuple) else (item, None)
            arrays = {name: np.asarray(values) for name, values in raw.items()}
            yield arrays, None if target is None else np.asarray(target)
    except ZooError:
        raise
    except Exception as error:
        raise ZooError(
            f"{type(error).__name__}: {error}",
            subject=f"{subject}, {path.name}: {options['function']}",
            remedy="mend it: it takes count and seed, and yields (inputs by name, target)",
        ) from error


def _function(path: Path, name: str, subject: str) -> Callable[[int, int], Any]:
    module = _module(path, subject)
    function = getattr(module, name, None)
    if not callable(function):
        raise RecipeError(
            f"{path.name} has no function {name}", subject=subject, remedy="mend `function`"
        )
    return function  # type: ignore[no-any-return]


def _module(path: Path, subject: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"zoo_data_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RecipeError(f"{path.name} is no Python module", subject=subject)
    module = importlib.util.module_from_spec(spec)
    with _importable(path.parent):
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise ZooError(
                f"{type(error).__name__}: {error}",
                subject=f"{subject}, {path.name}",
                remedy="mend the module: it cannot be imported",
            ) from error
    return module


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Lets a module import its neighbours, as it would where it lies."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
