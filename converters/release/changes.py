"""The change log: what a release adds, removes and changes, and which of its causes are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from converters.release.origins import Origin, reasons

ARTIFACTS, REPORT = "artifacts", "report"


class Change(NamedTuple):
    """One variant that is not as it was in the release before."""

    name: str
    kind: str  # added | removed | changed | measured anew | withdrawn
    files: list[tuple[str, str, str]]  # artefact, digest before, digest now; empty: absent
    reasons: dict[str, list[str]]  # why -> the jobs it was among the parts of

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        return {**self._asdict(), "files": [list(file) for file in self.files]}


def compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """The changes from one manifest of a release to another, by the names of variants."""
    return list(_compared(before, now))


def _compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    was, are = before["variants"], now["variants"]
    for name in sorted({*was, *are}):
        if name not in was:
            yield Change(name, "added", _files({}, are[name]), {})
        elif name not in are:
            yield Change(name, "removed", _files(was[name], {}), {})
        elif was[name]["digest"] != are[name]["digest"]:
            yield _changed(name, before, now)


def _files(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    old, new = was.get(ARTIFACTS, {}), now.get(ARTIFACTS, {})
    names = [*new, *(name for name in old if name not in new)]
    pairs = ((name, old.get(name, ""), new.get(name, "")) for name in names)
    return [each for each in pairs if each[1] != each[2]]


def _changed(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    old, new = Origin(before, name), Origin(now, name)
    files = _files(old.entry, new.entry)
    made = {
        file: new.entry["makers"].get(file) or old.entry["makers"].get(file) for file, *_ in files
    }
    behind = {record: None for job in made.values() if job for record in new.behind(job)}
    every = dict.fromkeys([*new.jobs, *old.jobs])
    why = reasons(old, new, behind) if files else {}
    why = why or reasons(old, new, every)
    why |= _others(old.entry, new.entry, files)
    return Change(name, "changed" if files else "measured anew", files, why)


def _others(was: Mapping[str, Any], now: Mapping[str, Any], files: Any) -> dict[str, list[str]]:
    """What no job's key holds: the terms of the licence, the words of the card."""
    found: dict[str, list[str]] = {}
    if was["terms"] != now["terms"]:
        found["licence: its text or notice changed"] = []
    if was["card"] != now["card"] and not files and was[REPORT] == now[REPORT]:
        found["card: its words changed"] = []
    return found


def text(version: str, previous: str, found: list[Change], unbuilt: Mapping[str, str]) -> str:
    """The change log as Markdown."""
    lines = [f"# Release {version}", ""]
    if not previous:
        lines += ["The first release: there is none to compare it with.", ""]
    elif not found:
        lines += [f"Nothing changed since {previous}.", ""]
    else:
        lines += [f"What changed since {previous}.", ""]
    for kind in ("added", "removed", "changed", "measured anew"):
        lines += _section(kind, [change for change in found if change.kind == kind])
    if unbuilt:
        lines += ["## Not built", "", *(f"- {name}: {why}" for name, why in unbuilt.items()), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(kind: str, found: list[Change]) -> list[str]:
    if not found:
        return []
    lines = [f"## {kind.capitalize()}", ""]
    for change in found:
        lines += [f"### {change.name}", "", *_lines(change), ""]
    return lines


def _lines(change: Change) -> Iterator[str]:
    if change.kind in ("added", "removed"):
        yield f"- {', '.join(file for file, *_ in change.files)}"
        return
    if change.files:
        yield f"- other files: {', '.join(map(_file, change.files))}"
    for reason, records in change.reasons.items():
        yield f"- {reason}{f' ({_listed(records)})' if records else ''}"
    if not change.reasons:
        yield "- for no reason that the build knows of: another machine, or a tool that draws lots"


def _file(file: tuple[str, str, str]) -> str:
    name, before, now = file
    if not (before and now):
        return f"{name} is {'new' if now else 'gone'}"
    return f"{name} {before[:12]} -> {now[:12]}"


def _listed(records: list[str]) -> str:
    shown = ", ".join(records[:4])
    return shown if len(records) <= 4 else f"{shown} and {len(records) - 4} more"
