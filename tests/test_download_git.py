"""Repositories at a pinned commit, made by the tests and fetched by the git program."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from servers import Server, content, only_this_machine, server, status

from converters.download import FetchOptions, fetch, probe, resolve_commit
from converters.errors import SourceError
from converters.recipes.recipe import Source

__all__ = ["only_this_machine", "server"]

PUBLIC = "https://git.example.org/team/net.git"


class Repository(NamedTuple):
    """A repository in somebody else's hands."""

    path: Path

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
        done = subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.path / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "more")
        return self.git("rev-parse", "HEAD")

    @property
    def url(self) -> str:
        return self.path.as_uri()


@pytest.fixture
def upstream(tmp_path):
    path = tmp_path / "upstream"
    path.mkdir()
    repository = Repository(path)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit(net="v1")
    return repository


@pytest.fixture
def options(tmp_path):
    return FetchOptions(downloads=tmp_path / "downloads", backoff=0.0, attempts=2)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def configure(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Settings as a user's own git configuration would hold them; `__` stands for a dot."""
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name.replace("__", "."))
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)


def code(url: str, commit: str, **fields: object) -> Source:
    return Source(key="code", kind="git", url=url, commit=commit, **fields)


def tree(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def test_the_pinned_commit_is_checked_out_without_its_history(upstream, options, out):
    first = upstream.git("rev-parse", "HEAD")
    (upstream.path / "deep").mkdir()
    (upstream.path / "deep" / "run.sh").write_text("true")
    (upstream.path / "deep" / "run.sh").chmod(0o755)
    second = upstream.commit(net="v2")
    upstream.commit(net="v3")
    fetched = fetch(code(upstream.url, second), out, out, options)
    assert fetched.path == out and fetched.commit == second and fetched.origin == "git"
    assert tree(out) == {"net": "v2", "deep/run.sh": "true"}
    assert fetched.size == 6 and os.access(out / "deep/run.sh", os.X_OK)
    fetch(code(upstream.url, first), out, out, options)
    assert tree(out) == {"net": "v1"}


def test_what_was_fetched_once_needs_no_repository(upstream, options, out, tmp_path):
    commit = upstream.git("rev-parse", "HEAD")
    fetch(code(upstream.url, commit), out, out, options)
    upstream.path.rename(tmp_path / "moved")
    assert fetch(code(upstream.url, commit), out, tmp_path / "two", options).origin == "cache"
    assert tree(tmp_path / "two") == {"net": "v1"}


def test_a_damaged_store_is_fetched_anew(upstream, options, out):
    commit = upstream.git("rev-parse", "HEAD")
    fetch(code(upstream.url, commit), out, out, options)
    (pack,) = options.downloads.glob("git/*/*/objects/pack/*.pack")
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 255
    pack.chmod(0o644)
    pack.write_bytes(data)
    assert fetch(code(upstream.url, commit), out, out, options).origin == "git"
    assert tree(out) == {"net": "v1"}


def test_instead_of_is_honoured(upstream, options, out, monkeypatch):
    configure(monkeypatch, **{f"url.{upstream.url}.insteadOf": PUBLIC})
    commit = resolve_commit(PUBLIC, "main", options)
    assert commit == upstream.git("rev-parse", "HEAD")
    fetch(code(PUBLIC, commit), out, out, options)
    assert tree(out) == {"net": "v1"}


def test_offline_still_reads_what_instead_of_makes_local(upstream, out, tmp_path, monkeypatch):
    options = FetchOptions(downloads=tmp_path / "downloads", offline=True)
    commit = upstream.git("rev-parse", "HEAD")
    with pytest.raises(SourceError, match="transport 'https' not allowed") as caught:
        fetch(code(PUBLIC, commit), out, out, options)
    assert "unset ZOO_OFFLINE" in caught.value.remedy
    configure(monkeypatch, **{f"url.{upstream.url}.insteadOf": PUBLIC})
    fetch(code(PUBLIC, commit), out, out, options)
    assert tree(out) == {"net": "v1"}


def test_a_commit_that_no_branch_holds_any_more(upstream, options, out):
    upstream.git("checkout", "--quiet", "-b", "paper")
    commit = upstream.commit(net="paper")
    upstream.git("checkout", "--quiet", "main")
    upstream.git("branch", "-D", "paper")
    fetch(code(upstream.url, commit), out, out, options)
    assert tree(out) == {"net": "paper"}


def test_a_server_that_serves_tips_only_is_asked_for_all(upstream, options, out, monkeypatch):
    commit = upstream.commit(net="merged")
    upstream.commit(net="later")
    configure(monkeypatch, protocol__version="0")
    fetch(code(upstream.url, commit), out, out, options)
    assert tree(out) == {"net": "merged"}


def test_a_commit_that_only_a_pull_request_holds(upstream, options, out, monkeypatch):
    upstream.git("checkout", "--quiet", "--detach")
    commit = upstream.commit(net="proposed")
    upstream.commit(net="proposed later")
    upstream.git("update-ref", "refs/pull/7/head", "HEAD")
    upstream.git("checkout", "--quiet", "main")
    configure(monkeypatch, protocol__version="0")
    fetch(code(upstream.url, commit), out, out, options)
    assert tree(out) == {"net": "proposed"}


def serve(server: Server, repository: Repository) -> str:
    """The repository as plain files behind a web server, which can do nothing but hand them out."""
    repository.git("update-server-info")
    folder = repository.path / ".git"
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            server.on(f"/net.git/{name}", content(path.read_bytes(), ranges=False))
    return server.url("/net.git")


def test_a_repository_behind_a_plain_web_server(upstream, options, out, server):
    commit = upstream.commit(net="v2")
    upstream.commit(net="v3")
    url = serve(server, upstream)
    assert resolve_commit(url, "main", options) == upstream.git("rev-parse", "HEAD")
    fetch(code(url, commit), out, out, options)
    assert tree(out) == {"net": "v2"}


def test_a_busy_server_is_asked_again(upstream, options, out, server):
    commit = upstream.git("rev-parse", "HEAD")
    url = serve(server, upstream)
    server.answers["/net.git/info/refs"][:0] = [status(503), status(503)]
    fetch(code(url, commit), out, out, options)
    assert tree(out) == {"net": "v1"}


def test_nobody_is_asked_for_a_password(options, out, server):
    server.on("/net.git/info/refs", status(401, WWW_Authenticate='Basic realm="x"'))
    with pytest.raises(SourceError, match=r"Authentication failed|could not read"):
        fetch(code(server.url("/net.git"), "a" * 40), out, out, options)


def test_a_commit_that_is_gone_is_told(upstream, options, out):
    with pytest.raises(SourceError, match=f"has no commit {'a' * 40}") as caught:
        fetch(code(upstream.url, "a" * 40), out, out, options)
    assert "history was rewritten" in caught.value.remedy
    assert not out.exists() and list(options.downloads.glob("git/*")) == []


def test_every_address_is_asked_and_named(upstream, options, out, tmp_path):
    commit = upstream.git("rev-parse", "HEAD")
    gone = (tmp_path / "gone").as_uri()
    fetch(code(gone, commit, mirrors=(upstream.url,)), out, out, options)
    assert tree(out) == {"net": "v1"}
    with pytest.raises(SourceError) as caught:
        fetch(code(gone, "b" * 40, mirrors=(upstream.url,)), out, tmp_path / "two", options)
    assert gone in caught.value.cause and upstream.url in caught.value.cause


@pytest.mark.parametrize("url", ["--upload-pack=touch evil", "ext::sh -c 'touch evil'", ""])
def test_an_address_that_would_run_something_is_refused(options, out, url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="not a repository's address"):
        fetch(code(url, "a" * 40), out, out, options)
    with pytest.raises(SourceError, match="not a repository's address"):
        resolve_commit(url, "main", options)
    assert not Path("evil").exists()


@pytest.mark.parametrize("commit", ["main", "abc123", "A" * 40])
def test_a_commit_is_spelled_whole(options, out, commit):
    with pytest.raises(SourceError, match="is not a whole commit"):
        fetch(code(PUBLIC, commit), out, out, options)


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "deep/../../outside", "hop/x"])
def test_a_link_that_leaves_the_tree_is_refused(upstream, options, out, target):
    (upstream.path / "deep").mkdir()
    (upstream.path / "deep" / "file").touch()
    if target.startswith("hop"):
        (upstream.path / "hop").symlink_to("..")
    (upstream.path / "evil").symlink_to(target)
    with pytest.raises(SourceError, match="link that leads out"):
        fetch(code(upstream.url, upstream.commit()), out, out, options)
    assert not out.exists()


def test_a_link_within_the_tree_is_kept(upstream, options, out):
    (upstream.path / "same").symlink_to("net")
    (upstream.path / "loop").symlink_to("loop")
    fetch(code(upstream.url, upstream.commit()), out, out, options)
    assert (out / "same").is_symlink() and (out / "same").read_text() == "v1"


def test_submodules_stay_empty_and_are_mentioned(upstream, options, out, tmp_path, capsys):
    shutil.copytree(upstream.path, tmp_path / "inner")
    upstream.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../inner")
    fetch(code(upstream.url, upstream.commit()), out, out, options)
    assert list((out / "inner").iterdir()) == []
    assert "has submodules" in capsys.readouterr().err


def test_no_hook_and_no_filter_runs(upstream, options, out, tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/evil\n")
        (hooks / name).chmod(0o755)
    configure(
        monkeypatch,
        core__hooksPath=str(hooks),
        filter__lfs__smudge=f"touch {tmp_path}/evil",
        init__templateDir=str(tmp_path),
    )
    commit = upstream.commit(**{".gitattributes": "net filter=lfs\n"})
    (tmp_path / "evil").unlink(missing_ok=True)
    fetch(code(upstream.url, commit), out, out, options)
    assert (out / "net").read_text() == "v1" and not (tmp_path / "evil").exists()


def test_the_callers_line_endings_and_repository_do_not_matter(
    upstream, options, out, tmp_path, monkeypatch
):
    (upstream.path / "text").write_bytes(b"a\nb\n")
    commit = upstream.commit()
    configure(monkeypatch, core__autocrlf="true")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    fetch(code(upstream.url, commit), out, out, options)
    assert (out / "text").read_bytes() == b"a\nb\n"


def test_an_empty_commit_is_an_empty_folder(upstream, options, out):
    (upstream.path / "net").unlink()
    fetch(code(upstream.url, upstream.commit()), out, out, options)
    assert tree(out) == {}


# What a revision stands at -----------------------------------------------------------------------


def test_branches_and_tags_are_resolved(upstream, options):
    first = upstream.git("rev-parse", "HEAD")
    upstream.git("tag", "light")
    upstream.git("tag", "--annotate", "v1.0", "--message", "release")
    upstream.git("branch", "feature/x")
    second = upstream.commit(net="v2")
    expected = {
        "main": second,
        "HEAD": second,
        "feature/x": first,
        "light": first,
        "v1.0": first,
        "refs/heads/main": second,
        "refs/tags/v1.0": first,
        "c" * 40: "c" * 40,
    }
    found = {revision: resolve_commit(upstream.url, revision, options) for revision in expected}
    assert found == expected


def test_a_revision_that_does_not_exist_is_told_with_those_that_do(upstream, options):
    upstream.git("tag", "v1.0")
    with pytest.raises(SourceError, match="no branch or tag 'mian'") as caught:
        resolve_commit(upstream.url, "mian", options)
    assert "main, v1.0" in caught.value.remedy


def test_a_repository_that_does_not_exist_is_told(tmp_path, options):
    with pytest.raises(SourceError, match=r"git: .*gone"):
        resolve_commit((tmp_path / "gone").as_uri(), "main", options)


def test_a_probe_of_a_repository_tells_its_commit(upstream, options, out):
    source = Source(key="code", kind="git", url=upstream.url, revision="main")
    assert probe(source, out, options).commit == upstream.git("rev-parse", "HEAD")


def test_without_git_one_is_told_to_install_it(options, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SourceError, match="git is not installed"):
        resolve_commit(PUBLIC, "main", options)
