"""A table that is too wide scrolls by itself, and whoever has no mouse reaches what scrolls."""

import re

from ops.console.looking import TEMPLATES

_AROUND = re.compile(r'<div class="table-responsive" tabindex="0" |<section class="card-plain" tabindex="0" ')


def test_each_table_stands_in_a_part_that_scrolls_and_that_the_keyboard_reaches() -> None:
    bare = [
        f"{path.name}, line {before.count(chr(10)) + 1}"
        for path in sorted(TEMPLATES.glob("*.html"))
        for whole in [path.read_text("utf-8")]
        for at in [found.start() for found in re.finditer("<table", whole)]
        for before in [whole[:at]]
        if (around := [found.end() for found in _AROUND.finditer(before)][-1:]) == []
        or re.search("</(div|section)>", before[around[0] :])
    ]

    assert not bare, "\n".join(bare)
