"""Each table is said to be append-only, kept or passing, once, and the handbook says the same."""

import re
from collections import Counter
from pathlib import Path

from ops.embedded.broker import MAY
from workers.store.rights import APPEND_ONLY, KEPT, PASSING
from workers.store.tables import metadata

ROOT = Path(__file__).resolve().parents[2]


def test_each_table_is_in_one_list() -> None:
    assert Counter([*APPEND_ONLY, *KEPT, *PASSING]) == Counter(list(metadata.tables))


def test_a_table_that_says_that_it_is_append_only_is_in_that_list() -> None:
    said = {name for name, table in metadata.tables.items() if "append-only" in (table.comment or "").lower()}

    assert said
    assert said <= APPEND_ONLY


def test_the_handbook_names_the_tables_of_the_code() -> None:
    page = (ROOT / "ops/handbook/operations.md").read_text("utf-8").split("## Two roles in the database")[1]
    rows = {
        row.split(" | ")[0].strip("| "): set(re.findall(r"`(\w+)`", row))
        for row in page.split("\n\n")[1].splitlines()
    }

    assert rows["append-only"] == APPEND_ONLY
    assert rows["passing"] == PASSING


def test_the_handbook_gives_the_brokers_user_what_the_code_does() -> None:
    page = (ROOT / "ops/handbook/operations.md").read_text("utf-8")

    assert f"\nuser kk2 on >PASSWORD {MAY}\n" in page
