"""The benchmark of starting: it counts orphans, its zoo is sound, its page says what differs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.startup import measure, page
from benchmarks.startup.zoo import make_zoo
from converters.recipes import load_zoo

ROOT = Path(__file__).resolve().parent.parent

FACTS = {
    "date": "2026-01-02",
    "machine": "Abacus",
    "load": "0.1",
    "ours": "tensorflow 2",
    "command": "python -m benchmarks.startup",
    "models": "2",
    "artifacts": "7",
    "idle": "900",
}
IMPORTS = dict.fromkeys(measure.IMPORTS, 0.5)


def build(cpu: float, digest: str) -> measure.Build:
    usage = measure.Usage(0, cpu - 1, 1.0, cpu / 2, "")
    return measure.Build(usage, 40, {"results/tiny/package": digest})


def test_orphans_are_counted(tmp_path):
    """A daemon outlives the shell that starts it, and its time is on the account."""
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    (tmp_path / "burn.py").write_text(burn)
    # in a process of its own: it adopts the orphans of all that it starts
    code = (
        "import sys; from pathlib import Path; from benchmarks.startup.measure import usage_of;"
        "usage = usage_of(['sh', '-c', f'setsid {sys.executable} burn.py & exit 3'],"
        " Path(sys.argv[1]), {});"
        "print(usage.code, usage.cpu >= 0.5)"
    )
    words = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "3 True\n"


def test_the_zoo_is_sound_and_its_networks_differ(tmp_path):
    make_zoo(tmp_path / "models", 3, ROOT / "models" / "schema.yaml")
    recipes = load_zoo(tmp_path / "models")
    assert list(recipes) == ["tiny000", "tiny001", "tiny002"]
    variants = [recipe.variants["16x16"] for recipe in recipes.values()]
    assert len({str(variant.load) for variant in variants}) == 3


def test_the_page_tells_the_ratio_and_whether_both_made_the_same():
    both = {"alone": build(100.0, "a"), "workers": build(25.0, "a")}
    text = page.page(both, IMPORTS, FACTS)
    assert "| workers | 25 | 24 | 1 | 12.5 | 12 |" in text
    assert "0.25 of the CPU seconds; all packages are equal, byte for byte (1 compared)" in text
    both["workers"] = build(25.0, "b")
    assert "THE PACKAGES DIFFER" in page.page(both, IMPORTS, FACTS)
