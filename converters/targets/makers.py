"""Which function makes which targets; a maker's module is loaded for its own targets alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from converters.targets.order import Order


class Maker(NamedTuple):
    """A function of a module beside this one."""

    module: str
    function: str

    def load(self) -> Callable[[Order], dict[str, Any]]:
        """The function: it fills the order's folder, and answers with facts."""
        module = importlib.import_module(f"{__package__}.{self.module}")
        made: Callable[[Order], dict[str, Any]] = getattr(module, self.function)
        return made


MAKERS: Mapping[str, Maker] = {
    "tf2onnx": Maker("onnx", "of_tensorflow"),
    "qdq": Maker("onnx", "qdq"),
    "fp16": Maker("openvino", "fp16"),
    "nncf": Maker("openvino", "int8"),
    "tfjs": Maker("tensorflow_js", "graph_model"),
    "coreml": Maker("core_ml", "program"),
    "c_array": Maker("c_array", "header"),
    "stablehlo": Maker("mlir", "stablehlo"),
    "tensorrt": Maker("gpu", "engine"),
    "tftrt": Maker("gpu", "tf_trt_model"),
}
"""By the maker in table.py."""
