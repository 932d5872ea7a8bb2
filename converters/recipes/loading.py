"""Recipes from their files: read, checked, expanded; every problem of a file in one error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as File
from typing import Any, NamedTuple

from converters.errors import RecipeError
from converters.recipes import locks, matrix
from converters.recipes.checks import Case, problems_in
from converters.recipes.document import Document, read_document, written_as
from converters.recipes.matrix import FILLED, Point
from converters.recipes.problems import InvalidRecipe, Path, Problem, listed, nearest
from converters.recipes.recipe import (
    Input,
    License,
    Output,
    Recipe,
    Sampling,
    Source,
    Variant,
    source_of,
)
from converters.recipes.references import MARK, data_set_file, is_shared
from converters.recipes.schema import problems_of, schema, with_defaults
from converters.recipes.shared import DataSet, data_set_files, load_data_set, resolved

RECIPE_NAME = "recipe.yaml"
STAGES = ("export", "simplify", "ir", "tf", "quantize", "edgetpu", "target_options")
"""Top-level fields that are options of a stage."""


def recipe_folders(models: File) -> list[File]:
    """The folders of all recipes, in order."""
    return [file.parent for file in sorted(models.glob("[!._]*/" + RECIPE_NAME))]


def load_zoo(models: File) -> dict[str, Recipe]:
    """All recipes by id; one error lists all problems of all files."""
    recipes, errors = read_zoo(models)
    if errors:
        raise RecipeError("\n".join(str(error) for error in errors))
    return recipes


def read_zoo(models: File, only: Sequence[str] = ()) -> tuple[dict[str, Recipe], list[RecipeError]]:
    """The sound recipes by id, and an error for each of the others; or those of some ids."""
    recipes: dict[str, Recipe] = {}
    errors: list[RecipeError] = []
    for folder in [models / model for model in only] or recipe_folders(models):
        try:
            recipes[folder.name] = load_recipe(folder)
        except RecipeError as error:
            errors.append(error)
    return recipes, errors


def load_variant(models: File, model: str, variant: str) -> Variant:
    """One variant of one recipe; nothing else is read."""
    folder = models / model
    refuse_absent(folder)
    recipe = load_recipe(folder)
    if variant not in recipe.variants:
        raise RecipeError(
            f"there is no variant {variant}",
            subject=model,
            remedy=f"it has: {listed(recipe.variants)}",
        )
    return recipe.variants[variant]


def all_owners(models: File) -> list[str]:
    """The names of all that declare sources: recipes, then data sets with their mark."""
    sets = [MARK + file.stem for file in data_set_files(models)]
    return [*(folder.name for folder in recipe_folders(models)), *sets]


def load_owner(models: File, name: str) -> Recipe | DataSet:
    """What declares sources under a name: a recipe, or a data set, named with its mark."""
    if is_shared(name):
        return load_data_set(data_set_file(models, name.removeprefix(MARK)))
    return load_recipe(models / name)


def refuse_absent(folder: File) -> None:
    """A RecipeError that proposes another id, where a folder holds no recipe."""
    if not (folder / RECIPE_NAME).is_file():
        known = [other.name for other in recipe_folders(folder.parent)]
        raise RecipeError(
            "there is no such recipe",
            subject=str(folder / RECIPE_NAME),
            remedy=nearest(folder.name, known) or f"there are: {listed(known)}",
        )


def load_recipe(folder: File, *, with_lock: bool = True, with_files: bool = False) -> Recipe:
    """The recipe in a folder, or an error with all its problems.

    `with_files` looks whether the files that it names in its folder are there, too.
    """
    document = read_document(folder / RECIPE_NAME)
    entries, lock_sentences = locks.read_lock(folder) if with_lock else ({}, [])
    reading = _Reading(document, folder, entries)
    reading.with_files = with_files
    recipe = reading.recipe()
    if reading.found or lock_sentences or recipe is None:
        raise InvalidRecipe(folder.name, [*reading.sentences(), *lock_sentences])
    return recipe


class _Expanded(NamedTuple):
    """One variant, complete, and whence it came."""

    point: Point
    data: dict[str, Any]
    shared: Mapping[str, Source]  # of shared data sets


class _Reading:
    """One recipe on its way from text to `Recipe`, and what was found wrong on the way."""

    def __init__(self, document: Document, folder: File, entries: Mapping[str, Any]) -> None:
        self.document, self.folder, self.entries = document, folder, entries
        self.with_files = False
        self.found: dict[tuple[int, Path, str], Problem] = {}

    def note(self, problems: Sequence[Problem] | Iterator[Problem], point: Point | None) -> int:
        """Keeps problems with their lines, each once however many variants have it."""
        count = 0
        for problem in problems:
            path = point.written_path(problem.path) if point else problem.path
            names = point.renamed if point else {}
            line = problem.line or self.document.line(path, names)
            self.found.setdefault((line, problem.path, problem.cause), problem._replace(line=line))
            count += 1
        return count

    def sentences(self) -> list[str]:
        """All problems as text, in order of the file."""
        ordered = sorted(self.found.values(), key=lambda problem: problem.line)
        return [problem.sentence(self.document.file) for problem in ordered]

    def recipe(self) -> Recipe | None:
        """The recipe; None if something is so wrong that there is nothing to build."""
        self.note(self.document.problems, None)
        data = self.document.data
        if not isinstance(data, dict):
            if not self.found:
                cause = f"must hold `key: value` lines, not {written_as(data)}"
                self.note([Problem((), cause, "see docs/recipe.md")], None)
            return None
        broken = self._schema_problems(data)
        if "matrix" in broken or any(p.is_final for p in self.document.problems):
            return None
        sound = {key: value for key, value in data.items() if key not in broken}
        expanded = self._expanded(sound, broken)
        if broken or self.found:
            return None
        return self._built(data, expanded)

    def _schema_problems(self, data: Mapping[str, Any]) -> set[str]:
        """Top-level fields that are wrong; a misspelt one breaks the field that was meant."""
        known = list(schema()["properties"])
        placed = [p for p in problems_of(data) if not _is_open(data, p.path)]
        self.note(placed, None)
        seen = [*placed, *(p for p in self.document.problems if p.path)]
        tops = {str(p.path[0]) for p in seen if p.path}
        meant = {nearest(top, known).removeprefix("did you mean ").rstrip("?") for top in tops}
        return (tops | meant) - {""}

    def _expanded(self, data: Mapping[str, Any], broken: set[str]) -> list[_Expanded]:
        problems: list[Problem] = []
        points = matrix.points(data, problems)
        if self.note(problems, None):
            return []
        about = {key: data[key] for key in matrix.FIXED if key in data and key != "matrix"}
        expanded = []
        for point in points:
            written = {**about, **point.data}
            if point.is_rewritten:
                wrong = [p for p in problems_of(written) if p.path[:1] and p.path[0] not in broken]
                if self.note(wrong, point):
                    continue
            problems = []
            written["inputs"] = matrix.sized(point, problems)
            if self.note(problems, None):
                continue
            complete = with_defaults(written)
            unfit = set(broken)
            complete["data"], shared = self._with_parts(complete, unfit, point)
            case = Case(self.folder, complete, written)
            self.note(problems_in(case, unfit, with_files=self.with_files), point)
            if "sources" in complete:
                found = locks.contradictions(complete["sources"], self.entries, self.folder.name)
                self.note(found, point)
            expanded.append(_Expanded(point, complete, shared))
        self.note(_shared_keys(expanded), None)
        return expanded

    def _with_parts(
        self, complete: Mapping[str, Any], broken: set[str], point: Point
    ) -> tuple[dict[str, Any], dict[str, Source]]:
        """The data of a variant with the parts of shared sets in it, and their sources."""
        problems: list[Problem] = []
        if "data" in broken:
            return {}, {}
        data, shared = resolved(self.folder.parent, complete["data"], problems)
        if self.note(problems, point):
            broken.add("data")
        return data, shared

    def _built(self, data: Mapping[str, Any], expanded: list[_Expanded]) -> Recipe:
        about = with_defaults({key: data[key] for key in matrix.FIXED if key in data})
        variants = {}
        for point, complete, shared in expanded:
            variants[point.name] = _variant(point, complete, self.entries, shared)
        return Recipe(
            id=about["id"],
            name=about["name"],
            task=about["task"],
            status=about["status"],
            reason=about.get("reason", ""),
            license=License(**about["license"]),
            folder=self.folder,
            links=about["links"],
            variants=variants,
        )


def _is_open(data: Any, path: Path) -> bool:
    """Whether a value waits for its placeholders, and is judged with them filled."""
    if not path or path[0] not in FILLED:
        return False
    for step in path:
        if isinstance(data, dict) and step not in data:
            return False
        data = data[step]
    return isinstance(data, str) and "{" in data


def _shared_keys(expanded: list[_Expanded]) -> Iterator[Problem]:
    """A source is downloaded once for all variants: under one key there is one content."""
    first: dict[str, tuple[str, Any]] = {}
    for point, data, _ in expanded:
        for key, source in data.get("sources", {}).items():
            other, stated = first.setdefault(key, (point.name, source))
            if stated != source:
                cause = f"differs between the variants {other} and {point.name}"
                remedy = f"put what differs into its key too, such as {key}_{{size}}"
                yield Problem(("sources", point.renamed.get(key, key)), cause, remedy)


# The frozen form ----------------------------------------------------------------------------------


def _variant(
    point: Point,
    data: Mapping[str, Any],
    entries: Mapping[str, Any],
    shared: Mapping[str, Source],
) -> Variant:
    sampled = {name: data.get(name) for name in ("calibration", "evaluation")}
    return Variant(
        name=point.name,
        axes=dict(point.axes),
        sources={
            key: source_of(key, locks.merged(source, entries.get(key)))
            for key, source in data["sources"].items()
        },
        load=data["load"],
        inputs=tuple(_input(spec) for spec in data["inputs"]),
        outputs=tuple(Output(**output) for output in data.get("outputs", ())),
        stages=_stages(data),
        artifacts=tuple(data["artifacts"]),
        data=data["data"],
        calibration=Sampling(**sampled["calibration"]) if sampled["calibration"] else None,
        verification=Sampling(**data["verification"]),
        evaluation=Sampling(**sampled["evaluation"]) if sampled["evaluation"] else None,
        limits=data["limits"],
        about={name: data[name] for name in ("id", "name", "task", "license")},
        targets=tuple(data["targets"]),
        shared=shared,
        surgery=tuple(data["surgery"]),
        show=data.get("show", {}),
    )


def _stages(data: Mapping[str, Any]) -> dict[str, Any]:
    """The options of each stage; what the network is made for is the converter's to heed."""
    stages = {name: data[name] for name in STAGES}
    return {**stages, "tf": {**stages["tf"], "target": data["target"]}}


def _input(spec: Mapping[str, Any]) -> Input:
    shape = tuple(int(size) for size in spec["shape"])
    return Input(**{**spec, "shape": shape, "preprocess": tuple(spec["preprocess"])})
