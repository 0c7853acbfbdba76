"""`kk2 list`: the line that a page prints runs, and gives the rows of that page."""

import json
import shlex
from datetime import date

import pytest
from sqlalchemy import Engine, text

from ops.cli import printing
from ops.desk import listing
from ops.desk.listing import Asked
from ops.desk.register import LISTINGS
from tests.ops.acting import Kk2
from tests.ops.ledger import standing


def test_each_list_prints_a_line_that_gives_the_same_rows(
    kk2: Kk2, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    standing(engine)
    seen = 0
    for which in LISTINGS.values():
        with engine.connect() as connection:
            connection.execute(text("SET TIME ZONE 'Europe/Oslo'"))
            first = next(iter(listing.page(connection, which, Asked()).rows), {})
            facets = {f.name: str(first.get(f.name) or (f.words or ("1",))[0]) for f in which.facets}
            search = str(first.get(which.columns[0].name, "it's 1")) if which.search else ""
            since, until = (date(2020, 1, 1), date(2099, 1, 1)) if which.days else (None, None)
            sorts = next((f"-{column.name}" for column in which.columns if column.sorts), "")
            questions = [
                Asked(), Asked(search, {}, since, until, sorts), Asked(facets=facets), *(Asked(facets={n: v}) for n, v in facets.items()),
            ]  # fmt: skip
            for asked in questions:
                line = listing.command(which, asked)
                rows = listing.page(connection, which, asked).rows
                capsys.readouterr()
                printing.as_json(rows)
                expected = [json.loads(each) for each in capsys.readouterr().out.splitlines()]
                status, said, fault = kk2(*shlex.split(line)[1:], "--json")
                assert (status, fault) == (0, ""), line
                assert [json.loads(each) for each in said.splitlines()] == expected, line
                seen += len(expected)
    assert seen > len(LISTINGS)


def test_a_list_or_filter_that_nobody_knows_is_refused(kk2: Kk2) -> None:
    assert kk2("list", "paymnts")[0] == 2
    assert kk2("list", "payments", "stat=parked")[0] == 2
    assert kk2("list", "payments", "state=lost")[0] == 2


def test_a_list_is_a_table_with_its_sums(kk2: Kk2, engine: Engine) -> None:
    standing(engine)

    status, said, _ = kk2("list", "payments", "state=parked")

    assert status == 0
    assert "in all; amount " in said
