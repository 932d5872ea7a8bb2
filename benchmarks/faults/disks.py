"""Disks and stores that are full, read-only, away, or damaged."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.faults.bench import Bench, Impossible, Outcome, is_root
from benchmarks.faults.build import Build

KB = 1024
ROOM = "size=200m"


def full_results(bench: Bench) -> Outcome:
    """the disk of the results is full"""
    return full_below(bench, "results", bench.chance.randrange(20, 150) * KB)


def full_folder(bench: Bench) -> Outcome:
    """the disk of the whole folder is full, logs and Snakemake's notes included"""
    return full_below(bench, ".", bench.chance.randrange(100, 350) * KB)


def full_below(bench: Bench, below: str, size: int) -> Outcome:
    """A build on a small disk, and the same command when there is room."""
    bench.undisturbed  # noqa: B018 - not to be built on the small disk
    folder = bench.folder()
    with mounted(folder / below, f"size={size}") as remount:
        bench.furnish(folder)
        build = Build(folder)
        ended = build.ended()
        remount(ROOM)
        outcome = bench.rebuilt(folder, words=f"{size // KB} kB: {build.finished_stages()} stages")
    if not ended.code:
        return Outcome(False, f"{size // KB} kB were enough: nothing was tried")
    return outcome


def full_store(bench: Bench) -> Outcome:
    """the disk of the store is full"""
    bench.undisturbed  # noqa: B018
    store, folder = bench.folder(), bench.zoo()
    size = bench.chance.randrange(8, 60) * KB
    with mounted(store, f"size={size}"):
        return complained(bench, folder, store, "No space left")


def read_only_empty(bench: Bench) -> Outcome:
    """an empty store that is read-only"""
    store = bench.folder()
    with read_only(store):
        return complained(bench, bench.zoo(), store, "Read-only", "Permission denied")


def read_only_full(bench: Bench) -> Outcome:
    """a store that is read-only, and has everything"""
    bench.undisturbed  # noqa: B018
    store, folder = bench.folder(), bench.zoo()
    shutil.copytree(bench.store, store, dirs_exist_ok=True)
    with read_only(store):
        ended = Build(folder, store).ended()
    outcome = bench.judged(folder, ended)
    restored = "0 run" in ended.stages and "store:" not in ended.output
    return outcome if restored else Outcome(False, f"{ended.stages}; not all was restored")


def vanishing(bench: Bench) -> Outcome:
    """a store that is removed in mid-build"""
    return vanished(bench, shutil.rmtree)


def replaced(bench: Bench) -> Outcome:
    """a store in whose place there is a file, from the middle of the build"""

    def replace(store: Path) -> None:
        shutil.rmtree(store)
        store.write_text("not a folder")

    return vanished(bench, replace)


def vanished(bench: Bench, go: Callable[[Path], None]) -> Outcome:
    """A half-full store goes while a build uses it."""
    bench.undisturbed  # noqa: B018
    folder, store = bench.zoo(), bench.folder() / "store"
    shutil.copytree(bench.store, store)
    entries = sorted((store / "entries").rglob("*.json"))
    for entry in bench.chance.sample(entries, len(entries) // 2):
        entry.unlink()
    goal = bench.chance.randrange(1, 12)
    build = Build(folder, store)
    build.wait_until(lambda: build.finished_stages() >= goal)
    stages = build.finished_stages()
    with contextlib.suppress(OSError):  # a job may write while it is being removed
        go(store)
    return bench.judged(folder, build.ended(), f"after {stages} stages")


def damaged_blobs(bench: Bench) -> Outcome:
    """a flipped bit in every file of the store"""

    def flip(path: Path) -> None:
        content = bytearray(path.read_bytes())
        if content:
            content[bench.chance.randrange(len(content))] ^= 1 << bench.chance.randrange(8)
        path.write_bytes(bytes(content) or b"x")

    return damaged(bench, "blobs", flip)


def damaged_entries(bench: Bench) -> Outcome:
    """every entry of the store cut off in the middle"""
    return damaged(bench, "entries", lambda path: path.write_bytes(path.read_bytes()[:50]))


def damaged(bench: Bench, below: str, damage: Callable[[Path], None]) -> Outcome:
    """A build on a damaged store reports it, drops it and heals it: the next restores all."""
    bench.undisturbed  # noqa: B018
    folder, store = bench.zoo(), bench.folder()
    shutil.copytree(bench.store, store, dirs_exist_ok=True)
    for path in sorted((store / below).rglob("*")):
        if path.is_file():
            damage(path)
    outcome = complained(bench, folder, store, "dropped from")
    if not outcome.survived:
        return outcome
    after = bench.zoo()
    ended = Build(after, store).ended()
    healed = "0 run" in ended.stages and "dropped" not in ended.output
    words = f"{outcome.words}; then {ended.stages}"
    return bench.judged(after, ended, words) if healed else Outcome(False, f"not healed: {words}")


def complained(bench: Bench, folder: Path, store: Path, *words: str) -> Outcome:
    """A build that must end well, and say one of the words of its store."""
    ended = Build(folder, store).ended()
    told = [line for line in ended.output.splitlines() if line.startswith("  store: ")]
    if not any(word in line for line in told for word in words):
        return Outcome(False, f"the build does not say {' or '.join(words)}: {told}")
    return bench.judged(folder, ended)


# What the kernel does -----------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Callable[[str], None]]:
    """A disk in memory in a folder's place; what is given has other options set."""
    folder.mkdir(parents=True, exist_ok=True)
    if not is_root():
        raise Impossible("only root may mount a small disk")
    _mount("-t", "tmpfs", "-o", options, "none", str(folder))
    try:
        yield lambda other: _mount("-o", f"remount,{other}", str(folder))
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*options: str) -> None:
    done = subprocess.run(["mount", *options], capture_output=True, text=True)
    if done.returncode:
        raise Impossible(f"mount: {done.stderr.strip()}")


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write below a folder; root does not care for permissions, so it needs a mount."""
    if not is_root():
        for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
            path.chmod(0o555)
        yield
        return
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
