"""A folder of PINTO_model_zoo: conversion scripts, url.txt, LICENSE and replacement JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.importing.draft import Draft, NoDraftError, key_of
from converters.importing.model_yml import id_of_folder
from converters.importing.pinto_commands import Conversion, conversion_of
from converters.importing.shell_text import commands
from converters.new import guesses, licences
from converters.new.given import field_of
from converters.new.kinds import ending_of

SCRIPTS = ("convert", "export", "openvino", "quant", "edgetpu", "tflite", "onnx", "saved_model")
LARGEST = 4_000_000  # bytes of a text
SIZE = re.compile(r"(?<!\d)(\d{2,4})x(\d{2,4})(?!\d)")
FRAMEWORKS: Mapping[str, str] = {
    ".onnx": "onnx",
    ".pb": "tensorflow_frozen",
    ".tflite": "tflite",
    ".h5": "keras",
    ".hdf5": "keras",
    ".caffemodel": "caffe",
}
USUAL = 224  # pixels
REPLACED = "layers"


def is_one(folder: Path) -> bool:
    """Whether a folder looks like one of that zoo."""
    return any((folder / name).is_file() for name in ("url.txt", "download.sh")) or any(
        scripts(folder)
    )


def draft(folder: Path) -> Draft:
    """The recipe that a folder comes to."""
    texts = list(scripts(folder))
    if not texts:
        raise NoDraftError(
            "no conversion script: only finished files can be downloaded", subject=folder.name
        )
    found = conversion_of(command for text in texts for command in commands(_read(text)))
    made = Draft(id_of_folder(folder.name), f"{folder.name}/{texts[0].relative_to(folder)}")
    networks = _networks(found)
    if not networks:
        begins = "with OpenVINO IR, whose source" if found.reads_ir else "with a network that"
        raise NoDraftError(f"the scripts begin {begins} is not named", subject=folder.name)
    task = guesses.task_of(folder.name)
    made.recipe.update(schema=1, id=made.id, name=folder.name[4:] or folder.name, task=task.value)
    made.decide("task", f"the task; {task.reason}")
    _begin(made, folder, networks)
    _license(made, folder)
    _network(made, networks, found)
    for kind, detail in found.losses.items():
        made.lose(kind, detail)
    _replacements(made, folder)
    return made


def scripts(folder: Path) -> Iterator[Path]:
    """The texts with conversion commands."""
    for path in sorted(folder.rglob("*")):
        is_text = path.suffix in (".txt", ".sh") and path.is_file() and not path.is_symlink()
        if is_text and any(word in path.name.lower() for word in SCRIPTS):
            yield path


def _read(path: Path) -> str:
    return path.read_bytes()[:LARGEST].decode("utf-8", "replace")


Networks = Mapping[str, list[tuple[int, int] | None]]
"""Name of a file, its size taken out -> the sizes it comes in."""


def _networks(found: Conversion) -> dict[str, list[tuple[int, int] | None]]:
    groups: dict[str, list[tuple[int, int] | None]] = {}
    for name in found.begins:
        sizes = SIZE.findall(name)
        size = (int(sizes[0][0]), int(sizes[0][1])) if len(sizes) == 1 else None
        template = SIZE.sub("{h}x{w}", name) if size else name
        if size not in groups.setdefault(template, []):
            groups[template].append(size)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def _begin(made: Draft, folder: Path, networks: Networks) -> None:
    """The first network; its sources, and that they are still to be put there."""
    template, sizes = next(iter(networks.items()))
    if len(networks) > 1:
        others = ", ".join(list(networks)[1:4])
        made.lose("more networks in one folder: a recipe each, or an axis of the matrix", others)
    path = template.lstrip("./") or template
    plain = re.sub(r"[^A-Za-z0-9_.{}/+-]", "_", path.rsplit("/", 1)[-1])
    key = "network_{h}x{w}" if sizes[0] else key_of(plain, {})
    source: dict[str, Any] = {"kind": "file", "path": plain}
    if ending_of(plain) not in FRAMEWORKS:
        source = {"kind": "file", "path": f"{plain}.tar.gz", "unpack": True}
    made.recipe["status"] = "broken"
    made.recipe["reason"] = f"{source['path']} is not published there: put it into this folder"
    made.recipe["license"] = {}
    links = [line.strip() for line in _lines_of(folder / "url.txt")]
    repositories = [link for link in links if re.fullmatch(r"https?://[^\s/?#@\\]+/\S+", link)]
    if repositories:
        made.recipe["links"] = {"repo": repositories[0].removesuffix(".git")}
    made.recipe["sources"] = {key: source}
    made.decide("sources", "where the file comes from; there it is made before the scripts begin")


def _lines_of(path: Path) -> list[str]:
    return _read(path).splitlines() if path.is_file() else []


def _license(made: Draft, folder: Path) -> None:
    found = licences.found_in(folder)
    made.decide("license", f"the licence: {found.doubt}")
    stated = {"spdx": found.spdx, "redistribute": "unknown", "evidence": found.evidence}
    made.recipe["license"] = {key: value for key, value in stated.items() if value}


def _network(made: Draft, networks: Networks, found: Conversion) -> None:
    template, sizes = next(iter(networks.items()))
    framework = FRAMEWORKS.get(ending_of(template), "saved_model")
    (key,) = made.recipe["sources"]
    load: dict[str, Any] = {"framework": framework, field_of(framework): key}
    if framework == "caffe":
        made.recipe["sources"]["prototxt"] = {"kind": "file", "path": "deploy.prototxt"}
        load["prototxt"] = "prototxt"
    made.recipe["load"] = load
    made.recipe["inputs"] = [_input(framework, sizes, found, made)]
    outputs = [{"name": name} for name in found.outputs]
    if outputs:
        made.recipe["outputs"] = outputs
    if sizes[0]:
        axes = {"resolution": [list(size) for size in sizes if size]}
        made.recipe["matrix"] = {"axes": axes, "name": "{h}x{w}"}
    if found.artifacts:
        made.recipe["artifacts"] = found.artifacts
    made.recipe["data"] = {"noise": {"kind": "random"}}
    made.recipe["verification"] = {"data": "noise"}
    made.decide("data", "samples like its real inputs; noise proves the structure alone")


def _input(
    framework: str, sizes: list[tuple[int, int] | None], found: Conversion, made: Draft
) -> dict[str, Any]:
    """A picture, as nearly all are; the scripts seldom say."""
    first = framework in ("onnx", "caffe")
    layout = "NCHW" if first else "NHWC"
    plane: list[Any] = ["h", "w"] if sizes[0] else [USUAL, USUAL]
    shape: list[Any] = [1, 3, *plane] if first else [1, *plane, 3]
    if len(found.shape) == 4 and not sizes[0]:
        shape = found.shape
        layout = "NCHW" if shape[1] in (1, 3) and shape[3] not in (1, 3) else "NHWC"
        plane = shape[2:] if layout == "NCHW" else shape[1:3]
    made.decide("inputs", "name, shape and colours: `python -m converters.new` on the file tells")
    stated = {"name": found.inputs[0] if found.inputs else "input", "shape": shape}
    channels = shape[layout.index("C")]
    if channels not in (1, 3):
        return {**stated, "layout": layout}
    color = "GRAY" if channels == 1 else "RGB"
    steps = [{"resize": plane}, *found.steps]
    return {**stated, "layout": layout, "color": color, "preprocess": steps}


def _replacements(made: Draft, folder: Path) -> None:
    """Corrections by the number of a layer, which nothing here goes by."""
    for path in sorted(folder.rglob("*.json"))[:50]:
        try:
            data = json.loads(_read(path))
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict) and isinstance(data.get(REPLACED), list):
            count = len(data[REPLACED])
            made.lose(
                "corrections of layers by number (replacement JSON)", f"{count} in {path.name}"
            )
