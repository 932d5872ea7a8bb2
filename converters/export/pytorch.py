"""A PyTorch network traced to ONNX, by the exporter that the recipe chooses."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.errors import LimitError, RecipeError, ZooError
from converters.origin import listed
from converters.recipes.recipe import Input, Options, Variant

if TYPE_CHECKING:
    import torch

DEFAULT_OPSET = 17
"""Read by every later stage, and the newest that both exporters write without conversion."""

OURS = ("model", "args", "f", "dynamo", "input_names", "output_names", "opset_version")
"""Arguments of torch.onnx.export that other fields of the recipe decide."""

ACCEPTED = 1e-4
"""How much of an output's largest value exporting may change; about 1e-6 is usual."""

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

Exporter = Callable[["torch.nn.Module", tuple[Any, ...], str, Mapping[str, Any]], None]


def exported(network: torch.nn.Module, variant: Variant) -> Any:
    """The ONNX model of the network; inputs and outputs named as the recipe names them."""
    import onnx

    options = variant.stages.get("export", {})
    declared = network_inputs(variant)
    inputs = example_inputs(declared)
    network, found = _flat(network, inputs, declared)
    settings = {
        **_parameters(options),
        "input_names": [each.name for each in declared],
        "output_names": output_names(variant, options, found),
        "opset_version": int(options.get("opset", DEFAULT_OPSET)),
    }
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.onnx"
        _export(network, inputs, str(target), settings, _exporter(options))
        model = onnx.load(target)
    if variant.is_changed:
        check_answers(network, model, inputs)
    return model


def network_inputs(variant: Variant) -> Sequence[Input]:
    """What the network takes: the recipe's inputs, unless surgery gives the model others."""
    own = variant.load.get("network_inputs")
    if own is None:
        return variant.inputs
    return [Input(each["name"], tuple(each["shape"]), dtype=each["dtype"]) for each in own]


def check_answers(network: torch.nn.Module, model: Any, inputs: tuple[Any, ...]) -> None:
    """The graph answers as the network does, which no later stage runs once the graph is changed.

    Elsewhere verification compares the artefacts with the network itself.
    """
    import onnxruntime
    import torch

    with torch.no_grad():
        wanted = [value.double() for value in tensors(network(*inputs))]
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [value.name for value in session.get_inputs()]
    feed = dict(zip(names, (each.numpy() for each in inputs), strict=True))
    for value, found in zip(wanted, session.run(None, feed), strict=True):
        difference = (value - torch.from_numpy(found).double()).abs().max().item()
        if not difference <= ACCEPTED * value.abs().max().item():
            raise LimitError(
                f"the exported graph differs from the network by {difference:.2g}; "
                f"{ACCEPTED:g} of the largest value is accepted",
                subject="torch.onnx.export",
                remedy="try another export.exporter or export.opset",
            )


def example_inputs(inputs: Sequence[Input]) -> tuple[Any, ...]:
    """Tensors of the declared shapes and dtypes; the same ones in every run."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def example(declared: Input) -> Any:
        dtype = getattr(torch, declared.dtype)
        if dtype.is_floating_point:
            return torch.rand(declared.shape, generator=generator).to(dtype)
        return torch.zeros(declared.shape, dtype=dtype)

    return tuple(example(declared) for declared in inputs)


def tensors(result: Any) -> Iterator[Any]:
    """The tensors that a network returns, in order: of a tuple, list or dict however nested."""
    import torch

    if isinstance(result, torch.Tensor):
        yield result
    elif isinstance(result, Mapping):
        for part in result.values():
            yield from tensors(part)
    elif isinstance(result, list | tuple):
        for part in result:
            yield from tensors(part)


def _flat(
    network: torch.nn.Module, inputs: tuple[Any, ...], declared: Sequence[Input]
) -> tuple[torch.nn.Module, int]:
    """The network, returning a plain tuple of tensors, and how many they are."""
    import torch

    class Flat(torch.nn.Module):  # type: ignore[misc]
        """Returns what the network returns, as one tuple."""

        def __init__(self, network: torch.nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Any) -> Any:
            """The tensors in order."""
            return tuple(tensors(self.network(*inputs)))

    result = _ran(network, inputs, declared)
    found = list(tensors(result))
    if not found:
        raise ZooError(
            f"returns a {type(result).__name__} without tensors",
            subject="forward",
            remedy="name a factory whose network returns tensors",
        )
    parts = result if isinstance(result, list | tuple) else [result]
    plain = all(isinstance(part, torch.Tensor) for part in parts)
    return (network if plain else Flat(network).eval()), len(found)


def _ran(network: torch.nn.Module, inputs: tuple[Any, ...], declared: Sequence[Input]) -> Any:
    import torch

    try:
        with torch.no_grad():
            return network(*inputs)
    except Exception as error:
        shapes = ", ".join(f"{i.name}: {i.dtype}{list(i.shape)}" for i in declared)
        raise ZooError(
            f"the network does not run on {shapes}: {type(error).__name__}: {error}",
            subject="forward",
            remedy="correct the inputs (order, shape, dtype) or load.arguments",
        ) from error


def output_names(variant: Variant, options: Options, found: int) -> list[str]:
    """A name for every output: export.output_names, else the recipe's outputs, else numbers."""
    names = options.get("output_names")
    if names is None and variant.is_changed:
        names = []
    if names is None or isinstance(names, str):
        names = [output.name for output in variant.outputs]
    if not names:
        names = ["output"] if found == 1 else [f"output_{i}" for i in range(found)]
    if len(names) == found:
        return [str(name) for name in names]
    raise RecipeError(
        f"the network returns {found} tensors, but {len(names)} are named: {listed(names)}",
        subject="outputs",
        remedy="name all in the order of the return value; to keep only some, name all in "
        "export.output_names and the wanted ones in outputs",
    )


def _parameters(options: Options) -> dict[str, Any]:
    parameters = dict(options.get("parameters") or {})
    ours = sorted(set(parameters) & set(OURS))
    if ours:
        raise RecipeError(
            f"{listed(ours)} cannot be given here",
            subject="export.parameters",
            remedy="use export.exporter, export.opset, inputs, outputs and export.output_names",
        )
    return parameters


def _exporter(options: Options) -> str:
    name = str(options.get("exporter", "torchscript"))
    if name not in EXPORTERS:
        raise RecipeError(
            f"there is no exporter {name!r}",
            subject="export.exporter",
            remedy=f"choose among: {', '.join(EXPORTERS)}",
        )
    return name


def _by_torchscript(
    network: torch.nn.Module, inputs: tuple[Any, ...], target: str, settings: Mapping[str, Any]
) -> None:
    import torch

    with warnings.catch_warnings():
        # chosen with open eyes: it is the exporter that most published networks were made for
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"torch|converters")
        torch.onnx.export(network, inputs, target, dynamo=False, **settings)


def _by_dynamo(
    network: torch.nn.Module, inputs: tuple[Any, ...], target: str, settings: Mapping[str, Any]
) -> None:
    import torch

    quiet = {"verbose": False, "external_data": False, **settings}
    with warnings.catch_warnings():
        # onnxscript and torch.export still use what Python and torch announce to remove
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", category=category)
        torch.onnx.export(network, inputs, target, dynamo=True, **quiet)


EXPORTERS: dict[str, Exporter] = {"torchscript": _by_torchscript, "dynamo": _by_dynamo}


def _export(
    network: torch.nn.Module,
    inputs: tuple[Any, ...],
    target: str,
    settings: Mapping[str, Any],
    name: str,
) -> None:
    other = next(other for other in EXPORTERS if other != name)
    try:
        EXPORTERS[name](network, inputs, target, settings)
    except Exception as error:
        raise ZooError(
            f"the {name} exporter fails: {_reason(error)}",
            subject=f"torch.onnx.export, opset {settings['opset_version']}",
            remedy=f"try export.exporter: {other}, another export.opset, "
            "or correct export.parameters",
        ) from error


def _reason(error: BaseException) -> str:
    """The first line of an error and of what it was raised from; exporters add pages of advice."""
    first = next(iter(str(error).strip().splitlines()), "")
    words = f"{type(error).__name__}: {COLOUR.sub('', first)}"
    return f"{words} ({_reason(error.__cause__)})" if error.__cause__ else words
