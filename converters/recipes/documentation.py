"""docs/recipe.md from models/schema.yaml: every field with its meaning, default and examples.

`python -m converters.recipes.documentation` writes it; a test holds it to the schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from converters.recipes.schema import NAMES_OF_TYPES, SCHEMA_FILE, Schema, schema

TARGET = SCHEMA_FILE.parents[1] / "docs" / "recipe.md"

SMALLEST = """\
schema: 1
id: tiny
name: A small network
task: regression
license: {spdx: MIT}
sources:
  network: {kind: file, path: network.onnx}
load: {framework: onnx, model: network}
inputs:
  - {name: x, shape: [1, 4]}
data:
  noise: {kind: random}
verification: {data: noise}
"""
"""A recipe that leaves everything to the defaults."""

BEFORE = """\
# The recipe

Made from `models/schema.yaml` by `python -m converters.recipes.documentation`: edit that file.

A model of the zoo is a folder `models/<id>/` with a file `recipe.yaml`. The smallest recipe:

```yaml
{smallest}```

| Command | |
|---|---|
| `python -m converters.check [MODEL ...]` | says all that is wrong, with file, line and remedy |
| `python -m converters.lock [MODEL ...]` | resolves open checksums and commits into `recipe.lock` |

An editor with a YAML language server checks and completes while you type, if the first line is
`# yaml-language-server: $schema=../schema.yaml`.

**How the file is read.** It is YAML 1.2, strictly: `1e-4` is a number, `3:20` and `320x320` are
texts. Refused, with what to write instead: bare `yes`, `no`, `on`, `off`; numbers with leading
zeros; keys that stand twice; unknown fields; tags, merge keys and control characters; files of
more than 1 MB.

**recipe.lock** holds, per source, what the recipe leaves open: `sha256` and `size` of a file,
`commit` of a repository, and `from`, the place they were resolved from. It belongs in the
repository. Nothing is downloaded that neither file pins. A lock that contradicts its recipe is an
error; `--update` resolves anew what has an entry already.

A path is `/`-parted, below the model's folder, without `..`. A reference to a source is its key,
or `<key>/<path below it>`.
"""

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "license": ("license",),
    "sources": ("sources", "*"),
    "load": ("load",),
    "inputs[]": ("inputs", "*"),
    "inputs[].preprocess[]": ("inputs", "*", "preprocess", "*"),
    "outputs[]": ("outputs", "*"),
    "matrix": ("matrix",),
    "matrix.overrides[]": ("matrix", "overrides", "*"),
    "export": ("export",),
    "surgery[]": ("surgery", "*"),
    **{
        f"surgery[].{name}": ("surgery", "*", name)
        for name in (
            "extract",
            "rename",
            "set_attribute",
            "replace_constant",
            "merge",
            "normalise",
            "softmax",
            "argmax",
            "decode_yolo",
            "decode_ssd",
            "nms",
            "script",
        )
    },
    "simplify": ("simplify",),
    "ir": ("ir",),
    "tf": ("tf",),
    "tf.overrides[]": ("tf", "overrides", "*"),
    "tf.overrides[].constant": ("tf", "overrides", "*", "constant"),
    "tf.overrides[].replace": ("tf", "overrides", "*", "replace"),
    "tf.overrides[].insert": ("tf", "overrides", "*", "insert"),
    "quantize": ("quantize",),
    "edgetpu": ("edgetpu",),
    "data": ("data", "*"),
    "calibration": ("calibration",),
    "verification": ("verification",),
    "evaluation": ("evaluation",),
    "limits": ("limits", "float32"),
    "data set": ("data_set",),
}
"""Title -> where its fields stand; `*` is any entry."""

DEFINITIONS = ("data_set",)
"""Files of their own, described by a definition in the schema."""

TITLES: Mapping[str, str] = {
    "sources": "sources.&lt;key&gt;",
    "data": "data.&lt;name&gt;",
    "limits": "limits.&lt;artefact&gt;",
    "data set": "A data set: data/&lt;id&gt;.yaml",
}


def document() -> str:
    """The whole page."""
    parts = [BEFORE.format(smallest=SMALLEST), "## Top level\n", *_table(schema())]
    for title, path in SECTIONS.items():
        parts += ["", f"## {TITLES.get(title, title)}\n", *_section(path)]
    return "\n".join(parts) + "\n"


def part_at(path: tuple[str, ...]) -> Schema:
    """The schema at a place."""
    is_elsewhere = path[0] in DEFINITIONS
    node: Any = schema(path[0] if is_elsewhere else "")
    for step in path[is_elsewhere:]:
        if step == "*":
            node = node["items"] if "items" in node else node["additionalProperties"]
        else:
            node = node["properties"][step]
    return dict(node)


def _section(path: tuple[str, ...]) -> Iterator[str]:
    part = part_at(path)
    outer = part if path[-1] != "*" else part_at(path[:-1])
    if path[0] == "limits":
        outer = part_at(path[:-1])
    yield f"{outer['description']}\n"
    yield from _table(part)
    for branch in part.get("allOf", ()):
        ((key, condition),) = branch["if"]["properties"].items()
        kind = branch["then"]
        yield f"\n### {key}: {condition['const']}\n"
        yield f"{kind['description']}\n"
        yield from _table(kind) if len(kind["properties"]) > 1 else ()


def _table(part: Schema) -> Iterator[str]:
    yield "| Field | Value | Meaning | Default | Example |"
    yield "|---|---|---|---|---|"
    for name, field in part.get("properties", {}).items():
        if field:
            yield _row(name, field, name in part.get("required", ()))


def _row(name: str, field: Schema, is_required: bool) -> str:
    default = _code(field["default"]) if "default" in field else ""
    cells = (
        f"`{name}`",
        _kind(field),
        field.get("description", ""),
        "**required**" if is_required else default,
        "<br>".join(_code(example) for example in field.get("examples", ())),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _kind(field: Schema) -> str:
    """What may stand there, in words or as the closed list."""
    if "const" in field:
        return _code(field["const"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    types = field.get("type", [])
    names = [NAMES_OF_TYPES[name] for name in ([types] if isinstance(types, str) else types)]
    return " or ".join(names)


def _code(value: Any) -> str:
    """A value as a recipe writes it in one line."""
    return f"`{_flow(value)}`"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and value and not set(value) & set("{}[]:,#&*!|>'\"%@`"):
        return value
    return json.dumps(value)


def main() -> int:
    """Write the page."""
    TARGET.write_text(document(), encoding="utf-8")
    print(TARGET)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
