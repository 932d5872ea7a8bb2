"""The versions of installed packages, for facts and manifests."""

from __future__ import annotations

import importlib.metadata


def versions(*packages: str) -> dict[str, str]:
    """Package -> version of those that are installed, sorted by name."""
    found = {}
    for package in sorted(packages):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
