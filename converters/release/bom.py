"""The bill of materials of a release, as CycloneDX: models, what they came from, the tools.

Nothing in it depends on when or where it is written: equal releases have equal bills.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from converters.recipes.recipe import Source
from converters.recipes.references import is_shared
from converters.release import licences
from converters.release.content import Offer
from converters.release.materials import materials

NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""RFC 4122's name space for URLs: serial numbers are made from the release's content."""

LOCKS = ("main.txt", "torch.txt")


def bill(version: str, content: str, offers: Iterable[Offer], archives: Mapping[str, str]) -> str:
    """The bill as JSON text; `content` is the digest of the release, `archives` maps a variant to
    the sha256 of its archive.
    """
    every = list(offers)
    root = Component(name="model-zoo", type=ComponentType.DATA, version=version, bom_ref="zoo")
    bom = Bom(
        serial_number=uuid.uuid5(NAMESPACE, f"zoo:{content}"),
        metadata=BomMetaData(component=root),
    )
    tools = list(_tools(every))
    for tool in tools:
        bom.components.add(tool)
    for offer in every:
        model, parts = _model(offer, archives.get(offer.name, "")), list(_sources(offer))
        for component in (model, *parts):
            bom.components.add(component)
        bom.register_dependency(root, [model])
        bom.register_dependency(model, [*parts, *tools])
    return _text(bom)


def _text(bom: Bom) -> str:
    """Without the time of writing, which the library always gives."""
    data = json.loads(JsonV1Dot6(bom).output_as_string())
    data["metadata"].pop("timestamp", None)
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _model(offer: Offer, archive: str) -> Component:
    recipe = offer.recipe
    labels = licences.labels(recipe.license.spdx)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=archive)] if archive else []
    files = [
        Property(name=f"sha256:{name}", value=digest) for name, digest in offer.digests.items()
    ]
    terms = [Property(name="licence", value=label) for label in labels]
    left_out = [] if archive else [Property(name="released", value="no: see LEFT_OUT.md")]
    return Component(
        name=offer.name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model:{offer.name}",
        description=f"{recipe.name}, for {recipe.task.replace('_', ' ')}",
        hashes=hashes,
        licenses=[LicenseFactory().make_from_string(recipe.license.spdx)],
        external_references=list(_links(recipe.links)),
        properties=[*files, *terms, *left_out],
    )


def _links(links: Mapping[str, Any]) -> Iterator[ExternalReference]:
    kinds = {"repo": ExternalReferenceType.VCS, "paper": ExternalReferenceType.DOCUMENTATION}
    for kind, link in links.items():
        yield ExternalReference(
            type=kinds.get(kind, ExternalReferenceType.WEBSITE), url=XsUri(str(link))
        )


def _sources(offer: Offer) -> Iterator[Component]:
    """Weights, code and data that a variant starts from, each with the licence that is known."""
    for each in materials(offer):
        licence, sha256 = each.licence, each.sha256
        shared = is_shared(each.reference)
        yield Component(
            name=each.reference,
            type=ComponentType.DATA,
            bom_ref=f"source:{each.reference if shared else f'{offer.name}:{each.reference}'}",
            version=each.source.commit or sha256 or None,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else [],
            licenses=[LicenseFactory().make_from_string(licence.spdx)] if licence else [],
            external_references=_fetched(each.source),
        )


def _fetched(source: Source) -> list[ExternalReference]:
    if not source.url:
        return []
    kind = ExternalReferenceType.VCS if source.kind == "git" else ExternalReferenceType.DISTRIBUTION
    return [ExternalReference(type=kind, url=XsUri(source.url))]


def _tools(offers: Iterable[Offer]) -> Iterator[Component]:
    """The packages that results were made with, in the versions that their keys name."""
    used: dict[str, str] = {}
    for offer in offers:
        for trace in offer.traces.values():
            used |= dict((trace.parts if trace else {}).get("packages", {}))
    locked = lock_hashes()
    for name, version in sorted(used.items()):
        if version and version != "absent":
            yield _tool(name, version, locked.get(name, ()))


def _tool(name: str, version: str, hashes: Iterable[str]) -> Component:
    purl = PackageURL("generic" if name == "python" else "pypi", None, name, version)
    found = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes]
    page = f"https://pypi.org/project/{name}/{version}/"
    reference = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION, url=XsUri(page), hashes=found
    )
    licence = package_licence(name)
    return Component(
        name=name,
        type=ComponentType.LIBRARY,
        version=version,
        bom_ref=f"tool:{name}",
        purl=purl,
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        external_references=[reference] if found else [],
    )


def package_licence(name: str) -> str:
    """What an installed package says of its licence; empty if it says nothing short."""
    try:
        data: Any = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    said = data.get("License-Expression") or data.get("License") or ""
    if said and len(said) < 60 and "\n" not in said:
        return str(said)
    kinds = [c.split(" :: ")[-1] for c in data.get_all("Classifier", []) if c.startswith("License")]
    return kinds[0] if kinds else ""


def lock_hashes() -> dict[str, list[str]]:
    """Package -> the sha256 of every file that the lock of the environment accepts for it."""
    folder = Path(__file__).resolve().parents[2] / "envs"
    found: dict[str, list[str]] = {}
    for path in (folder / name for name in LOCKS):
        if path.is_file():
            found |= _hashes(path.read_text(encoding="utf-8"))
    return found


def _hashes(lock: str) -> dict[str, list[str]]:
    entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    named = ((re.match(r"[A-Za-z0-9_.-]+", entry), entry) for entry in entries)
    return {n[0].lower(): re.findall(r"sha256:([0-9a-f]{64})", entry) for n, entry in named if n}
