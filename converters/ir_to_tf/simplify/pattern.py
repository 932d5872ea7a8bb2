"""Patterns: formulas, written as Python writes them, found again in a graph.

    x * Clamp(x + 3, min=0, max=6) * (1 / 6)

`x` is any tensor, the same wherever the letter stands; `scalar(eps)`, `constant(axes)` and
`kernel=told(size)` are constants to be told about; `(d := ...)` names a part; capital letters are
types of the IR, with their attributes by keyword. Products and sums are found in whatever order,
grouping and sign they were written, and a division by a number is a product: one formula stands for
all its spellings.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from math import isclose
from typing import Any, NamedTuple

import numpy as np

from converters.ir_to_tf.graph import Value
from converters.ir_to_tf.simplify.terms import Product, Terms

Bindings = Mapping[str, Any]
Matches = Iterator[Bindings]

CLOSE = 5e-4
"""How far numbers may be from those of a formula: constants stored in half precision are."""

ANY_ORDER = {"Maximum", "Minimum", "SquaredDifference"}


class Reason(NamedTuple):
    """Why a formula is not there: how many of its ops were found before, and what was not."""

    depth: int
    text: str


@dataclass
class Search:
    """A look at one tensor: the graph around it, and the best reason why it is not a formula."""

    terms: Terms
    best: Reason = field(default_factory=lambda: Reason(0, ""))

    def misses(self, depth: int, text: str) -> None:
        """Remember a reason, if nothing came as far before."""
        if depth > self.best.depth:
            self.best = Reason(depth, text)


Matcher = Callable[[Search, Value, Bindings, int], Matches]


class Formula(NamedTuple):
    """A pattern, and the types of node at which it may end."""

    find: Matcher
    roots: frozenset[str]


def formula(text: str) -> Formula:
    """Read a formula."""
    expression = ast.parse(text, mode="eval").body
    roots = {ast.Mult: ("Multiply", "Divide"), ast.Add: ("Add", "Subtract")}
    if isinstance(expression, ast.Call):
        return Formula(_read(expression), frozenset({ast.unparse(expression.func)}))
    assert isinstance(expression, ast.BinOp)
    types = roots.get(type(expression.op), ("Divide",))
    return Formula(_read(expression), frozenset(types))


# Reading -----------------------------------------------------------------------------------------


def _read(tree: ast.expr) -> Matcher:
    if _number(tree) is not None:
        return _is_number(_number(tree) or 0.0)
    if isinstance(tree, ast.Name):
        return _is_tensor(tree.id)
    if isinstance(tree, ast.NamedExpr):
        return _is_named(tree.target.id, _read(tree.value))
    if isinstance(tree, ast.Call):
        return _read_call(tree)
    return _read_arithmetic(tree)


def _number(tree: ast.expr) -> float | None:
    """The value of an expression of numbers alone."""
    if any(isinstance(part, (ast.Name, ast.Call)) for part in ast.walk(tree)):
        return None
    fraction = tree.left if isinstance(tree, ast.BinOp) else tree
    below = tree.right if isinstance(tree, ast.BinOp) else ast.Constant(1)
    return float(ast.literal_eval(fraction)) / float(ast.literal_eval(below))


def _read_call(tree: ast.Call) -> Matcher:
    kind = ast.unparse(tree.func)
    if kind in CAPTURES:
        return CAPTURES[kind](ast.unparse(tree.args[0]))
    parts = [_read(argument) for argument in tree.args]
    words = {word.arg: _word(word.value) for word in tree.keywords if word.arg}
    return _is_op(kind, parts, words)


def _word(tree: ast.expr) -> Any:
    """The value of an attribute, or the name to tell it by."""
    if isinstance(tree, ast.Call):
        return Told(ast.unparse(tree.args[0]))
    return ast.literal_eval(tree)


def _captured(tree: ast.expr) -> str:
    """The name in `scalar(name)`, if the expression is one."""
    is_scalar = isinstance(tree, ast.Call) and ast.unparse(tree.func) == "scalar"
    return ast.unparse(tree.args[0]) if is_scalar and isinstance(tree, ast.Call) else ""


def _read_arithmetic(tree: ast.expr) -> Matcher:
    if isinstance(tree, ast.UnaryOp):
        return _is_product(_product(tree))
    if not isinstance(tree, ast.BinOp):
        raise ValueError(f"not part of a formula: {ast.unparse(tree)}")
    if isinstance(tree.op, ast.Div):
        return _is_op("Divide", [_read(tree.left), _read(tree.right)], {})
    if isinstance(tree.op, (ast.Add, ast.Sub)):
        return _is_sum(*_linear(tree, 1.0))
    return _is_product(_product(tree))


class Term(NamedTuple):
    """A product in a formula: a number, what to call the rest of the number, the factors."""

    number: float
    told: str
    factors: list[Matcher]


def _product(tree: ast.expr) -> Term:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
        left, right = _product(tree.left), _product(tree.right)
        factors = left.factors + right.factors
        return Term(left.number * right.number, left.told or right.told, factors)
    number = _number(tree)
    if number is not None:
        return Term(number, "", [])
    if isinstance(tree, ast.UnaryOp):
        inner = _product(tree.operand)
        return inner._replace(number=-inner.number)
    told = _captured(tree)
    return Term(1.0, told, [] if told else [_read(tree)])


def _linear(tree: ast.expr, sign: float) -> tuple[Term, list[Term]]:
    """A sum as its number, which has no factors, and its terms."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        left = _linear(tree.left, sign)
        right = _linear(tree.right, sign if isinstance(tree.op, ast.Add) else -sign)
        number, told = left[0].number + right[0].number, left[0].told or right[0].told
        return Term(number, told, []), left[1] + right[1]
    term = _product(tree)
    if term.factors:
        return Term(0.0, "", []), [term._replace(number=sign * term.number)]
    return Term(0.0 if term.told else sign * term.number, term.told, []), []


# Finding -----------------------------------------------------------------------------------------


def _is_tensor(name: str) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        if known.get(name, value) is value:
            yield {**known, name: value}
        else:
            search.misses(depth, f"{value.name} is another tensor than {known[name].name}")

    return find


def _is_named(name: str, inner: Matcher) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        if name not in known:
            yield from inner(search, value, {**known, name: value}, depth)

    return find


def _is_number(number: float) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        found = search.terms.number(value)
        if found is not None and _close(found, number):
            yield known
        else:
            search.misses(depth, f"{value.name} is not {number:g}")

    return find


def _is_scalar(name: str) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        found = search.terms.number(value)
        if found is None:
            search.misses(depth, f"{value.name} is not a single constant number")
        elif _close(known.get(name, found), found):
            yield {**known, name: found}

    return find


def _is_constant(name: str) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        data = value.constant
        if data is None:
            search.misses(depth, f"{value.name} is not a constant")
        elif name not in known or np.array_equal(known[name].constant, data):
            yield {**known, name: value}

    return find


CAPTURES = {"scalar": _is_scalar, "constant": _is_constant}


class Told(NamedTuple):
    """The name of an attribute's number."""

    name: str


def _is_op(kind: str, parts: list[Matcher], words: Mapping[str, Any]) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        node = search.terms.maker(value)
        if node is None or node.type != kind:
            search.misses(depth, f"{value.name} is no {kind}")
            return
        wrong = [k for k, want in words.items() if not _alike(node.attributes.get(k), want)]
        if wrong or len(node.inputs) < len(parts):
            given = f"{wrong[0]}={node.attributes.get(wrong[0])}" if wrong else "fewer inputs"
            search.misses(depth + 2, f"{kind} {node.name!r} has {given}")
            return
        told = {w.name: node.attributes[k] for k, w in words.items() if isinstance(w, Told)}
        known = {**known, **told}
        orders = permutations(node.inputs) if kind in ANY_ORDER else [node.inputs]
        for inputs in orders:
            yield from _all(search, parts, inputs[: len(parts)], known, depth + 1)

    return find


def _is_product(wanted: Term) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        yield from _factors(search, wanted, search.terms.product(value), known, depth)

    return find


def _is_sum(number: Term, terms: list[Term]) -> Matcher:
    def find(search: Search, value: Value, known: Bindings, depth: int) -> Matches:
        found, made = search.terms.sum(value)
        if len(made) != len(terms):
            return
        for more in _numbers(search, number, found, known, depth + 1):
            for order in permutations(made):
                pairs = list(zip(terms, order, strict=True))
                yield from _terms(search, pairs, more, depth + 1)

    return find


def _terms(
    search: Search, pairs: list[tuple[Term, Product]], known: Bindings, depth: int
) -> Matches:
    if not pairs:
        yield known
        return
    ((wanted, found), *others) = pairs
    for more in _factors(search, wanted, found, known, depth):
        yield from _terms(search, others, more, depth)


def _factors(search: Search, wanted: Term, found: Product, known: Bindings, depth: int) -> Matches:
    """The factors in any order; their numbers are compared last, to say which is not right."""
    if len(wanted.factors) != len(found[1]):
        return
    for order in permutations(found[1]):
        for more in _all(search, wanted.factors, order, known, depth):
            yield from _numbers(search, wanted, found[0], more, depth + 2)


def _numbers(search: Search, wanted: Term, found: float, known: Bindings, depth: int) -> Matches:
    """The number of a product or sum is what the formula says, or is given a name."""
    if wanted.told:
        yield {**known, wanted.told: found / wanted.number if wanted.number else found}
    elif _close(found, wanted.number):
        yield known
    else:
        search.misses(depth, f"its number is {found:g}, not {wanted.number:g}")


def _all(
    search: Search, parts: list[Matcher], values: tuple[Value, ...], known: Bindings, depth: int
) -> Matches:
    if not parts:
        yield known
        return
    for more in parts[0](search, values[0], known, depth):
        yield from _all(search, parts[1:], values[1:], more, depth + 1)


def _close(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=CLOSE, abs_tol=1e-12)


def _alike(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, Told):
        return found is not None
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        return isinstance(found, (int, float)) and _close(found, wanted)
    return bool(found == wanted)
