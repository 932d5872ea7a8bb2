"""Checks on what a recipe says of itself: id, status, licence."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from converters.recipes.checks.case import Case
from converters.recipes.problems import Problem, nearest, shown

UNKNOWN = "unknown"

USUAL_LICENSES = (
    "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause",
    "BSL-1.0", "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-SA-4.0",
    "CC0-1.0", "GPL-2.0-only", "GPL-3.0-only", "GPL-3.0-or-later", "ISC", "LGPL-2.1-only",
    "LGPL-3.0-only", "MIT", "MPL-2.0", "OpenRAIL", "Unlicense", "Zlib",
)  # fmt: skip
"""Proposed where an id is not known; which are known, the `packaging` package says."""


def folder_is_named_so(case: Case) -> Iterator[Problem]:
    """The id is the folder's name: both name the model in commands and paths."""
    folder = case.folder.resolve().name
    if case.recipe["id"] != folder:
        cause = f"{shown(case.recipe['id'])} is not the folder's name"
        yield Problem(("id",), cause, f"write id: {folder}, or rename the folder")


def broken_has_a_reason(case: Case) -> Iterator[Problem]:
    """A model is left out with its reason, and only then has one."""
    is_broken = case.recipe["status"] == "broken"
    if is_broken and "reason" not in case.recipe:
        yield Problem(("status",), "is broken without a reason", "add reason: what is broken")
    if not is_broken and "reason" in case.recipe:
        yield Problem(("reason",), "stands beside status: active", "remove it, or write broken")


def license_is_known(case: Case) -> Iterator[Problem]:
    """An SPDX expression, spelt as SPDX does; what nobody knows may not be handed on."""
    spdx = case.recipe["license"]["spdx"]
    if spdx == UNKNOWN:
        if case.recipe["license"]["redistribute"] == "allowed":
            cause = "allowed, but the licence is unknown"
            remedy = "name the licence in license.spdx, or write unknown or forbidden"
            yield Problem(("license", "redistribute"), cause, remedy)
        return
    try:
        canonical = canonicalize_license_expression(spdx)
    except InvalidLicenseExpression:
        remedy = (
            nearest(spdx, USUAL_LICENSES) or "see spdx.org/licenses, or write LicenseRef-<name>"
        )
        yield Problem(("license", "spdx"), f"{shown(spdx)} is no SPDX licence", remedy)
        return
    if canonical != spdx:
        yield Problem(
            ("license", "spdx"), f"{shown(spdx)} is spelt otherwise", f"write {canonical}"
        )
