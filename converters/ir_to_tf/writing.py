"""Writing: the artefacts that the command was asked for, each below the output folder.

Formats come from `formats`, integer kinds from `converters.quantize`; here is only who is called.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from converters.errors import ZooError
from converters.ir_to_tf.calibration import Calibration
from converters.ir_to_tf.convert import Converted
from converters.ir_to_tf.flags import CALIBRATED, OUTPUTS
from converters.ir_to_tf.formats import write
from converters.ir_to_tf.formats.keras_files import MODEL, WEIGHTS
from converters.stage import made_whole, write_json

INTERFACE = "interface.json"


def asked(args: Namespace) -> list[str]:
    """The output flags that were given."""
    return [flag for flag in OUTPUTS if getattr(args, flag)]


def write_all(converted: Converted, args: Namespace) -> Iterator[Path | ZooError]:
    """Write every artefact asked for, and how they are stored; one that fails stops no other."""
    folder: Path = args.model_output_path
    flags = asked(args)
    if not flags:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for flag in flags:
        if flag not in CALIBRATED:
            kind, file = OUTPUTS[flag]
            yield _tried(partial(_written, converted, kind, folder / file))
    calibrated = [flag for flag in flags if flag in CALIBRATED]
    if calibrated:
        yield from _quantised(converted, args, calibrated)
    write_json(folder / INTERFACE, converted.interface())
    yield folder / INTERFACE


def _tried(write: Callable[[], Path]) -> Path | ZooError:
    try:
        return write()
    except ZooError as error:
        return error


FOLDERS: Mapping[str, Mapping[str, str]] = {
    "saved_model": {},
    "weights_and_json": {MODEL: "model_float32.json", WEIGHTS: "model_float32.weights.h5"},
}
"""Formats of several files, which go beside the others: how some are called there."""


def _written(converted: Converted, kind: str, path: Path) -> Path:
    if kind not in FOLDERS:
        write(converted, kind, path)
        return path
    folder, names = path.parent, FOLDERS[kind]
    with TemporaryDirectory(dir=folder) as made:  # other files of the folder stay
        write(converted, kind, Path(made) / kind)
        for part in sorted((Path(made) / kind).iterdir()):
            with made_whole(folder / names.get(part.name, part.name)) as place:
                part.replace(place)
    return path


def _quantised(
    converted: Converted, args: Namespace, flags: Sequence[str]
) -> Iterator[Path | ZooError]:
    """Integer files, by the stage that makes them for the zoo."""
    calibration = Calibration(converted.inputs, args)
    with TemporaryDirectory() as made:
        saved_model, interface = Path(made) / "saved_model", Path(made) / INTERFACE
        write(converted, "saved_model", saved_model)
        write_json(interface, converted.interface())
        for flag in flags:
            kind, file = OUTPUTS[flag]
            kind = f"full_{args.output_integer_quant_type}" if kind == "full" else kind
            asks = Namespace(saved_model=saved_model, interface=interface, kind=kind)
            options = {"per_channel": not args.disable_per_channel}
            path = args.model_output_path / file
            yield _tried(partial(_calibrated, path, asks, calibration, options))


def _calibrated(
    path: Path, asks: Namespace, calibration: Calibration, options: dict[str, bool]
) -> Path:
    from converters.quantize.__main__ import runnable
    from converters.quantize.conversion import Conversion
    from converters.quantize.kinds import kind_named
    from converters.quantize.promises import PROMISED

    asks.runtimes = PROMISED
    conversion = Conversion(
        asks.saved_model,
        kind_named(asks.kind),
        calibration,  # type: ignore[arg-type]
        options,
    )
    with made_whole(path) as part:
        runnable(part, asks, conversion)
    return path
