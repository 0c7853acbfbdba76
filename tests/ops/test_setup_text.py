"""A row of the setup as text: the file's reader makes the same row of it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ops import setup_file
from ops.setup_text import HIDDEN, written
from schemas.setup import Client, Installation
from workers.store.setup import Noun, key_of

DEMO = (Path(setup_file.__file__).parent / "demo/municipality.toml").read_text("utf-8")
ROWS, _ = setup_file.parse(DEMO)


@pytest.mark.parametrize("value", [row.value for row in ROWS], ids=lambda value: "/".join(key_of(value)))
def test_a_row_is_read_to_what_it_was_written_from(value: Noun) -> None:
    day = date(2027, 1, 1)
    rows, faults = setup_file.parse(written(key_of(value)[0], value, day, secrets=True))

    assert faults == []
    assert [(row.value, row.valid_from) for row in rows] == [(value, day)]


def test_a_client_with_accounts_of_its_own_and_a_name_with_quotes_too() -> None:
    accounts = next(row.value.accounts for row in ROWS if hasattr(row.value, "accounts"))
    client = next(row.value for row in ROWS if isinstance(row.value, Client))
    odd = replace(client, name='Åse "Ås" \\ Øy', accounts=accounts)

    assert setup_file.parse(written("client", odd, date(2027, 1, 1), secrets=True))[0][0].value == odd


def test_where_a_secret_is_kept_is_left_out_for_who_need_not_know() -> None:
    found = next(row.value for row in ROWS if isinstance(row.value, Installation))
    kept = replace(found, password="env:VISMA_PASSWORD")

    assert "VISMA_PASSWORD" in written("installation", kept, date(2027, 1, 1), secrets=True)
    shown = written("installation", kept, date(2027, 1, 1), secrets=False)
    assert "VISMA_PASSWORD" not in shown
    assert HIDDEN in shown
