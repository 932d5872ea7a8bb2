"""The tensors of a stored PyTorch checkpoint, read without running anything it holds."""

from __future__ import annotations

import contextlib
import importlib
import pickle
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from converters.errors import RecipeError, SourceError
from converters.origin import listed, nearest, origin_file
from converters.recipes.recipe import Options


def read_state(load: Options, sources: Path) -> dict[str, Any]:
    """The state dict that `load` points at: key -> tensor, prefix stripped."""
    subject = f"load.weights: {load['weights']}"
    path = origin_file(sources, str(load["weights"]))
    stored = tensors_of(path, subject, load.get("allow_pickle_of") or ())
    state = _below(stored, str(load.get("state_dict") or ""), subject)
    if not any(hasattr(value, "shape") for value in state.values()):
        raise RecipeError(
            f"holds no tensors at this place, but {listed(map(str, state))}",
            subject=subject,
            remedy="set load.state_dict to the key that holds the state dict",
        )
    return _stripped(state, str(load.get("strip_prefix") or ""), subject)


def tensors_of(path: Path, subject: str, allowed: Sequence[str] = ()) -> Mapping[str, Any]:
    """What a checkpoint holds, as its writer nested it; `subject` names it in errors.

    `allowed` are classes that a pickle may make besides tensors: see `load.allow_pickle_of`.
    """
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except (SafetensorError, OSError) as error:
            raise _unreadable(error, subject) from error
    return _unpickled(path, subject, _imported(allowed))


def _imported(names: Sequence[str]) -> list[tuple[Any, str]]:
    """The classes that the recipe allows a pickle to make."""
    found = []
    for name in names:
        module, _, attribute = name.rpartition(".")
        try:
            found.append((getattr(importlib.import_module(module), attribute), name))
        except (ImportError, AttributeError, ValueError) as error:
            raise RecipeError(
                f"there is no such class here: {error}",
                subject=f"load.allow_pickle_of: {name}",
                remedy="leave it out, or store the weights as .safetensors once, elsewhere",
            ) from error
    return found


def _unpickled(path: Path, subject: str, allowed: list[tuple[Any, str]]) -> Mapping[str, Any]:
    import torch

    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(allowed):
            # old files use other pickle protocols, which torch reads all the same
            warnings.simplefilter("ignore")
            stored = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refused(path, subject) or _unreadable(error, subject) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        raise _unreadable(error, subject) from error
    if isinstance(stored, Mapping):
        return stored
    raise SourceError(
        f"holds a {type(stored).__name__}, not a dict of tensors",
        subject=subject,
        remedy="store the network's state_dict()",
    )


def _refused(path: Path, subject: str) -> SourceError | None:
    """What to say of a pickle that asks for more than tensors; None if it is no such pickle."""
    import torch

    names: list[str] = []
    with contextlib.suppress(ValueError, RuntimeError, pickle.UnpicklingError):
        names = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    if not names:
        return None
    module = any(name.startswith("torch.nn.") for name in names)
    kind = "a whole network (torch.save(model)), not its weights" if module else "Python objects"
    return SourceError(
        f"holds {kind}: it asks to run {listed(names, 5)}. Loading that would run foreign code, "
        "so it is refused",
        subject=subject,
        remedy="where you trust the file, load it once and store model.state_dict() with "
        "safetensors.torch.save_file; then name that file. Harmless classes may be listed in "
        "load.allow_pickle_of: loading then runs in the sandbox",
    )


def _unreadable(error: Exception, subject: str) -> SourceError:
    first = (str(error).strip().splitlines() or [""])[0]
    return SourceError(
        f"cannot be read as a checkpoint of tensors: {type(error).__name__}: {first}",
        subject=subject,
        remedy="name a .safetensors file or a state dict written by torch.save; "
        "the file may also be cut or of another kind",
    )


def _below(stored: Mapping[str, Any], dotted: str, subject: str) -> Mapping[str, Any]:
    """The mapping at a dotted key; a key that itself holds dots is found too."""
    found: Any = stored
    rest = dotted
    while rest:
        heads = [rest, *(rest[:i] for i in range(len(rest) - 1, 0, -1) if rest[i] == ".")]
        head = next((h for h in heads if isinstance(found, Mapping) and h in found), None)
        if head is None:
            keys = [str(key) for key in found] if isinstance(found, Mapping) else []
            raise RecipeError(
                f"the checkpoint has no key {rest!r}; it has {listed(keys)}",
                subject=f"load.state_dict: {dotted}",
                remedy=nearest(rest, keys) or f"correct it, or leave it out ({subject})",
            )
        found, rest = found[head], rest[len(head) + 1 :]
    if not isinstance(found, Mapping):
        raise RecipeError(
            f"is a {type(found).__name__}, not a dict of tensors",
            subject=f"load.state_dict: {dotted}",
            remedy="name the key of the state dict",
        )
    return found


def _stripped(state: Mapping[str, Any], prefix: str, subject: str) -> dict[str, Any]:
    # a plain dict: without its version marks torch fills what old checkpoints lack
    if prefix and not any(str(key).startswith(prefix) for key in state):
        raise RecipeError(
            f"no key begins with it; there are {listed(map(str, state), 5)} ({subject})",
            subject=f"load.strip_prefix: {prefix}",
            remedy="correct it or leave it out",
        )
    return {str(key).removeprefix(prefix): value for key, value in state.items()}
