"""What a schema cannot say of a recipe: references between fields, shapes beside layouts, ...

Each check sees one variant, complete with defaults and matrix values, and yields what is wrong.
It names the top-level fields that it reads, and is left out where the schema found one of them
wrong: no problem is said twice in other words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from converters.recipes.checks import about, building, changing, files, sampling, tensors
from converters.recipes.checks.case import Case
from converters.recipes.problems import Problem

__all__ = ["CHECKS", "Case", "Check", "problems_in"]


class Check(NamedTuple):
    """A check, and the top-level fields that it reads."""

    reads: tuple[str, ...]
    run: Callable[[Case], Iterator[Problem]]


CHECKS = (
    Check(("id",), about.folder_is_named_so),
    Check(("status",), about.broken_has_a_reason),
    Check(("license",), about.license_is_known),
    Check(("sources",), building.keys_are_safe),
    Check(("sources", "load"), building.load_names_sources),
    Check(("load",), building.network_is_found),
    Check(("load",), building.pickles_are_harmless),
    Check(("load", "surgery"), changing.graph_is_onnx),
    Check(("sources", "surgery"), changing.merged_is_a_source),
    Check(("surgery",), changing.one_of_two_is_given),
    Check(("load", "surgery"), changing.network_inputs_are_needed),
    Check(("inputs",), tensors.names_are_unique),
    Check(("outputs",), tensors.outputs_are_unique),
    Check(("inputs",), tensors.shapes_are_possible),
    Check(("inputs",), tensors.layout_fits_shape),
    Check(("inputs",), tensors.color_fits_channels),
    Check(("inputs",), tensors.operations_fit),
    Check(("inputs", "ir"), tensors.ir_names_inputs),
    Check(("load", "inputs", "outputs"), tensors.load_names_as_many),
    Check(("artifacts",), sampling.edgetpu_has_its_input),
    Check(("edgetpu",), sampling.segments_are_not_searched),
    Check(("artifacts", "calibration"), sampling.int8_is_calibrated),
    Check(("data", "sources"), sampling.data_names_sources),
    Check(("data",), sampling.data_has_one_origin),
    Check(("data", "calibration", "verification", "evaluation"), sampling.data_is_declared),
    Check(("data", "calibration", "verification", "evaluation", "inputs"), sampling.pictures_fit),
    Check(("data", "evaluation"), sampling.metric_has_targets),
    Check(("evaluation", "outputs"), sampling.metric_has_an_output),
    Check(("limits", "artifacts", "targets", "evaluation"), sampling.limits_are_measured),
    Check(("targets", "target_options", "calibration"), sampling.targets_are_calibrated),
)


CHECKS_OF_FILES = (Check(("sources", "load", "data", "surgery"), files.files_exist),)


def problems_in(case: Case, broken: set[str], *, with_files: bool = False) -> Iterator[Problem]:
    """What the checks find; `broken` are the top-level fields that are known to be wrong."""
    for check in (*CHECKS, *(CHECKS_OF_FILES if with_files else ())):
        if not broken & set(check.reads):
            yield from check.run(case)
