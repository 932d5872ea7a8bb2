"""Commands in texts of a shell: words and variables, read and never run.

Understood are lines joined by backslashes, quotes, comments, plain assignments (`H=240`) and their
use (`${H}`, `$H`). Loops, functions and what commands print are left as they stand.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

LARGEST = 4_000_000  # characters
LONGEST = 20_000  # characters of a command
ASSIGNED = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)=(\S*)")
VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")
PARTED = re.compile(r"&&|\|\||;|\|")
BEFORE_COMMANDS = {"sudo", "time", "do", "then", "else", "env", "nohup"}
INTERPRETERS = re.compile(r"(?:.*/)?python[\d.]*")


class Command(NamedTuple):
    """A program and its words, variables put in."""

    program: str  # without its folder: `mo`, `openvino2tensorflow`, `python:onnxsim`
    words: tuple[str, ...]

    def options(self) -> dict[str, str]:
        """Option -> its value; empty where another option or nothing follows."""
        found: dict[str, str] = {}
        for word, after in zip(self.words, (*self.words[1:], ""), strict=False):
            if word.startswith("-") and not _is_number(word):
                name, equals, value = word.partition("=")
                is_value = after and (not after.startswith("-") or _is_number(after))
                found[name.lstrip("-")] = value if equals else after if is_value else ""
        return found


def _is_number(word: str) -> bool:
    return bool(re.fullmatch(r"-?\.?\d[\d.]*", word))


def commands(text: str) -> Iterator[Command]:
    """The commands of a text, in order."""
    values: dict[str, str] = {}
    for line in _lines(text[:LARGEST]):
        for part in PARTED.split(line) if '"' not in line and "'" not in line else [line]:
            words = _words(part, values)
            if words:
                yield _command(words)


def _lines(text: str) -> Iterator[str]:
    """Lines, those that end in a backslash joined with the next."""
    for line in re.sub(r"[ \t]*\\[ \t]*\r?\n", " ", text).splitlines():
        plain = line.strip()
        if plain and not plain.startswith("#") and len(plain) <= LONGEST:
            yield plain


def _words(text: str, values: dict[str, str]) -> list[str]:
    """The words of one command; assignments are noted and give none."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:  # a quote that is not closed: prose
        return []
    put_in = [_filled(word, values) for word in words]
    while put_in and ASSIGNED.fullmatch(words[0]):
        name, _, value = put_in.pop(0).partition("=")
        values[name] = value
        words.pop(0)
    while put_in and put_in[0] in BEFORE_COMMANDS:
        put_in.pop(0)
    return put_in


def _filled(word: str, values: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2], match[0])

    return VARIABLE.sub(value, word)[:LONGEST]


def _command(words: list[str]) -> Command:
    program, *rest = words
    if INTERPRETERS.fullmatch(program) and rest:
        if rest[0] == "-m" and len(rest) > 1:
            return Command(f"python:{rest[1]}", tuple(rest[2:]))
        name = rest[0].rsplit("/", 1)[-1]
        return Command(name if name.startswith("mo") else "python", tuple(rest[1:]))
    return Command(program.rsplit("/", 1)[-1], tuple(rest))
