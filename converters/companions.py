"""Files that are no Python but beside which a module works: tables, pages, scripts of Node.

A module that asks where it lies (`__file__`) and holds the name of such a file, or of the folder
that it is in, reads it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

CODE = {".py", ".pyc"}


def companions(tree: ast.Module, root: Path) -> list[Path]:
    """What a module of the package below `root` reads, sorted."""
    nodes = list(ast.walk(tree))
    named = (node.id if isinstance(node, ast.Name) else getattr(node, "attr", "") for node in nodes)
    if "__file__" not in named:
        return []
    words = {node.value for node in nodes if isinstance(node, ast.Constant)}
    known = _by_name(root)
    return sorted({path for word in words if isinstance(word, str) for path in known.get(word, ())})


@cache
def _by_name(root: Path) -> Mapping[str, list[Path]]:
    """The files below a folder that are no code, by their names and by those of their folders."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in root.rglob("*"):
        if path.is_file() and path.suffix not in CODE:
            for name in path.relative_to(root).parts:
                found[name].append(path)
    return found
