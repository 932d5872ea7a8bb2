"""What a variant is made from: its sources, own or of data sets, with licence and digest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from converters.jobs import data_sources, load_sources
from converters.recipes.recipe import License, Source
from converters.recipes.references import data_set_file
from converters.recipes.shared import load_data_set
from converters.release.content import Offer


class Material(NamedTuple):
    """One source of a variant."""

    reference: str  # `key`, or `@set/key` of a shared data set
    source: Source
    licence: License | None  # None: nobody says; a recipe's licence is that of its network
    sha256: str  # of what was fetched; empty for a repository

    @property
    def is_allowed(self) -> bool:
        """Whether it is known that it may be handed on."""
        return self.licence is not None and self.licence.redistribute == "allowed"


def materials(offer: Offer) -> Iterator[Material]:
    """Every source of a variant, its own first."""
    variant, of_network = offer.variant, load_sources(offer.variant)
    for key, source in variant.sources.items():
        licence = offer.recipe.license if key in of_network else None
        yield Material(key, source, licence, _digest(offer, key, source))
    for reference, source in variant.shared.items():
        licence = _of_set(offer, reference)
        yield Material(reference, source, licence, _digest(offer, reference, source))


def _digest(offer: Offer, reference: str, source: Source) -> str:
    found = offer.report["sources"].get(reference, {})
    return str(found.get("sha256") or source.sha256 or "")


def _of_set(offer: Offer, reference: str) -> License:
    name = reference.split("/")[0].removeprefix("@")
    return load_data_set(data_set_file(offer.plan.models, name)).license


def withheld_pictures(offer: Offer) -> str:
    """Why the pictures of a variant's samples are not handed on; empty if they may be.

    What a function of the model's folder draws, or an installed package brings, was chosen with its
    licence; a file that was fetched has one only if a data set declares it.
    """
    wanted = data_sources(offer.variant, "verification")
    unknown = [m.reference for m in materials(offer) if m.reference in wanted and not m.is_allowed]
    if not unknown:
        return ""
    return f"it is not known that their originals ({', '.join(sorted(unknown))}) may be handed on"
