"""A recipe as the stages see it: frozen, complete, one variant at a time.

Shapes are tuples of ints in the layout that the recipe states. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converters.errors import RecipeError

Options = Mapping[str, Any]


@dataclass(frozen=True)
class License:
    """What may be done with a model."""

    spdx: str
    url: str = ""
    redistribute: str = "unknown"  # allowed | forbidden | unknown
    evidence: str = ""


@dataclass(frozen=True)
class Source:
    """A file, an archive or a repository that a recipe starts from."""

    key: str
    kind: str  # url | git | file | gdrive
    url: str = ""  # url, git
    path: str = ""  # file: below the model's folder
    id: str = ""  # gdrive
    revision: str = ""  # git: branch, tag or commit that `lock` resolves
    commit: str = ""  # git: the pinned commit, from recipe.lock
    size: int | None = None  # bytes
    sha256: str = ""
    sha384: str = ""  # stated beside it; url, gdrive
    mirrors: tuple[str, ...] = ()
    filename: str = ""  # the name to store it under
    unpack: bool = False

    @property
    def is_pinned(self) -> bool:
        """Whether the content is fixed: nothing unpinned is ever fetched."""
        return self.kind == "file" or bool(self.commit if self.kind == "git" else self.sha256)


def source_of(key: str, fields: Mapping[str, Any]) -> Source:
    """A source from what its recipe and its lock say of it."""
    return Source(key=key, **{**fields, "mirrors": tuple(fields.get("mirrors", ()))})


@dataclass(frozen=True)
class Input:
    """One input of the source model: shape and dtype as the source wants them."""

    name: str
    shape: tuple[int, ...]
    layout: str = "as-is"  # NCHW | NHWC | NCW | NWC | NCDHW | NDHWC | as-is
    dtype: str = "float32"
    color: str = "RGB"  # RGB | BGR | GRAY, for pictures
    keep_layout: bool = False  # the TensorFlow artefacts take it as the source does
    preprocess: tuple[Options, ...] = ()  # ordered, each one key: see converters/datasets/


@dataclass(frozen=True)
class Output:
    """One output of the source model."""

    name: str  # as the source calls it
    rename: str = ""  # as the zoo calls it, where that differs
    layout: str = "free"  # free: channels last where that costs nothing | as-is: as the source
    semantics: str = ""

    @property
    def public_name(self) -> str:
        """The name in every artefact."""
        return self.rename or self.name


@dataclass(frozen=True)
class Sampling:
    """How many samples of which data set, drawn with which seed."""

    data: str
    count: int
    seed: int = 0
    metric: str = ""  # evaluation only
    output: str = ""  # evaluation only: public name of the output that is measured
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """One point of a recipe's matrix, every placeholder filled in."""

    name: str
    axes: Options
    sources: Mapping[str, Source]
    load: Options  # framework and how to build the network: see models/schema.yaml
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]  # empty: all outputs of the graph, under their own names
    stages: Mapping[str, Options]  # export, simplify, ir, tf, quantize, edgetpu, target_options
    artifacts: tuple[str, ...]  # saved_model ir float32 float16 dynamic int8 full_int8 ...
    data: Mapping[str, Options]
    calibration: Sampling | None
    verification: Sampling
    evaluation: Sampling | None
    limits: Mapping[str, Options]  # artefact -> measure -> bound
    about: Options = field(default_factory=dict)  # of the recipe: id, name, task, license
    targets: tuple[str, ...] = ()  # tfjs coreml onnx_nhwc ...: built when they are asked for
    shared: Mapping[str, Source] = field(default_factory=dict)  # of shared data: by `@set/key`
    surgery: tuple[Options, ...] = ()  # ordered, each one key: see converters/surgery/
    show: Options = field(default_factory=dict)  # how an answer is read for its picture

    @property
    def framework(self) -> str:
        """pytorch, onnx, tensorflow_frozen, saved_model, keras, tflite or caffe."""
        return str(self.load["framework"])

    @property
    def is_changed(self) -> bool:
        """Whether surgery makes another graph of the source model."""
        return bool(self.surgery)


@dataclass(frozen=True)
class Recipe:
    """One folder of models/: what a person wrote, and what it expands to."""

    id: str
    name: str
    task: str
    status: str  # active | broken
    reason: str  # why it is broken
    license: License
    folder: Path
    links: Options
    variants: Mapping[str, Variant]

    def variant(self, name: str) -> Variant:
        """The variant of that name; KeyError names those that exist."""
        if name not in self.variants:
            raise KeyError(f"{self.id} has no variant {name!r}; it has {', '.join(self.variants)}")
        return self.variants[name]

    @property
    def all_sources(self) -> dict[str, Source]:
        """All that it starts from, by key; those of shared data sets by `@set/key`."""
        variants = self.variants.values()
        return {key: s for v in variants for key, s in {**v.sources, **v.shared}.items()}

    def source(self, key: str) -> Source:
        """The source of that key; variants that share a key share the source."""
        for variant in self.variants.values():
            if key in variant.sources:
                return variant.sources[key]
        keys = sorted({key for variant in self.variants.values() for key in variant.sources})
        raise RecipeError(
            f"has no source {key!r}", subject=self.id, remedy=f"it has: {', '.join(keys) or 'none'}"
        )
