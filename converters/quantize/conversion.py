"""One SavedModel on its way to a kind of TFLite file, with some of its operators left in float.

TensorFlow's converter does it in one go. Where operators stay in float it is taken apart: the
samples are run once, and the file with their ranges in it is quantised as often as is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from converters import imports
from converters.errors import ZooError
from converters.quantize.calibration import Calibration
from converters.quantize.kinds import Kind, configure, finished, quantised
from converters.quantize.refusals import made_by
from converters.recipes.recipe import Options
from converters.verify.runners import SIGNATURE


class Conversion:
    """What makes TFLite files of one kind: equal inputs give equal bytes."""

    def __init__(
        self, saved_model: Path, kind: Kind, calibration: Calibration | None, options: Options
    ) -> None:
        self.saved_model, self.kind = saved_model, kind
        self.calibration, self.options = calibration, options

    def made(self, types: Collection[str] = (), tensors: Collection[str] = ()) -> bytes:
        """A file in which operators of some types, or that make some tensors, stay in float."""
        if not types and not tensors:
            return finished(self._run(ranges_alone=False), self.kind)
        if self.kind.activations != "int8":
            raise ZooError(
                f"{', '.join([*types, *tensors])} cannot stay in float here",
                subject=f"activations in {self.kind.activations}",
                remedy="TensorFlow quantises all of such a file or nothing: use int8",
            )
        return quantised(self.with_ranges, self.kind, self.options, types, tensors)

    @cached_property
    def with_ranges(self) -> bytes:
        """The float file with the range of every tensor in it, as the samples showed it."""
        return self._run(ranges_alone=True)

    def _run(self, *, ranges_alone: bool) -> bytes:
        tf = imports.tensorflow()
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(self.saved_model), signature_keys=[SIGNATURE]
        )
        configure(converter, self.kind, self.calibration, self.options)
        converter._experimental_calibrate_only = ranges_alone
        return made_by(converter)


def operators_of(tflite: bytes) -> list[tuple[str, str]]:
    """Type and first output tensor of every operator of a file, in its order."""
    from ai_edge_litert import schema_py_generated as schema

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    return [
        (names[_code(model.operatorCodes[each.opcodeIndex])], _name(graph, each))
        for graph in model.subgraphs
        for each in graph.operators
        if len(each.outputs)
    ]


def _code(operator: Any) -> int:
    return int(max(operator.builtinCode, operator.deprecatedBuiltinCode))


def _name(graph: Any, operator: Any) -> str:
    return (graph.tensors[operator.outputs[0]].name or b"").decode()
