"""A commit whose word is lost: PostgreSQL has committed, we do not know it, and everything is done once all the same."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError

from ops.embedded import Postgres
from schemas.money import kr
from tests.faults.line import Line
from tests.site import kid_of, paid, site

DUE = date(2026, 1, 31)


def test_each_commit_of_each_stage_may_be_unheard(
    engine: Engine, postgres: Postgres, migrated_url: str, tmp_path: Path
) -> None:
    """Of each attempt the first, second, third or fourth commit is lost, until all is done."""
    with Line(postgres.port) as line, site(engine, tmp_path) as made:
        over = create_engine(migrated_url.replace(f":{line.target}/", f":{line.port}/"))
        here = replace(made, hands=replace(made.hands, engine=over))
        here.case(1, kr(1000), DUE, fee=kr(38))
        here.case(2, kr(2000), DUE)
        here.drop(here.file(*(paid(kid_of(n), kr(100 * n + m)) for n in (1, 2, 3) for m in range(4))))
        lost = 0
        for attempt in range(40):
            if not (due := here.due()):
                break
            for work_id, stage in due:
                line.commits_to_pass, line.commits_to_lose = attempt % 4, 1
                with suppress(DBAPIError):  # the message fails, the row is due
                    here.work(work_id, stage)
                lost += 1 - line.commits_to_lose
            here.pass_leases()
        line.commits_to_lose = 0
        over.dispose()

        assert (here.due(), lost > 15) == ([], True)
        assert here.parked() == ["unknown_kid"] * 4
        assert here.all("SELECT DISTINCT state FROM voucher") == [("delivered",)]
        references = [each.reference for each in here.simulator.vouchers("100")]
        assert sorted(references) == [
            str(row[0]) for row in here.all("SELECT reference FROM voucher ORDER BY 1")
        ]
        here.prove()
