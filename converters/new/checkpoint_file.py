"""PyTorch checkpoints: where in the file the state dict is, and what its tensors tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from converters.checkpoint import tensors_of
from converters.errors import SourceError
from converters.new.findings import Network, Tensor
from converters.new.kinds import blamed_on

PARALLEL = "module."
"""What torch.nn.DataParallel puts before every key."""

DEEPEST = 3
AVERAGED = ("ema", "params_ema", "state_dict_ema", "model_ema", "ema_state_dict")

Shapes = Mapping[str, tuple[int, ...]]
"""Key of a state dict -> shape of its tensor."""


class Checkpoint(NamedTuple):
    """A state dict within a file."""

    place: str  # dotted key, as load.state_dict has it
    prefix: str  # as load.strip_prefix has it
    shapes: Shapes  # without the prefix
    others: tuple[str, ...]  # places of the other state dicts


def look(path: Path, name: str) -> tuple[Network, Checkpoint]:
    """What a checkpoint says: no graph, but names and shapes."""
    with blamed_on(name):
        stored = tensors_of(path, name)
    found = dict(_state_dicts(stored))
    if not found:
        raise SourceError(
            "holds no tensors under names",
            subject=name,
            remedy="store the network's state_dict()",
        )
    place = next((p for p in found if p.split(".")[-1] in AVERAGED), max(found, key=_count(found)))
    prefix = PARALLEL if all(key.startswith(PARALLEL) for key in found[place]) else ""
    shapes = {key.removeprefix(prefix): shape for key, shape in found[place].items()}
    checkpoint = Checkpoint(place, prefix, shapes, tuple(sorted(set(found) - {place})))
    given = {"state_dict": place, "strip_prefix": prefix}
    return Network(
        "pytorch",
        (Tensor("x", _input_shape(shapes)),),
        (),
        load={key: value for key, value in given.items() if value},
        remarks=tuple(_remarks(checkpoint)),
        decisions=tuple(_decisions(checkpoint)),
    ), checkpoint


def _count(found: Mapping[str, Shapes]) -> Any:
    return lambda place: len(found[place])


def _state_dicts(stored: Any, place: str = "") -> Iterator[tuple[str, Shapes]]:
    """Every mapping that holds tensors, with its dotted key."""
    if not isinstance(stored, Mapping) or place.count(".") >= DEEPEST:
        return
    tensors = {str(k): tuple(v.shape) for k, v in stored.items() if _is_tensor(v)}
    if tensors:
        yield place, tensors
        return
    for key, value in stored.items():
        if isinstance(key, str):
            yield from _state_dicts(value, f"{place}.{key}" if place else key)


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "numel")


def _input_shape(shapes: Shapes) -> tuple[int | None, ...] | None:
    """The shape that the first weight with an input takes; its sizes stay open."""
    for shape in (s for name, s in shapes.items() if name.split(".")[-1] == "weight"):
        if len(shape) in (3, 4, 5) and min(shape) > 0:
            return (1, shape[1], *[None] * (len(shape) - 2))
        if len(shape) == 2:
            return (1, shape[1])
    return None


def _remarks(checkpoint: Checkpoint) -> Iterator[str]:
    numbers = sum(_size(shape) for shape in checkpoint.shapes.values())
    yield f"state dict of {len(checkpoint.shapes)} tensors, {numbers} numbers"


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _decisions(checkpoint: Checkpoint) -> Iterator[str]:
    if checkpoint.others:
        others = ", ".join(name or "the top" for name in checkpoint.others[:6])
        yield f"{checkpoint.place or 'the top'} is taken; there are also tensors at {others}"
