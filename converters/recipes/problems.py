"""What is wrong in a recipe, and how it is said: file, line, path, value, cause, remedy."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from converters.errors import RecipeError

Path = tuple[Any, ...]
"""Keys and list indices from the top of a document to a value."""


class Problem(NamedTuple):
    """One thing that is wrong, at a path of a document."""

    path: Path
    cause: str
    remedy: str = ""
    line: int = 0  # 0: not looked up yet
    is_final: bool = False  # what follows from it is not worth saying

    def sentence(self, file: object) -> str:
        """As it is printed."""
        place = f"{file}:{self.line}: "
        if self.path:
            place += f"{spelled(self.path)}: "
        return f"{place}{self.cause}{'; ' if self.remedy else ''}{self.remedy}"


class InvalidRecipe(RecipeError):  # noqa: N818 - it is one of several RecipeErrors
    """All problems of a recipe, one per line."""

    def __init__(self, recipe: str, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences), recipe=recipe)
        self.sentences = tuple(sentences)

    def __str__(self) -> str:
        return self.cause


def spelled(path: Path) -> str:
    """A path as people write it: `inputs[0].layout`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").replace("-", "a").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text


def shown(value: Any) -> str:
    """A value as the recipe writes it, cut short if it is long."""
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:76]} ..."


def listed(names: Iterable[Any]) -> str:
    """Names in a row."""
    return ", ".join(str(name) for name in names) or "none"


def nearest(name: Any, known: Iterable[Any]) -> str:
    """`did you mean ...?` for a name near a known one, else an empty text."""
    names = {str(candidate).lower(): str(candidate) for candidate in known}
    word = str(name).lower()
    close = [other for other in names if sorted(other) == sorted(word)]  # letters swapped
    close += difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean {names[close[0]]}?" if close else ""


def nearest_or_all(name: Any, known: Iterable[Any]) -> str:
    """The nearest known name, or else all of them."""
    names = list(known)
    return nearest(name, names) or f"known are: {listed(names)}"
