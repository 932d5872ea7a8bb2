"""The store: what it gives back, what it survives, and what it drops to stay small."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from converters.errors import ZooError
from converters.store import BLOBS, ENTRIES, Store, open_store
from converters.store import __main__ as command
from converters.store.folder import FolderShelf
from converters.store.room import make_room, size_of
from converters.traces import Output

KEY = "ab" * 32
OTHER = "cd" * 32


@pytest.fixture(autouse=True)
def workdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_CACHE", raising=False)
    return tmp_path


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    """A store in a folder, and one at a URL."""
    place = str(tmp_path / "store") if request.param == "folder" else f"memory://{tmp_path.name}"
    return open_store(place)


@pytest.fixture
def folder_store(tmp_path):
    return open_store(str(tmp_path / "store"))


def made(*names: str) -> dict[str, Output]:
    """A file, a folder with two files one of them deeper, and an empty folder."""
    file, folder, empty = names or ("file", "folder", "empty")
    Path(file).write_bytes(b"content")
    Path(folder, "deep").mkdir(parents=True)
    Path(folder, "a").write_bytes(b"a")
    Path(folder, "deep", "b").write_bytes(b"content")
    Path(empty).mkdir()
    return {name: Output.of(Path(name)) for name in (file, folder, empty)}


def test_a_result_comes_back_as_it_was(store):
    outputs = made()
    store.put(KEY, outputs, {"recipe": 1}, 2.5)
    entry = store.find(KEY)
    assert entry.parts == {"recipe": 1} and entry.seconds == 2.5
    targets = [Path("back") / name for name in outputs]
    assert store.restore(KEY, entry, targets)
    assert [Output.of(target).digest for target in targets] == [o.digest for o in outputs.values()]
    assert entry.restored(targets) == {str(target): Output.of(target) for target in targets}
    assert store.complaints == []


def test_an_output_that_was_left_out_stays_left_out(store):
    store.put(KEY, {"nothing": Output.of(Path("nothing"))}, {}, 0)
    Path("target").write_text("older")
    assert store.restore(KEY, store.find(KEY), [Path("target")])
    assert not Path("target").exists()


def test_an_unknown_key_is_a_miss_and_no_complaint(store):
    assert store.find(KEY) is None and store.complaints == []


def test_equal_files_are_held_once(store):
    store.put(KEY, made(), {}, 0)
    store.put(OTHER, made("f", "g", "h"), {}, 0)
    assert len(list(store.shelf.held(BLOBS))) == 2
    assert len(list(store.shelf.held(ENTRIES))) == 2


def test_a_flipped_bit_is_found_reported_dropped_and_made_again(folder_store):
    store, outputs = folder_store, made()
    store.put(KEY, outputs, {}, 0)
    blob = next(path for path in Path("store/blobs").rglob("*") if path.is_file())
    content = bytearray(blob.read_bytes())
    content[0] ^= 1
    blob.write_bytes(bytes(content))
    shutil.rmtree("folder")
    targets = [Path(name) for name in outputs]
    assert not store.restore(KEY, store.find(KEY), targets)
    assert any("other bytes than its name says" in text for text in store.complaints)
    assert store.find(KEY) is None
    shutil.rmtree("empty")
    shutil.rmtree("folder", ignore_errors=True)
    store.put(KEY, made(), {}, 0)
    assert store.restore(KEY, store.find(KEY), targets)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"outputs": [[1]]}'])
def test_an_entry_that_cannot_be_read_is_dropped(folder_store, text):
    folder_store.put(KEY, made(), {}, 0)
    entry = next(Path("store/entries").rglob("*.json"))
    entry.write_text(text)
    assert folder_store.find(KEY) is None
    assert "is damaged" in folder_store.complaints[0] and not entry.exists()


def test_an_entry_cannot_write_outside_its_target(folder_store):
    folder_store.put(KEY, made(), {}, 0)
    entry = next(Path("store/entries").rglob("*.json"))
    entry.write_text(entry.read_text().replace('"deep/b"', '"../../escaped"'))
    found = folder_store.find(KEY)
    targets = [Path("safe/x/file"), Path("safe/x/folder"), Path("safe/x/empty")]
    assert not folder_store.restore(KEY, found, targets)
    assert not list(Path().rglob("escaped"))


def test_a_blob_that_someone_removed_is_a_miss(folder_store):
    folder_store.put(KEY, made(), {}, 0)
    shutil.rmtree("store/blobs")
    assert not folder_store.restore(KEY, folder_store.find(KEY), [Path(n) for n in "xyz"])
    assert folder_store.find(KEY) is None


def test_a_store_that_cannot_be_written_is_a_complaint(tmp_path):
    Path("store").write_text("a file where the folder should be")
    store = Store(FolderShelf(Path("store")))
    store.put(KEY, made(), {}, 0)
    assert store.find(KEY) is None
    assert any(text.startswith("write to the store at store") for text in store.complaints)


def test_a_writer_that_fails_leaves_nothing(folder_store, monkeypatch):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("converters.store.folder.os.fsync", full)
    folder_store.put(KEY, made(), {}, 0)
    assert "No space left" in folder_store.complaints[0]
    assert not [path for path in Path("store").rglob("*") if path.is_file()]


def test_many_writers_of_one_result(folder_store):
    outputs = made()
    stores = [open_store("store") for _ in range(8)]
    threads = [threading.Thread(target=s.put, args=(KEY, outputs, {}, 0)) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [s.complaints for s in stores] == [[]] * 8
    assert folder_store.restore(KEY, folder_store.find(KEY), [Path(n) for n in "xyz"])


def aged(name: str, days: float) -> None:
    """Give a file of the store a time in the past."""
    for path in Path("store").rglob("*"):
        if name in path.name:
            moment = path.stat().st_mtime - days * 86400
            os.utime(path, (moment, moment))


def two_results(store: Store) -> None:
    for key, letter, days in ((KEY, b"1", 2), (OTHER, b"2", 1)):
        Path("file").write_bytes(letter * 1000)
        store.put(key, {"file": Output.of(Path("file"))}, {}, 0)
        aged(key, days)


def test_what_was_used_longest_ago_goes_first(folder_store):
    two_results(folder_store)
    freed = make_room(folder_store, 1500)
    assert (freed.entries, freed.bytes, freed.kept_bytes) == (1, 1000, 1000)
    assert folder_store.find(KEY) is None and folder_store.find(OTHER) is not None


def test_use_protects(folder_store):
    two_results(folder_store)
    assert folder_store.restore(KEY, folder_store.find(KEY), [Path("back")])
    make_room(folder_store, 1500)
    assert folder_store.find(KEY) is not None and folder_store.find(OTHER) is None


def test_what_was_just_used_stays_whatever_the_bound(folder_store):
    folder_store.put(KEY, made(), {}, 0)
    assert make_room(folder_store, 0).entries == 0
    assert make_room(folder_store, 0, recent=-1).entries == 1
    assert not list(folder_store.shelf.held(BLOBS))


def test_a_file_that_another_result_needs_stays(folder_store):
    outputs = made()
    folder_store.put(KEY, outputs, {}, 0)
    folder_store.put(OTHER, {"file": outputs["file"]}, {}, 0)
    aged(KEY, 3)
    make_room(folder_store, 0)
    assert folder_store.restore(OTHER, folder_store.find(OTHER), [Path("back")])


@pytest.mark.parametrize(
    ("text", "count"), [("20 GB", 20e9), ("500M", 5e8), ("1.5kB", 1500), ("1e9", 1e9), ("7", 7)]
)
def test_sizes(text, count):
    assert size_of(text) == count


def test_no_size():
    with pytest.raises(ZooError, match="is no size"):
        size_of("much")


def test_the_command(folder_store, capsys):
    folder_store.put(KEY, made(), {}, 0)
    assert command.main(["--at", "store"]) == 0
    assert "1 results in 2 files" in capsys.readouterr().out
    assert command.main(["check", "--at", "store"]) == 0
    blob = next(path for path in Path("store/blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"other")
    assert command.main(["check", "--at", "store"]) == 1
    assert "was damaged" in capsys.readouterr().out
    assert command.main(["gc", "--at", "store", "--size", "0", "--recent", "-1"]) == 0
    assert "dropped 1 results" in capsys.readouterr().out
    assert command.main(["gc", "--at", "store", "--size", "lots"]) == 1


def test_where_the_store_is(monkeypatch):
    assert open_store("") is None and open_store(None) is None
    assert open_store("here").shelf.place == "here"
    monkeypatch.setenv("ZOO_CACHE", "there")
    assert open_store("here").shelf.place == "there"
    monkeypatch.setenv("ZOO_CACHE", "off")
    assert open_store("here") is None
    monkeypatch.setenv("ZOO_CACHE", "nosuch://bucket")
    with pytest.raises(ZooError, match="nosuch"):
        open_store("")
