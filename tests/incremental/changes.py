"""The kinds of change, and the stages that each runs again: no more and no fewer."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.incremental.zoo import Zoo

KINDS = {"quantize-float32", "quantize-int8"}
VERIFIED = {f"verify-{name}" for name in ("saved_model", "ir", "float32", "int8")}
ENDS = {"pictures", "report", "package"}
LOSSES = {"lint", "layers-int8"}
FROM_TF = {"tf", *KINDS, *LOSSES, *VERIFIED, *ENDS}
FROM_EXPORT = {"export", "simplify", "mo", *FROM_TF}
ALL = {"download-weights", "reference", *FROM_EXPORT}


class Change(NamedTuple):
    """Something that happens to a built zoo, and what the next build runs because of it."""

    name: str
    make: Callable[[Zoo], Zoo | None]  # changes the zoo, or gives another
    ran: set[str]
    remark: str = ""


def recipe(old: str, new: str) -> Callable[[Zoo], None]:
    """An edit of the recipe."""
    return lambda zoo: zoo.edit("models/good/recipe.yaml", old, new)


def edit(file: str, old: str, new: str) -> Callable[[Zoo], None]:
    """An edit of another file."""
    return lambda zoo: zoo.edit(file, old, new)


def fields(text: str) -> Callable[[Zoo], None]:
    """More fields in the recipe."""
    return recipe("artifacts:", f"{text}\nartifacts:")


def nothing(_zoo: Zoo) -> None:
    """No change."""


def reordered(zoo: Zoo) -> None:
    """The recipe's fields the other way round, and each on a line of its own."""
    data = yaml.safe_load(zoo.recipe.read_text())
    turned = dict(reversed(data.items()))
    zoo.recipe.write_text(yaml.safe_dump(turned, sort_keys=False, default_flow_style=False))


def another_version(package: str) -> Callable[[Zoo], Zoo]:
    """Another version of a package, as far as its metadata tell."""

    def change(zoo: Zoo) -> Zoo:
        folder = zoo.path(f"metadata/{package}-99.0.dist-info")
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 99.0\n")
        return Zoo(zoo.folder, {"PYTHONPATH": str(folder.parent)})

    return change


def twin(zoo: Zoo) -> None:
    """A second recipe with the same source."""
    model = zoo.path("models/twin")
    shutil.copytree(zoo.recipe.parent, model)
    file = model / "recipe.yaml"
    file.write_text(file.read_text().replace("id: good", "id: twin"))


def gone(*names: str) -> Callable[[Zoo], None]:
    """Files or folders removed."""

    def change(zoo: Zoo) -> None:
        for name in names:
            path = zoo.path(name)
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def flipped(name: str) -> Callable[[Zoo], None]:
    """A bit of a file flipped, behind everybody's back."""
    return lambda zoo: flip(zoo.path(name))


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def damaged_store(zoo: Zoo) -> None:
    """Every file in the store has a flipped bit, and all results are gone."""
    for path in zoo.path("cache/blobs").rglob("*"):
        if path.is_file():
            flip(path)
    gone("results", "sources")(zoo)


def without_store(change: Callable[[Zoo], Zoo | None]) -> Callable[[Zoo], Zoo]:
    """The same change where nothing is stored."""

    def changed(zoo: Zoo) -> Zoo:
        change(zoo)
        return Zoo(zoo.folder, {"ZOO_CACHE": "off"})

    return changed


def touched(zoo: Zoo) -> None:
    """Every file has the time of now."""
    for path in sorted(zoo.folder.rglob("*")):
        if path.is_file():
            os.utime(path)


def scrambled(zoo: Zoo) -> None:
    """Every file has another time, and Snakemake's notes are gone."""
    shutil.rmtree(zoo.folder / ".snakemake")
    times = random.Random(0)
    for path in sorted(zoo.folder.rglob("*")):
        if path.is_file():
            moment = times.randrange(1_500_000_000, 1_700_000_000)
            os.utime(path, (moment, moment))


def moved(zoo: Zoo) -> Zoo:
    """The folder has another name."""
    return Zoo(zoo.folder.rename(zoo.folder.with_name(f"{zoo.folder.name}-moved")))


def cloned(zoo: Zoo) -> Zoo:
    """A fresh clone beside it that shares its store."""
    fresh = zoo.copy(zoo.folder.with_name(f"{zoo.folder.name}-clone")).folder
    for name in ("results", "sources", "logs", "cache", ".snakemake"):
        shutil.rmtree(fresh / name)
    return Zoo(fresh, {"ZOO_CACHE": str(zoo.folder / "cache")})


def failed_before(zoo: Zoo) -> None:
    """A limit that cannot be held made a build fail; now it is as it was."""
    before = zoo.recipe.read_text()
    fields("limits: {float32: {normalised_max: 1.0e-12}}")(zoo)
    done = zoo.build()
    assert done.code != 0 and "verify-float32" not in done.ran, done.output
    zoo.recipe.write_text(before)


MORE_ARTIFACTS = ("ir, float32, int8]", "ir, float32, float16, int8]")
FEWER_ARTIFACTS = ("[saved_model, ir, float32, int8]", "[saved_model, float32, int8]")

CHANGES = (
    Change("nothing", nothing, set()),
    # the recipe
    Change("a comment in the recipe", recipe("schema: 1", "# a remark\nschema: 1"), set()),
    Change("the order of fields and the format of the recipe", reordered, set()),
    Change("the name of the model", recipe("nothing wrong", "no fault"), {"report", "package"}),
    Change(
        "one calibration option (seed)",
        recipe("count: 20, seed: 1", "count: 20, seed: 7"),
        {"quantize-int8", *LOSSES, "verify-int8", *ENDS},
    ),
    Change(
        "a quantisation option",
        fields("quantize: {per_channel: false}"),
        {"quantize-int8", "layers-int8", "verify-int8", *ENDS},
    ),
    Change(
        "the seed of the verification samples",
        recipe("count: 2, seed: 2", "count: 2, seed: 9"),
        {"reference", *LOSSES, *VERIFIED, *ENDS},
    ),
    Change(
        "a limit of one artefact",
        fields("limits: {int8: {sqnr_db: 3}}"),
        {"verify-int8", "report", "package"},
    ),
    Change(
        "one output's name",
        lambda zoo: (
            [
                zoo.edit("models/good/recipe.yaml", old, new)
                for old, new in (
                    ("rename: mask", "rename: saliency"),
                    ("put: mask", "put: saliency"),
                )
            ]
            and None
        ),
        ALL - {"download-weights"},
    ),
    Change(
        "the export's opset",
        fields("export: {opset: 13}"),
        {"export", "simplify", "mo", "report", "package"},
    ),
    Change(
        "a check of simplify", fields("simplify: {check: 2}"), {"simplify", "report", "package"}
    ),
    Change(
        "an artefact more", recipe(*MORE_ARTIFACTS), {"quantize-float16", "verify-float16", *ENDS}
    ),
    Change("an artefact fewer", recipe(*FEWER_ARTIFACTS), ENDS),
    Change(
        "a new recipe, with a source that another has",
        twin,
        {f"twin: {n}" for n in ALL - {"download-weights"}},
    ),
    # what the recipe names
    Change("the weights", flipped("models/good/weights.safetensors"), ALL),
    Change(
        "a comment in the network's code",
        edit("models/good/network.py", "import torch\n", "import torch  # needed\n"),
        set(),
    ),
    Change(
        "the network's code, with the same result",
        edit("models/good/network.py", "torch.relu(", "torch.nn.functional.relu("),
        {"export", "reference"},
    ),
    # the converters
    Change(
        "a comment in a converter",
        edit("converters/ir_to_tf/emit.py", "from __future__", "# why\nfrom __future__"),
        set(),
    ),
    Change(
        "a docstring in a converter",
        edit("converters/ir_to_tf/convert.py", '"""Write a SavedModel', '"""Put down a SavedModel'),
        set(),
    ),
    Change(
        "an op's emitter, with the same result",
        edit(
            "converters/ir_to_tf/ops/yolo.py",
            "import tensorflow as tf",
            "import tensorflow as tf\n\nNEW = 1",
        ),
        {"tf"},
    ),
    Change(
        "a module that no stage imports",
        edit("converters/why.py", "CONFIG =", "CONFIGURED = CONFIG ="),
        set(),
    ),
    Change("a rule's message", edit("rules/simplify.smk", ": simplify", ": make simpler"), set()),
    Change(
        "a rule's command",
        edit("rules/simplify.smk", '" --facts {output.facts}"', '"  --facts {output.facts}"'),
        {"simplify"},
    ),
    Change(
        "the configuration: mirrors", edit("config.yaml", "mirrors: []", "mirrors: [mirror]"), set()
    ),
    Change(
        "the configuration: a runtime fewer",
        edit(
            "config.yaml",
            "runtimes: [tflite-runtime, ai-edge-litert]",
            "runtimes: [ai-edge-litert]",
        ),
        {*KINDS, "report", "package"},
    ),
    Change("a package's version (onnxsim)", another_version("onnxsim"), {"simplify"}),
    # the results
    Change("an intermediate deleted", gone("@/simplified.onnx", "@/source.onnx"), set()),
    Change("a package deleted", gone("@/package"), set(), "restored"),
    Change(
        "a file in a folder of results deleted",
        gone("@/saved_model/saved_model.pb"),
        set(),
        "restored",
    ),
    Change("all results deleted", gone("results", "sources"), set(), "restored"),
    Change("an artefact corrupted", flipped("@/float32.tflite"), set(), "restored"),
    Change("an intermediate corrupted", flipped("@/ir/model.bin"), set(), "restored"),
    Change(
        "an artefact corrupted, without a store",
        without_store(flipped("@/float32.tflite")),
        {"quantize-float32", *LOSSES, "verify-float32", "verify-int8", *ENDS},
        "Snakemake removes what a job makes before it starts it",
    ),
    Change("the logs deleted", gone("logs"), set()),
    Change("a job failed, and its cause is mended", failed_before, set()),
    # places and times
    Change("`touch` on everything", touched, set()),
    Change("arbitrary times, `.snakemake` deleted", scrambled, set()),
    Change("the folder moved", moved, set()),
    Change("a fresh clone on the same store", cloned, set(), "restored"),
    Change("every file of the store damaged, all results deleted", damaged_store, ALL),
)
"""What may happen, in the order of the page."""
