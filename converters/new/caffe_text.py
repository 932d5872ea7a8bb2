"""Caffe: inputs and outputs as a prototxt states them; its text is read without classes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converters.errors import SourceError
from converters.new.findings import Network, Shape, Tensor
from converters.new.text import counted

LARGEST = 20_000_000  # bytes
DEEPEST = 50
TEXT = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
TOKEN = re.compile(
    r"\s+|#[^\n]*|[;,]|(?P<open>[A-Za-z_][\w.]*\s*:?\s*\{)|(?P<close>\})"
    rf"|(?P<key>[A-Za-z_][\w.]*)\s*:\s*(?P<value>{TEXT}|[^\s\"'{{}}#;,]+)"
)

Message = dict[str, list[Any]]
"""Every field with all its values, texts or messages, in order."""


def look(prototxt: Path, name: str) -> Network:
    """The network that a prototxt describes, as it is deployed."""
    network = parsed(_text(prototxt, name), name)
    layers = [each for key in ("layer", "layers") for each in network.get(key, ()) if _runs(each)]
    if not layers:
        raise SourceError("has no layers", subject=name, remedy="give a deploy.prototxt")
    inputs = _declared(network) + [
        Tensor(str(top), _sizes(layer.get("input_param", [{}])[0].get("shape", [{}])[0]))
        for layer in layers
        if _first(layer, "type") == "Input"
        for top in layer.get("top", ())
    ]
    if not inputs:
        raise SourceError(
            "declares no input: it is the network for training",
            subject=name,
            remedy="give the prototxt for deployment, with `input` or a layer of type Input",
        )
    outputs = [Tensor(end) for end in _ends(layers)]
    return Network("caffe", tuple(inputs), tuple(outputs), remarks=(counted(len(layers), "layer"),))


def _text(path: Path, name: str) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"is larger than {LARGEST} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SourceError(
            f"is no prototxt: {error}", subject=name, remedy="give the text of the network"
        ) from error


def parsed(text: str, name: str) -> Message:
    """A message in protobuf's text form."""
    top: Message = {}
    stack = [top]
    for kind, key, value in _tokens(text, name):
        if kind == "value":
            stack[-1].setdefault(key, []).append(value)
        elif kind == "open":
            inner: Message = {}
            stack[-1].setdefault(key, []).append(inner)
            stack.append(inner)
        else:
            stack.pop()
        if not 0 < len(stack) <= DEEPEST:
            raise SourceError("has braces that do not match", subject=name, remedy="mend the file")
    if len(stack) != 1:
        raise SourceError("ends within braces", subject=name, remedy="fetch the file again")
    return top


def _tokens(text: str, name: str) -> Iterator[tuple[str, str, str]]:
    place = 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            line = text.count("\n", 0, place) + 1
            raise SourceError(
                f"is no prototxt: line {line} is not understood",
                subject=name,
                remedy="give the text of the network",
            )
        place = match.end()
        if match["open"]:
            yield "open", match["open"].rstrip("{ \t\r\n:"), ""
        elif match["close"]:
            yield "close", "", ""
        elif match["key"]:
            yield "value", match["key"], match["value"].strip("\"'")


def _runs(layer: Any) -> bool:
    """Whether a layer is there when the network is deployed."""
    included = layer.get("include", ()) if isinstance(layer, dict) else ()
    phases = {str(phase) for rule in included for phase in rule.get("phase", ())}
    return isinstance(layer, dict) and phases <= {"TEST"}


def _first(message: Message, key: str) -> str:
    return str(message.get(key, [""])[0])


def _declared(network: Message) -> list[Tensor]:
    """Inputs in the old manner: names, and their sizes one after another."""
    names = [str(name) for name in network.get("input", ())]
    shapes = [_sizes(shape) for shape in network.get("input_shape", ())]
    sizes = [_number(size) for size in network.get("input_dim", ())]
    shapes = shapes or [tuple(sizes[i : i + 4]) for i in range(0, len(sizes), 4)]
    return [Tensor(n, shapes[i] if i < len(shapes) else None) for i, n in enumerate(names)]


def _sizes(shape: Message) -> Shape:
    return tuple(_number(size) for size in shape.get("dim", ()))


def _number(text: Any) -> int | None:
    return int(text) if str(text).isdecimal() and int(text) > 0 else None


def _ends(layers: list[Message]) -> list[str]:
    """The layers whose last blob nobody reads; a layer in place takes the blob over."""
    makers: dict[str, str] = {}
    read: set[str] = set()
    for layer in layers:
        if _first(layer, "type") == "Input":
            continue
        tops = [str(top) for top in layer.get("top", ())]
        read |= {str(bottom) for bottom in layer.get("bottom", ())} - set(tops)
        makers.update({top: _first(layer, "name") for top in tops})
    return list(dict.fromkeys(maker for top, maker in makers.items() if top not in read))
