"""What can go wrong in a build, said so that a person can act on it."""

from __future__ import annotations

from typing import Any


class ZooError(Exception):
    """A build cannot go on. Names the recipe, the stage, the object, the cause and the remedy.

    `cause` says what is wrong with `subject`; `remedy` says what to do about it. `recipe` and
    `stage` are filled in by the stage runner where the raiser does not know them.
    """

    def __init__(self, cause: str, *, subject: str = "", remedy: str = "", **where: str) -> None:
        super().__init__(cause)
        self.cause, self.subject, self.remedy = map(self.clean, (cause, subject, remedy))
        self.recipe, self.stage = where.get("recipe", ""), where.get("stage", "")

    @staticmethod
    def clean(text: str) -> str:
        """A text that a terminal only shows: names in strangers' files may hold control codes."""
        return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)

    def located(self, recipe: str, stage: str) -> ZooError:
        """The same error, with the recipe and the stage where they were missing."""
        self.recipe, self.stage = self.recipe or recipe, self.stage or stage
        return self

    def record(self) -> dict[str, Any]:
        """The error as JSON data, for the summary."""
        names = ("recipe", "stage", "subject", "cause", "remedy")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        place = " ".join(part for part in (self.recipe, self.stage and f"[{self.stage}]") if part)
        head = ": ".join(part for part in (place, self.subject, self.cause) if part)
        return f"{head}\n  remedy: {self.remedy}" if self.remedy else head


class RecipeError(ZooError):
    """A recipe or the configuration says something that cannot be meant."""


class SourceError(ZooError):
    """A source cannot be fetched, or is not what the recipe says."""


class LimitError(ZooError):
    """An artefact is built but differs from its source by more than the recipe accepts."""
