"""Which ways of running each node are worth offering to the integer program.

Never all permutations: layouts spread through the graph, down, up and down again, and every node
offers what its kernel can do in the orders that its neighbours were seen to have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.layout.atoms import Layout
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.prices import effort_of_pieces
from converters.ir_to_tf.layout.spec import Arrange, Arrangement, Dims, Effort, Order, Place

ORDERS_PER_NODE = 48
ORDERS_PER_GROUP = 6


class Choice(NamedTuple):
    """One way to run a node: the layout of each port, None where a port has no say."""

    layouts: tuple[Layout | None, ...]
    order: Order = ()  # of the frame; empty for an arrangement
    arrangement: Arrangement | None = None
    price: float = 0.0
    efforts: tuple[Effort, ...] = ()

    @property
    def kernel(self) -> str:
        """The name of its arrangement, if it is one of several."""
        return self.arrangement.kernel if self.arrangement else ""


Choices = Mapping[Node, Sequence[Choice]]


class Seen:
    """The layouts each tensor was seen to have, in the order they were met."""

    def __init__(self) -> None:
        self._layouts: dict[Value, dict[Layout, None]] = defaultdict(dict)

    def note(self, node: Node, choices: Iterable[Choice]) -> None:
        """Remember what the choices of a node would make its tensors be."""
        values = node.values
        for choice in choices:
            for value, layout in zip(values, choice.layouts, strict=True):
                if layout is not None:
                    self._layouts[value][layout] = None

    def orders(self, node: Node, frame: Frame) -> list[Order]:
        """The orders of a node's places that its neighbours' layouts stand for."""
        orders = (
            frame.order(port, layout)
            for port, value in enumerate(node.values)
            if frame.ports[port] is not None
            for layout in self._layouts[value]
        )
        return list(dict.fromkeys(order for order in orders if order))


def list_choices(graph: Graph, frames: Mapping[Node, Frame]) -> Choices:
    """Every way of running every node that some neighbour gives a reason for."""
    seen = Seen()
    choices: dict[Node, list[Choice]] = {}
    known: dict[Node, list[Order]] = {}
    for nodes in (graph.nodes, graph.nodes[::-1], graph.nodes):
        for node in nodes:
            orders = seen.orders(node, frames[node])
            if known.get(node) != orders:
                known[node] = orders
                choices[node] = list(choices_of(node, frames[node], orders))
                seen.note(node, choices[node])
    return choices


def choices_of(node: Node, frame: Frame, known: Sequence[Order]) -> Iterator[Choice]:
    """The ways of running one node, given the orders seen around it; no two alike."""
    spec = frame.spec
    unlike: dict[tuple[object, ...], Choice] = {}
    carried = () if spec.arrange else _carried(node, frame, known)
    arrange = spec.arrange or spec.also
    arranged = _arranged(node, frame, known, arrange) if arrange else ()
    for choice in (*carried, *arranged):
        unlike.setdefault((choice.layouts, choice.kernel, choice.efforts), choice)
    yield from unlike.values()


def _carried(node: Node, frame: Frame, known: Sequence[Order]) -> Iterator[Choice]:
    orders = dict.fromkeys(_full_orders(frame.places, known))
    for order in list(orders)[:ORDERS_PER_NODE]:
        layouts = tuple(frame.layout(port, order) for port in range(len(frame.ports)))
        yield Choice(layouts, order, efforts=effort_of_pieces(node, frame, order))


def _full_orders(places: Order, known: Sequence[Order]) -> Iterator[Order]:
    """Orders of all places: those seen, and those seen of some places completed by the others."""
    full = [places, *(order for order in known if len(order) == len(places))]
    yield from full
    for order in known:
        if len(order) < len(places):
            yield from (_rearranged(whole, order) for whole in full[:6])
            others = tuple(place for place in places if place not in order)
            yield others + order
            yield order + others


def _rearranged(whole: Order, part: Order) -> Order:
    """The whole, its slots of the part's places filled in the part's order."""
    wanted = iter(part)
    return tuple(next(wanted) if place in part else place for place in whole)


def _arranged(
    node: Node, frame: Frame, known: Sequence[Order], arrange: Arrange
) -> Iterator[Choice]:
    spec = frame.spec
    groups = {name: _group_orders(name, frame, known) for name in spec.groups}
    for orders in product(*groups.values()):
        for arrangement in arrange(dict(zip(groups, orders, strict=True))):
            yield _choice(node, frame, arrangement)
    for order in known if spec.weave else ():
        for arrangement in spec.weave(order, groups) if spec.weave else ():
            yield _choice(node, frame, arrangement)


def _choice(node: Node, frame: Frame, arrangement: Arrangement) -> Choice:
    layouts = tuple(
        None if dims is None else frame.layout(port, flat(dims))
        for port, dims in enumerate(arrangement.ports)
    )
    efforts = arrangement.efforts
    if not frame.spec.rigid:
        efforts += effort_of_pieces(node, frame, _longest(arrangement.ports))
    return Choice(layouts, (), arrangement, arrangement.price, efforts)


def _group_orders(name: str, frame: Frame, known: Sequence[Order]) -> list[Order]:
    labels = frame.spec.groups[name]
    mine = sorted(
        (place for place in frame.places if place.label in labels),
        key=lambda place: (labels.index(place.label), place.step),
    )
    orders = {tuple(mine): None}
    if not frame.spec.as_written:
        for order in known:
            part = tuple(place for place in order if place.label in labels)
            if len(part) == len(mine):
                orders[part] = None
    return list(orders)[:ORDERS_PER_GROUP]


def flat(dims: Dims) -> Order:
    """The places of some axes, one after the other."""
    return tuple(place for dim in dims for place in dim)


def _longest(ports: Sequence[Dims | None]) -> Order:
    return max((flat(dims) for dims in ports if dims is not None), key=len)


def places_of(order: Order, labels: Iterable[object]) -> tuple[Place, ...]:
    """The places of an order that carry one of the labels."""
    wanted = set(labels)
    return tuple(place for place in order if place.label in wanted)
