"""Symbolic links in what others packed: they may point anywhere within it, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from converters.errors import SourceError


def refuse_links_out(root: Path) -> None:
    """Refuse a tree with a link that is absolute or leads out of it, however indirectly."""
    real_root = os.path.realpath(root)
    for folder, folders, files in os.walk(root):
        for path in (Path(folder, name) for name in (*folders, *files)):
            if not path.is_symlink():
                continue
            target = path.readlink()
            reached = os.path.realpath(path)
            is_inside = os.path.commonpath([real_root, reached]) == real_root
            if target.is_absolute() or not is_inside:
                raise SourceError(
                    f"holds a link that leads out of it: {path.relative_to(root)} -> {target}",
                    remedy="do not trust this source; take its files one by one if you must",
                )
