"""The tables of published numbers: how samples are read, what is said of a difference."""

from __future__ import annotations

import numpy as np

from benchmarks.published import page, tasks
from benchmarks.published.compare import Found

SOURCE = b"""
#include "x.h"  // 7
const int8_t g[1][4] = {
    {76, -7,  // remark 9
     1.5, 0}};
"""


def test_an_array_in_c_is_read():
    assert tasks.numbers(SOURCE).tolist() == [76, -7, 1.5, 0]


def test_windows_of_five_frames_follow_each_other():
    frames = np.arange(7 * 128, dtype=np.float32)
    found = tasks.windows(frames.tobytes(), 1.0, 0)
    assert found.shape == (3, 1, 640)
    assert found[1, 0, 0] == 128


def test_grey_pictures_are_stored_numbers_over_127():
    content = ("= {" + ", ".join(["0.50394"] * 96 * 96) + "}").encode()
    found = tasks.fractions(content, 1 / 255, -128)
    assert found.shape == (1, 1, 96, 96, 3)
    assert np.allclose(found, (64 + 128) / 255)


def found(**changes) -> Found:
    values = {
        "name": "m",
        "ours": 100,
        "theirs": 100,
        "constants": (80, 80),
        "operators": {},
        "samples": 5,
        "agreed": 5,
        "as_float": (5, 5),
        "sqnr": (30.0, 31.0),
    }
    return Found(**{**values, **changes})


def test_what_does_not_hold_is_said():
    assert found().misses == []
    assert found(ours=104).misses == []
    (size,) = found(ours=90).misses
    assert "names and noted ranges, the constants are the same" in size
    assert found(ours=90, constants=(60, 80)).misses == ["size, by constants"]
    assert found(agreed=4, operators={"ADD": (1, 2)}).misses == ["operators", "top class"]
    assert found(agreed=None, as_float=None).misses == []


def test_a_table_is_put_in_its_place(tmp_path):
    path = tmp_path / "page.md"
    marks = "<!-- models: made by python -m benchmarks.published -->\n<!-- end models -->"
    path.write_text(f"before\n{marks}\nafter\n")
    for _ in range(2):
        page.written(path, "models", page.models_table([found()]))
    text = path.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert text.count("| `m` |") == 1
