"""The mean of colours that a recipe subtracts, and whether it stands in the order that it says."""

from __future__ import annotations

from converters.recipes.recipe import Input

IMAGENET = (123.675, 116.28, 103.53)
"""Mean of red, green and blue over ImageNet, of 255: the most used of all."""

CLOSE = 2.5
"""Levels of 255 by which a written mean may differ from it."""


def is_colour(spec: Input) -> bool:
    """Whether an input takes pictures in colour."""
    return spec.layout in ("NCHW", "NHWC") and spec.color in ("RGB", "BGR")


def declared_mean(spec: Input) -> tuple[float, ...] | None:
    """What preprocessing subtracts of red, green and blue, in levels of 255; None if nothing."""
    factor = 1.0
    for step in spec.preprocess if is_colour(spec) else ():
        ((name, argument),) = step.items()
        if name == "mean" and isinstance(argument, list | tuple) and len(argument) == 3:
            levels = tuple(float(number) * factor for number in argument)
            return levels[::-1] if spec.color == "BGR" else levels
        if name in ("scale", "std", "multiply") and not isinstance(argument, int | float):
            return None
        if name in ("scale", "std"):
            factor *= argument
        elif name == "multiply":
            factor /= argument or 1
        elif name in ("mean", "add"):
            return None
    return None


def doubt(spec: Input) -> str:
    """What is odd about an input's mean, in words; empty if nothing."""
    levels = declared_mean(spec)
    if levels is None or not _near(levels[::-1], IMAGENET) or _near(levels, IMAGENET):
        return ""
    told = f"input {spec.name} is {spec.color}, its mean is ImageNet's the other way round"
    return f"reversed_colours: {told}"


def _near(levels: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return all(abs(a - b) <= CLOSE for a, b in zip(levels, others, strict=True))
