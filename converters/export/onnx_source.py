"""A source that is ONNX already: read with its external data, checked, brought to an opset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.errors import SourceError
from converters.export.graph import at_opset, opset
from converters.origin import origin_file
from converters.recipes.recipe import Variant


def read(variant: Variant, sources: Path) -> Any:
    """The ONNX model that `load.model` names, sound, weights inside, in the wanted opset."""
    reference = str(variant.load["model"])
    model = read_file(sources, reference, f"load.model: {reference}")
    wanted = variant.stages.get("export", {}).get("opset")
    return model if wanted in (None, opset(model)) else _converted(model, int(wanted))


def read_file(sources: Path, reference: str, subject: str) -> Any:
    """The ONNX model that a reference names, sound, weights inside."""
    return _loaded(origin_file(sources, reference), subject)


def check(model: Any, subject: str, *, full: bool = True) -> None:
    """Run onnx.checker; what it finds becomes an error of the zoo."""
    import onnx

    try:
        onnx.checker.check_model(model, full_check=full)
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        raise SourceError(
            f"is not valid ONNX: {error}",
            subject=subject,
            remedy="export it anew, or repair the file",
        ) from error


def _loaded(path: Path, subject: str) -> Any:
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:
        raise SourceError(
            f"cannot be read as ONNX: {error}",
            subject=subject,
            remedy="name an .onnx file; this one may be cut or of another kind",
        ) from error
    if not model.graph.node:
        raise SourceError("holds no graph", subject=subject, remedy="name an .onnx file")
    try:
        _check_external(model, path.parent, subject)
        onnx.load_external_data_for_model(model, str(path.parent))
    except (ValueError, OSError, OverflowError, onnx.checker.ValidationError) as error:
        raise SourceError(
            f"its external weights are not where it says: {error}",
            subject=subject,
            remedy="export it anew; do not trust a file that stays so",
        ) from error
    # old exporters leave the outputs without shapes, which the checker does not forgive
    check(onnx.shape_inference.infer_shapes(model), subject)
    return model


def _check_external(model: Any, folder: Path, subject: str) -> None:
    """External weights lie in the model's folder, or nothing is read."""
    import onnx

    for tensor in onnx.external_data_helper._get_all_tensors(model):
        if not onnx.external_data_helper.uses_external_data(tensor):
            continue
        location = onnx.external_data_helper.ExternalDataInfo(tensor).location
        place = (folder / location).resolve()
        if not place.is_relative_to(folder.resolve()):
            raise SourceError(
                f"the weights {tensor.name!r} lie outside its folder, at {location!r}",
                subject=subject,
                remedy="store the weights in the file or beside it",
            )
        if not place.is_file():
            raise SourceError(
                f"its external weights {location!r} are absent",
                subject=subject,
                remedy="make the file with the weights part of the same source",
            )


def _converted(model: Any, wanted: int) -> Any:
    remedy = "leave export.opset out, or ask for a nearer one"
    return at_opset(model, wanted, subject="export.opset", remedy=remedy)
