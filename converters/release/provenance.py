"""Build provenance of a release: an in-toto statement with SLSA's predicate, version 1.

It names every file by its sha256, what was built with which recipes, and every source by digest.
It is not signed here: whoever publishes signs it (docs/releases.md).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from converters.contents import content_digest
from converters.recipes.references import is_shared
from converters.release.content import Offer
from converters.release.materials import materials

PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:model-zoo:snakemake-release:v1"
BUILDER = "urn:model-zoo:local"
"""Where nobody says otherwise: a machine that vouches for nothing."""


def statement(
    version: str, files: Mapping[str, str], offers: Iterable[Offer], builder: str = ""
) -> str:
    """The statement as JSON text; `files` maps a name to its sha256."""
    every = list(offers)
    subjects = [
        ResourceDescriptor(name=n, digest={"sha256": d}).pb for n, d in sorted(files.items())
    ]
    found = Statement(subjects, PREDICATE, _predicate(version, every, builder or BUILDER))
    found.validate()
    data = json_format.MessageToDict(found.pb)
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _predicate(version: str, offers: list[Offer], builder: str) -> dict[str, Any]:
    """Built through SLSA's own message, which refuses fields that it does not know."""
    recipes = {offer.recipe.id: _recipe_digest(offer) for offer in offers}
    parameters = {"version": version, "target": "release", "recipes": recipes}
    resolved = {json.dumps(each, sort_keys=True): each for each in _resolved(offers)}
    data = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": parameters,
            "resolvedDependencies": [resolved[key] for key in sorted(resolved)],
        },
        "runDetails": {"builder": {"id": builder}},
    }
    message = json_format.ParseDict(data, provenance_pb2.Provenance())
    return dict(json_format.MessageToDict(message))


def _recipe_digest(offer: Offer) -> str:
    return content_digest(offer.recipe.folder / "recipe.yaml")


def _resolved(offers: list[Offer]) -> Iterator[dict[str, Any]]:
    commit = revision()
    if commit:
        yield {"name": "model-zoo-build", "digest": {"gitCommit": commit}}
    for offer in offers:
        for each in materials(offer):
            source, own = each.source, f"{offer.recipe.id}/{each.reference}"
            digest = {"gitCommit": source.commit} if source.commit else {"sha256": each.sha256}
            if any(digest.values()):
                uri = {"uri": source.url} if source.url else {}
                name = each.reference if is_shared(each.reference) else own
                yield {"name": name, **uri, "digest": digest}


def revision(folder: Path = Path()) -> str:
    """The commit that this folder stands at; empty where git knows none."""
    command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
