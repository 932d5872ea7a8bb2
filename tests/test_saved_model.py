"""Where the folder of a SavedModel is, or how it is made."""

from pathlib import Path

import pytest

from converters.errors import RecipeError
from converters.saved_model import saved_model_folder


def stored(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)


def test_the_only_one_below_a_source_is_found(tmp_path):
    stored(tmp_path / "sources/net/archive/saved_model.pb")
    found = saved_model_folder({"model": "net"}, tmp_path / "sources", tmp_path / "spare")
    assert found == (tmp_path / "sources/net/archive").resolve()
    assert not (tmp_path / "spare").exists()


def test_files_of_several_sources_are_put_together(tmp_path):
    stored(tmp_path / "sources/graph/saved_model.pb")
    stored(tmp_path / "sources/index/variables.index")
    load = {"model": "graph", "variables": ["index"]}
    found = saved_model_folder(load, tmp_path / "sources", tmp_path / "spare")
    assert (found / "saved_model.pb").read_text() == "saved_model.pb"
    assert (found / "variables/variables.index").read_text() == "variables.index"


def test_several_are_an_error_that_names_them(tmp_path):
    stored(tmp_path / "sources/net/a/saved_model.pb")
    stored(tmp_path / "sources/net/b/saved_model.pb")
    with pytest.raises(RecipeError, match="2 SavedModels: a, b"):
        saved_model_folder({"model": "net"}, tmp_path / "sources", tmp_path / "spare")
