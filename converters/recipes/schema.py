"""models/schema.yaml at work: what it finds wrong, said for people, and the defaults it gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path as File
from typing import Any

from converters.errors import ZooError
from converters.recipes.document import read_document, written_as
from converters.recipes.problems import Path, Problem, listed, nearest, nearest_or_all, shown

SCHEMA_FILE = File(__file__).resolve().parents[2] / "models" / "schema.yaml"

Schema = Mapping[str, Any]

NAMES_OF_TYPES: Mapping[str, str] = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}
ELSEWHERE_A_NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+|[-+]?[0-9][0-9_]*|0b[01_]+")
"""Texts that YAML 1.1 reads as numbers."""


@cache
def written_schema() -> Schema:
    """The schema as it is written, with its references."""
    document = read_document(SCHEMA_FILE)
    if document.problems:
        raise ZooError(document.problems[0].sentence(SCHEMA_FILE), subject="the recipe's schema")
    data: Schema = document.data
    return data


@cache
def schema(name: str = "") -> Schema:
    """The schema of recipes, or of a definition in it, with every reference written out."""
    whole = written_schema()
    part = whole["$defs"][name] if name else {k: v for k, v in whole.items() if k != "$defs"}
    resolved: Schema = _inlined(part, whole["$defs"])
    return resolved


def _inlined(node: Any, definitions: Schema) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    own = {key: _inlined(value, definitions) for key, value in node.items() if key != "$ref"}
    if "$ref" not in node:
        return own
    target = definitions[node["$ref"].removeprefix("#/$defs/")]
    return {**_inlined(target, definitions), **own}


def closed_list(*path: str) -> tuple[str, ...]:
    """The values of a field that admits only some: `closed_list("evaluation", "metric")`."""
    node: Any = schema()
    for step in path:
        node = node["properties"][step]
    return tuple(node.get("items", node)["enum"])


# What is wrong ------------------------------------------------------------------------------------


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema(name))


def problems_of(data: Any, definition: str = "") -> Iterator[Problem]:
    """What the schema finds wrong with data."""
    for error in _validator(definition).iter_errors(data):
        yield from SAYINGS.get(error.validator, _as_jsonschema_says)(error, tuple(error.path))


def _unknown_keys(error: Any, path: Path) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    for key in error.instance:
        if key not in known:
            yield Problem((*path, key), "unknown field", nearest_or_all(key, known))


def _missing(error: Any, path: Path) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance:
            field = error.schema.get("properties", {}).get(key, {})
            example = f", such as {shown(field['examples'][0])}" if field.get("examples") else ""
            yield Problem((*path, key), "is required and missing", f"add {key}{example}")


def _not_of_list(error: Any, path: Path) -> Iterator[Problem]:
    known = error.validator_value
    cause = f"{shown(error.instance)} is not one of {listed(known)}"
    yield Problem(path, cause, nearest(error.instance, known))


def _not_the_value(error: Any, path: Path) -> Iterator[Problem]:
    yield Problem(path, f"must be {error.validator_value}, not {shown(error.instance)}")


def _wrong_type(error: Any, path: Path) -> Iterator[Problem]:
    types = error.validator_value
    wanted = [types] if isinstance(types, str) else types
    names = " or ".join(NAMES_OF_TYPES[name] for name in wanted)
    remedy = _remedy_of_type(error.instance, wanted)
    yield Problem(path, f"must be {names}, not {written_as(error.instance)}", remedy)


def _remedy_of_type(value: Any, wanted: list[str]) -> str:
    if "string" in wanted and isinstance(value, bool | int | float):
        return "put it in quotes"
    is_number = {"number", "integer"} & set(wanted)
    if is_number and isinstance(value, str) and ELSEWHERE_A_NUMBER.fullmatch(value):
        return "YAML 1.2 reads it as a text: write a plain decimal number"
    return "give it a value, or leave the field out" if value is None else ""


def _wrong_form(error: Any, path: Path) -> Iterator[Problem]:
    says = error.schema.get("patternErrorMessage", f"must match {error.validator_value}")
    is_key = tuple(error.absolute_schema_path)[-2:-1] == ("propertyNames",)
    place = (*path, error.instance) if is_key else path
    yield Problem(place, f"{shown(error.instance)} {says}")


def _out_of_range(error: Any, path: Path) -> Iterator[Problem]:
    side = "at least" if error.validator == "minimum" else "at most"
    yield Problem(path, f"must be {side} {error.validator_value}, not {shown(error.instance)}")


def _wrong_length(error: Any, path: Path) -> Iterator[Problem]:
    side = "at least" if error.validator.startswith("min") else "at most"
    count = error.validator_value
    bounds = {error.schema.get(name) for name in PAIRED[error.validator]}
    side = "exactly" if len(bounds) == 1 else side
    noun = NOUNS[error.validator[3:]] + ("s" if count != 1 else "")
    if side == "at least" and count == 1:
        yield Problem(path, "must not be empty")
        return
    yield Problem(path, f"must have {side} {count} {noun}, not {shown(error.instance)}")


PAIRED: Mapping[str, tuple[str, str]] = {
    f"{side}{what}": (f"min{what}", f"max{what}")
    for side in ("min", "max")
    for what in ("Items", "Length", "Properties")
}
NOUNS: Mapping[str, str] = {"Items": "value", "Length": "character", "Properties": "key"}


def _repeated(error: Any, path: Path) -> Iterator[Problem]:
    values = error.instance
    twice = listed(dict.fromkeys(shown(v) for i, v in enumerate(values) if v in values[:i]))
    yield Problem(path, f"{twice} stands twice", "name each once")


def _as_jsonschema_says(error: Any, path: Path) -> Iterator[Problem]:
    yield Problem(path, str(error.message))


SAYINGS: Mapping[str, Callable[[Any, Path], Iterable[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing,
    "enum": _not_of_list,
    "const": _not_the_value,
    "type": _wrong_type,
    "pattern": _wrong_form,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    **dict.fromkeys(PAIRED, _wrong_length),
    "uniqueItems": _repeated,
}
"""How each keyword of JSON Schema is explained."""


# Defaults -----------------------------------------------------------------------------------------


def with_defaults(value: Any, part: Schema | None = None) -> Any:
    """Sound data with every absent field that has a default filled in, at every depth."""
    part = schema() if part is None else part
    if isinstance(value, list) and "items" in part:
        return [with_defaults(item, part["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    properties = fields_of(part, value)
    others = part.get("additionalProperties")
    rest = others if isinstance(others, dict) else {}
    filled = {key: with_defaults(item, properties.get(key, rest)) for key, item in value.items()}
    for key, field in properties.items():
        if key not in filled and "default" in field:
            filled[key] = with_defaults(deepcopy(field["default"]), field)
    return filled


def fields_of(part: Schema, value: Mapping[str, Any]) -> Schema:
    """The fields of a mapping, with those of its kind."""
    found = dict(part.get("properties", {}))
    for branch in part.get("allOf", ()):
        ((key, condition),) = branch["if"]["properties"].items()
        if value.get(key) == condition["const"]:
            found = {**branch["then"]["properties"], **found}
    return found
