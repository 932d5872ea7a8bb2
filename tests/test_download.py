"""Downloads from a server that cuts, lies and stalls; from mirrors; from git; none from outside."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
from servers import (
    Server,
    announced,
    chunked,
    content,
    cut_after,
    dripping,
    endless,
    misranged,
    only_this_machine,
    page,
    redirect,
    server,
    stalled,
    status,
)

from converters import stage
from converters.download import FetchOptions, fetch, probe
from converters.download import __main__ as command
from converters.download.options import split_mirrors
from converters.download.places import file_name
from converters.download.store import Store, stored_at
from converters.errors import SourceError, ZooError
from converters.recipes.recipe import Source

__all__ = ["only_this_machine", "server"]

DATA = random.Random(0).randbytes(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
OTHER = random.Random(1).randbytes(300_000)
HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>...</body></html>"


class Bench(NamedTuple):
    """A model's folder and options in which nothing takes long."""

    folder: Path
    options: FetchOptions

    @property
    def out(self) -> Path:
        return self.folder / "sources" / "m" / "weights"

    @property
    def model(self) -> Path:
        return self.folder / "models" / "m"

    def fetch(self, source: Source, **settings: object) -> bytes:
        """The content of the fetched file."""
        return fetch(source, self.model, self.out, self.having(**settings)).path.read_bytes()

    def having(self, **settings: object) -> FetchOptions:
        return FetchOptions(**{**vars(self.options), **settings})

    def partials(self) -> list[Path]:
        return sorted(self.options.downloads.glob("partial/*/content"))


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "models" / "m").mkdir(parents=True)
    options = FetchOptions(downloads=tmp_path / "downloads", backoff=0.0, read_timeout=5.0)
    return Bench(tmp_path, options)


def weights(url: str, **fields: object) -> Source:
    known = {"sha256": SHA256, "size": len(DATA)}
    return Source(key="weights", kind="url", url=url, **{**known, **fields})


def mirror_with(folder: Path, data: bytes, sha256: str = "") -> Path:
    path = folder / stored_at(sha256 or hashlib.sha256(data).hexdigest())
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return folder


# A file from its address ------------------------------------------------------------------------


def test_a_file_is_fetched_and_described(server, bench):
    url = server.on("/a/net%20v1.bin", content(DATA))
    fetched = fetch(weights(url), bench.model, bench.out, bench.options)
    assert fetched.path == bench.out / "net_v1.bin"
    assert fetched.path.read_bytes() == DATA
    assert (fetched.size, fetched.sha256, fetched.origin) == (len(DATA), SHA256, "url")
    assert [path.name for path in bench.out.iterdir()] == ["net_v1.bin"]
    assert server.requests[0][1]["Accept-Encoding"] == "identity"


def test_a_file_of_unknown_size_in_chunks(server, bench):
    assert bench.fetch(weights(server.on("/net", chunked(DATA)), size=None)) == DATA


def test_an_empty_file_is_a_file(server, bench):
    empty = hashlib.sha256(b"").hexdigest()
    assert bench.fetch(weights(server.on("/net", content(b"")), sha256=empty, size=0)) == b""


def test_an_older_output_is_replaced_and_a_failure_leaves_it(server, bench):
    bench.out.mkdir(parents=True)
    (bench.out / "old").touch()
    with pytest.raises(SourceError):
        bench.fetch(weights(server.url("/absent")))
    assert [path.name for path in bench.out.iterdir()] == ["old"]
    bench.fetch(weights(server.on("/net", content(DATA))))
    assert [path.name for path in bench.out.iterdir()] == ["net"]


RECOVERIES = {
    "cut": [cut_after(100_000, DATA), content(DATA)],
    "cut twice": [cut_after(100_000, DATA), cut_after(100_000, DATA), content(DATA)],
    "cut, then range ignored": [cut_after(100_000, DATA), content(DATA, ranges=False)],
    "cut, then another range": [
        cut_after(100_000, DATA),
        misranged(DATA, "bytes 5-8/300000"),
        misranged(DATA, ""),
    ],
    "cut, then a range out of words": [cut_after(100_000, DATA), misranged(DATA, "bytes */7")],
    "cut, then range refused": [cut_after(100_000, DATA), status(416), content(DATA)],
    "chunks cut": [chunked(DATA, is_cut=True), content(DATA)],
    "500": [status(500), content(DATA)],
    "502, 503": [status(502), status(503), content(DATA)],
    "429": [status(429, Retry_After=0), content(DATA)],
    "429 until a date": [
        status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
        content(DATA),
    ],
    "cut at once": [lambda handler: handler.cut(), content(DATA)],
    "redirect": [redirect("/net"), content(DATA)],
}


@pytest.mark.parametrize("answers", RECOVERIES.values(), ids=RECOVERIES)
def test_what_may_pass_is_tried_again(server, bench, answers):
    assert bench.fetch(weights(server.on("/net", *answers))) == DATA
    assert bench.partials() == []


def test_a_cut_download_resumes_where_it_stopped(server, bench):
    url = server.on("/net", cut_after(100_000, DATA, '"v1"'), content(DATA, '"v1"'))
    assert bench.fetch(weights(url)) == DATA
    assert server.ranges() == [None, "bytes=100000-"]
    assert server.requests[1][1]["If-Range"] == '"v1"'


def test_another_version_on_the_server_starts_again(server, bench):
    url = server.on("/net", cut_after(100_000, OTHER, '"v0"'), content(DATA, '"v1"'))
    assert bench.fetch(weights(url)) == DATA
    assert len(server.requests) == 2


def test_a_weak_etag_is_no_promise(server, bench):
    url = server.on("/net", cut_after(100_000, DATA, 'W/"v1"'), content(DATA, 'W/"v1"'))
    assert bench.fetch(weights(url)) == DATA
    assert "If-Range" not in server.requests[1][1]


def test_a_later_run_resumes_what_an_earlier_one_left(server, bench):
    url = server.on("/net", cut_after(100_000, DATA), status(500))
    with pytest.raises(SourceError, match="500"):
        bench.fetch(weights(url))
    assert not bench.out.exists()
    assert [path.stat().st_size for path in bench.partials()] == [100_000]
    server.on("/net", content(DATA))
    assert bench.fetch(weights(url)) == DATA
    assert server.ranges()[-1] == "bytes=100000-"


def test_a_whole_partial_needs_no_request(server, bench):
    folder = bench.options.downloads / "partial" / SHA256
    folder.mkdir(parents=True)
    (folder / "content").write_bytes(DATA)
    assert bench.fetch(weights(server.url("/net"))) == DATA
    assert server.requests == []


@pytest.mark.parametrize("size", [100_000, 300_000, 400_000])
def test_a_spoilt_partial_is_dropped_and_fetched_anew(server, bench, size):
    folder = bench.options.downloads / "partial" / SHA256
    folder.mkdir(parents=True)
    (folder / "content").write_bytes((OTHER + OTHER)[:size])
    assert bench.fetch(weights(server.on("/net", content(DATA)))) == DATA
    assert server.ranges()[-1] is None


def test_progress_does_not_count_as_failure(server, bench, monkeypatch):
    monkeypatch.setattr("converters.download.transfer.FRUITFUL", 50_000)
    url = server.on("/net", *[cut_after(50_000, DATA)] * 5, content(DATA))
    assert bench.fetch(weights(url), attempts=2) == DATA


# What is wrong is said --------------------------------------------------------------------------

REFUSALS = {
    "absent": ([status(404)], "answered 404", 1),
    "gone": ([status(410)], "answered 410", 1),
    "forbidden": ([status(403)], "answered 403", 1),
    "busy for ever": ([status(503)], r"answered 503 .*\(4 attempts\)", 4),
    "no content": ([status(204)], "answered 204", 1),
    "a part unasked": ([status(206)], "serves a part where all was asked for", 1),
    "wrong bytes": ([content(OTHER)], f"expected sha256 {SHA256}, got [0-9a-f]{{64}}", 1),
    "wrong bytes in chunks": ([chunked(OTHER)], "wrong checksum", 1),
    "announces less": ([announced(DATA, 1000)], "has 1000 bytes, expected 300000", 1),
    "announces more": ([announced(DATA, 10**9)], "has 1000000000 bytes", 1),
    "always cut": ([cut_after(0, DATA)], r"connection was cut.*\(4 attempts\)", 4),
    "a page": ([page(HTML)], "serves an HTML page in place of the file", 1),
    "a page called a file": (
        [content(HTML.encode(), Content_Type="application/octet-stream")],
        "serves an HTML page",
        1,
    ),
    "a redirect in circles": ([redirect("/net")], "redirects more than 10 times", 11),
    "a redirect to a file": ([redirect("file:///etc/passwd")], "redirects from http to file", 1),
    "a redirect to ftp": ([redirect("ftp://127.0.0.1/x")], "redirects from http to ftp", 1),
}


@pytest.mark.parametrize(("answers", "cause", "requests"), REFUSALS.values(), ids=REFUSALS)
def test_a_place_that_does_not_serve_it_says_why(server, bench, answers, cause, requests):
    url = server.on("/net", *answers)
    with pytest.raises(SourceError, match=f"(?s)no place served it.*{cause}") as caught:
        bench.fetch(weights(url))
    assert len(server.requests) == requests
    assert url in caught.value.cause and caught.value.subject == "source weights"
    assert f"put the file at {stored_at(SHA256)}" in caught.value.remedy
    assert not bench.out.exists() and bench.partials() == []


@pytest.mark.parametrize(
    "text",
    [
        HTML,
        "\n\n<html lang=en>",
        "\ufeff<!doctype html>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x">',
        "<!-- served by x --><html>",
    ],
)
def test_a_page_is_known_by_its_first_bytes(server, bench, text):
    url = server.on("/net", content(text.encode(), Content_Type="application/octet-stream"))
    with pytest.raises(SourceError, match="HTML page") as caught:
        bench.fetch(weights(url, size=None))
    assert "open the address in a browser" in caught.value.remedy


def test_a_file_called_a_page_is_a_file(server, bench):
    url = server.on("/net", content(DATA, Content_Type="text/html"))
    assert bench.fetch(weights(url)) == DATA


def test_a_page_that_is_wanted_is_fetched(server, bench):
    url = server.on("/about.html", page(HTML))
    digest = hashlib.sha256(HTML.encode()).hexdigest()
    assert bench.fetch(weights(url, sha256=digest, size=None)) == HTML.encode()


def test_a_pointer_of_git_lfs_is_told(server, bench):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    with pytest.raises(SourceError, match="Git LFS pointer") as caught:
        bench.fetch(weights(server.on("/net", content(pointer)), size=None))
    assert "media.githubusercontent.com" in caught.value.remedy


def test_an_endless_file_is_left_as_soon_as_it_is_too_long(server, bench):
    url = server.on("/net", endless(bytes(10_000)))
    with pytest.raises(SourceError, match="more than the expected 300000 bytes"):
        bench.fetch(weights(url))
    assert bench.partials() == []


def test_a_page_in_place_of_the_rest_does_not_cost_what_is_here(server, bench):
    url = server.on("/net", cut_after(100_000, DATA), page(HTML))
    with pytest.raises(SourceError, match="HTML page"):
        bench.fetch(weights(url, size=None))
    assert [path.stat().st_size for path in bench.partials()] == [100_000]


def test_silence_is_a_stall(server, bench):
    url = server.on("/net", stalled(DATA, 1000), content(DATA))
    assert bench.fetch(weights(url), read_timeout=0.2) == DATA
    assert server.ranges() == [None, "bytes=1000-"]


def test_silence_for_ever_is_told(server, bench):
    url = server.on("/net", stalled(DATA, 0))
    with pytest.raises(SourceError, match=r"not a byte for 0\.1 s"):
        bench.fetch(weights(url), read_timeout=0.1, attempts=2)


def test_dripping_is_a_stall(server, bench):
    url = server.on("/net", dripping(DATA, 0.02), content(DATA))
    assert bench.fetch(weights(url), stall_seconds=0.2, stall_bytes=5_000) == DATA


def test_nobody_listening_is_told(bench):
    with pytest.raises(SourceError, match=r"Connection refused \(2 attempts\)"):
        bench.fetch(weights("http://127.0.0.1:9/net"), attempts=2)


def test_an_unknown_host_is_told(bench, monkeypatch):
    monkeypatch.delenv("https_proxy")
    with pytest.raises(SourceError, match="the host name is not known"):
        bench.fetch(weights("https://weights.example.org/net"), attempts=1)


def test_waiting_grows_and_respects_the_server(server, bench, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    url = server.on("/net", status(500), status(500), status(503, Retry_After=30), content(DATA))
    assert bench.fetch(weights(url), backoff=1.0) == DATA
    first, second, third = pauses
    assert 0.5 <= first <= 1.5 and 1.0 <= second <= 3.0 and third == 30.0


def test_secrets_of_an_address_stay_out_of_messages(server, bench, capsys):
    url = server.on("/net", status(404)).replace("http://", "http://user:secret@")
    with pytest.raises(SourceError) as caught:
        bench.fetch(weights(url + "?token=secret"))
    assert "secret" not in str(caught.value) + capsys.readouterr().err


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of this machine, signed by itself."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed, which makes the certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=zoo", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(path), "-out", str(path.with_name("public.pem"))]
    subprocess.run([openssl, *command.split(), *names, *files], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_name("public.pem").read_text())
    return path


@pytest.fixture
def https(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server(context) as running:
        yield running


def test_https_resumes_too(https, bench, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    url = https.on("/net", cut_after(100_000, DATA), content(DATA))
    assert url.startswith("https:") and bench.fetch(weights(url)) == DATA
    assert https.ranges()[1].startswith("bytes=")


def test_a_certificate_of_nobody_is_told(https, bench):
    with pytest.raises(SourceError, match="its certificate is not accepted") as caught:
        bench.fetch(weights(https.on("/net", content(DATA))))
    assert "REQUESTS_CA_BUNDLE" in caught.value.remedy and https.requests == []


def test_https_never_leads_to_http(https, server, bench, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    url = https.on("/net", redirect(server.on("/net", content(DATA))))
    with pytest.raises(SourceError, match="from https to http, which is refused"):
        bench.fetch(weights(url))
    assert server.requests == []
    to_https = server.on("/up", redirect(https.on("/net", content(DATA))))
    assert bench.fetch(weights(to_https)) == DATA


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/x",
        "data:text/plain,x",
        "/etc/passwd",
        "http:///x",
        "",
        "javascript:x",
        "http://[",
    ],
)
def test_other_addresses_are_refused(bench, url):
    with pytest.raises(SourceError):
        bench.fetch(weights(url))


def test_a_file_url_is_read(bench, tmp_path):
    (tmp_path / "net.bin").write_bytes(DATA)
    assert bench.fetch(weights((tmp_path / "net.bin").as_uri()), offline=True) == DATA
    with pytest.raises(SourceError, match="another machine"):
        bench.fetch(weights("file://server/share/net.bin"))


def test_nothing_unpinned_is_fetched(server, bench):
    for source in (
        weights(server.url("/net"), sha256=""),
        Source(key="code", kind="git", url=server.url("/x.git"), revision="main"),
        Source(key="drive", kind="gdrive", id="abc"),
    ):
        with pytest.raises(SourceError, match="is not pinned") as caught:
            fetch(source, bench.model, bench.out, bench.options)
        assert caught.value.remedy == "python -m converters.lock m"
    assert server.requests == []


# Mirrors, other addresses, and what was downloaded before ---------------------------------------


def test_a_mirrors_folder_is_asked_before_the_network(server, bench, tmp_path):
    mirror = mirror_with(tmp_path / "mirror", DATA)
    source = weights(server.url("/net"))
    fetched = fetch(source, bench.model, bench.out, bench.having(mirrors=(str(mirror),)))
    assert fetched.path.read_bytes() == DATA and fetched.origin == "mirror"
    assert server.requests == []


@pytest.mark.parametrize("end", ["", "/"])
def test_a_mirrors_base_url_is_asked(server, bench, end):
    server.on(f"/base/{stored_at(SHA256)}", content(DATA))
    source = weights(server.url("/net"))
    assert bench.fetch(source, mirrors=(server.url("/base") + end,)) == DATA
    assert [path for path, _ in server.requests] == [f"/base/{stored_at(SHA256)}"]


def test_a_mirror_that_is_wrong_or_lacks_it_is_passed_over_with_a_note(
    server, bench, tmp_path, capsys
):
    wrong = mirror_with(tmp_path / "wrong", OTHER, SHA256)
    (tmp_path / "empty").mkdir()
    mirrors = (str(wrong), str(tmp_path / "empty"), str(tmp_path / "none"), server.url("/base"))
    assert bench.fetch(weights(server.on("/net", content(DATA))), mirrors=mirrors) == DATA
    notes = capsys.readouterr().err
    assert "wrong: wrong checksum: expected sha256" in notes
    assert "empty: there is no such file" in notes and "none: there is no such folder" in notes
    assert "/base: answered 404" in notes


def test_other_addresses_of_the_recipe_come_last(server, bench):
    url, other = server.on("/net", status(404)), server.on("/other", content(DATA))
    assert bench.fetch(weights(url, mirrors=(other,))) == DATA
    assert [path for path, _ in server.requests] == ["/net", "/other"]


def test_another_place_goes_on_where_the_first_stopped(server, bench):
    url = server.on("/net", cut_after(100_000, DATA), status(404))
    other = server.on("/other", content(DATA))
    assert bench.fetch(weights(url, mirrors=(other,))) == DATA
    assert server.ranges()[-1] == "bytes=100000-"


def test_the_error_names_every_place(server, bench, tmp_path):
    wrong = mirror_with(tmp_path / "wrong", OTHER, SHA256)
    url, other = server.on("/net", page(HTML)), server.on("/other", status(404))
    with pytest.raises(SourceError) as caught:
        bench.fetch(weights(url, size=None, mirrors=(other,)), mirrors=(str(wrong),))
    lines = caught.value.cause.splitlines()
    assert [line.split(": ")[0].strip(" -") for line in lines[1:]] == [
        f"mirror {wrong}",
        url,
        other,
    ]
    assert "HTML page" in lines[2] and "404" in lines[3]


def test_offline_asks_folders_only(server, bench, tmp_path):
    source = weights(server.on("/net", content(DATA)))
    with pytest.raises(SourceError, match="not asked: offline") as caught:
        bench.fetch(source, offline=True, mirrors=(server.url("/base"),))
    assert "unset ZOO_OFFLINE" in caught.value.remedy
    mirror = mirror_with(tmp_path / "mirror", DATA)
    assert bench.fetch(source, offline=True, mirrors=(str(mirror),)) == DATA
    assert server.requests == []


def test_a_shared_source_is_downloaded_once(server, bench, tmp_path):
    source = weights(server.on("/net", content(DATA)))
    bench.fetch(source)
    again = fetch(source, bench.model, tmp_path / "elsewhere", bench.options)
    assert again.path.read_bytes() == DATA and again.origin == "cache"
    assert len(server.requests) == 1


def test_two_jobs_at_once_download_once(server, bench, tmp_path):
    source = weights(server.on("/net", stalled(DATA, 1000), content(DATA)))
    options = bench.having(read_timeout=0.3)
    jobs = [
        threading.Thread(target=fetch, args=(source, bench.model, tmp_path / str(i), options))
        for i in range(3)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [(tmp_path / str(i) / "net").read_bytes() == DATA for i in range(3)] == [True] * 3
    assert len(server.requests) == 2


def test_a_damaged_download_is_not_used_again(server, bench):
    source = weights(server.on("/net", content(DATA)))
    bench.fetch(source)
    stored = bench.options.downloads / stored_at(SHA256)
    stored.chmod(0o644)
    stored.write_bytes(OTHER)
    assert bench.fetch(source) == DATA
    assert stored.read_bytes() == DATA and len(server.requests) == 2


def test_the_downloads_are_a_mirror(server, bench, tmp_path):
    bench.fetch(weights(server.on("/net", content(DATA))))
    other = bench.having(downloads=tmp_path / "new", mirrors=(str(bench.options.downloads),))
    source = weights("https://gone.example.org/net")
    assert fetch(source, bench.model, tmp_path / "o", other).origin == "mirror"


def test_without_hard_links_files_are_copied(server, bench, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert bench.fetch(weights(server.on("/net", content(DATA)))) == DATA


def test_a_full_disk_is_told(server, bench, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "keep", full)
    with pytest.raises(SourceError, match="cannot be written: No space left") as caught:
        bench.fetch(weights(server.on("/net", content(DATA))))
    assert "ZOO_DOWNLOADS" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", ()),
        ("../a/mirror", ("../a/mirror",)),
        ("/a:/b", ("/a", "/b")),
        ("/a, /b\n/c", ("/a", "/b", "/c")),
        ("https://host/base:/b", ("https://host/base", "/b")),
        ("http://host:8080/base:http://other:80", ("http://host:8080/base", "http://other:80")),
        ("/a:https://host", ("/a", "https://host")),
        ("file:///a:/b", ("file:///a", "/b")),
    ],
)
def test_mirrors_of_the_environment(text, entries):
    assert split_mirrors(text) == entries


def test_options_from_environment_and_configuration(tmp_path):
    environment = {"ZOO_MIRRORS": "/a /b", "ZOO_OFFLINE": "1", "ZOO_DOWNLOADS": str(tmp_path)}
    options = FetchOptions.from_environment({"mirrors": ["/b", "/c"]}, environment)
    assert options.mirrors == ("/a", "/b", "/c")
    assert options.offline and options.downloads == tmp_path
    assert not FetchOptions.from_environment({}, {"ZOO_OFFLINE": "0"}).offline
    assert FetchOptions.from_environment({"offline": True}, {}).offline
    with pytest.raises(ZooError, match="must be a list"):
        FetchOptions.from_environment({"mirrors": {"a": 1}}, {})


# Learning what a source is ----------------------------------------------------------------------


def test_a_probe_learns_size_and_sha256_and_spares_the_next_download(server, bench):
    source = weights(server.on("/net", content(DATA)), sha256="", size=None)
    probed = probe(source, bench.model, bench.options)
    assert (probed.size, probed.sha256) == (len(DATA), SHA256)
    assert bench.fetch(weights(source.url)) == DATA
    assert len(server.requests) == 1


def test_a_probe_resumes_only_the_same_version(server, bench):
    url = server.on("/net", cut_after(100_000, OTHER), content(DATA))
    assert probe(weights(url, sha256="", size=None), bench.model, bench.options).sha256 == SHA256
    assert server.ranges() == [None, None]
    url = server.on("/two", cut_after(100_000, OTHER, '"a"'), content(OTHER, '"a"'))
    probed = probe(weights(url, sha256="", size=None), bench.model, bench.options)
    assert probed.sha256 == hashlib.sha256(OTHER).hexdigest()
    assert server.ranges()[2:] == [None, "bytes=100000-"]


def test_a_probe_does_not_take_a_page_for_weights(server, bench):
    source = weights(server.on("/net", page("<title>Log in</title>")), sha256="", size=None)
    with pytest.raises(SourceError, match="HTML page"):
        probe(source, bench.model, bench.options)


def test_a_digest_that_the_publisher_states_is_held_against_the_bytes(server, bench):
    url = server.on("/net", content(OTHER), content(DATA))
    stated = hashlib.sha384(DATA).hexdigest()
    source = weights(url, sha256="", size=None, sha384=stated)
    with pytest.raises(SourceError, match="served other bytes: their sha384 is"):
        probe(source, bench.model, bench.options)
    assert probe(source, bench.model, bench.options).sha256 == SHA256


# Google Drive -----------------------------------------------------------------------------------

WARNING = """<!DOCTYPE html><html><body><form id="search"><input name="q" value="x"></form>
<p>Google Drive can't scan this file for viruses.</p>
<form id="download-form" action="{action}" method="get">
<input type="submit" value="Download anyway"><input type="hidden" name="id" value="the-id">
<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="u-1">
</form></body></html>"""


def drive_file(**fields: object) -> Source:
    known = {"id": "the-id", "sha256": SHA256, "size": len(DATA), "filename": "net.pth"}
    return Source(key="weights", kind="gdrive", **{**known, **fields})


def attachment(data: bytes):
    return content(data, Content_Type="text/html", Content_Disposition='attachment; filename="x"')


def test_a_file_on_google_drive_comes_at_once(server, bench):
    server.on("/download", attachment(DATA))
    assert bench.fetch(drive_file(), drive=server.url()) == DATA
    assert server.requests[0][0] == "/download?id=the-id&export=download&confirm=t"
    assert (bench.out / "net.pth").is_file()


def test_google_drives_form_is_sent_back(server, bench):
    server.on("/download", page(WARNING.format(action="/confirmed?export=download")))
    server.on("/confirmed", attachment(DATA))
    assert bench.fetch(drive_file(), drive=server.url()) == DATA
    assert server.requests[-1][0] == ("/confirmed?export=download&id=the-id&confirm=t&uuid=u-1")


def test_google_drives_link_of_old_is_followed(server, bench):
    link = '<html><a href="/uc?export=download&amp;confirm=AbC&amp;id=the-id">anyway</a></html>'
    server.on("/download", page(link))
    server.on("/uc", attachment(DATA))
    assert bench.fetch(drive_file(), drive=server.url()) == DATA
    assert "confirm=AbC" in server.requests[-1][0]


def test_google_drives_cookie_is_sent_back(server, bench):
    warning = page("<html>virus</html>", Set_Cookie="download_warning_1_the-id=XyZ; Path=/")
    server.on("/download", warning, attachment(DATA))
    assert bench.fetch(drive_file(), drive=server.url()) == DATA
    path, headers = server.requests[-1]
    assert path.endswith("confirm=XyZ") and "download_warning" in headers["Cookie"]


def test_google_drive_resumes_past_its_form(server, bench):
    server.on("/download", page(WARNING.format(action="/confirmed")))
    server.on("/confirmed", cut_after(100_000, DATA), content(DATA))
    assert bench.fetch(drive_file(), drive=server.url()) == DATA
    assert server.ranges()[-1] == "bytes=100000-"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (page("<html><title>Google Drive - Quota exceeded</title></html>"), "is used up"),
        (page("<html>Too many users have viewed or downloaded this file</html>"), "is used up"),
        (page("<html>You need access. Request access</html>"), "wants a log-in"),
        (page("<html>Sorry, the file you have requested does not exist.</html>"), "no such file"),
        (page("<html>something new</html>"), "not known here"),
        (page(WARNING.format(action="/download")), "HTML page|not known here"),
        (page(WARNING.format(action="ftp://127.0.0.1/x?download")), "leads to ftp"),
        (status(404), "answered 404"),
    ],
)
def test_what_google_drive_says_instead_is_told(server, bench, answer, cause):
    server.on("/download", answer)
    with pytest.raises(SourceError, match=cause):
        bench.fetch(drive_file(size=None), drive=server.url())


def test_a_file_on_google_drive_comes_from_a_mirror_too(bench, tmp_path):
    mirror = mirror_with(tmp_path / "mirror", DATA)
    assert bench.fetch(drive_file(), mirrors=(str(mirror),), drive="http://127.0.0.1:9") == DATA


def test_an_id_that_is_a_link_is_told(bench):
    with pytest.raises(SourceError, match="not the id of a file"):
        bench.fetch(drive_file(id="https://drive.google.com/file/d/x/view"))


# Files of the model's folder --------------------------------------------------------------------


def local(path: str, **fields: object) -> Source:
    return Source(key="weights", kind="file", path=path, **fields)


def test_a_file_of_the_models_folder_is_copied(bench):
    (bench.model / "deep").mkdir()
    (bench.model / "deep" / "net.safetensors").write_bytes(DATA)
    fetched = fetch(local("deep/net.safetensors"), bench.model, bench.out, bench.options)
    assert fetched.path == bench.out / "net.safetensors" and fetched.sha256 == SHA256
    assert fetched.path.stat().st_nlink == 1
    assert not bench.options.downloads.exists()


def test_a_file_may_not_leave_the_models_folder(bench):
    (bench.folder / "models" / "secret").write_bytes(DATA)
    (bench.model / "link").symlink_to("../secret")
    for path in ("../secret", "link", str(bench.folder / "models" / "secret"), "x/../../secret"):
        with pytest.raises(SourceError, match="leaves the model's folder"):
            bench.fetch(local(path))


def test_an_absent_folder_or_changed_file_is_told(bench):
    (bench.model / "folder").mkdir()
    (bench.model / "net").write_bytes(OTHER)
    for source, cause in (
        (local("none"), "there is no file none"),
        (local("folder"), "is a folder"),
        (local("net", sha256=SHA256), "wrong checksum"),
        (local("net", size=3), "has 300000 bytes, expected 3"),
    ):
        with pytest.raises(SourceError, match=cause):
            bench.fetch(source)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"url": "https://h/a/net.onnx?raw=true"}, "net.onnx"),
        ({"url": "https://h/a/..%2F..%2Fetc%2Fpasswd"}, "_.._etc_passwd"),
        ({"url": "https://h/.hidden"}, "hidden"),
        ({"url": "https://h/"}, "k"),
        ({"url": "https://h/a", "filename": "b.pth"}, "b.pth"),
        ({"kind": "gdrive", "id": "x"}, "k"),
        ({"kind": "file", "path": "deep/net.pth"}, "net.pth"),
    ],
)
def test_the_name_of_a_stored_file(fields, name):
    assert file_name(Source(**{"key": "k", "kind": "url", **fields})) == name


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".", "a\\b", "a\nb"])
def test_a_file_name_is_plain(name):
    with pytest.raises(SourceError, match="not a plain name"):
        file_name(Source(key="k", kind="url", url="https://h/a", filename=name))


def test_an_archive_is_unpacked_where_it_is_fetched(server, bench, tmp_path):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("net/model.bin")
        info.size = len(DATA)
        archive.addfile(info, io.BytesIO(DATA))
    packed = (tmp_path / "a.tar.gz").read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    url = server.on("/a.tar.gz", content(packed))
    source = weights(url, sha256=digest, size=len(packed), unpack=True)
    fetched = fetch(source, bench.model, bench.out, bench.options)
    assert fetched.path == bench.out and fetched.sha256 == digest
    assert (bench.out / "net/model.bin").read_bytes() == DATA
    assert [path.name for path in bench.out.iterdir()] == ["net"]


# The command ------------------------------------------------------------------------------------

RECIPE = """
schema: 1
id: m
name: M
task: classification
license: {{spdx: MIT, url: "https://example.org/LICENSE", redistribute: allowed}}
sources:
  weights: {{kind: url, url: "{url}", sha256: {sha256}, size: {size}}}
load: {{framework: onnx, model: weights}}
inputs: [{{name: x, shape: [1, 4]}}]
artifacts: [float32]
data: {{noise: {{kind: random}}}}
verification: {{data: noise, count: 1}}
"""


def download(key: str) -> int:
    arguments = ["m", "sources", "--key", key, "--out", f"sources/m/{key}", "--facts", "facts.json"]
    return stage.main("download", "", command.add_arguments, command.run, arguments)


def test_the_command_fetches_and_notes_facts(server, bench, monkeypatch):
    monkeypatch.chdir(bench.folder)
    url = server.on("/net.onnx", content(DATA))
    recipe = RECIPE.format(url=url, sha256=SHA256, size=len(DATA))
    (bench.model / "recipe.yaml").write_text(recipe)
    assert download("weights") == 0
    assert Path("sources/m/weights/net.onnx").read_bytes() == DATA
    assert json.loads(Path("facts.json").read_text()) == {
        "key": "weights",
        "kind": "url",
        "sha256": SHA256,
        "size": len(DATA),
        "commit": None,
    }
    assert Path("sources/.downloads", stored_at(SHA256)).is_file()


def test_the_command_reads_the_configurations_mirrors(bench, monkeypatch, capsys):
    monkeypatch.chdir(bench.folder)
    mirror_with(bench.folder / "mirror", DATA)
    recipe = RECIPE.format(url="https://gone.example.org/n", sha256=SHA256, size=len(DATA))
    (bench.model / "recipe.yaml").write_text(recipe)
    Path("config.yaml").write_text("mirrors: [mirror]\noffline: true\n")
    assert download("weights") == 0
    assert json.loads(Path("facts.json").read_text())["sha256"] == SHA256
    assert download("other") == 1
    assert "has no source 'other'" in capsys.readouterr().err


def test_importing_the_package_is_light():
    code = (
        "import sys, converters.download;"
        "print([m for m in ('requests', 'tqdm', 'tarfile', 'yaml.cyaml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "requests" not in done.stdout and "tqdm" not in done.stdout


def test_a_line_at_start_and_end_tells_of_a_download(server, bench, capsys):
    url = server.on("/net", content(DATA))
    bench.fetch(weights(url))
    assert capsys.readouterr().err.splitlines() == [
        f"weights: 293.0 kB, sha256 {SHA256}",
        f"weights: 293.0 kB from {url}",
    ]


def test_a_person_sees_a_bar(server, bench, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    bench.fetch(weights(server.on("/net", content(DATA))))
    assert "300k/300k" in screen.getvalue() or "0.00/300k" in screen.getvalue()


def test_quiet_is_quiet(server, bench, capsys):
    bench.fetch(weights(server.on("/net", content(DATA))), quiet=True)
    assert capsys.readouterr().err == ""


def test_the_guard_refuses_other_hosts():
    with pytest.raises(socket.gaierror):
        socket.create_connection(("pypi.org", 443), timeout=1)
    with socket.socket() as one, pytest.raises(AssertionError, match="a test asked for"):
        one.connect(("192.0.2.1", 80))
