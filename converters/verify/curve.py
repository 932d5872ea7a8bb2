"""The picture of a table of layers: SQNR along the graph, and what each operator loses."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

INK, FAINT, RULE = "#1f2933", "#7b8794", "#d9dee4"
BAD, ODD = "#c0392b", "#b8c0c8"
FAMILIES = {
    "CONV": ("convolutions", "#2f6fb0"),
    "DEPTHWISE": ("convolutions", "#2f6fb0"),
    "TRANSPOSE_CONV": ("convolutions", "#2f6fb0"),
    "FULLY": ("dense", "#7d5ba6"),
    "BATCH_MATMUL": ("dense", "#7d5ba6"),
    "ADD": ("sums, products", "#d08a1d"),
    "SUB": ("sums, products", "#d08a1d"),
    "MUL": ("sums, products", "#d08a1d"),
    "LOGISTIC": ("activations", "#2a9d8f"),
    "SOFTMAX": ("activations", "#2a9d8f"),
    "TANH": ("activations", "#2a9d8f"),
    "HARD_SWISH": ("activations", "#2a9d8f"),
    "CONCATENATION": ("concatenation", "#a4517c"),
    "RESIZE": ("resizing", "#6b8e23"),
}
"""What an operator's name begins with -> its family and colour."""

OTHERS = ("others", "#8c96a0")
LONGEST = 46
"""Letters of a layer's name that the list below the graph has room for."""

NAMED = 10
DOTS = 100
"""Dots per inch of the picture."""


def picture(rows: Sequence[Row], title: str) -> bytes:
    """A PNG; equal tables give equal bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    known = [row for row in rows if row.get("sqnr_db") is not None]
    named = sorted(known, key=lambda row: float(row["sqnr_db"]))[:NAMED]
    width = min(22.0, max(9.0, 3 + 0.075 * len(rows)))
    figure = Figure(figsize=(width, 7.4), dpi=DOTS, facecolor="white")
    FigureCanvasAgg(figure)
    top, bottom, words = figure.subplots(
        3, 1, gridspec_kw={"height_ratios": (4.6, 1.3, 2.0), "hspace": 0.12}
    )
    _curve(top, rows, known, named)
    _losses(bottom, rows, known)
    _list(words, named)
    top.set_title(title, loc="left", color=INK, fontsize=13, fontweight="bold", pad=26)
    figure.subplots_adjust(left=0.75 / width, right=1 - 0.3 / width, top=0.89, bottom=0.06)
    content = io.BytesIO()
    figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def _curve(axes: Any, rows: Sequence[Row], known: Sequence[Row], named: Sequence[Row]) -> None:
    """SQNR of every layer; the worst ones are circled and numbered."""
    axes.plot(
        [row["number"] for row in known],
        [row["sqnr_db"] for row in known],
        color=RULE,
        linewidth=1.4,
        zorder=1,
    )
    for label, colour in dict.fromkeys(family_of(row["operator"]) for row in known):
        own = [row for row in known if family_of(row["operator"])[0] == label]
        places = [row["number"] for row in own], [row["sqnr_db"] for row in own]
        axes.scatter(*places, s=20, color=colour, label=label, zorder=2, linewidths=0)
    unpaired = [row["number"] for row in rows if row["pair"] is None]
    for place in unpaired:
        axes.axvline(place, color=ODD, linewidth=1, linestyle=(0, (2, 2)), zorder=0)
    worst = [row["number"] for row in named], [row["sqnr_db"] for row in named]
    axes.scatter(*worst, s=70, facecolors="none", edgecolors=BAD, linewidths=1.3, zorder=3)
    _style(axes, rows, "SQNR, dB")
    axes.tick_params(labelbottom=False)
    if known:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            ncols=7,
            frameon=False,
            fontsize=8.5,
            labelcolor=INK,
            handletextpad=0.1,
            columnspacing=1.4,
            borderaxespad=0.2,
        )
    note = f"{len(unpaired)} of {len(rows)} without a twin (dashed)" if unpaired else ""
    axes.text(
        1, 1.02, note, transform=axes.transAxes, ha="right", va="bottom", color=FAINT, fontsize=8.5
    )


def _losses(axes: Any, rows: Sequence[Row], known: Sequence[Row]) -> None:
    """What each operator loses beside the worst of what it reads."""
    lossy = [row for row in known if (row.get("lost_db") or 0) > 0]
    axes.bar(
        [row["number"] for row in lossy],
        [row["lost_db"] for row in lossy],
        width=0.8,
        color=[BAD if row["lost_db"] >= 3 else ODD for row in lossy],
        linewidth=0,
    )
    _style(axes, rows, "lost here, dB")
    axes.set_ylim(0, max([3.0, *(row["lost_db"] for row in lossy)]) * 1.08)
    axes.set_xlabel("layers, in the order in which they run", color=FAINT, fontsize=9)


def _list(axes: Any, named: Sequence[Row]) -> None:
    """The worst layers in words, in two columns."""
    axes.axis("off")
    axes.text(
        0, 0.72, "The worst", color=BAD, fontsize=9.5, fontweight="bold", transform=axes.transAxes
    )
    for i, row in enumerate(named):
        words = f"{row['sqnr_db']:5.1f} dB  {row['number']:>4} {row['operator']} {_name(row)}"
        place = (0.5 * (i // 5), 0.56 - 0.14 * (i % 5))
        axes.text(
            *place,
            words,
            color=INK,
            fontsize=8,
            family="DejaVu Sans Mono",
            transform=axes.transAxes,
            clip_on=True,
        )


def _name(row: Row) -> str:
    """The end of a name tells more than its beginning."""
    name = str(row["name"])
    room = LONGEST - len(row["operator"])
    return name if len(name) <= room else f"…{name[1 - room :]}"


def _style(axes: Any, rows: Sequence[Row], label: str) -> None:
    axes.set_xlim(-1, max(len(rows), 2))
    axes.set_ylabel(label, color=FAINT, fontsize=9)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=FAINT, labelsize=8.5, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def family_of(operator: str) -> tuple[str, str]:
    """The family of an operator, and its colour."""
    return next((f for start, f in FAMILIES.items() if operator.startswith(start)), OTHERS)
