"""A YAML file as plain data, read strictly, and where in the file each value stands.

Scalars mean what YAML 1.2's core schema says (`1e-4` is a number, `3:20` and dates are texts).
What YAML 1.1 and 1.2 read differently, and what a recipe has no use for, is a problem on record:
bare yes and no, leading zeros, duplicate keys, tags, merge keys, control characters.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

import yaml

from converters.recipes.problems import Path, Problem, shown

LARGEST = 1_000_000  # bytes of a file
LONGEST_LINE = 4096  # characters; bounds how deep blocks nest, for libyaml recurses in C
MOST_BRACKETS = 10_000  # bounds how deep flow collections nest, likewise
DEEPEST = 40
MOST_VALUES = 100_000  # with every alias written out

WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
TRAPS = {word for base in ("yes", "no", "on", "off") for word in (base, base.title(), base.upper())}
"""Truth values in YAML 1.1, texts in YAML 1.2."""

DECIMAL = re.compile(r"[-+]?[0-9]+")
LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
ENDLESS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]"
)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Nodes(_Loader):  # type: ignore[misc]
    """Composes nodes and leaves open what plain scalars mean: a tag is there if it was written."""

    def resolve(self, _kind: Any, _value: Any, _implicit: Any) -> str:
        """No tag."""
        return ""


@dataclass
class Document:
    """The data of a file, and what was wrong with its text."""

    file: File
    data: Any = None
    root: Any = None
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path, names: Mapping[Any, Any] | None = None) -> int:
        """The line where a path, or as much of it as exists, begins.

        `names` gives the key that was written for one that is looked for, where they differ.
        """
        node, line = self.root, 1
        for step in path:
            found = _child(node, step) or _child(node, (names or {}).get(step))
            if found is None:
                break
            node, line = found[1], found[0].start_mark.line + 1
        return line


def _child(node: Any, step: Any) -> tuple[Any, Any] | None:
    """What a line is reported for, and the node below a step."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def read_document(file: File) -> Document:
    """The document in a file; what is wrong with it is on its list of problems."""
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        return _unread(file, f"cannot be read: {error.strerror}")
    if size > LARGEST:
        return _unread(file, f"has {size} bytes; at most {LARGEST} are read")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return _unread(file, "is not UTF-8", line=line)
    return parse(text, file)


def parse(text: str, file: File) -> Document:
    """The document that a text holds."""
    wrong = _unfit(text)
    if wrong:
        return Document(file, problems=[wrong])
    try:
        root = _Nodes(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return _unread(file, f"is not YAML: {error.problem or error.context}", line=line)
    except (yaml.YAMLError, RecursionError) as error:
        return _unread(file, f"is not YAML: {error}")
    document = Document(file, root=root)
    reading = _Reading(document)
    document.data = reading.value(root, ()) if root is not None else None
    return document


def _unread(file: File, cause: str, *, line: int = 1) -> Document:
    return Document(file, problems=[Problem((), cause, line=line)])


def _unfit(text: str) -> Problem | None:
    """Why a text is not even given to the YAML reader."""
    control = CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        return Problem((), f"holds the control character {control.group()!r}", line=line)
    for number, content in enumerate(text.splitlines(), 1):
        if len(content) > LONGEST_LINE:
            cause = f"has a line of {len(content)} characters; at most {LONGEST_LINE} are read"
            return Problem((), cause, line=number)
    if text.count("[") + text.count("{") > MOST_BRACKETS:
        return Problem((), f"has more than {MOST_BRACKETS} brackets", line=1)
    return None


class _Reading:
    """Turns nodes into data, and notes on the document what must not be there."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.count = 0

    def value(self, node: Any, path: Path) -> Any:
        """The data of a node."""
        self.count += 1
        if self.count > MOST_VALUES or len(path) > DEEPEST:
            if not any(problem.is_final for problem in self.document.problems):
                cause = f"nests deeper than {DEEPEST} or has more than {MOST_VALUES} values"
                self._note(node, path, cause, is_final=True)
            return None
        if node.tag:
            self._note(node, path, f"the tag {node.tag} is not accepted", "leave it out")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return dict(self._entries(node, path))

    def _entries(self, node: Any, path: Path) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, path, "a key must be a plain word", "write `key: value`")
                continue
            key = str(key_node.value)
            if key in seen:
                cause = f"the key stands twice, first in line {seen[key]}"
                self._note(key_node, (*path, key), cause, "keep one of them")
                continue
            seen[key] = key_node.start_mark.line + 1
            if key == "<<" and not key_node.style:
                self._note(key_node, path, "merge keys (<<) are not accepted", "write them out")
                continue
            if key in TRAPS and not key_node.style:
                self._trap(key_node, (*path, key))
            if CONTROL.search(key):
                self._note(key_node, path, "a key holds a control character")
            yield key, self.value(value_node, (*path, key))

    def _scalar(self, node: Any, path: Path) -> Any:
        text = str(node.value)
        if node.style:
            if CONTROL.search(text):
                self._note(node, path, f"holds a control character: {text!r}")
            return text
        if text in WORDS:
            return WORDS[text]
        if text in TRAPS:
            self._trap(node, path)
            return text
        return self._number(node, path, text) if text[0] in "0123456789+-." else text

    def _number(self, node: Any, path: Path, text: str) -> Any:
        if LEADING_ZERO.fullmatch(text):
            cause = f"{text} begins with a zero: YAML 1.1 reads it as octal, YAML 1.2 does not"
            self._note(node, path, cause, f'write {int(text)}, or "{text}" for a text')
            return int(text)
        if DECIMAL.fullmatch(text):
            return int(text) if len(text) < 20 else text
        if PREFIXED.fullmatch(text):
            return int(text, 0)
        if ENDLESS.fullmatch(text):
            self._note(node, path, f"{text} is not a finite number")
            return 0.0
        if FLOAT.fullmatch(text):
            return float(text) if math.isfinite(float(text)) else text
        return text

    def _trap(self, node: Any, path: Path) -> None:
        cause = f"bare {node.value} is a truth value in YAML 1.1 and a text in YAML 1.2"
        word = "true" if node.value.lower() in ("yes", "on") else "false"
        self._note(node, path, cause, f'write {word}, or "{node.value}" for the text')

    def _note(
        self, node: Any, path: Path, cause: str, remedy: str = "", *, is_final: bool = False
    ) -> None:
        line = node.start_mark.line + 1
        self.document.problems.append(Problem(path, cause, remedy, line, is_final))


def written_as(value: Any) -> str:
    """What a value is called in messages: `the text "3:20"`, `the number 3`, ..."""
    for kind, name in _NAMES.items():
        if isinstance(value, kind):
            return f"{name} {shown(value)}"
    return "nothing"


_NAMES: Mapping[Any, str] = {
    bool: "the truth value",
    str: "the text",
    int: "the number",
    float: "the number",
    list: "the list",
    dict: "the mapping",
}
