"""Fetch one source of a recipe: from mirrors or from where it is published, checked, unpacked.

    python -m converters.download yolox_nano sources --key network \\
        --out /tmp/network --facts /tmp/f.json

MODEL may be the id of a data set, too, with `@` before it.

Mirrors are asked first: those of ZOO_MIRRORS and of config.yaml. With ZOO_OFFLINE=1 the network
is never asked. What was fetched once is kept in ZOO_DOWNLOADS (sources/.downloads).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from converters import stage
from converters.download import Fetched, FetchOptions, fetch
from converters.errors import RecipeError
from converters.recipes import load_owner
from converters.recipes.recipe import Source


def facts_of(source: Source, fetched: Fetched) -> dict[str, Any]:
    """What is known of a source now that it is here."""
    return {
        "key": source.key,
        "kind": source.kind,
        "sha256": fetched.sha256 or None,
        "size": fetched.size,
        "commit": fetched.commit or None,
    }


def configuration(path: Path) -> dict[str, Any]:
    """What config.yaml says, if there is one."""
    import yaml

    if not path.is_file():
        return {}
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise RecipeError(f"is not YAML: {error}", subject=str(path)) from error
    return found if isinstance(found, dict) else {}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT, which is `sources`."""
    parser.add_argument("--key", required=True, help="key of the source in the recipe")
    parser.add_argument("--out", type=Path, required=True, help="folder to make")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--config", type=Path, default=Path("config.yaml"), help="its mirrors and offline are used"
    )
    parser.add_argument("--attempts", type=int, default=4, help="fruitless tries for each place")
    parser.add_argument(
        "--timeout", type=float, default=60.0, help="seconds without a byte before trying again"
    )


def run(args: argparse.Namespace) -> None:
    """Fetch the source and note what it is."""
    owner = load_owner(args.models, args.model)
    options = FetchOptions.from_environment(
        configuration(args.config), attempts=args.attempts, read_timeout=args.timeout
    )
    source = owner.source(args.key)
    fetched = fetch(source, owner.folder, args.out, options)
    stage.write_json(args.facts, facts_of(source, fetched))


if __name__ == "__main__":
    raise SystemExit(stage.main("download", __doc__ or "", add_arguments, run))
