"""Structures as vector pictures: Graphviz places the nodes, and this writes a light SVG.

Colours come from the page's style sheet by the kind of the operator, so that one picture serves a
bright page and a dark one. All edges are one path: 600 nodes come to some 150 kB.
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

import pygraphviz

from converters.site.graphs.kinds import KINDS, OTHER, kind_of
from converters.site.graphs.structure import Node, Structure

WIDTH, HEIGHT = 112, 22
"""Of a node, in units of the picture: a point each."""

INCH = 72
NODES, EDGES = "node [shape=box, fixedsize=true", "edge [arrowhead=none];"
MARGIN = 12
LETTERS = 16
"""How much of an operator's name is shown; all of it is in the title."""


class Placed(NamedTuple):
    """Where everything is, in points, y downwards."""

    width: float
    height: float
    nodes: dict[str, tuple[float, float]]  # middle
    paths: list[list[tuple[float, float]]]  # control points of cubic curves


def placed(structure: Structure) -> Placed:
    """The layout: layers from above to below, by Graphviz's dot."""
    size = f'width="{WIDTH / INCH}", height="{HEIGHT / INCH}"'
    lines = [f'graph [nodesep="0.15", ranksep="0.22"]; {NODES}, {size}]; {EDGES}']
    lines += [f"{node.id};" for node in structure.nodes]
    lines += [f"{source} -> {target};" for source, target in structure.edges]
    graph = pygraphviz.AGraph(string=f"digraph {{ {' '.join(lines)} }}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # dot warns of fonts, which it is not asked for
        text = graph.draw(format="plain", prog="dot").decode()
    return _parsed(text)


def _parsed(text: str) -> Placed:
    """Graphviz's plain format, in inches with y upwards."""
    width = height = 0.0
    nodes: dict[str, tuple[float, float]] = {}
    paths: list[list[tuple[float, float]]] = []
    for line in text.splitlines():
        word, *rest = shlex.split(line)
        if word == "graph":
            width, height = float(rest[1]), float(rest[2])
        elif word == "node":
            nodes[rest[0]] = (float(rest[1]) * INCH, (height - float(rest[2])) * INCH)
        elif word == "edge":
            numbers = [float(value) for value in rest[3 : 3 + 2 * int(rest[2])]]
            pairs = zip(numbers[::2], numbers[1::2], strict=True)
            paths.append([(x * INCH, (height - y) * INCH) for x, y in pairs])
    return Placed(width * INCH, height * INCH, nodes, paths)


def svg(structure: Structure) -> str:
    """The picture; the operators are its text, for who cannot see it."""
    where = placed(structure)
    width, height = where.width + 2 * MARGIN, where.height + 2 * MARGIN
    label = escape(f"Graph of {structure.title}: {len(structure.nodes)} nodes, from above to below")
    head = f'<svg class="graph" viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}" role="img"'
    parts = [f'{head} aria-label="{label}" preserveAspectRatio="xMidYMid meet">']
    parts.append(f'<path class="wire" d="{"".join(map(_curve, where.paths))}"/>')
    parts += (_node(node, *where.nodes[node.id]) for node in structure.nodes)
    return "".join([*parts, "</svg>"])


def _curve(points: list[tuple[float, float]]) -> str:
    (x, y), *rest = points
    return f"M{x:.0f} {y:.0f}C{' '.join(f'{px:.0f} {py:.0f}' for px, py in rest)}"


def _node(node: Node, x: float, y: float) -> str:
    shown = node.name if node.type in ("input", "output") else node.type
    short = shown if len(shown) <= LETTERS else f"{shown[: LETTERS - 1]}…"
    told = "\n".join(part for part in (node.type, node.name[-80:], node.shape) if part)
    box = f'<rect width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
    text = f'<text x="{WIDTH // 2}" y="15">{escape(short)}</text>'
    place = f'transform="translate({x - WIDTH / 2:.0f} {y - HEIGHT / 2:.0f})"'
    return f'<g class="k-{kind_of(node.type)}" {place}><title>{escape(told)}</title>{box}{text}</g>'


def legend(structures: list[Structure]) -> Iterator[str]:
    """The kinds that occur, and what should not: transposes."""
    found = {kind_of(node.type) for each in structures for node in each.nodes}
    yield from (kind for kind in (*KINDS, OTHER) if kind in found or kind == "transpose")
