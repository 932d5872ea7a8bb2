"""download: the sources of a recipe, from mirrors or from where they are published, checked.

What other modules may call stands here; it imports nothing heavy until it is called.
"""

from __future__ import annotations

from pathlib import Path

from converters.download.options import Fetched, FetchOptions
from converters.recipes.recipe import Source

__all__ = ["FetchOptions", "Fetched", "fetch", "probe", "resolve_commit"]


def fetch(
    source: Source, model_folder: Path, out: Path, options: FetchOptions | None = None
) -> Fetched:
    """Fetch a pinned source into the folder `out`, which appears whole or not at all."""
    from converters.download import kinds

    return kinds.fetch(source, model_folder, out, options or FetchOptions.from_environment())


def probe(source: Source, model_folder: Path, options: FetchOptions | None = None) -> Fetched:
    """Download a source that need not be pinned, once, to learn its size and sha256.

    It stays among the downloads, so that a build after `lock` need not fetch it again. Of a
    repository only the commit is asked for: its size is 0 and its path that of the model.
    """
    from converters.download import kinds

    return kinds.probe(source, model_folder, options or FetchOptions.from_environment())


def resolve_commit(url: str, revision: str = "HEAD", options: FetchOptions | None = None) -> str:
    """The full commit that a branch or tag of a remote repository stands at now."""
    from converters.download import git

    return git.resolve_commit(url, revision, options or FetchOptions.from_environment())
