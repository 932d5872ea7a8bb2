"""What the Snakefile asks: which targets there are, and what each stage of a variant reads.

Recipes are read once per run, and only those that a target needs; every question is a look-up.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from converters import edgetpu_command, keys, memory, sandbox
from converters.errors import RecipeError
from converters.freshness import Freshness
from converters.hold import hold_folder, plan_anew
from converters.job import PLANNED
from converters.jobs import (
    DRAWN,
    FORMATS,
    MAKERS,
    MEASURED,
    Job,
    data_sources,
    layered_artifacts,
    load_sources,
    surgery_sources,
    upstream,
    verified_artifacts,
)
from converters.losses import Losses
from converters.quantize.promises import PROMISED, promised
from converters.recipes import Recipe, Variant, load_owner, load_recipe, recipe_folders
from converters.recipes.problems import nearest
from converters.recipes.references import downloaded, is_shared
from converters.recipes.shared import DataSet
from converters.recipes.slices import EXPORTED, draws
from converters.stage import ALL_VARIANTS
from converters.store import VARIABLE
from converters.targets.table import TARGETS
from converters.workers import build_id

FORWARDED = (edgetpu_command.VARIABLE,)
"""Variables that jobs need also where they run on another machine."""

Wildcards = Any
"""Snakemake's wildcards: attributes model, variant, and what else a rule's output names."""

ARTIFACT_PATHS = {
    "saved_model": "saved_model",
    "ir": "ir/model.xml",
    **{name: name for name in FORMATS},
    **{name: name for name in TARGETS},
}
"""Where an artefact lies below its variant's folder, if not at `<artefact>.tflite`."""

WHAT = {
    "download": "key",
    "quantize": "kind",
    "formats": "format",
    "target": "target",
    "layers": "kind",
    "verify": "artifact",
}
"""The wildcard that tells apart the jobs of a stage, where there are several."""


class Plan:
    """All recipes of a zoo, and the files that building them makes."""

    def __init__(self, models: Path, ids: Iterable[str]) -> None:
        self.models = models
        self.ids = tuple(sorted(ids))
        self._read: dict[str, Recipe | RecipeError] = {}
        self.mirrors: tuple[str, ...] = ()
        self.runtimes = list(PROMISED)
        self.cache, self.cache_size = "", "20 GB"
        self.released = ""
        self.sandbox: Mapping[str, str] = {}
        self.freshness = Freshness(self.parts_of, self.upstream_of)
        self.began = time.time()
        self._parts: dict[Job, Mapping[str, Any]] = {}
        self._held: TextIO | None = None

    @classmethod
    def load(cls, config: Mapping[str, Any]) -> Plan:
        """The recipes that the configuration selects; each is read when it is first asked for."""
        models = Path(config.get("models", "models"))
        ids = {folder.name for folder in recipe_folders(models)}
        wanted = set(config.get("select") or ids)
        if wanted - ids:
            raise RecipeError(
                f"no recipe {', '.join(sorted(wanted - ids))} in {models}/",
                subject="config.yaml: select",
                remedy=f"choose among: {', '.join(sorted(ids))}",
            )
        plan = cls(models, wanted)
        plan.mirrors = tuple(config.get("mirrors") or ())
        edgetpu_command.adopt(config)
        plan.runtimes = promised(config.get("runtimes", PROMISED))
        plan.cache = str(config.get("cache") or "")
        plan.released = str((config.get("release") or {}).get("models") or "")
        plan.cache_size = str(config.get("cache_size") or plan.cache_size)
        plan.sandbox = sandbox.settings(config, os.environ)
        return plan

    # What there is to build -----------------------------------------------------------------

    @property
    def recipes(self) -> dict[str, Recipe]:
        """All sound recipes by their ids: reads those that have not been read yet."""
        found = {model: self._known(model) for model in self.ids}
        return {model: each for model, each in found.items() if isinstance(each, Recipe)}

    @property
    def problems(self) -> dict[str, RecipeError]:
        """What is wrong with each of the others; a bad recipe never hides the sound ones."""
        found = {model: self._known(model) for model in self.ids}
        return {model: each for model, each in found.items() if isinstance(each, RecipeError)}

    def _known(self, model: str) -> Recipe | RecipeError:
        if model not in self._read:
            try:
                self._read[model] = load_recipe(self.models / model)
            except RecipeError as error:
                self._read[model] = error
        return self._read[model]

    def all_packages(self, _wildcards: Wildcards) -> list[str]:
        """What the target `all` comes to."""
        return self._packages(lambda _recipe: True)

    def embedded_packages(self, _wildcards: Wildcards) -> list[str]:
        """What the default target comes to."""
        return self._packages(is_embedded)

    def released_packages(self, wildcards: Wildcards) -> list[str]:
        """What a release is made of: `release.models` of the configuration, else what is in reach.

        Without a mirror that is the embedded models; all the others are listed as not built.
        """
        in_reach = "all" if self.mirrors or os.environ.get("ZOO_MIRRORS") else "embedded"
        wanted = {"all": self.all_packages, "embedded": self.embedded_packages}
        if self.released and self.released not in wanted:
            raise RecipeError(
                f"{self.released} is no choice of models",
                subject="config.yaml: release.models",
                remedy=f"choose among: {', '.join(wanted)}, or leave it empty",
            )
        return wanted[self.released or in_reach](wildcards)

    def _packages(self, is_wanted: Callable[[Recipe], bool]) -> list[str]:
        """The folder that each variant ends in, and a failing check for each bad recipe."""
        recipes = [recipe for recipe in self.built() if is_wanted(recipe)]
        folders = [f"results/{r.id}/{name}/package" for r in recipes for name in r.variants]
        return [*folders, *(f"results/{model}/recipe.checked" for model in self.problems)]

    def targets(self) -> list[str]:
        """The ids of all recipes that are built."""
        return [recipe.id for recipe in self.built()]

    def built(self) -> list[Recipe]:
        """The recipes that targets may ask for."""
        return [r for r in self.recipes.values() if not_built_because(r) is None]

    def variant(self, wildcards: Wildcards) -> Variant:
        """The variant that a job is about."""
        recipe = self.recipe(str(wildcards.model))
        if wildcards.variant not in recipe.variants:
            known = ", ".join(recipe.variants)
            raise RecipeError(
                f"no variant {wildcards.variant}", subject=recipe.id, remedy=f"it has: {known}"
            )
        return recipe.variants[wildcards.variant]

    def recipe(self, model: str) -> Recipe:
        """The recipe of that id."""
        if model not in self._read and model not in self.ids:
            known = nearest(model, self.ids) or f"there are: {', '.join(self.ids)}"
            raise RecipeError(f"no such recipe in {self.models}/", subject=model, remedy=known)
        found = self._known(model)
        if isinstance(found, RecipeError):
            raise found
        return found

    def owner(self, name: str) -> Recipe | DataSet:
        """The recipe of that id, or the data set of that id with its mark."""
        return load_owner(self.models, name) if is_shared(name) else self.recipe(name)

    # What each rule reads ---------------------------------------------------------------------

    def source_folders(self, wildcards: Wildcards) -> list[str]:
        """The downloaded sources that hold the network and its weights."""
        return folders(wildcards.model, load_sources(self.variant(wildcards)))

    def surgery_folders(self, wildcards: Wildcards) -> list[str]:
        """The downloaded sources that operations of surgery read."""
        return folders(wildcards.model, surgery_sources(self.variant(wildcards)))

    def graph(self, wildcards: Wildcards) -> str:
        """The ONNX graph that the chain starts from: changed by surgery, or as it was exported."""
        name = "changed" if self.variant(wildcards).is_changed else "source"
        return f"results/{wildcards.model}/{wildcards.variant}/{name}.onnx"

    def calibration_folders(self, wildcards: Wildcards) -> list[str]:
        """The downloaded sources of the calibration samples, for the kinds that need them."""
        variant = self.variant(wildcards)
        if not draws(wildcards.kind):
            return []
        return folders(wildcards.model, data_sources(variant, "calibration"))

    def evaluation_folders(self, wildcards: Wildcards) -> list[str]:
        """The downloaded sources of the samples that artefacts are measured on."""
        wanted = data_sources(self.variant(wildcards), *MEASURED)
        return folders(wildcards.model, wanted)

    def mo_origin(self, wildcards: Wildcards) -> list[str]:
        """What mo reads: the simplified ONNX, or the sources of another framework."""
        if self.variant(wildcards).framework in EXPORTED:
            return [f"results/{wildcards.model}/{wildcards.variant}/simplified.onnx"]
        return self.source_folders(wildcards)

    def mo_option(self, wildcards: Wildcards) -> str:
        """The option that tells mo what it reads."""
        if self.variant(wildcards).framework in EXPORTED:
            return f"--onnx results/{wildcards.model}/{wildcards.variant}/simplified.onnx"
        return f"--sources sources/{wildcards.model}"

    def reference_origin(self, wildcards: Wildcards) -> list[str]:
        """What the source model and its samples are made of."""
        variant = self.variant(wildcards)
        samples = data_sources(variant, *MEASURED)
        origin = folders(wildcards.model, {*load_sources(variant), *samples})
        if variant.framework == "onnx" or variant.is_changed:
            origin.append(self.graph(wildcards))
        return origin

    def reference_option(self, wildcards: Wildcards) -> str:
        """The options that tell the reference run where the source model is."""
        option = f"--sources sources/{wildcards.model}"
        variant = self.variant(wildcards)
        if variant.framework == "onnx" or variant.is_changed:
            option += f" --onnx {self.graph(wildcards)}"
        return option

    def artifact(self, wildcards: Wildcards) -> str:
        """The file or folder of one artefact."""
        self.variant(wildcards)
        return artifact_path(wildcards.model, wildcards.variant, wildcards.artifact)

    def artifacts(self, wildcards: Wildcards) -> list[str]:
        """The files and folders of all artefacts that the recipe wants."""
        names = verified_artifacts(self.variant(wildcards))
        return [artifact_path(wildcards.model, wildcards.variant, name) for name in names]

    def verified(self, ending: str) -> Callable[[Wildcards], list[str]]:
        """What verify leaves of each artefact: json (the evidence) or npz (its outputs)."""

        def evidence(wildcards: Wildcards) -> list[str]:
            names = verified_artifacts(self.variant(wildcards))
            folder = f"results/{wildcards.model}/{wildcards.variant}/verify"
            return [f"{folder}/{name}.{ending}" for name in names]

        return evidence

    def lint_folders(self, wildcards: Wildcards) -> list[str]:
        """The downloaded sources of all samples."""
        return folders(wildcards.model, data_sources(self.variant(wildcards), *DRAWN))

    @property
    def losses(self) -> Losses:
        """What is known of the layers of quantised files."""
        return Losses(self.variant)

    def facts(self, wildcards: Wildcards) -> list[str]:
        """What the stages of a variant noted of their work."""
        variant = self.variant(wildcards)
        stages = ["mo", "tf", "reference"]
        if variant.framework in EXPORTED:
            between = ["surgery"] if variant.is_changed else []
            stages = ["export", *between, "simplify", *stages]
        stages += [name for name in variant.artifacts if MAKERS.get(name) not in stages]
        stages += ["lint"] if layered_artifacts(variant) else []
        folder = f"results/{wildcards.model}/{wildcards.variant}/facts"
        keys = sorted(
            downloaded(wildcards.model, key) for key in {**variant.sources, **variant.shared}
        )
        sources = [f"results/{owner}/sources/{key}.json" for owner, key in keys]
        return [*sources, *(f"{folder}/{stage}.json" for stage in stages)]

    # What has to run ------------------------------------------------------------------------------

    def wanted(self, stage: str) -> Callable[[Wildcards], str]:
        """The file that tells a stage's jobs what is wanted of them, and Snakemake if they run."""

        def wanted(wildcards: Wildcards) -> str:
            what = str(getattr(wildcards, WHAT[stage])) if stage in WHAT else ""
            variant = ALL_VARIANTS if stage == "download" else str(wildcards.variant)
            job = Job(stage, str(wildcards.model), variant, what)
            return str(self.freshness.tell_snakemake(job))

        return wanted

    def parts_of(self, job: Job) -> Mapping[str, Any]:
        """What the key of a job is made of."""
        if job not in self._parts:
            parts = keys.parts_of(job, self.owner(job.model))
            configured = {"config": {"runtimes": self.runtimes}} if job.stage == "quantize" else {}
            self._parts[job] = {**parts, **configured}
        return self._parts[job]

    def upstream_of(self, job: Job) -> tuple[Job, ...]:
        """The jobs that a job reads from."""
        if job.stage == "download":
            return ()
        return upstream(job, self.recipe(job.model).variants[job.variant])

    def memory(self, stage: str) -> Callable[[Wildcards, int], int]:
        """The `mem_mb` of a stage's rule."""
        return memory.asked(self.variant, self.models, stage)

    def hold_folder(self) -> None:
        """Let no other build run in this folder until this process ends."""
        self._held = hold_folder(after_waiting=plan_anew)

    # How jobs run ---------------------------------------------------------------------------------

    def shell_prefix(self, base: Path, python: Path, *, workers: bool = False) -> str:
        """What every shell command begins with: this Python, these modules, quiet libraries.

        With `workers`, jobs may start servers that live as long as this process.
        """
        settings = {
            "PYTHONPATH": str(base),
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
            VARIABLE: os.environ.get(VARIABLE, self.cache),
            **self.sandbox,
            PLANNED: repr(self.began),
            "ZOO_BUILD": build_id() if workers else "",
            **{name: os.environ[name] for name in FORWARDED if name in os.environ},
        }
        exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
        mirrors = shlex.quote(",".join(self.mirrors))
        asked = f'ZOO_MIRRORS="${{ZOO_MIRRORS:+$ZOO_MIRRORS,}}"{mirrors}' if self.mirrors else ""
        # in the place of Snakemake's own prefix: no failure hides in a pipe; braces are for format
        strict = f'set -euo pipefail; export PATH={shlex.quote(str(python.parent))}:"$PATH"'
        return f"{strict} {exports} {asked}; ".replace("{", "{{").replace("}", "}}")

    @property
    def room_command(self) -> str:
        """Keeps a store in a folder below its bound; a place elsewhere has its own rules."""
        place = os.environ.get(VARIABLE, self.cache)
        if "://" in place or not Path(place).is_dir():
            return "true"
        return (
            f"python -m converters.store gc --quiet --size {shlex.quote(self.cache_size)} || true"
        )

    @property
    def summary_command(self) -> str:
        """Prints the table at the end of a build."""
        command = ["--models", str(self.models), "--since", repr(self.began)]
        if len(self._read) < len(self.ids):
            recipes = [each for each in self._read.values() if isinstance(each, Recipe)]
            keys = [key for each in recipes for key in each.all_sources if is_shared(key)]
            command += ["--only", *sorted({*self._read, *(key.split("/")[0] for key in keys)})]
        return f"python -m converters.summary {shlex.join(command)}"


def artifact_path(model: str, variant: str, artifact: str) -> str:
    """Where an artefact lies."""
    return f"results/{model}/{variant}/{ARTIFACT_PATHS.get(artifact, f'{artifact}.tflite')}"


def is_embedded(recipe: Recipe) -> bool:
    """Whether everything that a recipe starts from lies in its own folder."""
    return all(source.kind == "file" for source in recipe.all_sources.values())


def not_built_because(recipe: Recipe) -> str | None:
    """Why a sound recipe is left out of the targets; None if it is built."""
    if recipe.status == "broken":
        return f"broken: {recipe.reason}"
    open_keys = sorted(key for key, source in recipe.all_sources.items() if not source.is_pinned)
    if open_keys:
        owners = sorted({downloaded(recipe.id, key)[0] for key in open_keys})
        return (
            f"no checksum yet for {', '.join(open_keys)}: "
            f"run python -m converters.lock {' '.join(owners)} where the network is reached"
        )
    return None


def folders(model: str, sources: Iterable[str]) -> list[str]:
    """Where sources are downloaded to."""
    return [f"sources/{'/'.join(downloaded(model, source))}" for source in sorted(sources)]
