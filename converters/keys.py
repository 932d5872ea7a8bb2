"""Stage keys: one digest of everything, besides its input files, that decides a stage's result.

The recipe fields that the stage reads, the source of our own modules behind it (comments and
docstrings apart), the versions of the packages it uses, and the files of the model's folder.
A job's trace is held against the key, so a changed converter or recipe rebuilds what depends on
it and nothing else. Nothing here imports what a stage imports.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import importlib.metadata
import io
import json
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from converters import edgetpu_command, surroundings
from converters.companions import companions
from converters.contents import file_digest
from converters.jobs import Job
from converters.recipes import Recipe, Source, Variant, stage_slice
from converters.recipes.shared import DataSet
from converters.recipes.slices import draws
from converters.targets.makers import MAKERS
from converters.targets.table import TARGETS

ROOT = Path(__file__).resolve().parent.parent

ENTRIES = {
    "download": "converters.download.__main__",
    "export": "converters.export.__main__",
    "surgery": "converters.surgery.__main__",
    "simplify": "converters.simplify",
    "mo": "converters.mo.__main__",
    "tf": "converters.tf",
    "quantize": "converters.quantize.__main__",
    "formats": "converters.formats",
    "lint": "converters.lint.__main__",
    "layers": "converters.verify.layers",
    "edgetpu": "converters.edgetpu",
    "reference": "converters.verify.reference",
    "verify": "converters.verify.__main__",
    "pictures": "converters.verify.pictures",
    "report": "converters.report",
    "package": "converters.package",
    "target": "converters.targets.__main__",
    "target_report": "converters.report",
}
"""The module that each stage runs."""

MEASURING = ("tensorflow", "tflite-runtime", "numpy", "pillow", "scikit-image", "scikit-learn")

PACKAGES: dict[str, tuple[str, ...]] = {
    "export": ("torch", "onnx", "onnxscript", "safetensors"),
    "surgery": ("onnx", "onnxruntime", "numpy"),
    "simplify": ("onnx", "onnxsim", "onnxruntime"),
    "mo": ("openvino", "openvino-dev", "tensorflow", "keras", "onnx", "ai-edge-litert"),
    "tf": ("tensorflow", "openvino", "scipy", "numpy"),
    "quantize": ("tensorflow", "numpy", "pillow", "tflite-runtime", "ai-edge-litert"),
    "formats": ("tensorflow", "keras", "h5py", "numpy"),
    "reference": ("torch", "onnxruntime", *MEASURING),
    "verify": ("keras", "openvino", *MEASURING),
    "lint": ("tflite-runtime", "numpy", "pillow"),
    "layers": ("tflite-runtime", "numpy", "matplotlib"),
    "edgetpu": ("edgetpu_compiler",),
    "pictures": ("pillow", "numpy"),
    "target": ("numpy", "pillow", "openvino", "onnx", "onnxruntime", "tensorflow", "torch"),
}
"""The packages and tools whose version can change what a stage makes."""

TOOLS = ("edgetpu_compiler", "nvidia-smi", "trtexec", "node")
"""Those that are commands and no Python packages."""

SAMPLINGS = {
    "quantize": ("calibration",),
    "lint": ("calibration", "verification", "evaluation"),
    "reference": ("verification", "evaluation"),
    "verify": ("verification", "evaluation"),
    "target": ("calibration",),
}
"""Which samplings of a recipe each stage draws from."""

PINNED = ("kind", "sha256", "commit", "filename", "unpack")
"""What of a source decides the content: where it is fetched from does not."""

LATE_IMPORTERS = ("pkgutil", "importlib")
"""A package whose __init__ uses these may import any of its own modules."""

RUNS_THE_NETWORK = ("export", "reference")
"""Stages that run the network code of a model's folder."""


def key_parts(variant: Variant, folder: Path, stage: str, what: str = "") -> dict[str, Any]:
    """What a stage's key is made of, by name: what `why` compares; `digest` of it is the key."""
    return {
        "stage": [stage, what, folder.name, variant.name],
        "recipe": _as_json(stage_slice(variant, stage, what)),
        "code": code_behind(stage, what),
        "command": command_of(stage),
        "packages": {
            **{name: _version(name) for name in ("python", *PACKAGES.get(stage, ()))},
            **surroundings.of_target(what, _version),
            **surroundings.of_source(variant, stage in RUNS_THE_NETWORK),
        },
        "files": {
            str(path): _content_digest(folder / path) for path in local_files(variant, stage, what)
        },
    }


def source_parts(source: Source, folder: Path) -> dict[str, Any]:
    """What the key of a download is made of: what is fetched, not where from, nor for which recipe;
    the content, for a local file.
    """
    wanted = {name: getattr(source, name) for name in PINNED}
    local = {"source": _file_digest(folder / source.path)} if source.kind == "file" else {}
    return {
        "stage": ["download"],
        "recipe": wanted,
        "code": code_of(ENTRIES["download"]),
        "command": command_of("download"),
        "packages": {"python": _version("python")},
        "files": local,
    }


def parts_of(job: Job, recipe: Recipe | DataSet) -> dict[str, Any]:
    """What the key of a job is made of; a data set has downloads alone."""
    if job.stage == "download" or isinstance(recipe, DataSet):
        return source_parts(recipe.source(job.what), recipe.folder)
    return key_parts(recipe.variant(job.variant), recipe.folder, job.stage, job.what)


def local_files(variant: Variant, stage: str, what: str = "") -> list[Path]:
    """The files and folders of the model's folder that a stage reads, relative to it, sorted."""
    wanted = SAMPLINGS.get(stage, ()) if _draws(stage, what) else ()
    samplings = [getattr(variant, name) for name in wanted]
    data = [variant.data[sampling.data] for sampling in samplings if sampling is not None]
    files = [options[field] for options in data for field in ("file", "folder") if field in options]
    is_network = stage == "target" and what in TARGETS and TARGETS[what].origin == "network"
    if stage in RUNS_THE_NETWORK or is_network:
        files.append(_network_file(variant))
    if stage == "surgery":
        files += surgery_files(variant)
    return sorted({Path(file) for file in files if file})


def surgery_files(variant: Variant) -> list[str]:
    """The files of the model's folder that operations of surgery read."""
    options = [value for step in variant.surgery for value in step.values()]
    tables = [each for each in options if isinstance(each, Mapping)]
    tables += [each["priors"] for each in tables if "priors" in each]
    return [str(each["file"]) for each in tables if each.get("file")]


def _draws(stage: str, what: str) -> bool:
    """Whether a job draws samples: of quantize and of targets not every one does."""
    if stage == "target" and what in TARGETS:
        return TARGETS[what].draws
    return stage != "quantize" or draws(what)


def _network_file(variant: Variant) -> str | None:
    file = variant.load.get("file")
    other = variant.load.get("model_folder")
    return f"../{other}/{file}" if file and other else file


def code_behind(stage: str, what: str = "") -> dict[str, str]:
    """Of a target, its maker too; what verifies further targets, of these alone."""
    if stage == "target" and what in TARGETS:
        maker = f"converters.targets.{MAKERS[TARGETS[what].maker].module}"
        return {**code_of(ENTRIES[stage]), **code_of(maker)}
    return code_of(ENTRIES[stage], "" if what in TARGETS else FURTHER)


FURTHER = "converters.verify.further"
"""The module through which verify reaches all that only further targets need."""


@cache
def code_of(entry: str, but: str = "") -> dict[str, str]:
    """A short digest for a module and for each of our modules it imports, however indirectly.

    What only the module `but` leads to is left out.
    """
    return {name: _meaning(name) for name in sorted(_closure(entry, but))}


def edited_since(moment: float, parts: Mapping[str, Any], folder: Path, *data_sets: Path) -> bool:
    """Whether a module that a key covers, a file of the model's folder, or one of some data sets
    was written after a moment (seconds since the epoch): the stage may have read another than the
    key says.
    """
    modules = [_path(name) for name in parts["code"]]
    files = [*data_sets, *(folder / name for name in parts["files"])]
    files += (path for path in folder.rglob("*") if path.parent.name != "__pycache__")
    files = [path for path in files if path.is_file()]
    return any(path is None or path.stat().st_mtime > moment for path in [*modules, *files])


@cache
def command_of(rule: str) -> str:
    """The shell command of a rule, as rules/*.smk has it: what else the rule says is no matter."""
    for path in sorted((ROOT / "rules").glob("*.smk")):
        for name, text in shell_commands(path.read_text(encoding="utf-8")):
            if name == rule:
                return text
    return ""


def shell_commands(text: str) -> Iterator[tuple[str, str]]:
    """The name and the shell command of every rule in a .smk file."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    rule = ""
    for i, token in enumerate(tokens[:-1]):
        if token.type == tokenize.NAME and token.string == "rule":
            rule = tokens[i + 1].string
        if token.type == tokenize.NAME and token.string == "shell":
            yield rule, "".join(_strings(tokens[i + 2 :]))


def _strings(tokens: Iterable[tokenize.TokenInfo]) -> Iterator[str]:
    """The string literals that stand in a row, between nothing but line ends and indentation."""
    blank = (tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.COMMENT)
    for token in tokens:
        if token.type == tokenize.STRING:
            yield str(ast.literal_eval(token.string))
        elif token.type not in blank:
            return


def _closure(entry: str, but: str = "") -> set[str]:
    found: set[str] = {but} if but else set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found and _path(name) is not None:
            found.add(name)
            waiting.extend(_imports(name))
    return found - {but}


@cache
def _imports(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_imported_by(name)))


def _imported_by(name: str) -> Iterator[str]:
    """The names of our modules that a module imports, its packages, and what it may load late."""
    parts = name.split(".")
    yield from (".".join(parts[:i]) for i in range(1, len(parts)))
    for node in ast.walk(_tree(name)):
        named = list(_named(name, node))
        yield from named
        if any(imported.split(".")[0] in LATE_IMPORTERS for imported in named):
            yield from _siblings(name)


def _named(name: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(name, node)
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def _siblings(name: str) -> Iterator[str]:
    """Every module of a package that imports its own modules by name at run time."""
    path = _path(name)
    if path is not None and path.name == "__init__.py":
        yield from (f"{name}.{module.stem}" for module in sorted(path.parent.glob("*.py")))


def _absolute(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    path = _path(name)
    is_package = path is not None and path.name == "__init__.py"
    parts = name.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


@cache
def _path(name: str) -> Path | None:
    """The file of one of our modules; None for anybody else's."""
    if name.split(".")[0] != "converters":
        return None
    stem = ROOT.joinpath(*name.split("."))
    candidates = (stem.with_suffix(".py"), stem / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _tree(name: str) -> ast.Module:
    path = _path(name)
    return ast.parse(path.read_bytes()) if path else ast.Module([], [])


@cache
def _meaning(name: str) -> str:
    """Of a module's code, and of the files beside which it works."""
    tree = _tree(name)
    told = [_undocumented(tree), *map(_file_digest, companions(tree, ROOT / "converters"))]
    return told[0] if len(told) == 1 else hashlib.sha256("".join(told).encode()).hexdigest()[:16]


def _undocumented(tree: ast.Module) -> str:
    """Of a syntax tree without docstrings: what the code does, not how it is explained."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, documented):
            node.body = list(_without_docstrings(node.body))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _without_docstrings(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_text:
            yield statement


@cache
def _version(package: str) -> str:
    if package == "python":
        return ".".join(map(str, sys.version_info[:2]))
    if package in TOOLS:
        return _tool_version(package)
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _tool_version(tool: str) -> str:
    """What a command calls itself; absent, and so another key, where it is not installed."""
    command = edgetpu_command.compiler() if tool == edgetpu_command.COMPILER else [tool]
    if command is None or shutil.which(command[0]) is None:
        return "absent"
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    return " ".join(told.stdout.split()) or "unknown"


def _content_digest(path: Path) -> str:
    """Of a file; of a folder, the digests of all files below it."""
    if not path.is_dir():
        return _file_digest(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return digest({str(file.relative_to(path)): _file_digest(file) for file in files})


@cache
def _file_digest(path: Path) -> str:
    """Of Python, the digest of what it does; of anything else, of its bytes."""
    if path.suffix == ".py" and path.is_file():
        with contextlib.suppress(SyntaxError):
            return _undocumented(ast.parse(path.read_bytes()))
    return file_digest(path)


def _as_json(data: Any) -> Any:
    """As it will be read back: what tuples and paths become in JSON."""
    return json.loads(json.dumps(data, sort_keys=True, default=str))


def digest(*parts: Any) -> str:
    """64 hex digits for data that JSON can hold; the order of keys does not count."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
