"""The benchmark of planning: its zoo is sound, what it fabricates counts as built, its page."""

from __future__ import annotations

import pytest

from benchmarks.convert.process import Usage
from benchmarks.scale import zoo
from benchmarks.scale.measure import Bench, Row
from benchmarks.scale.page import page
from converters.recipes import load_zoo

FACTS = {
    "date": "2026-01-02",
    "machine": "Abacus, 2 cores, 4 GiB",
    "load": "0.1",
    "snakemake": "9",
    "command": "python -m benchmarks.scale",
    "artefact": zoo.ONE_ARTEFACT,
}


def test_its_recipes_are_sound_and_want_15_artefacts_each(tmp_path):
    zoo.make(tmp_path, 2)
    recipes = load_zoo(tmp_path / "models")
    assert set(recipes) == {zoo.name(0), zoo.name(1)}
    for recipe in recipes.values():
        wanted = [name for variant in recipe.variants.values() for name in variant.artifacts]
        assert len(wanted) == zoo.ARTEFACTS


@pytest.mark.slow
def test_what_is_fabricated_counts_as_built(tmp_path):
    row = Bench(tmp_path, builds=False).row(1)  # it fails where anything is left to do
    assert (row.recipes, row.artefacts, row.jobs) == (1, 15, 50)


def test_the_page_tells_what_each_further_recipe_costs():
    def row(recipes: int, cpu: float) -> Row:
        usage = Usage(0, 2 * cpu, cpu, 100_000_000, "")
        return Row(recipes, 42 * recipes + 1, usage, usage, usage, None)

    text = page([row(10, 1.0), row(110, 6.0)], FACTS)
    assert "| 10 | 110 | 50 | 50 |" in text
    assert "| 110 | 1650 | 4621 | 12.0 (6.0) | 100 |" in text
    assert "each recipe has 42" in text
