"""Checks on inputs and outputs: names, shapes beside layouts, colours, preprocessing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from converters.recipes.checks.case import Case
from converters.recipes.problems import Path, Problem, listed, nearest_or_all, shown

PICTURES = ("NCHW", "NHWC")
"""Layouts whose inputs may be pictures."""

CHANNELS_OF: Mapping[str, int] = {"RGB": 3, "BGR": 3, "GRAY": 1}
OF_PICTURES = ("resize", "letterbox", "center_crop")
MOST_ELEMENTS = 1 << 29
"""2 GB of float32, which is also what a protocol buffer may hold."""

DIVIDING = ("scale", "std")


def channels_of(spec: Mapping[str, Any]) -> int | None:
    """How many channels an input has; None where no axis is known to be the channels."""
    place = spec["layout"].find("C")
    return spec["shape"][place] if 0 <= place < len(spec["shape"]) else None


def has_an_axis_per_letter(spec: Mapping[str, Any]) -> bool:
    """Whether the layout is for shapes of that many axes; otherwise nothing follows from it."""
    return spec["layout"] == "as-is" or len(spec["layout"]) == len(spec["shape"])


def names_are_unique(case: Case) -> Iterator[Problem]:
    """Two inputs of one name cannot be told apart."""
    yield from _repeated([spec["name"] for spec in case.recipe["inputs"]], "inputs", "name")


def outputs_are_unique(case: Case) -> Iterator[Problem]:
    """Nor can two outputs, also after they are renamed."""
    outputs = case.recipe.get("outputs", [])
    yield from _repeated([output["name"] for output in outputs], "outputs", "name")
    yield from _repeated(case.public_names, "outputs", "rename")


def _repeated(names: list[str], field: str, key: str) -> Iterator[Problem]:
    for i, name in enumerate(names):
        if name in names[:i]:
            first = names.index(name)
            cause = f"{field}[{first}] is called {shown(name)} already"
            yield Problem((field, i, key), cause, "give each its own name")


def shapes_are_possible(case: Case) -> Iterator[Problem]:
    """An input of more than 2 GB is a mistake, or meant to do harm."""
    for i, spec in enumerate(case.recipe["inputs"]):
        count = prod(spec["shape"])
        if count > MOST_ELEMENTS:
            cause = f"{shown(spec['shape'])} has {count} elements; at most {MOST_ELEMENTS} are read"
            yield Problem(("inputs", i, "shape"), cause, "correct it")


def layout_fits_shape(case: Case) -> Iterator[Problem]:
    """A letter of the layout for every axis."""
    for i, spec in enumerate(case.recipe["inputs"]):
        layout, shape = spec["layout"], spec["shape"]
        if not has_an_axis_per_letter(spec):
            cause = f"{layout} has {len(layout)} axes, the shape {shown(shape)} has {len(shape)}"
            yield Problem(("inputs", i, "layout"), cause, "correct one of them, or write as-is")


def color_fits_channels(case: Case) -> Iterator[Problem]:
    """A picture of that colour order has as many channels as the input."""
    for i, spec in enumerate(case.recipe["inputs"]):
        if not has_an_axis_per_letter(spec):
            continue
        is_written = "color" in case.written["inputs"][i]
        is_picture = any(name in step for step in spec["preprocess"] for name in OF_PICTURES)
        path = ("inputs", i, "color" if is_written else "shape")
        if spec["layout"] not in PICTURES:
            if is_written:
                remedy = "remove it, or declare layout NCHW or NHWC"
                yield Problem(path, f"layout {spec['layout']} has no colours", remedy)
            continue
        wanted, channels = CHANNELS_OF[spec["color"]], channels_of(spec)
        if channels not in (wanted, None) and (is_written or is_picture):
            cause = f"color {spec['color']} has {wanted} channels, the input has {channels}"
            fitting = [color for color, count in CHANNELS_OF.items() if count == channels]
            remedy = f"write color: {' or '.join(fitting)}" if fitting else "correct the shape"
            yield Problem(path, cause, remedy)


def operations_fit(case: Case) -> Iterator[Problem]:
    """Numbers per channel are as many as channels; a picture ends in the input's size."""
    for i, spec in enumerate(case.recipe["inputs"]):
        if not has_an_axis_per_letter(spec):
            continue
        last_size: tuple[Path, list[int]] | None = None
        for j, step in enumerate(spec["preprocess"]):
            for name, argument in step.items():
                path = ("inputs", i, "preprocess", j, name)
                if name in OF_PICTURES:
                    last_size = path, argument
                else:
                    yield from _wrong_numbers(path, argument, spec)
        if last_size is not None:
            yield from _wrong_size(*last_size, spec)


def _wrong_numbers(path: Path, argument: Any, spec: Mapping[str, Any]) -> Iterator[Problem]:
    values = argument if isinstance(argument, list) else [argument]
    if path[-1] in DIVIDING and 0 in values:
        yield Problem(path, f"{shown(argument)} divides by zero")
    channels = channels_of(spec)
    wanted = channels if channels is not None else spec["shape"][-1]
    if isinstance(argument, list) and len(argument) != wanted:
        cause = f"has {len(argument)} numbers for {wanted} channels"
        yield Problem(path, cause, "give one number, or one per channel")


def _wrong_size(path: Path, size: list[int], spec: Mapping[str, Any]) -> Iterator[Problem]:
    layout, shape = spec["layout"], spec["shape"]
    if layout not in PICTURES:
        cause = f"{path[-1]} needs a picture, and an input of layout {layout} is none"
        yield Problem(path, cause, "declare layout NCHW or NHWC, or leave it out")
        return
    wanted = [shape[layout.index("H")], shape[layout.index("W")]]
    if wanted != size:
        cause = f"gives {shown(size)}, the input is {shown(wanted)} high and wide"
        yield Problem(path, cause, "make them agree: both are [h, w]")


def ir_names_inputs(case: Case) -> Iterator[Problem]:
    """Mean and scale name inputs that have channels, with a number for each."""
    specs = {spec["name"]: spec for spec in case.recipe["inputs"]}
    first = case.recipe["inputs"][0]["name"]
    for field in ("mean", "scale"):
        value = case.recipe["ir"].get(field)
        if value is None:
            continue
        is_table = isinstance(value, dict)
        for name, numbers in (value if is_table else {first: value}).items():
            path = ("ir", field, name) if is_table else ("ir", field)
            if name not in specs:
                yield Problem(path, "is no input", nearest_or_all(name, specs))
            elif channels_of(specs[name]) is None:
                yield Problem(
                    path, f"input {name} of layout {specs[name]['layout']} has no channels"
                )
            else:
                yield from _wrong_numbers(path, numbers, specs[name])


def load_names_as_many(case: Case) -> Iterator[Problem]:
    """The names of a frozen graph go with inputs and outputs, one by one."""
    load = case.recipe["load"]
    for field in ("inputs", "outputs"):
        names = load.get(field)
        own = [item["name"] for item in case.recipe.get(field, ())]
        given = [names] if isinstance(names, str) else names or own
        if own and len(given) != len(own):
            cause = f"names {len(given)}, but the recipe has {len(own)}: {listed(own)}"
            yield Problem(("load", field), cause, "name one for each, in the same order")
