"""Days in which anything happens in any order: files, reversals, people, changes of cases, faults of Visma."""

import os
import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from ops import repairs
from ops.access import ALL_ROLES
from ops.simulator import Fault, FaultKind
from schemas.case import Kind
from schemas.money import kr
from tests.site import Site, kid_of, paid

SEEDS = range(int(os.environ.get("KK2_STORIES", "4")))
STAGES = ("settle", "resettle", "propose", "deliver", "inquire")
FAULTS = (
    FaultKind.LOSE_ANSWER_AFTER_BOOKING,
    FaultKind.CUT_BEFORE_READING,
    FaultKind.BUSY,
    FaultKind.UNKNOWN_ACCOUNT,
    FaultKind.GARBAGE,
    FaultKind.ACCESS_DENIED,
)
FIRST = date(2026, 2, 2)


class Days:
    """What may happen on a site; each draws from the seed."""

    def __init__(self, here: Site, seed: int) -> None:
        self.here = here
        self.chance = random.Random(seed)
        self.cases = [here.case(n, kr(300 * n), FIRST, fee=kr(38), costs=kr(90)) for n in range(1, 9)]
        self.sent: list[tuple[int, int]] = []

    def file(self) -> None:
        chance = self.chance
        payments = []
        for _ in range(chance.randrange(1, 9)):
            number, amount = chance.randrange(1, 11), chance.randrange(1, 60_000)
            back = bool(self.sent) and chance.random() < 0.25
            if back:
                number, amount = chance.choice(self.sent)
            else:
                self.sent.append((number, amount))
            day = FIRST + timedelta(chance.randrange(40))
            ref = f"{day:%m%d}10000{2 if back else 1}"
            payments.append(paid(kid_of(number), amount, kind=18 if back else 10, day=day, ref=ref))
        self.here.drop(self.here.file(*payments))

    def some_work(self) -> None:
        left = self.chance.sample(STAGES, 2)
        if "resettle" in left:
            left.append("approve")  # which waits for it
        self.here.drain(but=left)

    def all_work(self) -> None:
        self.here.drain(self.chance.randrange(1_000))

    def clock(self) -> None:
        self.here.rest()

    def fault(self) -> None:
        self.here.simulator.fault(Fault(self.chance.choice(FAULTS), "RegisterVouchers", times=1))

    def fee(self) -> None:
        self.here.owe_more(self.chance.choice(self.cases), kr(50))

    def waiver(self) -> None:
        self.here.change(
            "INSERT INTO waiver (case_id, item_id, kk2_id, kind, amount, day) SELECT case_id, id, 'w' || id || '/' || "
            "(SELECT count(*) FROM waiver), kind, :amount, :day FROM item WHERE case_id = :case AND kind < 4 "
            "AND withdrawn_at IS NULL ORDER BY id OFFSET :n LIMIT 1",
            self.chance.choice(self.cases),
            n=self.chance.randrange(3),
            amount=kr(30),
            day=FIRST + timedelta(self.chance.randrange(40)),
        )

    def withdrawal(self) -> None:
        self.here.change(
            "UPDATE item SET withdrawn_at = now() WHERE case_id = :case AND kind = 3 AND withdrawn_at IS NULL "
            "AND NOT EXISTS (SELECT FROM waiver w WHERE w.item_id = item.id)",
            self.chance.choice(self.cases),
        )

    def recall(self) -> None:
        back = self.chance.random() < 0.5
        sql = "UPDATE kk2_case SET state = :state WHERE id = :case AND state <> 'merged'"
        self.here.change(sql, self.cases[0], state="open" if back else "recalled")

    def merge(self) -> None:
        sql = (
            "UPDATE kk2_case SET state = 'merged', merged_into = :main WHERE id = :case AND state <> 'merged'"
        )
        self.here.change(sql, self.cases[1], main=self.cases[2])

    def new_case(self) -> None:
        if len(self.cases) == 8:
            self.cases.append(self.here.case(9, kr(5000), FIRST))
            self.here.open(self.cases[-1])

    def person(self) -> None:
        """Somebody does something with something that waits; a refusal is an answer."""
        waiting = self.here.all(
            "SELECT id, state, amount FROM payment WHERE state IN ('parked', 'held') ORDER BY id"
        )
        stopped = self.here.all(
            "SELECT id, state FROM voucher WHERE state IN ('refused', 'in_doubt', 'approved')"
        )
        files = self.here.all("SELECT id, state FROM bank_file WHERE state = 'held'")
        chance = self.chance
        acts: list[Callable[[], None]] = []
        if waiting:
            payment = chance.choice(waiting)
            acts += [
                lambda: self.act(repairs.release, [payment[0]]),
                lambda: self.act(repairs.refuse, payment[0]),
                lambda: self.act(repairs.assign, payment[0], chance.choice(self.cases), original=None),
            ]
        if stopped:
            voucher = chance.choice(stopped)
            acts += [lambda: self.act(repairs.retry, voucher[0]), lambda: self.act(repairs.void, voucher[0])]
        if files:
            acts += [lambda: self.act(repairs.release_file, files[0][0])]
        anywhere = self.here.all(
            "SELECT id, amount FROM payment WHERE state IN ('settled', 'parked') ORDER BY id"
        )
        if anywhere:
            moved, amount = (int(str(each)) for each in chance.choice(anywhere))
            first, second = chance.sample(self.cases, 2)
            part = chance.randrange(1, max(2, abs(amount)))
            shares = [(first, part), (second, amount - part)]
            acts += [
                lambda: self.act(repairs.share_out, moved, shares),
                lambda: self.act(repairs.assign, moved, first, original=None),
                lambda: self.act(repairs.undo, moved),
                lambda: self.act(repairs.propose_refund, moved),
                self.refund,
            ]
        settled = self.here.all("SELECT id FROM payment WHERE state = 'settled' AND amount > 0 ORDER BY id")
        if settled:
            order = tuple(chance.sample([Kind.PRINCIPAL, Kind.COSTS, Kind.FEE, Kind.INTEREST], 4))
            acts += [lambda: self.act(repairs.choose_order, chance.choice(settled)[0], order)]
        if acts:
            chance.choice(acts)()

    def refund(self) -> None:
        for refund_id in self.here.all("SELECT id FROM refund WHERE state = 'proposed' LIMIT 1"):
            if self.chance.random() < 0.5:
                self.act(repairs.refunded, refund_id[0], paid_on=FIRST, reference="20260202-1")
            else:
                self.act(repairs.withdraw_refund, refund_id[0])

    def act(self, repair: Callable[..., repairs.Done], *of: object, **more: object) -> None:
        try:
            with self.here.engine.begin() as connection:
                repair(connection, *of, person=repairs.Person("kari", "it is so", ALL_ROLES), **more)
        except repairs.Refusal:
            pass


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_each_payment_is_whole_somewhere_once(here: Site, seed: int) -> None:
    days = Days(here, seed)
    often = [days.file, days.some_work, days.all_work, days.person, days.fault]
    seldom = [days.clock, days.fee, days.waiver, days.withdrawal, days.recall, days.merge, days.new_case]
    for _ in range(40):
        days.chance.choice(often if days.chance.random() < 0.7 else seldom)()

    here.simulator.clear_faults()
    here.pass_leases()
    here.drain()
    here.rest()

    assert here.all("SELECT note FROM work WHERE reason = 'bug' AND state = 'parked'") == []
    here.prove()
    with here.engine.begin() as connection:
        open_work = connection.execute(text("SELECT count(*) FROM work WHERE state = 'due'")).scalar_one()
    assert open_work == 0
