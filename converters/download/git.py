"""Repositories at a pinned commit, fetched by the git program: its configuration is honoured.

What is fetched once stays among the downloads, by its commit. No hook, filter or submodule of the
repository runs, and nobody is asked for a password.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from converters.download.failures import AbsentError, TransientError
from converters.download.links import refuse_links_out
from converters.download.options import FetchOptions
from converters.download.places import without_secrets
from converters.download.progress import Progress
from converters.download.store import locked
from converters.errors import SourceError
from converters.recipes.recipe import Source

FULL_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
PROTOCOLS = "file:git:http:https:ssh"
BRANCHES = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
EVERYTHING = ("+refs/*:refs/*",)
HOPELESS = (
    "not found|does not exist|does not appear to be a git repository|authentication failed"
    "|could not read (username|password)|permission denied|access denied|not allowed"
    "|unable to find remote helper"
)

# Of the caller's repository, if this runs within one of its hooks.
FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_TEMPLATE_DIR",
)

SETTINGS = {
    "advice.detachedHead": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.hooksPath": os.devnull,
    "core.symlinks": "true",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    # Packs carry a checksum, so keep them: what was fetched is checked when it is used again.
    "fetch.unpackLimit": "1",
    # Large files are left as pointers everywhere, not only where git-lfs is not installed.
    "filter.lfs.process": "",
    "filter.lfs.smudge": "",
    "filter.lfs.required": "false",
}


NOWHERE = Path()


class Git(NamedTuple):
    """The git program, at work for one repository (or none yet)."""

    options: FetchOptions
    folder: Path = NOWHERE

    def run(self, *arguments: str, **environment: str) -> str:
        """What a git command prints; an error in its own words if it fails."""
        settings = [part for pair in SETTINGS.items() for part in ("-c", "=".join(pair))]
        slow = ["-c", "http.lowSpeedLimit=1", "-c", f"http.lowSpeedTime={self._patience}"]
        place = [f"--git-dir={self.folder}"] if self.folder is not NOWHERE else []
        try:
            done = subprocess.run(
                ["git", *settings, *slow, *place, *arguments],
                env={**self._environment(), **environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # no terminal that ssh could ask on
            )
        except FileNotFoundError as error:
            raise SourceError("git is not installed", remedy="install git") from error
        if done.returncode:
            raise _failure(done.stderr)
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        """Whether a git command ends well."""
        try:
            self.run(*arguments)
        except SourceError:
            return False
        return True

    @property
    def _patience(self) -> int:
        return max(1, round(self.options.read_timeout))

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        return {
            **own,
            "GIT_ALLOW_PROTOCOL": "file" if self.options.offline else PROTOCOLS,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "SSH_ASKPASS": "true",
            "GCM_INTERACTIVE": "never",
            "LC_ALL": "C",
        }


def _failure(stderr: str) -> SourceError:
    lines = [line for line in stderr.splitlines() if not line.startswith(("hint:", "warning:"))]
    said = re.sub(r"(?<=://)[^/@\s]+@", "", " ".join(lines[:3])).strip() or "git failed"
    if re.search(r"transport '\w+' not allowed", said):
        return AbsentError(f"git: {said}")
    if re.search(HOPELESS, said, re.IGNORECASE):
        return SourceError(f"git: {said}", remedy="correct the url, or the access to it")
    return TransientError(f"git: {said}")


def resolve_commit(url: str, revision: str, options: FetchOptions) -> str:
    """The full commit that a revision of a remote repository stands at now."""
    if FULL_COMMIT.fullmatch(revision):
        return revision
    listed = Git(options).run("ls-remote", "--", _checked(url))
    found = {ref: commit for commit, ref in (line.split("\t") for line in listed.splitlines())}
    # An annotated tag is an object of its own; `^{}` is the commit that it names.
    for form in ("refs/tags/{}^{{}}", "refs/tags/{}", "refs/heads/{}", "{}^{{}}", "{}"):
        if commit := found.get(form.format(revision)):
            return commit
    names = sorted(ref.split("/", 2)[2] for ref in found if ref.count("/") > 1)
    known = ", ".join(name for name in names if not name.endswith("^{}"))
    raise SourceError(
        f"{without_secrets(url)} has no branch or tag {revision!r}",
        remedy=f"name one of: {known[:300]}; or all 40 digits of a commit",
    )


def check_out(source: Source, target: Path, options: FetchOptions, progress: Progress) -> str:
    """Write the files of the pinned commit to `target`; tells where they came from."""
    if not FULL_COMMIT.fullmatch(source.commit):
        raise SourceError(
            f"{source.commit!r} is not a whole commit", remedy="lock the recipe again"
        )
    with locked(options.downloads / "git" / source.commit) as folder:
        git = Git(options, (folder / "repository.git").absolute())
        origin = "cache" if _is_sound(git, source.commit) else "git"
        if origin == "git":
            _fetch_into(git, source, progress)
        progress.say(f"commit {source.commit[:12]} from {origin}")
        _write_files(git, source.commit, target, folder / "index")
    refuse_links_out(target)
    if (target / ".gitmodules").is_file():
        progress.say("has submodules: their folders stay empty; name them as sources if needed")
    return origin


def _checked(url: str) -> str:
    if not url or url.startswith("-") or "::" in url:
        raise SourceError(f"{url!r} is not a repository's address", remedy="correct the url")
    return url


def _is_sound(git: Git, commit: str) -> bool:
    """Whether the commit was fetched before, whole, and what lies on the disk is still that."""
    packs = [str(path) for path in git.folder.glob("objects/pack/*.idx")]
    if not packs:
        return False
    return git.succeeds("verify-pack", *packs) and git.succeeds(
        "rev-list", "--objects", "--quiet", commit
    )


def _fetch_into(git: Git, source: Source, progress: Progress) -> None:
    """Fetch the commit from the first address that has it, anew."""
    failures = []
    for url in (source.url, *source.mirrors):
        shutil.rmtree(git.folder, ignore_errors=True)
        Git(git.options).run("init", "--quiet", "--bare", "--template=", str(git.folder))
        try:
            return _patiently(git, _checked(url), source.commit, progress)
        except SourceError as error:
            failures.append((without_secrets(url), error))
            progress.say(f"{failures[-1][0]}: {error.cause}")
    shutil.rmtree(git.folder, ignore_errors=True)
    reasons = "".join(f"\n  - {name}: {error.cause}" for name, error in failures)
    own = [error.remedy for _, error in failures if error.remedy]
    general = "unset ZOO_OFFLINE" if git.options.offline else "check the network and the url"
    raise SourceError(
        f"no place served commit {source.commit}:{reasons}",
        remedy="; or ".join(dict.fromkeys([*own, general])),
    )


def _patiently(git: Git, url: str, commit: str, progress: Progress) -> None:
    """Fetch, again after a failure that may pass."""
    for attempt in range(1, git.options.attempts + 1):
        try:
            return _fetch_once(git, url, commit)
        except TransientError as error:
            if attempt == git.options.attempts:
                raise SourceError(f"{error.cause} ({attempt} attempts)") from error
            progress.say(f"{without_secrets(url)}: {error.cause}; again")
            time.sleep(git.options.backoff * 2 ** (attempt - 1))
    raise SourceError("was not asked: attempts must be at least 1")


def _fetch_once(git: Git, url: str, commit: str) -> None:
    """The commit alone where the server allows that; else what branches and tags hold; else all."""
    common = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--update-head-ok")
    if git.succeeds(*common, "--depth=1", "--", url, commit):
        return
    for refs in (BRANCHES, EVERYTHING):
        git.run(*common, "--", url, *refs)
        if git.succeeds("cat-file", "-e", f"{commit}^{{commit}}"):
            return
    raise SourceError(
        f"the repository has no commit {commit}",
        remedy="its history was rewritten: lock the recipe again, or add a mirror that has it",
    )


def _write_files(git: Git, commit: str, target: Path, index: Path) -> None:
    target.mkdir()
    try:
        git.run(
            f"--work-tree={target.absolute()}",
            *("-c", "core.bare=false", "read-tree", "--reset", "-u", commit),
            GIT_INDEX_FILE=str(index.absolute()),
        )
    finally:
        index.unlink(missing_ok=True)
