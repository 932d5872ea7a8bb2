"""Archives: good ones come out whole, and none gets out of its folder."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from converters.download import archives
from converters.download.archives import Limits, unpack
from converters.errors import SourceError

TREE = {"net/model.bin": b"weights" * 1000, "net/readme.txt": b"hello", "top": b""}


def make_tar(path: Path, *entries: tuple[str, dict[str, object], bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, fields, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(data))
    return path


def make_zip(path: Path, *entries: tuple[str, int, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, data in entries:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            info.external_attr = mode << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def tree(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def link(target: str) -> dict[str, object]:
    return {"type": tarfile.SYMTYPE, "linkname": target}


def hard(target: str) -> dict[str, object]:
    return {"type": tarfile.LNKTYPE, "linkname": target}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_tars_come_out_whole(tmp_path, mode, form, monkeypatch):
    monkeypatch.setattr(tarfile, "DEFAULT_FORMAT", form)
    path = make_tar(tmp_path / "a", *((n, {}, d) for n, d in TREE.items()), mode=mode)
    unpack(path, tmp_path / "out")
    assert tree(tmp_path / "out") == TREE
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "out"]


def test_zips_come_out_whole(tmp_path):
    path = make_zip(tmp_path / "a", ("net/", 0o040755, b""), *((n, 0, d) for n, d in TREE.items()))
    unpack(path, tmp_path / "out")
    assert tree(tmp_path / "out") == TREE


def test_an_empty_zip_is_an_empty_folder(tmp_path):
    unpack(make_zip(tmp_path / "a"), tmp_path / "out")
    assert tree(tmp_path / "out") == {}


def test_names_longer_than_a_header_are_kept(tmp_path):
    name = "/".join(["folder" * 8] * 6) + "/é.bin"
    unpack(make_tar(tmp_path / "a", (name, {}, b"x")), tmp_path / "out")
    assert tree(tmp_path / "out") == {name: b"x"}


def test_links_that_stay_inside_are_kept(tmp_path):
    path = make_tar(
        tmp_path / "a",
        ("links/up", link("../net/model.bin"), b""),
        ("net/model.bin", {}, b"weights"),
        ("net/same.bin", hard("net/model.bin"), b""),
        ("latest", link("net"), b""),
    )
    out = tmp_path / "out"
    unpack(path, out)
    assert (out / "links/up").is_symlink() and (out / "links/up").read_bytes() == b"weights"
    assert (out / "latest/model.bin").read_bytes() == b"weights"
    assert not (out / "net/same.bin").is_symlink()
    assert (out / "net/same.bin").read_bytes() == b"weights"


def test_a_zips_link_that_stays_inside_is_kept(tmp_path):
    entries = [("net/model.bin", 0o100644, b"weights"), ("latest", stat.S_IFLNK | 0o777, b"net")]
    unpack(make_zip(tmp_path / "a", *entries), tmp_path / "out")
    assert (tmp_path / "out/latest/model.bin").read_bytes() == b"weights"


@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_only_the_executable_bit_of_a_mode_is_kept(tmp_path, kind):
    modes = {"run": 0o6777, "secret": 0o4600}
    if kind == "tar":
        path = make_tar(tmp_path / "a", *((n, {"mode": m}, b"x") for n, m in modes.items()))
    else:
        path = make_zip(tmp_path / "a", *((n, stat.S_IFREG | m, b"x") for n, m in modes.items()))
    unpack(path, tmp_path / "out")
    found = {n: stat.S_IMODE((tmp_path / "out" / n).stat().st_mode) for n in modes}
    assert found == {"run": 0o755, "secret": 0o644}


ESCAPES = {
    "parent path": [("../evil", {}, b"x")],
    "parent path inside": [("net/../../evil", {}, b"x")],
    "parent folder": [("..", {"type": tarfile.DIRTYPE}, b"")],
    "absolute path": [("/evil", {}, b"x")],
    "windows path": [("..\\evil", {}, b"x")],
    "windows drive": [("C:/evil", {}, b"x")],
    "control characters": [("evil\n", {}, b"x")],
    "absolute link": [("evil", link("/etc/passwd"), b"")],
    "parent link": [("evil", link("../outside"), b"")],
    "deep parent link": [("a/b/evil", link("../../../outside"), b"")],
    "link to a link out": [
        ("a/b/deep", link("../.."), b""),
        ("evil", link("a/b/deep/../outside"), b""),
    ],
    "file below a link": [("net", link("."), b""), ("net/evil", {}, b"x")],
    "file below a link out": [("net", link("/tmp"), b""), ("net/evil", {}, b"x")],
    "file over a link": [("evil", link("x"), b""), ("evil", {}, b"x")],
    "link over a file": [("evil", {}, b"x"), ("evil", link("x"), b"")],
    "folder over a link": [("net", link("."), b""), ("net", {"type": tarfile.DIRTYPE}, b"")],
    "file twice": [("evil", {}, b"x"), ("./evil", {}, b"y")],
    "file as a folder": [("evil", {}, b"x"), ("evil/more", {}, b"y")],
    "file over a folder": [("net/x", {}, b"x"), ("net", {}, b"y")],
    "the root as a file": [(".", {}, b"x")],
    "the root as a link": [(".", link("net"), b"")],
    "hard link out": [("evil", hard("../outside"), b"")],
    "absolute hard link": [("evil", hard("/etc/passwd"), b"")],
    "hard link to nothing": [("evil", hard("nothing"), b"")],
    "hard link to itself": [("evil", hard("evil"), b"")],
    "hard link to a link": [("s", link("x"), b""), ("evil", hard("s"), b"")],
    "character device": [("evil", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}, b"")],
    "block device": [("evil", {"type": tarfile.BLKTYPE}, b"")],
    "pipe": [("evil", {"type": tarfile.FIFOTYPE}, b"")],
}


@pytest.mark.parametrize("entries", ESCAPES.values(), ids=ESCAPES)
def test_a_tar_that_tries_to_escape_is_refused(tmp_path, entries):
    folder = tmp_path / "deep" / "folder"
    folder.mkdir(parents=True)
    (tmp_path / "deep" / "outside").write_text("untouched")
    path = make_tar(tmp_path / "a.tar", *entries)
    with pytest.raises(SourceError) as caught:
        unpack(path, folder / "out")
    assert caught.value.remedy.startswith("do not trust this source")
    outside = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*"))
    inside = [p for p in outside if p.startswith("deep/folder/out/")]
    assert [p for p in outside if p not in inside] == [
        "a.tar",
        "deep",
        "deep/folder",
        "deep/folder/out",
        "deep/outside",
    ]


ZIP_ESCAPES = {
    "parent path": [("../evil", 0, b"x")],
    "absolute path": [("/evil", 0, b"x")],
    "windows path": [("..\\evil", 0, b"x")],
    "windows drive": [("c:evil", 0, b"x")],
    "absolute link": [("evil", stat.S_IFLNK, b"/etc/passwd")],
    "parent link": [("evil", stat.S_IFLNK, b"../outside")],
    "file below a link": [("net", stat.S_IFLNK, b"/tmp"), ("net/evil", 0, b"x")],
    "file twice": [("evil", 0, b"x"), ("evil/../evil", 0, b"y")],
    "file twice in other words": [("evil", 0, b"x"), (".//evil", 0, b"y")],
    "file as a folder": [("evil", 0, b"x"), ("evil/more", 0, b"y")],
    "device": [("evil", stat.S_IFCHR | 0o666, b"")],
    "pipe": [("evil", stat.S_IFIFO | 0o666, b"")],
    "empty name": [("", 0, b"x")],
}


@pytest.mark.parametrize("entries", ZIP_ESCAPES.values(), ids=ZIP_ESCAPES)
def test_a_zip_that_tries_to_escape_is_refused(tmp_path, entries):
    path = make_zip(tmp_path / "a.zip", *entries)
    with pytest.raises(SourceError):
        unpack(path, tmp_path / "out")
    assert not (tmp_path / "evil").exists() and not Path("/evil").exists()


@pytest.mark.parametrize("kind", ["tar.gz", "tar.xz", "zip"])
def test_a_bomb_is_not_unpacked(tmp_path, kind):
    zeros = bytes(8 << 20)
    if kind == "zip":
        path = make_zip(tmp_path / "a", ("zeros", 0, zeros))
    else:
        path = make_tar(tmp_path / "a", ("zeros", {}, zeros), mode=f"w:{kind[4:]}")
    with pytest.raises(SourceError, match="bomb"):
        unpack(path, tmp_path / "out", Limits(free=1 << 20, ratio=20))
    assert sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()) < 2 << 20


def test_many_small_files_are_a_bomb_too(tmp_path):
    path = make_tar(tmp_path / "a", *((f"f{i}", {}, b"") for i in range(30)))
    with pytest.raises(SourceError, match="more than 20 members"):
        unpack(path, tmp_path / "out", Limits(members=20))


def test_many_hard_links_to_one_file_count_each(tmp_path):
    entries = [("f", {}, bytes(1 << 20)), *((f"l{i}", hard("f"), b"") for i in range(9))]
    with pytest.raises(SourceError, match="bomb"):
        unpack(make_tar(tmp_path / "a", *entries), tmp_path / "out", Limits(total=4 << 20))


def test_a_sparse_file_that_claims_much_is_a_bomb(tmp_path):
    info = tarfile.TarInfo("sparse")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(1 << 40),
        "GNU.sparse.map": "0,0",
    }
    with tarfile.open(tmp_path / "a", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(SourceError, match="bomb"):
        unpack(tmp_path / "a", tmp_path / "out", Limits(free=1 << 20))


def test_a_header_of_unreasonable_length_is_not_read(tmp_path):
    info = tarfile.TarInfo("x")
    info.pax_headers = {"comment": "x" * (archives.LONGEST_HEADER + 1)}
    with tarfile.open(tmp_path / "a", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    with pytest.raises(SourceError, match="header of"):
        unpack(tmp_path / "a", tmp_path / "out")


def damaged(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    return path


def noise(size: int) -> bytes:
    import random

    return random.Random(0).randbytes(size)


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_a_damaged_tar_is_told(tmp_path, mode):
    path = damaged(make_tar(tmp_path / "a", ("net", {}, noise(100_000)), mode=mode))
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_cut_tar_is_told(tmp_path, mode):
    path = make_tar(tmp_path / "a", ("net", {}, noise(100_000)), mode=mode)
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")


def test_a_damaged_zip_is_told(tmp_path):
    path = damaged(make_zip(tmp_path / "a", ("net", 0, noise(100_000))))
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(path, tmp_path / "out")


def test_an_encrypted_zip_is_told(tmp_path):
    path = make_zip(tmp_path / "a", ("net", 0, b"x"))
    data = bytearray(path.read_bytes())
    data[6] |= 1  # in the member's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(data)
    with pytest.raises(SourceError, match="encrypted"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize("data", [b"just weights" * 100, b"", b"\x1f\x8b"])
def test_what_is_no_archive_is_told(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(SourceError):
        unpack(tmp_path / "a", tmp_path / "out")
