"""YAML as it is written by hand: one line where it fits, comments above, nothing quoted in vain."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from converters.recipes.document import CONTROL, TRAPS, WORDS

MARK = "DECIDE"
"""What a comment begins with where a person must decide."""

UNWRITTEN = "forward is still to be written"
"""What a skeleton's `forward` raises until somebody writes it; `check` points at it."""

OPEN = re.compile(rf"# {MARK}:? ")
FURTHER = re.compile(r"\s*#   (\S.*)")
WIDTH = 100
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+^-]*")
DIGEST = re.compile(r"(?=[0-9a-f]*[a-df])[0-9a-f]{40,96}")  # no number, whoever reads it
PLAIN_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_./+^ -]*[A-Za-z0-9_./+-]")


def scalar(value: Any) -> str:
    """A value as it stands in flow or block style."""
    if isinstance(value, str):
        is_plain = bool(PLAIN.fullmatch(value)) and value not in TRAPS and value not in WORDS
        is_plain = is_plain or bool(DIGEST.fullmatch(value))
        return value if is_plain else json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, float):
        return _decimal(value)
    return json.dumps(value)


def _decimal(value: float) -> str:
    """A number with a point: YAML 1.1 takes `1e-05` for a text."""
    text = repr(value)
    return text if "e" not in text or "." in text.split("e")[0] else text.replace("e", ".0e", 1)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def block(value: Mapping[str, Any], indent: int = 2) -> Iterator[str]:
    """The fields of a mapping, a line each."""
    for key, item in value.items():
        text = f"{' ' * indent}{scalar(key)}: {_prose(item)}"
        yield text


def _prose(value: Any) -> str:
    """A value behind `key: `, where words may follow each other unquoted."""
    if isinstance(value, str) and PLAIN_WORDS.fullmatch(value) and scalar(value)[0] == '"':
        return value if value not in TRAPS and value not in WORDS else scalar(value)
    if isinstance(value, str) and value.startswith(("https://", "http://")):
        return value if re.fullmatch(r"[^\s#]+[^\s#:]", value) else scalar(value)
    return flow(value)


def decide(sentence: str, indent: int = 0) -> Iterator[str]:
    """A comment that asks a person to decide."""
    yield from comment(f"{MARK}: {sentence}", indent)


def comment(sentence: str, indent: int = 0) -> Iterator[str]:
    """A comment, in as many lines as it takes; strangers' words in it stay within it."""
    words = " ".join(CONTROL.sub(" ", sentence).split())
    words = "".join(c if c.isprintable() else "?" for c in words)[:1000]
    margin = f"{' ' * indent}# "
    yield from textwrap.wrap(
        words, WIDTH, initial_indent=margin, subsequent_indent=f"{margin}  ", break_on_hyphens=False
    )


def decisions(text: str) -> Iterator[tuple[int, str]]:
    """What a file asks a person to decide: the line, and the whole sentence."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if OPEN.search(line):
            parts = [line[line.index(MARK) + len(MARK) + 1 :].strip()]
            for below in lines[number:]:
                more = FURTHER.fullmatch(below)
                if more is None:
                    break
                parts.append(more[1])
            before = line.split("#")[0].strip()
            yield number, "  # ".join(filter(None, (before, " ".join(parts))))


def unwritten_line(text: str) -> int:
    """The line in which a network's `forward` still waits to be written; 0 if none does."""
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if UNWRITTEN in line), 0)


def counted(number: int, noun: str) -> str:
    """`1 layer`, `2 layers`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def field(key: str, value: Any, indent: int = 0) -> str:
    """`key: value`."""
    return f"{' ' * indent}{key}: {_prose(value)}"
