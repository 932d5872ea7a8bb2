"""The variant matrix: a recipe's data, once per combination of its axes, with its values put in."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from converters.recipes.problems import Path, Problem, listed, nearest_or_all, shown

FILLED = ("sources", "load", "inputs", "outputs", "surgery", "data")
"""The fields whose texts may hold placeholders."""

FIXED = ("schema", "id", "name", "task", "status", "reason", "license", "links", "matrix")
"""The fields that are the same for every variant."""

DEFAULT_NAME = "default"
RESERVED_NAMES = ("sources", "recipe")
"""Names that stand in a variant's place in the folders of results and logs."""

MOST_VARIANTS = 1000
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][^{}]*)\}")
SIZED_OPERATIONS = ("resize", "letterbox", "center_crop")


@dataclass
class Point:
    """One combination, and what the recipe says for it."""

    name: str
    axes: Mapping[str, Any]  # as written: resolution is a pair
    variables: Mapping[str, Any]  # as used: h and w
    data: dict[str, Any] = field(default_factory=dict)
    overridden: dict[Path, Path] = field(default_factory=dict)  # path -> where it was set
    renamed: dict[str, str] = field(default_factory=dict)  # key -> as it was written
    is_rewritten: bool = False  # differs from the written data by more than shapes

    def written_path(self, path: Path) -> Path:
        """Where in the file the value at a path comes from."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.overridden:
                return self.overridden[path[:length]]
        return path


def points(data: Mapping[str, Any], problems: list[Problem]) -> list[Point]:
    """All variants of sound data, in order of the axes; what is wrong goes to `problems`."""
    matrix = data.get("matrix")
    if matrix is None:
        combinations: list[dict[str, Any]] = [{}]
        template = DEFAULT_NAME
    else:
        combinations = list(_combinations(matrix, problems))
        template = matrix.get("name", default_template(matrix["axes"]))
    found = []
    for axes in combinations:
        variables = _variables(axes)
        name, unknown = filled(template, variables)
        problems += [Problem(("matrix", "name"), *text) for text in unknown]
        found.append(Point(str(name), axes, variables))
    problems += _wrong_names(found)
    if not problems:
        for point in found:
            _specialise(point, data, problems)
    return found


def default_template(axes: Mapping[str, Any]) -> str:
    """All values, joined by `-`."""
    return "-".join("{h}x{w}" if axis == "resolution" else f"{{{axis}}}" for axis in axes)


def _variables(axes: Mapping[str, Any]) -> dict[str, Any]:
    variables = {name: value for name, value in axes.items() if name != "resolution"}
    if "resolution" in axes:
        variables["h"], variables["w"] = axes["resolution"]
    return variables


def _combinations(matrix: Mapping[str, Any], problems: list[Problem]) -> Iterator[dict[str, Any]]:
    axes = matrix["axes"]
    if "resolution" in axes and {"h", "w"} & set(axes):
        cause = "resolution gives h and w already"
        problems.append(Problem(("matrix", "axes"), cause, "rename the other axis"))
    count = math.prod(map(len, axes.values()))
    if count > MOST_VARIANTS:
        cause = f"gives {count} variants; at most {MOST_VARIANTS} are accepted"
        problems.append(Problem(("matrix", "axes"), cause))
        return
    every = [dict(zip(axes, v, strict=True)) for v in itertools.product(*axes.values())]
    excluded = matrix.get("exclude", [])
    for i, entry in enumerate(excluded):
        problems += _of_no_use(("matrix", "exclude", i), entry, every)
    for i, entry in enumerate(matrix.get("overrides", [])):
        problems += _of_no_use(("matrix", "overrides", i, "when"), entry["when"], every)
        problems += _wrong_targets(("matrix", "overrides", i, "set"), entry["set"])
    kept = [axes for axes in every if not any(_agrees(entry, axes) for entry in excluded)]
    if not kept:
        problems.append(Problem(("matrix", "exclude"), "leaves no variant"))
    yield from kept


def _agrees(entry: Mapping[str, Any], axes: Mapping[str, Any]) -> bool:
    return all(axis in axes and _same(axes[axis], value) for axis, value in entry.items())


def _same(a: Any, b: Any) -> bool:
    """Equal, and true is not 1."""
    return json.dumps(a) == json.dumps(b)


def _of_no_use(
    path: Path, entry: Mapping[str, Any], every: list[dict[str, Any]]
) -> Iterator[Problem]:
    """Why an entry matches no combination."""
    axes = list(every[0])
    for axis, value in entry.items():
        if axis not in axes:
            yield Problem((*path, axis), "is no axis of the matrix", nearest_or_all(axis, axes))
        elif not any(_same(combination[axis], value) for combination in every):
            values = dict.fromkeys(json.dumps(combination[axis]) for combination in every)
            cause = f"the axis has no value {shown(value)}"
            yield Problem((*path, axis), cause, f"it has: {listed(values)}")


def _wrong_targets(path: Path, changes: Mapping[str, Any]) -> Iterator[Problem]:
    for target in changes:
        top = target.split(".")[0]
        if top in FIXED:
            yield Problem((*path, target), f"{top} is the same for all variants")


def _wrong_names(found: list[Point]) -> Iterator[Problem]:
    path = ("matrix", "name")
    names = [point.name for point in found]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            cause = f"gives {shown(name)} to {names.count(name)} variants"
            yield Problem(path, cause, "use every axis that has more than one value")
        if not SAFE_NAME.fullmatch(name):
            cause = f"gives the name {shown(name)}"
            yield Problem(path, cause, "names are letters, digits, `_`, `-` and `.`")
        if name in RESERVED_NAMES:
            yield Problem(path, f"the name {name} is reserved", "choose another one")


# One variant --------------------------------------------------------------------------------------


def _specialise(point: Point, data: Mapping[str, Any], problems: list[Problem]) -> None:
    """Gives a point its data: overrides first, then placeholders."""
    matrix = data.get("matrix") or {}
    own = {key: value for key, value in data.items() if key not in FIXED}
    for i, entry in enumerate(matrix.get("overrides", [])):
        if _agrees(entry["when"], point.axes):
            own = deepcopy(own)
            for target, value in entry["set"].items():
                place = ("matrix", "overrides", i, "set", target)
                problems += _override(point, own, target, deepcopy(value), place)
    for top in FILLED:
        if top in own:
            own[top] = _put_in(point, own[top], (top,), problems)
    point.data = own


def _override(
    point: Point, data: dict[str, Any], target: str, value: Any, place: Path
) -> Iterator[Problem]:
    """Sets a dotted path; mappings on the way are made where they are absent."""
    path: Path = ()
    node: Any = data
    steps = target.split(".")
    for i, word in enumerate(steps):
        step: Any = int(word) if isinstance(node, list) and word.isdecimal() else word
        if isinstance(node, list) and (not isinstance(step, int) or step >= len(node)):
            yield Problem(place, f"{shown(word)} is no entry of a list of {len(node)}")
            return
        if not isinstance(node, dict | list):
            yield Problem(place, f"there is nothing below {'.'.join(steps[:i])}")
            return
        path = (*path, step)
        if i == len(steps) - 1:
            node[step] = value
        elif isinstance(node, dict):
            node = node.setdefault(step, {})
        else:
            node = node[step]
    point.overridden[path] = place
    point.is_rewritten = True


def _put_in(point: Point, value: Any, path: Path, problems: list[Problem]) -> Any:
    """A value with every placeholder in it filled, in keys too."""
    if isinstance(value, str):
        if "{" not in value:
            return value
        point.is_rewritten = True
        text, unknown = filled(value, point.variables)
        problems += [Problem(point.written_path(path), *wrong) for wrong in unknown]
        return text
    if isinstance(value, list):
        return [_put_in(point, item, (*path, i), problems) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    entries = {}
    for key, item in value.items():
        name = str(_put_in(point, key, (*path, key), problems))
        if name in entries:
            problems.append(Problem((*path, key), f"is {shown(name)} too in {point.name}"))
        point.renamed.update({name: key} if name != key else {})
        entries[name] = _put_in(point, item, (*path, key), problems)
    return entries


def filled(text: str, variables: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    """A text with its placeholders filled, and for each unknown one the cause and the remedy.

    A text that is one placeholder and nothing else takes the value itself.
    """
    unknown: list[tuple[str, str]] = []

    def value_of(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        if match[1] not in variables:
            remedy = nearest_or_all(match[1], variables) + "; write {{ for a brace"
            unknown.append((f"{match[0]} is no variable of the matrix", remedy))
            return match[0]
        value = variables[match[1]]
        return str(value).lower() if isinstance(value, bool) else str(value)

    whole = PLACEHOLDER.fullmatch(text)
    if whole and whole[1] in variables:
        return variables[whole[1]], unknown
    return (PLACEHOLDER.sub(value_of, text) if "{" in text else text), unknown


def sized(point: Point, problems: list[Problem]) -> list[Any]:
    """The inputs of a point with numbers for the variables in their shapes and sizes."""
    found = []
    for i, spec in enumerate(point.data.get("inputs", ())):
        shape = _numbers(point, spec["shape"], ("inputs", i, "shape"), problems)
        steps = []
        for j, step in enumerate(spec.get("preprocess", [])):
            path = ("inputs", i, "preprocess", j)
            sizes = {
                name: _numbers(point, step[name], (*path, name), problems)
                for name in SIZED_OPERATIONS
                if name in step
            }
            steps.append({**step, **sizes})
        preprocess = {"preprocess": steps} if "preprocess" in spec else {}
        found.append({**spec, "shape": shape, **preprocess})
    return found


def _numbers(point: Point, sizes: Any, path: Path, problems: list[Problem]) -> list[Any]:
    numbers = []
    for i, size in enumerate(sizes):
        value = point.variables.get(size, size) if isinstance(size, str) else size
        place = point.written_path((*path, i))
        if isinstance(value, str) and value == size:
            cause = f"{shown(size)} is no variable of the matrix"
            problems.append(Problem(place, cause, nearest_or_all(size, point.variables)))
        elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
            cause = f"{shown(size)} is {shown(value)}, not a whole number of at least 1"
            problems.append(Problem(place, cause))
        numbers.append(value)
    return numbers
