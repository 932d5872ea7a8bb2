"""The pages of the site: what each shows, given to its template in `templates/`."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markdown_it import MarkdownIt

from converters.contents import file_digest
from converters.release import index, licences
from converters.release.card import RUNNABLE, TITLES, task_text
from converters.release.content import Offer
from converters.release.index import Row
from converters.release.materials import withheld_pictures
from converters.release.packing import Packed
from converters.site import charts, pictures
from converters.site.graphs import drawing, formats
from converters.site.graphs.structure import Structure
from converters.summary import size_text

HERE = Path(__file__).parent


class Place(NamedTuple):
    """Where the site is made, and from what."""

    folder: Path  # of the site
    releases: Path  # folder of releases, for history
    downloads: str  # base URL of the files; empty: copied into the site
    is_public: bool  # others will see it: without pictures that may not be handed on


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(HERE / "templates")
    found = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    found.filters |= {"size": size_text, "task": task_text, "digits": _digits}
    return found


def _digits(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def write(target: Path, template: str, **content: Any) -> None:
    """One page; `root` leads from it back to the start page."""
    text = _environment().get_template(template).render(**content)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


class Entry:
    """A variant on the site."""

    def __init__(self, packed: Packed, place: Place) -> None:
        self.packed, self.place = packed, place
        self.offer = packed.offer

    @property
    def slug(self) -> str:
        """What its pages are called."""
        return self.packed.stem

    @property
    def page(self) -> str:
        """Its page, seen from the start page."""
        return f"models/{self.slug}.html"

    def draw(self) -> None:
        """Copy its pictures."""
        below = f"pictures/{self.slug}"
        self.withheld = withheld_pictures(self.offer) if self.place.is_public else ""
        shown = [] if self.withheld else pictures.copied(self.offer, self.place.folder, below)
        self.samples = shown
        self.thumbnails = pictures.thumbnails(self.samples, self.place.folder, below)

    @property
    def rows(self) -> list[Row]:
        """Its artefacts."""
        packed = self.packed
        return list(index.rows(self.offer, packed.artifact_files, packed.archive_file))

    def runtime(self, artifact: str) -> str:
        """What runs an artefact: the package that verified it."""
        found = self.offer.report["artifacts"].get(artifact, {}).get("runtime", {})
        return ", ".join(found)


def copy_files(entry: Entry) -> None:
    """The downloads, unless they lie elsewhere."""
    if not entry.place.downloads:
        entry.packed.write(entry.place.folder / "files")


def downloads(entry: Entry) -> Iterator[dict[str, Any]]:
    """Every file of a variant, with the digest that it must have."""
    if entry.packed.left_out:
        return
    files = {"everything": entry.packed.archive_file, **entry.packed.artifact_files}
    for name, file in files.items():
        path = entry.place.folder / "files" / file
        here = not entry.place.downloads
        yield {
            "name": name,
            "title": TITLES.get(name, "archive with licence, card and report"),
            "href": f"../files/{file}" if here else f"{entry.place.downloads}/{Path(file).name}",
            "file": Path(file).name,
            "sha256": file_digest(path) if here else "",
            "bytes": path.stat().st_size if here else 0,
        }


def model_page(entry: Entry, every: Iterable[Entry]) -> None:
    """The page of a variant."""
    offer = entry.offer
    siblings = [each for each in every if each.offer.recipe.id == offer.recipe.id]
    write(
        entry.place.folder / entry.page,
        "model.html",
        root="..",
        entry=entry,
        recipe=offer.recipe,
        variant=offer.variant.name,
        siblings=siblings,
        labels=licences.labels(offer.recipe.license.spdx),
        samples=entry.samples,
        answers=pictures.answers(offer),
        rows=entry.rows,
        plots=charts.of_variant(offer, entry.rows, entry.place.releases),
        downloads=list(downloads(entry)),
        link=index.link(offer),
        card=card_html(entry.packed.card.decode()),
    )


def card_html(text: str) -> str:
    """A model card as HTML; HTML in it is shown, not run."""
    body = text.split("\n", 1)[1]  # the page has its own title
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(body)
    return (
        str(html)
        .replace("<table>", '<div class="wide"><table>')
        .replace("</table>", "</table></div>")
    )


def structures(offer: Offer) -> Iterator[Structure]:
    """The network at every station of the chain that this variant went through."""
    ways = (
        ("source.onnx", "ONNX", formats.onnx),
        ("simplified.onnx", "simplified ONNX", formats.onnx),
    )
    for name, title, read in (*ways, ("ir/model.xml", "OpenVINO IR", formats.ir)):
        path = offer.folder / name
        if path.is_file():
            yield read(path, title)
    kind = next((kind for kind in RUNNABLE if kind in offer.artifacts), None)
    if kind:
        yield formats.tflite(offer.artifacts[kind], f"TFLite {kind}")


def graph_page(entry: Entry) -> list[Structure]:
    """The page of a variant's graphs."""
    found = list(structures(entry.offer))
    stations: list[Mapping[str, Any]] = [
        {"graph": each, "svg": drawing.svg(each), "operators": each.operators.most_common()}
        for each in found
    ]
    write(
        entry.place.folder / f"graphs/{entry.slug}.html",
        "graph.html",
        root="..",
        entry=entry,
        recipe=entry.offer.recipe,
        variant=entry.offer.variant.name,
        stations=stations,
        kinds=list(drawing.legend(found)),
    )
    return found


def start_page(place: Place, entries: list[Entry], unbuilt: Mapping[str, str]) -> None:
    """The table of everything."""
    rows = [(entry, row) for entry in entries for row in entry.rows]
    write(
        place.folder / "index.html",
        "index.html",
        root=".",
        entries=entries,
        rows=rows,
        tasks=sorted({entry.offer.recipe.task for entry in entries}),
        licences=sorted({entry.offer.recipe.license.spdx for entry in entries}),
        artifacts=list(dict.fromkeys(row.artifact for _, row in rows)),
        runtimes=sorted({entry.runtime(row.artifact) for entry, row in rows} - {""}),
        unbuilt=unbuilt,
    )


def copy_static(place: Place) -> None:
    """The style sheet and the scripts."""
    shutil.copytree(HERE / "static", place.folder / "static")
