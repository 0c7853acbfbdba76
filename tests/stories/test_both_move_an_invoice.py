"""The bank and Visma's people move the same invoices, back-dated and corrected, at any hour: a model of ten lines knows it."""

import os
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from schemas.events import ControlDue, FetchDue
from schemas.money import Money, kr
from schemas.transfer import TransactionKind
from tests.site import Site, kid_of, paid, site

SEEDS = range(int(os.environ.get("KK2_STORIES", "3")))
FIRST = date(2026, 3, 2)
KINDS = tuple(each for each in TransactionKind if each is not TransactionKind.REVERSAL)
STAGES = ("settle", "resettle", "propose", "deliver", "fetch")
COVERED = (
    "SELECT i.invoice_no, coalesce(sum(s.amount), 0)::bigint FROM item i LEFT JOIN split s ON s.item_id = i.id "
    "AND s.kind = 1 AND s.superseded_by IS NULL GROUP BY 1"
)
LESS_THAN_NOTHING = (
    "SELECT s.payment_id FROM split s JOIN payment p ON p.id = s.payment_id WHERE s.superseded_by IS NULL "
    "AND p.amount > 0 GROUP BY s.payment_id, s.item_id, s.kind HAVING sum(s.amount) < 0"
)
NOT_WHOLE = (
    "SELECT p.id FROM payment p LEFT JOIN split s ON s.payment_id = p.id AND s.superseded_by IS NULL "
    "GROUP BY p.id HAVING p.state = 'settled' AND coalesce(sum(s.amount), 0) <> p.amount "
    "OR p.state = 'parked' AND coalesce(sum(s.amount), 0) NOT IN (0, p.amount)"
)


class Both:
    """What may happen. The model: each invoice's amount, and what Visma's people moved, by transaction."""

    def __init__(self, here: Site, seed: int) -> None:
        self.here, self.chance = here, random.Random(seed)
        self.amounts = {f"F{number}-1": kr(400 * number) for number in (1, 2, 3)}
        self.moved: dict[str, tuple[str, Money]] = {}
        self.paid: list[tuple[int, Money, date]] = []
        for number in (1, 2, 3):
            here.with_us(number, kr(400 * number), FIRST)

    def day(self) -> date:
        return FIRST + timedelta(self.chance.randrange(40))

    def bank(self) -> None:
        self.paid.append((self.chance.randrange(1, 4), self.chance.randrange(1, 90_000), self.day()))
        self._file(*self.paid[-1])

    def back(self) -> None:
        if self.paid:
            number, amount, day = self.paid.pop(self.chance.randrange(len(self.paid)))
            self._file(number, amount, day + timedelta(2), back=True)

    def _file(self, number: int, amount: Money, day: date, *, back: bool = False) -> None:
        ref = f"{day:%m%d}1{self.here.transmissions:05d}"
        payment = paid(kid_of(number), amount, kind=18 if back else 10, back=back, day=day, ref=ref)
        self.here.drop(self.here.file(payment), f"{ref}.DAT")

    def visma(self) -> None:
        invoice, amount = f"F{self.chance.randrange(1, 4)}-1", -self.chance.randrange(1, 90_000)
        kind = self.chance.choice(KINDS)
        (told,) = self.here.simulator.transact("100", kind, self.day(), [(invoice, amount)])
        self.moved[told] = invoice, amount

    def correct(self) -> None:
        if self.moved:
            told = self.chance.choice(sorted(self.moved))
            invoice, _ = self.moved.pop(told)
            amount = self.chance.choice(
                (0, -self.chance.randrange(1, 90_000), self.chance.randrange(1, 20_000))
            )
            new = self.here.simulator.correct("100", told, amount, new_id=self.chance.random() < 0.4)
            self.moved[new] = invoice, amount

    def fetch(self) -> None:
        self.here.happen(FetchDue("100"))

    def some_work(self) -> None:
        left = self.chance.sample(STAGES, 2)
        if "resettle" in left:
            left.append("approve")  # which waits for it
        self.here.drain(but=left)
        self.prove()

    def all_work(self) -> None:
        self.here.rest_in(self.chance.randrange(1_000))
        self.prove()

    def prove(self) -> None:
        """Whole payments, none that covers less than nothing, and a balance that agrees."""
        self.here.prove()
        assert self.here.all(LESS_THAN_NOTHING) == []
        assert self.here.all(NOT_WHOLE) == []

    def end(self) -> None:
        """All is fetched, settled and delivered: the model, our cases and Visma say the same of each invoice."""
        for _ in range(2):  # our last corrections are told too
            self.fetch()
            self.all_work()
        here = self.here
        is_open = dict(self.amounts)
        for invoice, amount in self.moved.values():
            is_open[invoice] += amount
        for invoice_no, covered in here.all(COVERED):
            is_open[str(invoice_no)] -= int(str(covered))
        assert {
            item.invoice.invoice_no: item.invoice.open_amount for item in here.simulator.invoices("100")
        } == is_open
        balances = "SELECT i.invoice_no, c.balance FROM kk2_case c JOIN item i ON i.case_id = c.id"
        assert dict(here.all(balances)) == {no: max(amount, 0) for no, amount in is_open.items()}  # type: ignore[arg-type]
        assert here.one("SELECT count(*) FROM claim WHERE result = 'bug'") == (0,)
        here.happen(ControlDue("100"))
        here.drain()
        found = {kind for (kind,) in here.all("SELECT kind FROM difference WHERE state = 'open'")}
        assert found <= {"waits"}  # what is parked


@pytest.mark.parametrize("seed", SEEDS)
def test_the_model_our_cases_and_visma_agree(seed: int, engine: Engine, tmp_path: Path) -> None:
    with site(engine, tmp_path) as here:
        both = Both(here, seed)
        may_happen = (
            both.bank, both.bank, both.back, both.visma, both.visma, both.correct, both.fetch, both.some_work, both.all_work,
        )  # fmt: skip
        for _ in range(25):
            both.chance.choice(may_happen)()
        both.end()
