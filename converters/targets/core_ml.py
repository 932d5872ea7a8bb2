"""Core ML programs: of a PyTorch network where the source is one, else of the TensorFlow graph."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from converters.targets.apart import run_script
from converters.targets.order import Order, in_source_order
from converters.targets.scripts import core_ml
from converters.targets.table import is_of_network


def program(order: Order) -> dict[str, Any]:
    """model.mlpackage; checked for its structure here, for its numbers where macOS is."""
    is_torch = is_of_network(order.name, order.variant)
    with tempfile.TemporaryDirectory() as folder:
        traced = Path(folder) / "network.pt"
        inputs = order.interface.inputs
        if is_torch:
            trace(order, traced)
            inputs = in_source_order(order.interface).inputs
        request = {
            "torch": traced if is_torch else "",
            "saved_model": order.origin.resolve(),
            "out": order.file.resolve(),
            "inputs": [[each.name, each.shape, each.dtype] for each in inputs],
            "outputs": order.interface.output_names,
            "precision": order.target.options.get("precision", "float32"),
            "weights": order.target.options.get("weights", ""),
        }
        facts = run_script("coreml", core_ml, request)
    own = in_source_order(order.interface) if is_torch else order.interface
    order.write_interface(own, takes_source=is_torch)
    return {**facts, "of": "the PyTorch network" if is_torch else "the SavedModel"}


def trace(order: Order, target: Path) -> None:
    """The network as TorchScript, which needs none of its own code any more."""
    import torch

    from converters.export.pytorch import tensors
    from converters.network import build_network

    network = build_network(order.variant, order.model_folder, order.sources)
    names = [output.public_name for output in order.variant.outputs]
    places = [names.index(name) for name in order.interface.output_names if name in names]

    class Flat(torch.nn.Module):  # type: ignore[misc]
        """The wanted outputs as a tuple, in the interface's order."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *given: Any) -> Any:
            made = list(tensors(self.network(*given)))
            return tuple(made[i] for i in places) if places else tuple(made)

    inputs = in_source_order(order.interface).inputs
    given = tuple(torch.zeros(each.shape, dtype=getattr(torch, each.dtype)) for each in inputs)
    with torch.inference_mode():
        torch.jit.trace(Flat().eval(), given, check_trace=False).save(str(target))
