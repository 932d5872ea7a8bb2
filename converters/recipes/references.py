"""References to sources: `<key>`, `<key>/<path in it>`; of shared data sets, `@<id>/<key>`.

The id of a data set with its mark stands where the id of a model would: in the paths of downloads
and of what is noted of them, and in commands.
"""

from __future__ import annotations

from pathlib import Path

MARK = "@"
"""Begins the name of a data set where a model's name might stand."""


def data_folder(models: Path) -> Path:
    """The folder of data sets, beside that of recipes."""
    return (models if models.name else models.absolute()).parent / "data"


def data_set_file(models: Path, name: str) -> Path:
    """The file of a data set, whether it is there or not."""
    return data_folder(models) / f"{name}.yaml"


def key_of(reference: str) -> str:
    """The source that a reference names, without the path in it: `key`, or `@set/key`."""
    return "/".join(reference.split("/")[: 2 if is_shared(reference) else 1])


def is_shared(reference: str) -> bool:
    """Whether a source, or a name in a model's place, is that of a data set."""
    return reference.startswith(MARK)


def downloaded(model: str, source: str) -> tuple[str, str]:
    """In whose name a source of a recipe is downloaded, and under which key."""
    owner, _, key = source.rpartition("/")
    return (owner, key) if is_shared(source) else (model, source)
