"""The inputs and outputs of an OpenVINO model, made to be those of the recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from converters.errors import RecipeError, ZooError
from converters.origin import listed, nearest
from converters.recipes.recipe import Input, Options, Output

Model = Any
"""An `openvino.Model`; openvino has no types of its own."""


def with_interface(model: Model, inputs: Sequence[Input], outputs: Sequence[Output]) -> Model:
    """The model with the recipe's inputs and outputs, in its order, under their public names."""
    import openvino

    parameters = [_parameter(model, declared) for declared in inputs]
    chosen = [(_tensor(model, o.name), o.public_name) for o in outputs] or [
        (result.input_value(0), _own_name(result)) for result in model.get_results()
    ]
    results = [openvino.runtime.op.Result(source) for source, _ in chosen]
    try:
        model = openvino.Model(results, model.get_sinks(), parameters, model.friendly_name)
    except RuntimeError as error:
        extra = [_own_name(p) for p in model.get_parameters()]
        raise RecipeError(
            f"the outputs depend on inputs that the recipe does not declare; "
            f"the model's are {listed(map(repr, extra))}",
            subject="inputs",
            remedy="declare all inputs",
        ) from error
    _name_inputs(parameters, inputs)
    _name_outputs(results, [public for _, public in chosen])
    _make_room(model, {public for _, public in chosen} | {i.name for i in inputs})
    return model


def call(model: Model, names: Mapping[str, str]) -> None:
    """Let tensors, named as the source has them, be found by the names that the recipe has."""
    found = []
    for source, name in names.items():
        starts = [port for port in model.inputs if _is_called(port, source)]
        ends = [
            port.get_node().input_value(0) for port in model.outputs if _is_called(port, source)
        ]
        found += [(port, name) for port in (starts or ends)[:1]]
    for port, name in found:
        port.get_tensor().add_names({name})


def with_shapes(model: Model, inputs: Sequence[Input]) -> Model:
    """The model for the recipe's shapes; what follows from them is folded."""
    from openvino.runtime import PartialShape
    from openvino.runtime.passes import ConstantFolding, Manager

    wanted = {}
    for declared in inputs:
        parameter = _parameter(model, declared)
        _check_dtype(parameter, declared)
        if parameter.get_partial_shape() != PartialShape(list(declared.shape)):
            wanted[parameter.output(0)] = PartialShape(list(declared.shape))
    try:
        if wanted:
            model.reshape(wanted)
    except RuntimeError as error:
        shapes = ", ".join(f"{i.name}: {list(i.shape)}" for i in inputs)
        reason = str(error).strip().splitlines()[-1]
        raise ZooError(
            f"the model cannot take {shapes}: {reason}",
            subject="inputs",
            remedy="the network is bound to its own shape: correct inputs[].shape",
        ) from error
    # frontends keep what a later reshape would need: ShapeOf and what is computed from it
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return model


def with_preprocessing(model: Model, inputs: Sequence[Input], options: Options) -> Model:
    """Channel reversal, then mean, then scale, built into the model as `ir` asks for them."""
    from openvino import Layout
    from openvino.preprocess import PrePostProcessor

    mean, scale = (_per_input(options.get(key), inputs, key) for key in ("mean", "scale"))
    reverse = bool(options.get("reverse_channels", False))
    if not (mean or scale or reverse):
        return model
    processor = PrePostProcessor(model)
    for index, declared in enumerate(model.inputs):
        name = next(i.name for i in inputs if _is_called(declared, i.name))
        layout = next(i.layout for i in inputs if i.name == name)
        if "C" not in layout:
            continue
        processor.input(index).model().set_layout(Layout(layout))
        processor.input(index).tensor().set_layout(Layout(layout))
        steps = processor.input(index).preprocess()
        if reverse and declared.get_partial_shape()[layout.index("C")] == 3:
            steps.reverse_channels()
        if name in mean:
            steps.mean(mean[name])
        if name in scale:
            steps.scale(scale[name])
    return processor.build()


def _per_input(value: Any, inputs: Sequence[Input], key: str) -> dict[str, float | list[float]]:
    if value is None:
        return {}
    table = dict(value) if isinstance(value, Mapping) else {inputs[0].name: value}
    for name in table:
        declared = next((i for i in inputs if i.name == name), None)
        if declared is None or "C" not in declared.layout:
            raise RecipeError(
                "is no input with channels",
                subject=f"ir.{key}: {name}",
                remedy=nearest(name, [i.name for i in inputs]) or "name an input of the recipe",
            )
    return {name: _numbers(values) for name, values in table.items()}


def _numbers(values: Any) -> float | list[float]:
    """One number for all channels, or one for each."""
    numbers = [float(v) for v in (values if isinstance(values, list | tuple) else [values])]
    return numbers if len(numbers) > 1 else numbers[0]


# Names --------------------------------------------------------------------------------------


def _parameter(model: Model, declared: Input) -> Any:
    for port in model.inputs:
        if _is_called(port, declared.name):
            return port.get_node()
    present = [_own_name(parameter) for parameter in model.get_parameters()]
    raise RecipeError(
        f"the model has no such input; it has {listed(map(repr, present))}",
        subject=f"inputs: {declared.name}",
        remedy=nearest(declared.name, present) or "correct the name in the recipe",
    )


def _tensor(model: Model, name: str) -> Any:
    """The tensor that feeds the output of that name, or else the inner tensor of that name."""
    for port in model.outputs:
        if _is_called(port, name):
            return port.get_node().input_value(0)
    for operation in model.get_ordered_ops():
        if operation.get_type_name() in ("Parameter", "Constant", "Result"):
            continue
        for port in operation.outputs():
            if name in port.get_names() or (
                name == operation.get_friendly_name() and operation.get_output_size() == 1
            ):
                return port
    present = [_own_name(result) for result in model.get_results()]
    raise RecipeError(
        f"the model has no such output; it has {listed(map(repr, present))}",
        subject=f"outputs: {name}",
        remedy=nearest(name, present) or "correct the name in the recipe",
    )


def _is_called(port: Any, name: str) -> bool:
    """Whether a tensor has that name; TensorFlow's `:0` may be left out."""
    names = {*port.get_names(), port.get_node().get_friendly_name()}
    return bool({name, f"{name}:0", name.removesuffix(":0")} & names)


def _own_name(node: Any) -> str:
    """The name of an input or output as the source calls it."""
    port = node.output(0)
    names: Iterable[str] = sorted(port.get_names())
    name = next(iter(names), str(node.get_friendly_name()))
    return name.removesuffix("/sink_port_0").removesuffix(":0")


def _name_inputs(parameters: Sequence[Any], inputs: Sequence[Input]) -> None:
    for parameter, declared in zip(parameters, inputs, strict=True):
        parameter.set_friendly_name(declared.name)
        parameter.output(0).get_tensor().set_names({declared.name})


def _name_outputs(results: Sequence[Any], names: Sequence[str]) -> None:
    for result in results:
        result.input_value(0).get_tensor().set_names(set())
    for result, name in zip(results, names, strict=True):
        result.set_friendly_name(name)
        result.input_value(0).get_tensor().add_names({name})


def _make_room(model: Model, names: set[str]) -> None:
    """No inner operation has the name of an input or output."""
    for operation in model.get_ops():
        kind, name = operation.get_type_name(), operation.get_friendly_name()
        if name in names and kind not in ("Parameter", "Result"):
            operation.set_friendly_name(f"{name}/{kind}")


def _check_dtype(parameter: Any, declared: Input) -> None:
    found = parameter.get_element_type().to_dtype().name
    if found != declared.dtype:
        raise RecipeError(
            f"the model takes {found}, the recipe declares {declared.dtype}",
            subject=f"inputs: {declared.name}",
            remedy=f"set dtype: {found}",
        )
