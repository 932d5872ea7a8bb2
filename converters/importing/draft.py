"""An imported model: its recipe as data, what a person must decide, and what could not be said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from converters.errors import ZooError
from converters.new.recipe_text import MODELINE
from converters.new.text import block, comment, decide, flow, scalar
from converters.new.text import field as line_of


class Loss(NamedTuple):
    """Something that the recipe does not say: of which kind, for counting, and what exactly."""

    kind: str
    detail: str = ""


class NoDraftError(ZooError):
    """A folder of which no recipe can be drafted; `cause` is the kind, for counting."""


@dataclass
class Draft:
    """A recipe on its way, field by field in the order of the file."""

    id: str
    origin: str  # what it was imported from
    recipe: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, list[str]] = field(default_factory=dict)  # field -> sentences
    losses: list[Loss] = field(default_factory=list)

    def decide(self, key: str, sentence: str) -> None:
        """Leave something to a person, at a field of the recipe."""
        self.decisions.setdefault(key, []).append(sentence)

    def lose(self, kind: str, detail: str = "") -> None:
        """Note what the recipe does not say."""
        if Loss(kind, detail) not in self.losses:
            self.losses.append(Loss(kind, detail))


def text_of(draft: Draft) -> str:
    """The text of recipe.yaml."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield MODELINE
    yield from comment(
        f"Drafted by python -m converters.importing from {draft.origin}. What stands behind DECIDE "
        "was guessed or could not be said: decide it, and remove the comment."
    )
    for loss in draft.losses:
        yield from comment(f"Not expressed: {loss.kind}{': ' if loss.detail else ''}{loss.detail}")
    for key, value in draft.recipe.items():
        for sentence in draft.decisions.get(key, ()):
            yield from decide(sentence)
        yield from _field(key, value)


def _field(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{key}:"
        for name, item in value.items():
            if isinstance(item, Mapping) and key == "sources":
                yield f"  {scalar(name)}:"
                yield from block(item, 4)
            else:
                yield from block({name: item})
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield f"{key}:"
        yield from (f"  - {flow(item)}" for item in value)
    else:
        yield line_of(key, value)


def key_of(name: str, taken: Mapping[str, Any]) -> str:
    """A key for a source: its file's stem, told apart from those that there are."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", name.rsplit("/", 1)[-1].rsplit(".", 1)[0]).strip("_")
    plain = stem or "file"
    found = plain
    number = 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    return found
