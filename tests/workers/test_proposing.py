"""What a proposal is cut from stands still: two who cut at once count money once, and a commit in between moves none."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine

from ops import repairs
from schemas.events import CasesOpened, FileSettled, RestDue
from schemas.money import kr
from schemas.setup import ParkedPolicy
from tests.servers import libpq
from tests.site import Site, kid_of, paid, site, until
from workers.facts.proposals import Scope, ToCut, to_cut
from workers.shell import Stand, inside
from workers.shell.proposing import propose
from workers.store.bulk import rows

DUE = date(2026, 3, 16)
PARTS = "SELECT body->'vouchers' FROM journal WHERE event = 'PartReady'"
WAITS_FOR_A_LOCK = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    """A site where money without a case is in no proposal."""
    with site(engine, tmp_path, parked_policy=ParkedPolicy.WAIT) as made:
        yield made


def propose_at_once(here: Site) -> None:
    """Two workers propose: the first has cut and not committed when the second comes."""
    (first, _), (second, _) = here.due()
    has_cut, may_commit = threading.Event(), threading.Event()

    def cuts_and_lingers(stand: Stand) -> None:
        propose(stand)
        has_cut.set()
        assert may_commit.wait(timeout=30)

    workers = [
        threading.Thread(target=inside, args=(first, "propose", here.hands, cuts_and_lingers)),
        threading.Thread(target=here.work, args=(second, "propose")),
    ]
    workers[0].start()
    assert has_cut.wait(timeout=30)
    workers[1].start()
    until(lambda: here.one(WAITS_FOR_A_LOCK) == (1,))
    may_commit.set()
    for worker in workers:
        worker.join(timeout=30)


def test_a_file_that_is_settled_twice_at_once_counts_once_for_the_day(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(300)), but=("propose",))
    here.happen(FileSettled(1))

    propose_at_once(here)

    assert len(here.all(PARTS)) == 1
    assert here.all("SELECT absolute FROM company_day") == [(kr(300),)]
    here.drain()
    assert here.all("SELECT total FROM voucher") == [(kr(300),)]
    here.prove()


def test_what_no_file_brought_asked_for_twice_at_once_counts_once_for_the_day(here: Site) -> None:
    case_id = here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(300)), paid(kid_of(77), kr(50)))
    here.act(
        repairs.assign, here.one("SELECT id FROM payment WHERE state = 'parked'")[0], case_id, original=None
    )
    here.happen(RestDue("100"), RestDue("100"))

    propose_at_once(here)

    assert len(here.all(PARTS)) == 2
    assert here.all("SELECT absolute FROM company_day") == [(kr(350),)]
    here.drain()
    assert here.one("SELECT sum(total) FROM voucher") == (kr(350),)
    here.prove()


def test_what_is_cut_and_not_approved_yet_is_not_cut_again_by_the_clock(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    here.come(paid(kid_of(1), kr(300)), but=("approve",))
    here.happen(RestDue("100"), FileSettled(1))

    here.drain(but=("approve",))

    assert len(here.all(PARTS)) == 1
    assert here.all("SELECT absolute FROM company_day") == [(kr(300),)]


class Interrupted(psycopg.Connection[Any]):
    """A connection on which something else is committed after each statement."""

    then: Callable[[], None] | None = None

    def execute(self, *statement: Any, **more: Any) -> Any:
        """Run the statement, then let the other thing happen once."""
        found = super().execute(*statement, **more)
        happens, self.then = self.then, None
        if happens is not None:
            happens()
        return found


@contextmanager
def interrupted(here: Site, happens: Callable[[], None]) -> Iterator[Connection]:
    """A transaction of ours, in which `happens` commits on another connection after the first statement."""
    url = libpq(here.engine.url.render_as_string(hide_password=False))
    made: list[Interrupted] = []

    def connect() -> Interrupted:
        made.append(Interrupted.connect(url))
        return made[-1]

    engine = create_engine("postgresql+psycopg://", creator=connect)
    with engine.connect() as connection:
        made[-1].then = happens
        yield connection
    engine.dispose()


def sums_and_payments_apart(connection: Connection, scope: Scope) -> list[ToCut]:
    """Cut by two statements, as it must not be: the sums, and in the same order the payments."""
    sums = [each.sums for each in to_cut(connection, scope)]
    return [
        ToCut(sum_, each.payment_ids) for sum_, each in zip(sums, to_cut(connection, scope), strict=False)
    ]


def strangers(connection: Connection, found: list[ToCut]) -> list[tuple[str, int]]:
    """The vouchers to be whose payments are of another statement line, or of another sum."""
    wrong = []
    for each in found:
        group, ids = each.sums.group, list(each.payment_ids)
        there = rows(
            connection,
            "SELECT statement_ref, sum(abs(amount))::bigint, count(*) FROM payment WHERE id = ANY(%(ids)s) GROUP BY 1",
            {"ids": ids},
        )
        if there != [(group.statement_ref, each.sums.absolute, each.sums.payments)]:
            wrong.append((group.statement_ref, each.sums.absolute))
    return wrong


@pytest.mark.parametrize(
    ("cut", "wrong"),
    [(to_cut, []), (sums_and_payments_apart, [("0106100002", kr(300)), ("0106100003", kr(200))])],
    ids=["by one statement", "by two, which shows that the commit falls between"],
)
def test_what_is_committed_while_a_proposal_is_cut_gives_no_money_to_another_statement_line(
    here: Site, cut: Callable[[Connection, Scope], list[ToCut]], wrong: list[tuple[str, int]]
) -> None:
    here.case(1, kr(1000), DUE)
    here.come(
        paid(kid_of(2), kr(100), ref="0106100001"),
        paid(kid_of(1), kr(300), ref="0106100002"),
        paid(kid_of(1), kr(200), ref="0106100003"),
        but=("propose",),
    )
    case_id = here.case(2, kr(1000), DUE)

    def the_first_finds_its_case() -> None:
        here.happen(CasesOpened((case_id,)))
        here.drain(but=("propose",))

    with interrupted(here, the_first_finds_its_case) as connection:
        found = cut(connection, Scope("100", 1, True, False, 5, False))
        assert here.one("SELECT count(*) FROM payment WHERE state = 'settled'") == (3,)
        assert len(found) == 2
        assert strangers(connection, found) == wrong
