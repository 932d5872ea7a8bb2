"""recipe.lock: what is resolved, what is kept, and what a failure leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from converters import download, lock
from converters.download import Fetched
from converters.errors import SourceError
from converters.recipes import load_recipe
from converters.recipes.locks import read_lock

COMMIT = "0123456789abcdef" * 2 + "01234567"
SHA = "5" * 64  # digits alone: a number, were it not quoted

RECIPE = """\
# a remark that stays
schema: 1
id: net
name: A network to be locked
task: regression
license: {spdx: MIT}
sources:
  weights: {kind: url, url: "https://example.org/w.onnx"}
  code: {kind: git, url: "https://example.org/code.git", revision: main}
  drive: {kind: gdrive, id: 1rbSTGKAE-MTxBYHd}
  stated: {kind: url, url: "https://example.org/s.bin", sha256: SHA}
  own: {kind: file, path: own.bin}
load: {framework: onnx, model: weights}
inputs: [{name: x, shape: [1, 4]}]
data: {noise: {kind: random}}
verification: {data: noise}
""".replace("SHA", SHA)


class Web:
    """What the network answers, and what it was asked."""

    def __init__(self) -> None:
        self.sha256, self.commit = SHA, COMMIT
        self.asked: list[str] = []
        self.down: set[str] = set()

    def probe(self, source, _folder, _options=None):
        self._ask(source.key)
        assert not source.is_pinned
        return Fetched(Path("x"), 8613, self.sha256, "url")

    def resolve_commit(self, url, revision="HEAD", _options=None):
        self._ask(f"{url}@{revision}")
        return self.commit

    def _ask(self, name: str) -> None:
        self.asked.append(name)
        if name in self.down:
            raise SourceError("answers nothing", remedy="try later")


@pytest.fixture
def web(monkeypatch):
    found = Web()
    monkeypatch.setattr(download, "probe", found.probe)
    monkeypatch.setattr(download, "resolve_commit", found.resolve_commit)
    return found


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "models" / "net"
    place.mkdir(parents=True)
    (place / "recipe.yaml").write_text(RECIPE)
    return place


def locked(folder: Path, *arguments: str) -> int:
    return lock.main(["--models", str(folder.parent), *arguments])


@pytest.mark.usefixtures("web")
def test_what_the_recipe_leaves_open_is_resolved(folder):
    assert locked(folder, "net") == 0
    entries, problems = read_lock(folder)
    assert problems == []
    assert entries == {
        "code": {"from": "https://example.org/code.git@main", "commit": COMMIT},
        "drive": {"from": "gdrive:1rbSTGKAE-MTxBYHd", "sha256": SHA, "size": 8613},
        "weights": {"from": "https://example.org/w.onnx", "sha256": SHA, "size": 8613},
    }
    sources = load_recipe(folder).variants["default"].sources
    assert all(source.is_pinned for source in sources.values())
    assert (sources["weights"].sha256, sources["weights"].size) == (SHA, 8613)
    assert (folder / "recipe.yaml").read_text() == RECIPE


def test_the_file_is_yaml_for_other_readers_too(folder, web):
    web.commit = "12345678e9" * 4
    locked(folder)
    content = yaml.safe_load((folder / "recipe.lock").read_text())
    assert content["sources"] == read_lock(folder)[0]
    assert content["sources"]["code"]["commit"] == web.commit


def test_a_second_run_asks_nobody_and_changes_nothing(folder, web):
    locked(folder)
    before = (folder / "recipe.lock").stat().st_mtime_ns
    web.asked.clear()
    assert locked(folder) == 0
    assert web.asked == []
    assert (folder / "recipe.lock").stat().st_mtime_ns == before


def test_update_asks_anew(folder, web):
    locked(folder)
    web.commit = "f" * 40
    assert locked(folder, "--update") == 0
    assert read_lock(folder)[0]["code"]["commit"] == "f" * 40


def test_a_changed_recipe_is_refused_until_it_is_locked_again(folder, web):
    locked(folder)
    (folder / "recipe.yaml").write_text(RECIPE.replace("revision: main", "revision: v2"))
    with pytest.raises(Exception, match=r"recipe.lock was resolved from .*code.git@main"):
        load_recipe(folder)
    web.asked.clear()
    assert locked(folder) == 0
    assert web.asked == ["https://example.org/code.git@v2"]
    assert load_recipe(folder).variants["default"].sources["code"].revision == "v2"


def test_what_cannot_be_reached_keeps_its_entry_and_the_others_are_resolved(folder, web, capsys):
    locked(folder)
    web.down, web.sha256 = {"weights"}, "6" * 64
    assert locked(folder, "--update") == 1
    entries, _ = read_lock(folder)
    assert entries["weights"]["sha256"] == SHA
    assert entries["drive"]["sha256"] == "6" * 64
    said = capsys.readouterr().err
    assert "error: net [lock]: source weights: answers nothing\n  remedy: try later" in said


def test_a_source_that_was_never_reached_has_no_entry(folder, web):
    web.down = {"https://example.org/code.git@main"}
    assert locked(folder) == 1
    assert set(read_lock(folder)[0]) == {"drive", "weights"}


def test_an_answer_that_is_no_commit_is_refused(folder, web, capsys):
    web.commit = "main"
    assert locked(folder) == 1
    assert "the repository answers 'main', which is no commit" in capsys.readouterr().err


@pytest.mark.usefixtures("web")
def test_a_broken_lock_is_an_error_and_is_written_anew(folder):
    (folder / "recipe.lock").write_text("schema: 1\nsources: {code: {commit: x}}\n")
    with pytest.raises(Exception, match=r"run python -m converters\.lock net to write it anew"):
        load_recipe(folder)
    assert locked(folder) == 0
    load_recipe(folder)


@pytest.mark.usefixtures("web")
def test_a_recipe_that_states_everything_has_no_lock(folder):
    locked(folder)
    kept = [line for line in RECIPE.splitlines() if "weights: {" not in line]
    kept = [line for line in kept if "code:" not in line and "drive:" not in line]
    text = "\n".join(kept).replace("model: weights", "model: stated")
    (folder / "recipe.yaml").write_text(text)
    assert locked(folder) == 0
    assert not (folder / "recipe.lock").exists()


@pytest.mark.usefixtures("web")
def test_a_bad_recipe_does_not_stop_the_others(folder, capsys):
    other = folder.parent / "bad"
    other.mkdir()
    (other / "recipe.yaml").write_text("id: bad\n")
    assert locked(folder) == 1
    assert "bad/recipe.yaml:1: schema: is required and missing" in capsys.readouterr().err
    assert (folder / "recipe.lock").exists()


def test_an_id_that_is_none_is_answered_with_the_nearest(tmp_path, capsys):
    folder = tmp_path / "models" / "net"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    assert lock.main(["nett", "--models", str(tmp_path / "models")]) == 1
    assert "did you mean net?" in capsys.readouterr().err


def test_a_recipe_without_open_sources_is_told_so(tmp_path, capsys):
    folder = tmp_path / "models" / "net"
    folder.mkdir(parents=True)
    lines = [line for line in RECIPE.splitlines() if "example.org/w" not in line]
    text = "\n".join(line for line in lines if "git" not in line and "gdrive" not in line)
    (folder / "recipe.yaml").write_text(text.replace("model: weights", "model: stated"))
    assert lock.main(["net", "--models", str(tmp_path / "models")]) == 0
    assert "nothing to resolve" in capsys.readouterr().out
