"""The text of a drafted recipe, from what was found and what is guessed; every guess is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters.new import guesses
from converters.new.findings import Network, Tensor
from converters.new.given import Given
from converters.new.guesses import Guess
from converters.new.text import block, comment, decide, field, flow, scalar

MODELINE = "# yaml-language-server: $schema=../schema.yaml"
"""By this editors find the schema; models/schema.yaml lies above every recipe."""

USUAL_LENGTH = 16  # of an axis that is no picture's and that the file leaves open
MOST_OUTPUTS = 200
SHOWN = ("astronaut", "coffee", "chelsea")
CALIBRATING = ("rocket", "motorcycle_left", "hubble_deep_field", "retina", "color")

PLAIN_OUTPUT = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


class Draft(NamedTuple):
    """A recipe on its way to its file."""

    id: str
    task: Guess
    given: Given
    network: Network
    load: Mapping[str, Any]
    load_decisions: Sequence[str]
    data_sets: Sequence[str] = ()  # that recipes of this zoo share


def recipe_text(draft: Draft) -> str:
    """The whole file."""
    inputs = [_Input(draft, tensor) for tensor in draft.network.inputs]
    sections = (
        _about(draft),
        _license(draft),
        _sources(draft),
        _load(draft),
        _inputs(inputs),
        _outputs(draft),
        _matrix(inputs),
        _data(inputs, draft.data_sets),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def _about(draft: Draft) -> Iterator[str]:
    yield MODELINE
    yield from comment(
        f"Drafted by python -m converters.new from {draft.given.name}. What stands behind DECIDE "
        "was guessed or could not be known: decide it, and remove the comment."
    )
    yield field("schema", 1)
    yield field("id", draft.id)
    yield from decide("a name for people")
    yield field("name", _title(draft.given.name))
    if draft.task.reason:
        yield from decide(f"the task; {draft.task.reason}")
    yield field("task", draft.task.value)
    if draft.load.get("file"):
        yield from decide("remove the next two lines when network.py is written")
        yield field("status", "broken")
        yield field("reason", "network.py is a skeleton that is still to be written")


def _title(name: str) -> str:
    stem = re.sub(r"\.(tar\.\w+|[A-Za-z]\w{1,10})$", "", name)
    return re.sub(r"[^A-Za-z0-9.+-]+", " ", stem).strip(" .-") or "Model"


def _license(draft: Draft) -> Iterator[str]:
    found = draft.given.license
    yield "license:"
    if found.doubt:
        yield from decide(f"the licence: {found.doubt}", 2)
    stated = {"spdx": found.spdx, "url": found.url, "redistribute": "unknown"}
    stated["evidence"] = found.evidence
    yield from block({key: value for key, value in stated.items() if value})
    if draft.given.links:
        yield "links:"
        yield from block(draft.given.links)


def _sources(draft: Draft) -> Iterator[str]:
    yield "sources:"
    for doubt in draft.given.decisions:
        yield from decide(doubt, 2)
    for key, source in draft.given.sources.items():
        yield f"  {key}:"
        yield from block(source, 4)


def _load(draft: Draft) -> Iterator[str]:
    yield "load:"
    for remark in draft.network.remarks:
        yield from comment(remark, 2)
    for doubt in (*draft.network.decisions, *draft.load_decisions):
        yield from decide(doubt, 2)
    yield from block(draft.load)


# Inputs -----------------------------------------------------------------------------------------


class _Input:
    """One input of the recipe, with what had to be guessed for it."""

    def __init__(self, draft: Draft, tensor: Tensor) -> None:
        self.tensor = tensor
        self.decisions: list[str] = []
        network, name = draft.network, f"{draft.id} {draft.given.name}"
        layout = guesses.layout_of(tensor, channels_first=network.channels_first)
        shape = tensor.shape
        if shape is None and network.framework == "tensorflow_frozen":
            shape, layout = (1, None, None, 3), Guess("NHWC", "the graph states no shape at all")
        self.layout = layout.value if shape is not None else "as-is"
        if layout.reason:
            self.decisions.append(f"the layout; {layout.reason}")
        self.is_picture = shape is not None and guesses.is_picture(shape, self.layout)
        self.size: tuple[int, int] | None = None
        self.color = ""
        self.preprocess: list[Mapping[str, Any]] = []
        if self.is_picture and shape is not None:
            self._as_picture(network, shape, name)
        self.shape = self._closed(shape)

    def _as_picture(self, network: Network, shape: Sequence[int | None], name: str) -> None:
        size = guesses.sizes_of(tuple(shape), self.layout, name)
        self.size = size.value
        channels = shape[self.layout.index("C")] or 3
        found = guesses.preprocessing_of(network, self.tensor, name, channels)
        self.color = found.value.color
        self.preprocess = [{found.value.resize: ["h", "w"]}, *found.value.steps]
        self.decisions += [f"the size; {size.reason}"] if size.reason else []
        self.decisions.append(f"the preprocessing; {found.reason}")

    def _closed(self, shape: Sequence[int | None] | None) -> list[Any]:
        """The shape with numbers for what is open: the first axis is the batch."""
        if shape is None:
            self.decisions.append("the shape; the file does not state it")
            return [1, USUAL_LENGTH]
        sizes: list[Any] = [size if size is not None else USUAL_LENGTH for size in shape]
        opened = [i for i, size in enumerate(shape) if size is None]
        if 0 in opened:
            sizes[0] = 1
            opened.remove(0)
        if self.size is not None:
            for axis, variable in (("H", "h"), ("W", "w")):
                sizes[self.layout.index(axis)] = variable
        elif opened:
            axes = ", ".join(map(str, opened))
            self.decisions.append(f"the shape; the file leaves axis {axes} open")
        return sizes or [1]

    def lines(self) -> Iterator[str]:
        """The entry in `inputs`."""
        for doubt in self.decisions:
            yield from decide(doubt, 2)
        yield f"  - name: {scalar(self.tensor.name)}"
        fields: dict[str, Any] = {"shape": self.shape, "layout": self.layout}
        if self.tensor.dtype != "float32":
            fields["dtype"] = self.tensor.dtype
        if self.is_picture:
            fields |= {"color": self.color, "preprocess": self.preprocess}
        yield from block(fields, 4)


def _inputs(inputs: Sequence[_Input]) -> Iterator[str]:
    yield "inputs:"
    for each in inputs:
        yield from each.lines()


def _matrix(inputs: Sequence[_Input]) -> Iterator[str]:
    size = next((each.size for each in inputs if each.size), None)
    if size is not None:
        yield "matrix:"
        yield from block({"axes": {"resolution": [list(size)]}, "name": "{h}x{w}"})


# Outputs ----------------------------------------------------------------------------------------


def _outputs(draft: Draft) -> Iterator[str]:
    outputs = draft.network.outputs
    if not outputs:
        yield from decide("the outputs that forward returns, in order")
        yield "outputs:"
        yield "  - {name: y}"
        return
    if len(outputs) > MOST_OUTPUTS:
        yield from decide(f"the graph has {len(outputs)} outputs: name those that are wanted")
        return
    yield from decide("what the outputs are (semantics: boxes, scores, logits, mask, image, ...)")
    yield "outputs:"
    stems = [_public(tensor.name.split(":")[0]) for tensor in outputs]
    for tensor, stem in zip(outputs, stems, strict=True):
        name = tensor.name
        rename = stem if stems.count(stem) == 1 else _public(name)
        public = {} if PLAIN_OUTPUT.fullmatch(name) else {"rename": rename}
        sizes = "x".join("?" if n is None else str(n) for n in tensor.shape or ())
        yield f"  - {flow({'name': name, **public})}{f' # {sizes}' if sizes else ''}"


def _public(name: str) -> str:
    """A name that no format trips over."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")
    return plain if plain[:1].isalpha() else f"output_{plain}" if plain else "output"


# Data -------------------------------------------------------------------------------------------


def _data(inputs: Sequence[_Input], shared: Sequence[str]) -> Iterator[str]:
    if not all(each.is_picture for each in inputs):
        yield from decide(
            "samples like its real inputs (kind: function, arrays); noise proves the structure "
            "alone. int8 wants such samples, too: artifacts: [..., int8], calibration: {data: ...}"
        )
        yield "data:"
        yield "  noise: {kind: random}"
        yield "verification: {data: noise}"
        return
    sets = f"; shared sets are {', '.join(shared)}" if shared else ""
    yield from decide(
        f"pictures like its real inputs (folder, sources{sets}); these are what scikit-image "
        "carries. For int8 add artifacts: [saved_model, float32, float16, dynamic, int8, "
        "full_int8] and calibration: {data: photos, count: 32}"
    )
    yield "data:"
    for name, names in (("photos", CALIBRATING), ("shown", SHOWN)):
        pictures = {"kind": "pictures", "package": "skimage", "names": list(names)}
        yield f"  {name}: {flow(pictures)}"
    yield "verification: {data: shown}"


def load_of(network: Network, given: Given, code: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `load`."""
    return {
        "framework": network.framework,
        **code,
        **{key: str(Path(value).as_posix()) for key, value in given.references.items()},
        **network.load,
    }
