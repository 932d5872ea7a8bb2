"""Checks on the sources of a recipe and on how the model is built from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from converters.recipes.checks.case import Case
from converters.recipes.problems import Path, Problem, nearest_or_all, shown
from converters.recipes.references import is_shared

SAFE_KEY = re.compile(r"[A-Za-z0-9_-]+")

OF_FILES = ("weights", "model", "prototxt", "caffemodel")
"""Fields of `load` that name a source, or a file in it."""

OF_LISTS = ("path", "variables")
"""Fields of `load` that may name several."""


def keys_are_safe(case: Case) -> Iterator[Problem]:
    """A key names a folder: with its placeholders filled it must still be plain."""
    for key in case.recipe["sources"]:
        if not SAFE_KEY.fullmatch(key):
            cause = f"the key is {shown(key)}"
            yield Problem(("sources", key), cause, "keys are letters, digits, `_` and `-`")


def load_names_sources(case: Case) -> Iterator[Problem]:
    """What is loaded is downloaded, and names a file where a source holds many."""
    load, sources = case.recipe["load"], case.recipe["sources"]
    for name in OF_FILES:
        if name not in load:
            continue
        yield from unknown_source(("load", name), load[name], sources)
        kind = sources.get(load[name].split("/")[0], {}).get("kind")
        if kind == "git" and "/" not in load[name].rstrip("/"):
            cause = f"{shown(load[name])} is a whole repository"
            yield Problem(("load", name), cause, f"name the file: {load[name]}/<path in it>")
    if isinstance(load.get("path"), str):
        yield from unknown_source(("load", "path"), load["path"], sources)
        return
    for name in OF_LISTS:
        for i, path in enumerate(load.get(name, [])):
            yield from unknown_source(("load", name, i), path, sources)


def unknown_source(path: Path, reference: str, sources: Mapping[str, Any]) -> Iterator[Problem]:
    """Why a reference `<key>/<path below it>` leads nowhere."""
    key = reference.split("/")[0]
    if key not in sources and not is_shared(key):
        yield Problem(path, f"{shown(key)} is no source", nearest_or_all(key, sources))


RUNNING = (
    "builtins", "code", "codecs", "ctypes", "importlib", "nt", "os", "pdb", "pickle", "platform",
    "posix", "pty", "runpy", "shutil", "socket", "subprocess", "sys", "timeit", "webbrowser",
)  # fmt: skip
"""Modules whose functions run whatever they are told to: no pickle of weights needs them."""


def pickles_are_harmless(case: Case) -> Iterator[Problem]:
    """What a pickle may call makes values; it does not run commands."""
    for i, name in enumerate(case.recipe["load"].get("allow_pickle_of", ())):
        if name.split(".")[0] in RUNNING:
            cause = f"{shown(name)} runs whatever it is told to"
            remedy = "leave it out; store the weights as .safetensors once, where that does no harm"
            yield Problem(("load", "allow_pickle_of", i), cause, remedy)


def network_is_found(case: Case) -> Iterator[Problem]:
    """PyTorch code lies in the model's folder, or is a module of a source: one of both."""
    load = case.recipe["load"]
    if load["framework"] != "pytorch":
        return
    if ("file" in load) == ("module" in load):
        cause = "has both file and module" if "file" in load else "has neither file nor module"
        remedy = "file names code in the model's folder, module code in a source"
        yield Problem(("load",), cause, remedy)
    if "module" in load and "path" not in load:
        yield Problem(("load", "module"), "needs path", "add path: [<source key>]")
    if "path" in load and "module" not in load:
        yield Problem(("load", "path"), "is for module alone", "remove it")
    if "model_folder" in load and "file" not in load:
        yield Problem(("load", "model_folder"), "is for file alone", "remove it")
    for name in ("state_dict", "strip_prefix"):
        if load[name] and "weights" not in load:
            yield Problem(("load", name), "needs weights", "add weights: <source key>")
