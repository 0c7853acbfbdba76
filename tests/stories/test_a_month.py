"""A month of both sides on a moved clock, with every message shuffled and repeated, and the balance agreeing each night."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ops.repairs import vouchers as voucher_repairs
from ops.simulator import Habits
from schemas.case import Kind
from schemas.money import Money, decimal_text, kr
from schemas.schedule import OSLO
from schemas.setup import SubLedger
from schemas.transfer import TransactionKind
from tests.site import Site, kid_of, paid, site
from workers import clock

FIRST, LAST = date(2026, 6, 15), date(2026, 7, 15)
NEW_RULES = date(2026, 7, 1)  # another rate from the law, another order of cover from the client
DUE = date(2026, 5, 15)


@dataclass
class Month:
    """The site, the day that it is, and what each invoice must have in Visma and with us: a model of a few lines."""

    site: Site
    chance: random.Random
    day: date = FIRST
    open_there: dict[int, Money] = field(default_factory=dict)

    def live_to(self, day: date) -> None:
        """Let each morning come up to and including a day; the balance agrees each night."""
        while self.day < day:
            self.site.prove()
            self.day += timedelta(1)
            self.morning()

    def morning(self) -> None:
        """What the clock asks for by seven in the morning."""
        now = datetime.combine(self.day, time(7), OSLO)
        with self.site.engine.begin() as connection:
            clock.take_due(connection, self.site.hands.settings, now)
        self.work()

    def work(self) -> None:
        """All messages in any order, and each twice."""
        self.site.drain(self.chance.randrange(10**6))

    def proposal(self, *numbers: int) -> None:
        """An approved proposal with an invoice of 1,000 kr for each number, and 38 kr for a reminder."""
        self.site.simulator.propose("100", "EWS", invoices=[_invoice(number) for number in numbers])
        self.open_there |= dict.fromkeys(numbers, kr(1000))

    def bank(
        self, *payments: tuple[int, Money], ref: str, back: bool = False, booked: date | None = None
    ) -> None:
        """A bank file of the day; the money of a settled one goes off the invoice in Visma as soon as it is posted."""
        day = booked or self.day
        self.site.drop(
            self.site.file(
                *(
                    paid(kid_of(number), amount, ref=ref, day=day, kind=18 if back else 10, back=back)
                    for number, amount in payments
                )
            ),
            f"{ref}.DAT",
        )
        self.work()

    def books(self, kind: TransactionKind, number: int, amount: Money) -> str:
        """Visma's own people book on an invoice."""
        (told,) = self.site.simulator.transact("100", kind, self.day, [(str(number), amount)])
        self.open_there[number] += amount
        return told


def _invoice(number: int) -> dict[str, object]:
    return {
        "invoice_no": str(number), "customer_no": str(9000 + number), "original": decimal_text(kr(1000)),
        "due_on": DUE.isoformat(), "kid": kid_of(number), "sub_ledger_type": "10", "fees": "38.00", "name": "Kari",
    }  # fmt: skip


@pytest.fixture(params=[1, 2, 3])
def month(request: pytest.FixtureRequest, engine: Engine, tmp_path: Path) -> Iterator[Month]:
    with site(engine, tmp_path, dunning_code="EWS") as made:
        made.set_up_client(case_no_pattern="0221-########")
        made.set_up(SubLedger("KOM", "100", "10", "1510", "A"))
        story = Month(made, random.Random(request.param))
        made.hands = replace(made.hands, today=lambda: story.day)
        yield story


def test_a_month(month: Month) -> None:
    here, visma = month.site, month.site.simulator
    month.morning()

    month.proposal(*range(101, 113))
    month.live_to(date(2026, 6, 16))
    assert here.one("SELECT count(*), count(DISTINCT case_no), min(opened_on) FROM kk2_case") == (
        12,
        12,
        month.day,
    )
    assert {item.case_no for item in visma.invoices("100")} == _case_numbers(here)

    # part payments; one for an invoice that is in no approved proposal yet, and waits
    month.bank((101, kr(300)), (102, kr(1000)), (103, kr(250)), (121, kr(400)), ref="0617100001")
    for number, amount in ((101, kr(300)), (102, kr(1000)), (103, kr(250))):
        month.open_there[number] -= amount
    assert here.parked() == ["unknown_kid"]

    month.live_to(date(2026, 6, 19))
    wrong = month.books(TransactionKind.PAYMENT, 104, -kr(600))
    month.books(TransactionKind.CREDIT_NOTE, 103, -kr(900))  # more than is open: a credit there
    month.live_to(date(2026, 6, 22))
    visma.correct("100", wrong, -kr(500))
    month.open_there[104] += kr(100)
    month.live_to(date(2026, 6, 23))
    assert here.all("SELECT version, amount, state FROM ledger_transaction WHERE transaction_id = :id ORDER BY version", id=wrong) == [
        (1, -kr(600), "superseded"), (2, -kr(500), "applied"),
    ]  # fmt: skip

    # the waiting payment settles itself when its case comes, and leaves the suspense account
    month.proposal(*range(121, 125))
    month.live_to(date(2026, 6, 25))
    month.open_there[121] -= kr(400)
    assert here.parked() == []
    assert _suspense(here) == 0

    # paid in full, and taken back by the bank
    month.bank((105, kr(1000)), ref="0626100001")
    month.live_to(date(2026, 6, 30))
    month.bank((105, kr(1000)), ref="0630100001", back=True)
    assert _open_here(here)[105] == kr(1000)

    # another rate and another order of cover from the first of July; June is closed, and a file of June is late
    here.set_up_client_from(NEW_RULES, cover_order=(Kind.INTEREST, Kind.PRINCIPAL, Kind.COSTS, Kind.FEE))
    month.live_to(date(2026, 7, 2))
    visma.close_period("100", "2026-06")
    month.bank((106, kr(700)), ref="0630100002", booked=date(2026, 6, 30))
    assert here.parked() == ["period_closed"]
    month.live_to(date(2026, 7, 6))
    visma.open_period("100", "2026-06")
    (refused,) = here.one("SELECT id FROM voucher WHERE state = 'refused'")
    here.act(voucher_repairs.retry, refused)
    month.open_there[106] -= kr(700)

    # interest first now: 47 days of 12.00 % to the last of June, 9 of 12.25 % since
    month.live_to(date(2026, 7, 9))
    month.bank((107, kr(100)), (108, kr(1200)), ref="0709100001")
    interest = (2 * kr(1000) * (46 * 1200 + 9 * 1225) + 3_650_000) // 7_300_000
    assert _covered(here, 107) == {Kind.INTEREST: interest, Kind.PRINCIPAL: kr(100) - interest}
    month.open_there[107] -= kr(100) - interest
    month.open_there[108] -= kr(1000)

    # a person in Visma takes a voucher of ours back: its invoices are owed again
    month.live_to(date(2026, 7, 10))
    (voucher_no,) = here.one("SELECT voucher_no FROM voucher WHERE statement_ref = '0709100001'")
    visma.reverse("100", 2026, int(str(voucher_no).split("-")[-1]), month.day)
    month.open_there[107] += kr(100) - interest
    month.open_there[108] += kr(1000)
    month.books(TransactionKind.WRITE_OFF, 109, -kr(1000))
    month.live_to(LAST)

    assert _open_there(month) == month.open_there
    assert _open_here(here) == {number: max(ore, 0) for number, ore in month.open_there.items()}
    assert here.parked() == []
    # each night's control named what stood open then, and all of it is gone
    assert here.all("SELECT DISTINCT state FROM difference") == [("gone",)]
    assert _found(here) >= {
        ("waits", "statement 0630100002, account 99991042764, 2026-06-30"),
        ("payment_under_way", "invoice 106 of case 0221-00000006"),
    }
    here.prove()


def test_the_month_where_visma_tells_neither_registrar_nor_reference(month: Month) -> None:
    here = month.site
    here.simulator.set_habits(Habits(tells_registrar=False, tells_reference=False))
    month.morning()
    month.proposal(*range(101, 106))
    month.live_to(date(2026, 6, 16))

    month.bank((101, kr(300)), (102, kr(1000)), ref="0616100001")
    month.books(TransactionKind.PAYMENT, 101, -kr(200))
    month.open_there[101] -= kr(300)
    month.open_there[102] -= kr(1000)
    month.live_to(date(2026, 6, 18))

    assert here.all("SELECT state, count(*) FROM ledger_transaction GROUP BY 1 ORDER BY 1") == [
        ("applied", 1),
        ("ours", 2),
    ]
    assert _open_here(here) == _open_there(month) == month.open_there


def _case_numbers(here: Site) -> set[str]:
    return {str(row[0]) for row in here.all("SELECT case_no FROM kk2_case")}


def _found(here: Site) -> set[tuple[str, str]]:
    return {(str(kind), str(subject)) for kind, subject in here.all("SELECT kind, subject FROM difference")}


def _suspense(here: Site) -> int:
    (amount,) = here.one(
        "SELECT coalesce(sum(amount), 0)::bigint FROM split WHERE kind = 6 AND superseded_by IS NULL"
    )
    return int(str(amount))


def _covered(here: Site, number: int) -> dict[Kind, Money]:
    rows = here.all(
        "SELECT s.kind, sum(s.amount)::bigint FROM split s JOIN payment p ON p.id = s.payment_id "
        "WHERE p.kid = :kid AND s.superseded_by IS NULL GROUP BY 1",
        kid=kid_of(number),
    )
    return {Kind(int(str(kind))): int(str(amount)) for kind, amount in rows}


def _open_there(month: Month) -> dict[int, Money]:
    return {
        int(item.invoice.invoice_no): item.invoice.open_amount
        for item in month.site.simulator.invoices("100")
    }


def _open_here(here: Site) -> dict[int, Money]:
    """What is open of each invoice: its claim, less what payments covered of it, with what Visma moved; never below zero."""
    rows = here.all(
        "SELECT i.invoice_no, greatest(i.amount - coalesce((SELECT sum(amount) FROM split s WHERE s.item_id = i.id AND s.kind = 1 "
        "AND s.superseded_by IS NULL), 0) + coalesce((SELECT sum(amount) FROM ledger_transaction t WHERE t.item_id = i.id "
        "AND t.state = 'applied'), 0), 0)::bigint FROM item i WHERE i.kind = 1"
    )
    return {int(str(number)): int(str(ore)) for number, ore in rows}
