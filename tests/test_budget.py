"""The limits of the house style, enforced: a limit that hurts is a reason to split the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "converters").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "tools"}
EVALUATING = {"eval", "exec", "compile"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = function.body[0]
    has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    doc = (first.end_lineno or 0) - first.lineno + 1 if has_doc else 0
    return (function.end_lineno or 0) - function.lineno + 1 - doc


def elif_chain(node: ast.If) -> int:
    """How many branches an `if` has before its `else`."""
    branches = 1
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node, branches = node.orelse[0], branches + 1
    return branches


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_its_limits(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 400, "split the file along the domain"
    assert max(map(len, lines), default=0) <= 100
    assert path.stem not in FORBIDDEN_NAMES and path.parent.name not in FORBIDDEN_NAMES
    for function in functions(path):
        assert length(function) <= 40, f"{function.name} has {length(function)} lines"
        arguments = function.args
        count = len(arguments.args) + len(arguments.kwonlyargs) + len(arguments.posonlyargs)
        is_emitter = "ops" in path.parts  # there the signature is the IR's schema
        assert is_emitter or count <= 7, f"{function.name} has {count} parameters"
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.If):
            assert elif_chain(node) <= 3, f"line {node.lineno}: a dict would say it better"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: bare except"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in EVALUATING, f"line {node.lineno}: runs a text"


def test_nine_functions_of_ten_are_short():
    lengths = sorted(length(function) for path in MODULES for function in functions(path))
    assert lengths[int(len(lengths) * 0.9)] <= 20


def test_no_two_modules_are_copies():
    bodies = sorted(ast.dump(ast.parse(path.read_bytes())) for path in MODULES)
    long_bodies = [body for body in bodies if len(body) > 500]
    assert all(a != b for a, b in pairwise(long_bodies))
