"""Classes in a repository that may be the network of a state dict; files are parsed, not run."""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from converters.new.checkpoint_file import Shapes

MOST_FILES = 2_000
LARGEST = 1_000_000  # bytes of a file
PASSED_BY = {"test", "tests", "docs", "build", "dist", "node_modules", "site-packages"}
LEAST = 0.5  # of the names that must agree


class Factory(NamedTuple):
    """A class that may make the network."""

    file: str  # path in the repository
    name: str
    agreement: float  # share of names that class and state dict have in common, 0 to 1
    arguments: tuple[str, ...]  # that have no default


def factories(folder: Path, shapes: Shapes) -> list[Factory]:
    """The classes whose attributes are named as the tops of the state dict, best first."""
    tops = {name.split(".")[0] for name in shapes}
    found = [each for file in _files(folder) for each in _in_file(folder, file, tops)]
    return sorted(found, key=lambda each: (-each.agreement, each.file, each.name))[:5]


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in PASSED_BY and not f.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.endswith(".py") and not path.is_symlink() and path.stat().st_size < LARGEST:
                count += 1
                if count > MOST_FILES:
                    return
                yield path


def _in_file(folder: Path, file: Path, tops: set[str]) -> Iterator[Factory]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.bases:
            attributes = _attributes(node)
            agreement = len(attributes & tops) / max(1, len(tops))
            if agreement >= LEAST:
                path = file.relative_to(folder).as_posix()
                yield Factory(path, node.name, agreement, tuple(_required(node)))


def _attributes(node: ast.ClassDef) -> set[str]:
    """What methods assign to `self.<name>`."""
    return {
        target.attr
        for inner in ast.walk(node)
        if isinstance(inner, ast.Assign | ast.AnnAssign)
        for target in (inner.targets if isinstance(inner, ast.Assign) else [inner.target])
        if isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    }


def _required(node: ast.ClassDef) -> Iterator[str]:
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            names = [each.arg for each in inner.args.args][1:]
            yield from names[: len(names) - len(inner.args.defaults)]
            yield from (
                each.arg
                for each, default in zip(inner.args.kwonlyargs, inner.args.kw_defaults, strict=True)
                if default is None
            )


def module_of(file: str) -> tuple[str, str]:
    """The dotted module of a file in a repository, and the folder it is imported from.

    Imports in a repository are mostly written as seen from its top.
    """
    parts = file.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts = parts[:-1] or parts
    whole = all(part.isidentifier() for part in parts)
    return (".".join(parts), "") if whole else (parts[-1], "/".join(parts[:-1]))
