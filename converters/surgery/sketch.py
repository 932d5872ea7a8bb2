"""Nodes and constants that are added to a graph, under names that nothing else has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converters.export.graph import opset
from converters.surgery.finding import free_name
from converters.surgery.operation import Model, Site

OLDEST = 13
"""The opset since which axes are inputs and Softmax takes one axis: what is added speaks this."""


class Sketch:
    """An addition to a copy of a model; `node` and `constant` answer with names of tensors."""

    def __init__(self, model: Model, prefix: str, site: Site) -> None:
        if opset(model) < OLDEST:
            raise site.error(
                f"needs opset {OLDEST} or later, and the graph has {opset(model)}",
                f"put set_opset: {OLDEST} before it, or a later one",
            )
        self.model = type(model)()
        self.model.CopyFrom(model)
        self.prefix = prefix
        self.nodes: list[Any] = []

    def constant(self, values: Any, dtype: str | None = None) -> str:
        """A stored tensor."""
        import onnx

        name = self._free("constant")
        array = np.asarray(values) if dtype is None else np.asarray(values, dtype)
        self.model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", count: int = 1, **more: Any) -> Any:
        """A node; the name of its output, or of its `count` outputs."""
        import onnx

        outputs = [name or self._free(kind) for _ in range(1)]
        outputs += [self._free(f"{kind}_{i}") for i in range(1, count)]
        made = onnx.helper.make_node(kind, list(inputs), outputs, name=outputs[0], **more)
        self.nodes.append(made)
        return outputs[0] if count == 1 else outputs

    def _free(self, kind: str) -> str:
        taken = {output for node in self.nodes for output in node.output}
        name = free_name(self.model, f"{self.prefix}/{kind}")
        while name in taken:
            name = free_name(self.model, f"{name}_")
        return name

    def behind(self) -> Model:
        """The model with the nodes at its end."""
        self.model.graph.node.extend(self.nodes)
        return self.model

    def before(self) -> Model:
        """The model with the nodes at its beginning."""
        old = list(self.model.graph.node)
        del self.model.graph.node[:]
        self.model.graph.node.extend([*self.nodes, *old])
        return self.model

    def outputs(self, removed: Sequence[str], added: Sequence[tuple[str, str]]) -> None:
        """Other outputs: those added, of a name and dtype, stand where the first removed stood."""
        import onnx

        old = list(self.model.graph.output)
        names = [value.name for value in old]
        place = min((names.index(name) for name in removed), default=len(old))
        made = [
            onnx.helper.make_tensor_value_info(
                name, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None
            )
            for name, dtype in added
        ]
        kept = [value for value in old if value.name not in removed]
        before = sum(name not in removed for name in names[:place])
        del self.model.graph.output[:]
        self.model.graph.output.extend([*kept[:before], *made, *kept[before:]])
