"""Checks on surgery: what can be known of its operations before there is a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from converters.recipes.checks.building import unknown_source
from converters.recipes.checks.case import Case
from converters.recipes.problems import Path, Problem
from converters.recipes.slices import EXPORTED

NORMALISING = ("mean", "std", "reverse_channels", "dtype")

INSTEAD = (
    "cut with ir.input and ir.output, normalise with ir.mean and ir.scale, change ops with "
    "tf.overrides; or convert the model to ONNX once and start from that file"
)


def steps(case: Case) -> Iterator[tuple[Path, str, Any]]:
    """Where each operation stands, its name and its options."""
    for i, step in enumerate(case.recipe["surgery"]):
        for name, options in step.items():
            yield ("surgery", i, name), name, options


def graph_is_onnx(case: Case) -> Iterator[Problem]:
    """Only a model that passes through ONNX has a graph to operate on."""
    framework = case.recipe["load"]["framework"]
    if case.recipe["surgery"] and framework not in EXPORTED:
        cause = f"operates on ONNX, and {framework} models do not pass through it"
        yield Problem(("surgery",), cause, INSTEAD)


def merged_is_a_source(case: Case) -> Iterator[Problem]:
    """What is merged is downloaded."""
    for path, name, options in steps(case):
        if name == "merge":
            yield from unknown_source((*path, "model"), options["model"], case.recipe["sources"])


def one_of_two_is_given(case: Case) -> Iterator[Problem]:
    """A constant has a value or a file, prior boxes are computed or stored."""
    for path, name, options in steps(case):
        if name == "replace_constant" and ("value" in options) == ("file" in options):
            yield Problem(path, "has both or none of value and file", "give one of them")
        if name == "decode_ssd":
            yield from _wrong_priors((*path, "priors"), options["priors"])
        if name == "normalise" and not any(options.get(field) for field in NORMALISING):
            yield Problem(path, "changes nothing", "give mean, std, reverse_channels or dtype")


def _wrong_priors(path: Path, priors: Mapping[str, Any]) -> Iterator[Problem]:
    computed = [field for field in ("strides", "sizes") if field in priors]
    if ("file" in priors) == bool(computed):
        yield Problem(path, "has both or none of file and strides", "give one of them")
    elif computed and len(computed) < 2:
        yield Problem(path, "needs strides and sizes", "give both, a list of sizes per stride")
    elif computed and len(priors["strides"]) != len(priors["sizes"]):
        cause = f"{len(priors['strides'])} strides, {len(priors['sizes'])} lists of sizes"
        yield Problem(path, cause, "give a list of sizes for each stride")


def network_inputs_are_needed(case: Case) -> Iterator[Problem]:
    """They differ from the recipe's inputs only where surgery makes them."""
    if "network_inputs" in case.recipe["load"] and not case.recipe["surgery"]:
        remedy = "describe the network's inputs in `inputs`"
        yield Problem(("load", "network_inputs"), "is for models with surgery", remedy)
