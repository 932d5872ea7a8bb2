"""The PyTorch network of a recipe: its code found and imported, built, its weights loaded."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from converters.checkpoint import read_state
from converters.errors import RecipeError, ZooError
from converters.origin import inside, listed, nearest, origin_place
from converters.recipes.recipe import Options, Variant

if TYPE_CHECKING:
    import torch


def build_network(variant: Variant, model_folder: Path, sources: Path) -> torch.nn.Module:
    """The network that `load` describes, in evaluation mode, with its weights.

    `model_folder` is the recipe's folder in models/, `sources` its folder of downloads.
    """
    load = variant.load
    if not load.get("factory") or not (load.get("file") or load.get("module")):
        raise RecipeError(
            "does not say how to build the network",
            subject="load",
            remedy="give `file` or `module`, and `factory`: the class or function in it",
        )
    with _module(load, model_folder, sources) as module:
        network = _constructed(_factory(module, str(load["factory"])), load)
    if load.get("weights"):
        _fill(network, load, sources)
    return network.eval()


# The code -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _module(load: Options, model_folder: Path, sources: Path) -> Iterator[ModuleType]:
    if load.get("file"):
        yield _own_module(load, model_folder)
        return
    roots = [origin_place(sources, reference) for reference in _paths(load)]
    with _importable(roots):
        yield _imported(str(load["module"]), lambda: importlib.import_module(load["module"]))


def _paths(load: Options) -> list[str]:
    paths = load.get("path") or []
    if not paths:
        raise RecipeError(
            "names a module, but not the source that holds it",
            subject=f"load.module: {load.get('module')}",
            remedy="add load.path: [<source key>]",
        )
    return [paths] if isinstance(paths, str) else [str(path) for path in paths]


def _own_module(load: Options, model_folder: Path) -> ModuleType:
    """A file of a model's folder, imported under a private name."""
    other = load.get("model_folder")
    folder = inside(model_folder.parent, str(other)) if other else model_folder
    path = inside(folder, str(load["file"]))
    name = f"zoo_network_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RecipeError("is not a Python file", subject=f"load.file: {load['file']}")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    loader = spec.loader
    _imported(str(load["file"]), lambda: loader.exec_module(module))
    return module


def _imported(name: str, action: Any) -> Any:
    try:
        return action()
    except ModuleNotFoundError as error:
        raise ZooError(
            f"cannot be imported: it wants the module {error.name!r}",
            subject=f"load: {name}",
            remedy="correct load.path, or install the package into the environment (envs/)",
        ) from error
    except Exception as error:
        raise ZooError(
            f"cannot be imported: {type(error).__name__}: {error}",
            subject=f"load: {name}",
            remedy="the module must import on Python 3.11 with the pinned packages",
        ) from error


@contextlib.contextmanager
def _importable(roots: list[Path]) -> Iterator[None]:
    """These folders first on `sys.path`; modules of the same names step aside meanwhile."""
    tops = {path.stem for root in roots for path in root.iterdir() if path.suffix in ("", ".py")}
    hidden = {name: sys.modules[name] for name in list(sys.modules) if name.split(".")[0] in tops}
    path = list(sys.path)
    for name in hidden:
        del sys.modules[name]
    sys.path[:0] = [str(root) for root in roots]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        sys.modules.update(hidden)


def _factory(module: ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            names = [key for key in vars(found) if not key.startswith("_")]
            raise RecipeError(
                f"{module.__name__} has no {part!r}; it has {listed(names)}",
                subject=f"load.factory: {name}",
                remedy=nearest(part, names) or "name a class or a function of the module",
            )
        found = getattr(found, part)
    return found


def _constructed(factory: Any, load: Options) -> torch.nn.Module:
    import torch

    subject = f"load.factory: {load['factory']}"
    arguments = dict(load.get("arguments") or {})
    try:
        # a network without stored weights is the same one in every stage
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = factory(**arguments)
    except Exception as error:
        raise ZooError(
            f"does not build with the arguments {arguments}: {type(error).__name__}: {error}",
            subject=subject,
            remedy="correct load.arguments",
        ) from error
    if not isinstance(network, torch.nn.Module):
        raise ZooError(
            f"returns a {type(network).__name__}, not a torch.nn.Module",
            subject=subject,
            remedy="name the class of the network or a function that returns one",
        )
    return network


# The weights --------------------------------------------------------------------------------


def _fill(network: torch.nn.Module, load: Options, sources: Path) -> None:
    state = read_state(load, sources)
    own = network.state_dict()
    wrong = [
        f"{name} is {tuple(value.shape)}, the network wants {tuple(own[name].shape)}"
        for name, value in state.items()
        if name in own and hasattr(value, "shape") and value.shape != own[name].shape
    ]
    subject = f"load.weights: {load['weights']}"
    if wrong:
        raise ZooError(
            f"{len(wrong)} shapes differ: {listed(wrong, 3)}",
            subject=subject,
            remedy="the weights are of another variant: correct load.arguments or load.factory",
        )
    if not set(state) & set(own):
        raise ZooError(
            f"no key of the weights ({listed(state, 3)}) is one of the network ({listed(own, 3)})",
            subject=subject,
            remedy="set load.strip_prefix or load.state_dict",
        )
    missing, unexpected = network.load_state_dict(state, strict=False)
    if (missing or unexpected) and load.get("strict", True):
        raise ZooError(
            f"the network lacks {listed(unexpected)}; the weights lack {listed(missing)}",
            subject=subject,
            remedy="correct the factory, the arguments or strip_prefix; "
            "or set load.strict: false if these keys do not matter",
        )
