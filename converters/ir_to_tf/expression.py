"""Expressions: arithmetic on one array, as users write it on the command line.

    normalise = expression("(data - [127.5,127.5,127.5]) / [127.5,127.5,127.5]")
    normalise(picture)

The text is parsed, never run: numbers, lists of numbers, `data`, operators, the functions listed
here and slices are all there is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import ZooError

Array = npt.NDArray[Any]
Term = Callable[[Array], Any]
"""A part of an expression, waiting for the data."""

DATA = "data"
LONGEST = 500
"""Characters; longer texts are no formula, and deep ones would exhaust the parser."""

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "clip": np.clip,
    "exp": np.exp,
    "log": np.log,
    "max": np.maximum,
    "min": np.minimum,
    "sqrt": np.sqrt,
}


def expression(text: str) -> Callable[[Array], Array]:
    """The function of `data` that a text says; anything that is not arithmetic is an error."""
    if len(text) > LONGEST:
        raise _refused(text[:40] + "...", f"is longer than {LONGEST} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise _refused(text, "is no arithmetic expression") from error
    return partial(_computed, text, _term(tree, text))


def _computed(text: str, term: Term, data: Array) -> Array:
    try:
        with np.errstate(all="ignore"):
            made = np.asarray(term(np.asarray(data, np.float32)), np.float32)
    except (ValueError, IndexError, TypeError) as error:
        raise _refused(text, f"does not fit data of shape {list(data.shape)}: {error}") from error
    if not np.isfinite(made).all():
        raise _refused(text, "gives numbers that are not finite")
    return made


def _term(node: ast.AST, text: str) -> Term:
    known = TERMS.get(type(node))
    if known is None:
        raise _refused(text, f"has {ast.unparse(node)!r}, which is no arithmetic")
    return known(node, text)


def _number(node: ast.Constant, text: str) -> Term:
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise _refused(text, f"has {node.value!r}, which is no number")
    value = np.float32(node.value)
    return lambda _: value


def _name(node: ast.Name, text: str) -> Term:
    if node.id != DATA:
        raise _refused(text, f"has {node.id!r}: the only name is {DATA!r}")
    return lambda data: data


def _list(node: ast.List | ast.Tuple, text: str) -> Term:
    items = [_term(item, text) for item in node.elts]
    return lambda data: np.array([item(data) for item in items], np.float32)


def _operation(node: ast.BinOp | ast.UnaryOp, text: str) -> Term:
    function = OPERATORS.get(type(node.op))
    if function is None:
        raise _refused(text, f"has {ast.unparse(node)!r}: its operator is none of arithmetic")
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand]
    return _applied(function, [_term(side, text) for side in sides])


def _call(node: ast.Call, text: str) -> Term:
    name = ast.unparse(node.func)
    if name not in FUNCTIONS or node.keywords:
        known = ", ".join(FUNCTIONS)
        raise _refused(text, f"calls {name!r}: known functions are {known}, without keywords")
    return _applied(FUNCTIONS[name], [_term(argument, text) for argument in node.args])


def _applied(function: Callable[..., Any], terms: list[Term]) -> Term:
    return lambda data: function(*(term(data) for term in terms))


def _subscript(node: ast.Subscript, text: str) -> Term:
    whole = _term(node.value, text)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    index = tuple(_position(part, text) for part in parts)
    return lambda data: whole(data)[index]


def _position(node: ast.AST, text: str) -> Any:
    """An index, a slice or an ellipsis, of whole numbers as they stand."""
    if isinstance(node, ast.Slice):
        return slice(*(_whole(part, text) for part in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Constant) and node.value is Ellipsis:
        return Ellipsis
    return _whole(node, text)


def _whole(node: ast.AST | None, text: str) -> int | None:
    if node is None:
        return None
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    number = node.operand if isinstance(node, ast.UnaryOp) and sign == -1 else node
    if not isinstance(number, ast.Constant) or type(number.value) is not int:
        raise _refused(text, f"has the index {ast.unparse(node)!r}, which is no whole number")
    return sign * number.value


TERMS: dict[type[ast.AST], Callable[[Any, str], Term]] = {
    ast.Constant: _number,
    ast.Name: _name,
    ast.List: _list,
    ast.Tuple: _list,
    ast.BinOp: _operation,
    ast.UnaryOp: _operation,
    ast.Call: _call,
    ast.Subscript: _subscript,
}
"""What a text may be made of."""


def _refused(text: str, cause: str) -> ZooError:
    return ZooError(
        f"{text!r} {cause}",
        subject="formula",
        remedy=f"write arithmetic on `{DATA}`, such as (data - [127.5,127.5,127.5]) / 127.5",
    )
