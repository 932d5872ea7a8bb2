"""The tests that the onnx package carries: models, inputs and expected outputs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
RTOL, ATOL = 1e-3, 1e-4


class Sample(NamedTuple):
    inputs: list[Any]
    outputs: list[Any]


class Test(NamedTuple):
    """One test of the suite."""

    kind: str
    case: Any

    @property
    def model(self) -> bytes:
        if self.case.model is not None:
            return self.case.model.SerializeToString()
        return (Path(self.case.model_dir) / "model.onnx").read_bytes()

    @property
    def input_names(self) -> list[str]:
        import onnx

        graph = onnx.load_model_from_string(self.model).graph
        stored = {tensor.name for tensor in graph.initializer}
        return [given.name for given in graph.input if given.name not in stored]

    @property
    def samples(self) -> list[Sample]:
        if self.case.data_sets is not None:
            return [Sample(list(inputs), list(outputs)) for inputs, outputs in self.case.data_sets]
        return [_read(folder) for folder in sorted(Path(self.case.model_dir).glob("test_data*"))]


def load() -> dict[str, Test]:
    """Every test by its name, in the order of the suite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        return {
            case.name: Test(kind, case)
            for kind in KINDS
            for case in sorted(load_model_tests(kind=kind), key=lambda case: case.name)
        }


def _read(folder: Path) -> Sample:
    sides = []
    for side in ("input", "output"):
        count = len(list(folder.glob(f"{side}_*.pb")))
        sides.append([_tensor(folder / f"{side}_{number}.pb") for number in range(count)])
    return Sample(*sides)


def _tensor(path: Path) -> Any:
    import onnx

    return onnx.numpy_helper.to_array(onnx.TensorProto.FromString(path.read_bytes()))


def is_plain(sample: Sample) -> bool:
    """Whether all its values are tensors of numbers."""
    values = [*sample.inputs, *sample.outputs]
    return all(isinstance(v, (np.ndarray, np.generic)) and v.dtype.kind in "biuf" for v in values)


def differs(made: Any, wanted: Any) -> str:
    """In what an output differs from the one expected; nothing if it does not."""
    made, wanted = np.asarray(made), np.asarray(wanted)
    if made.shape != wanted.shape:
        return f"shape {list(made.shape)}, expected {list(wanted.shape)}"
    if made.dtype.kind != wanted.dtype.kind and "b" in (made.dtype.kind, wanted.dtype.kind):
        return f"type {made.dtype}, expected {wanted.dtype}"
    a, b = made.astype(np.float64), wanted.astype(np.float64)
    if np.allclose(a, b, rtol=RTOL, atol=ATOL, equal_nan=True):
        return ""
    with np.errstate(invalid="ignore"):
        return f"wrong numbers, by {np.nanmax(np.abs(a - b)):.3g}"
