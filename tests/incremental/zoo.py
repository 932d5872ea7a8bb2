"""A zoo of one small recipe, with its own copy of the converters, built once and then changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
RECIPE = ROOT / "tests" / "workflow" / "mixed" / "models" / "good"
CODE = ("converters", "rules", "profiles", "Snakefile", "config.yaml", "models/schema.yaml")

WEIGHTS = (
    "import torch, network, safetensors.torch as s; torch.manual_seed(0);"
    "s.save_file(network.Tiny(4).state_dict(), 'weights.safetensors')"
)

LISTS_MODULES = """
import atexit, json, os, sys

def written():
    names = sorted(name for name in sys.modules if name.split(".")[0] == "converters")
    with open(os.path.join("loaded", f"{os.getpid()}.json"), "w") as file:
        json.dump([sys.argv, names], file)

if os.path.isdir("loaded"):
    atexit.register(written)
"""
"""A sitecustomize.py: every process in a folder that has `loaded/` leaves what it imported."""


class Done(NamedTuple):
    """What a build did, stage by stage, and how it ended."""

    ran: set[str]
    restored: set[str]
    code: int
    output: str


class Zoo(NamedTuple):
    """A folder with recipes, results, a store, and the code that builds them."""

    folder: Path
    settings: Mapping[str, str] = MappingProxyType({})

    @property
    def recipe(self) -> Path:
        """The one recipe."""
        return self.folder / "models" / "good" / "recipe.yaml"

    def path(self, name: str) -> Path:
        """A file below the folder; `results/good/16x16` is written as `@`."""
        return self.folder / name.replace("@", "results/good/16x16")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a piece of text that must be there."""
        path = self.path(name)
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new))

    def snakemake(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the workflow in the folder."""
        environment = {**os.environ, "ZOO_WORKERS": "0", **self.settings}
        for name in ("ZOO_MIRRORS", *(() if "ZOO_CACHE" in self.settings else ("ZOO_CACHE",))):
            environment.pop(name, None)
        command = [str(Path(sys.executable).parent / "snakemake"), "--cores", "2", *options]
        return subprocess.run(
            command, cwd=self.folder, env=environment, text=True, capture_output=True, timeout=900
        )

    def build(self, *options: str) -> Done:
        """Build everything; tell what ran and what was restored."""
        journal = self.folder / "logs" / "journal.jsonl"
        journal.unlink(missing_ok=True)
        done = self.snakemake("all", *options)
        lines = journal.read_text().splitlines() if journal.is_file() else []
        found: dict[str, set[str]] = {"ran": set(), "restored": set(), "failed": set()}
        for line in lines:
            _time, (stage, model, _variant, what), how, *_ = json.loads(line)
            name = f"{stage}-{what}" if what else stage
            found[how].add(name if model == "good" else f"{model}: {name}")
        return Done(found["ran"], found["restored"], done.returncode, done.stdout + done.stderr)

    def copy(self, folder: Path) -> Zoo:
        """The same in another folder, times and all."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Zoo(folder)


def new_zoo(folder: Path) -> Zoo:
    """A zoo that nothing was built in yet."""
    (folder / "models").mkdir(parents=True)
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "sitecustomize.py").write_text(LISTS_MODULES)
    model = folder / "models" / "good"
    shutil.copytree(RECIPE, model, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-c", WEIGHTS], cwd=model, check=True)
    shutil.rmtree(model / "__pycache__", ignore_errors=True)
    return Zoo(folder)
