"""The broker may repeat and shuffle as it likes: the money is the same."""

import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ops.embedded import Postgres
from schemas.money import kr
from tests.servers import new_database
from tests.site import Site, kid_of, paid, site

DUE = date(2026, 1, 31)
# what does not depend on the order in which rows were numbered
MONEY = (
    "SELECT file_id, line, state FROM payment ORDER BY 1, 2",
    "SELECT c.case_no, c.state, c.balance FROM kk2_case c ORDER BY 1",
    "SELECT p.file_id, p.line, c.case_no, s.kind, i.kk2_id, sum(s.amount) FROM split s JOIN payment p ON p.id = s.payment_id "
    "LEFT JOIN kk2_case c ON c.id = s.case_id LEFT JOIN item i ON i.id = s.item_id WHERE s.superseded_by IS NULL "
    "GROUP BY 1, 2, 3, 4, 5 HAVING sum(s.amount) <> 0 ORDER BY 1, 2, 3, 4, 5",
    "SELECT w.reason, p.file_id, p.line FROM work w JOIN payment p ON p.id = w.payment_id WHERE w.state = 'parked' "
    "ORDER BY 1, 2, 3",
    "SELECT v.statement_ref, l.account, sum(l.amount) FROM voucher_line l JOIN voucher v ON v.id = l.voucher_id "
    "WHERE v.state <> 'void' GROUP BY 1, 2 HAVING sum(l.amount) <> 0 ORDER BY 1, 2",
)


def a_month(here: Site, seed: int | None) -> list[list[tuple[object, ...]]]:
    """Three files with everything in them, and a change between; gives what became of the money."""
    cases = [here.case(n, kr(500 * n), DUE, fee=kr(38), more=((kr(90), DUE),)) for n in range(1, 13)]
    first = [paid(kid_of(n), kr(100 * n + 7)) for n in range(1, 13)]
    first += [paid(kid_of(n + 1000), kr(40 + n)) for n in range(1, 13)]
    first += [paid(kid_of(n + 300), kr(70)) for n in range(3)]
    here.drop(here.file(*first))
    here.drain(seed)
    early = date(2026, 2, 20)
    here.drop(here.file(*(paid(kid_of(n), kr(11 * n), day=early, ref="0220100001") for n in range(1, 9))))
    here.drop(here.file(*(paid(kid_of(n), kr(100 * n + 7), kind=18, ref="0317100001") for n in range(2, 5))))
    for case_id in cases[::3]:
        here.owe_more(case_id, kr(113))
    here.drain(seed)
    here.case(300, kr(900), DUE)
    here.rest_in(seed)
    here.prove()
    return [here.all(sql) for sql in MONEY]


@pytest.mark.parametrize("seed", [1, 2])
def test_shuffled_and_doubled_messages_leave_the_same_money_as_those_in_order(
    postgres: Postgres, template: str, tmp_path: Path, seed: int
) -> None:
    runs = []
    for number, each in enumerate((None, seed)):
        with new_database(postgres, template=template) as url:
            engine = create_engine(url)
            with site(engine, tmp_path / str(number)) as here:
                runs.append(a_month(here, each))
            engine.dispose()

    assert runs[0] == runs[1]


def test_four_workers_at_once_leave_no_payment_lost_or_twice(here: Site) -> None:
    cases = [here.case(n, kr(500 * n), DUE, fee=kr(38)) for n in range(1, 31)]
    here.drop(here.file(*(paid(kid_of(n), kr(100 * n)) for n in range(1, 36))))
    here.drop(here.file(*(paid(kid_of(n), kr(10 * n + 1), ref="0106100002") for n in range(1, 36))))
    here.drain(but=("settle", "propose", "approve", "deliver"))
    here.drop(here.file(*(paid(kid_of(n), kr(100 * n), kind=18, ref="0317100001") for n in range(1, 9))))
    for case_id in cases[::2]:
        here.owe_more(case_id, kr(113))

    workers = [threading.Thread(target=here.drain, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    here.drain()
    here.rest()

    assert set(here.parked()) <= {"unknown_kid", "original_parked", "nothing_matched"}
    assert here.one("SELECT count(*) FROM claim WHERE result = 'bug'") == (0,)
    assert here.all("SELECT DISTINCT state FROM voucher") == [("delivered",)]
    here.prove()
