"""What an editor makes of a recipe: the modeline leads to the schema, and the schema is sound.

The last tests ask yaml-language-server itself (`npm install yaml-language-server`); they are
skipped where neither PATH nor YAML_LANGUAGE_SERVER leads to it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from converters.new.recipe_text import MODELINE
from converters.recipes.loading import recipe_folders

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "models" / "schema.yaml"
SERVER = os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")
RECIPES = sorted(folder / "recipe.yaml" for folder in recipe_folders(ROOT / "models"))

needs_server = pytest.mark.skipif(
    SERVER is None, reason="yaml-language-server is not installed (npm)"
)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(yaml.safe_load(SCHEMA.read_text()))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.parent.name)
def test_every_recipe_names_its_schema(recipe):
    first = recipe.read_text().splitlines()[0]
    assert first == MODELINE
    assert (recipe.parent / first.partition("$schema=")[2]).resolve() == SCHEMA


@pytest.mark.parametrize("file", sorted((ROOT / "data").glob("*.yaml")), ids=lambda f: f.stem)
def test_every_data_set_names_its_schema(file):
    place, _, part = file.read_text().splitlines()[0].partition("$schema=")[2].partition("#")
    assert (file.parent / place).resolve() == SCHEMA
    assert part == "/$defs/data_set" and "data_set" in yaml.safe_load(SCHEMA.read_text())["$defs"]


class Editor:
    """As much of an editor as it takes to ask a language server."""

    def __init__(self, command: str) -> None:
        self.server = subprocess.Popen(
            [command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ask("initialize", processId=None, rootUri=None, capabilities={})
        self.tell("initialized")
        settings = {"yaml": {"validate": True, "completion": True, "hover": True}}
        self.tell("workspace/didChangeConfiguration", settings=settings)

    def tell(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def ask(self, method: str, **parameters: Any) -> Any:
        self._send({"id": 1, "method": method, "params": parameters})
        return self.until(lambda said: said.get("id") == 1 and "method" not in said)["result"]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.server.stdin.flush()

    def until(self, is_wanted: Any) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            length = 0
            while line := self.server.stdout.readline().strip():
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            said = json.loads(self.server.stdout.read(length))
            if is_wanted(said):
                return said
            if "method" in said and "id" in said:  # it asks for settings: it has none to hear
                self._send({"id": said["id"], "result": None})
        raise AssertionError("the language server says nothing")

    def open(self, file: Path) -> list[str]:
        """What the server finds wrong with a file."""
        item = {"languageId": "yaml", "version": 1, "text": file.read_text()}
        self.tell("textDocument/didOpen", textDocument={"uri": file.as_uri(), **item})
        said = self.until(lambda m: m.get("method") == "textDocument/publishDiagnostics")
        return [entry["message"] for entry in said["params"]["diagnostics"]]

    def completes(self, file: Path, line: int, character: int) -> set[str]:
        found = self.ask(
            "textDocument/completion",
            textDocument={"uri": file.as_uri()},
            position={"line": line, "character": character},
        )
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"] for item in items}


@pytest.fixture
def editor():
    running = Editor(SERVER)
    yield running
    running.server.kill()
    running.server.communicate()


@pytest.fixture
def recipe(tmp_path):
    shutil.copy(SCHEMA, tmp_path / "schema.yaml")
    folder = tmp_path / "digits"
    folder.mkdir()
    shutil.copy(ROOT / "models" / "digits" / "recipe.yaml", folder)
    return folder / "recipe.yaml"


@needs_server
def test_a_sound_recipe_is_sound_in_an_editor(editor, recipe):
    assert editor.open(recipe) == []


@needs_server
def test_an_editor_marks_what_is_wrong_and_completes_what_is_begun(editor, recipe):
    text = recipe.read_text().replace("task: image_classification", "task: seeing")
    recipe.write_text(text.replace("factory:", "factoryy:") + "export:\n  \n")
    said = " ".join(editor.open(recipe))
    assert "image_classification" in said and "factoryy" in said
    lines = recipe.read_text().splitlines()
    assert {"exporter", "opset"} <= editor.completes(recipe, len(lines) - 1, 2)
