"""What is made of a page stands between marks."""

from __future__ import annotations

import pytest

from converters.errors import ZooError
from converters.marked import put_between


def test_what_stands_between_marks_is_replaced_and_nothing_else():
    page = "above\n<a>\nold\n<b>\nbelow\n"
    assert put_between(page, "<a>", "<b>", "new\n") == "above\n<a>\n\nnew\n\n<b>\nbelow\n"


@pytest.mark.parametrize(("page", "lost"), [("<b>", "<a>"), ("<a> old", "<b>")])
def test_a_mark_that_is_gone_is_an_error(page, lost):
    with pytest.raises(ZooError, match=f"{lost}.*does not stand in the page"):
        put_between(page, "<a>", "<b>", "new")
