"""What config.yaml says of releases: the version, what is in one, what may get worse."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from packaging.version import InvalidVersion, Version

from converters.errors import RecipeError
from converters.release.gate import MARGINS

FOLDER = Path("release")
INDEX = "index.json"
FIELDS = ("models", "margins", "accept", "builder")


class Settings(NamedTuple):
    """The part of config.yaml that is about releases."""

    version: str = ""  # empty: the tag of this commit, else a digest of the content
    margins: Mapping[str, float] = MARGINS
    accept: tuple[str, ...] = ()  # `model/variant/artefact measure` that may get worse
    builder: str = ""  # URI of the builder, for the provenance

    @classmethod
    def load(cls, config: Path) -> Settings:
        """From a file of configuration, which need not be there."""
        data = yaml.safe_load(config.read_text()) if config.is_file() else {}
        return cls.of(data or {})

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Settings:
        """From the configuration as a mapping."""
        own = data.get("release") or {}
        margins = own.get("margins") or {}
        unknown = sorted({*own} - {*FIELDS}) or sorted({*margins} - {*MARGINS})
        if unknown:
            raise RecipeError(
                f"does not know {', '.join(unknown)}",
                subject="config.yaml: release",
                remedy=f"it has {', '.join(FIELDS)}; margins are {', '.join(MARGINS)}",
            )
        return cls(
            str(data.get("version") or ""),
            {**MARGINS, **margins},
            tuple(own.get("accept") or ()),
            str(own.get("builder") or ""),
        )


def tagged() -> str:
    """The tag of this commit; empty where there is none."""
    command = ["git", "describe", "--tags", "--exact-match"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip().removeprefix("v") if done.returncode == 0 else ""


def order(version: str) -> tuple[int, Version, str]:
    """The place of a version among others; what is no version comes first, by name."""
    try:
        return (1, Version(version), version)
    except InvalidVersion:
        return (0, Version("0"), version)


def releases(folder: Path) -> list[Path]:
    """The releases in a folder, the oldest first."""
    found = [path.parent for path in folder.glob(f"*/{INDEX}")]
    return sorted(found, key=lambda path: order(path.name))


def before(folder: Path, version: str) -> Path | None:
    """The newest release that is older than a version; of those that are none, any other."""
    older = [path for path in releases(folder) if path.name != version]
    if order(version)[0]:
        older = [path for path in older if order(path.name) < order(version)]
    return older[-1] if older else None
