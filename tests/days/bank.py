"""What the bank may do in random days: files, reversals, what is alike to earlier ones, copies, damage."""

import random
from datetime import date, timedelta

from ops.bank_writer import OcrPayment
from schemas.money import kr
from tests.days import model
from tests.days.people import NOTHING, PAYER
from tests.site import Site, kid_of, paid
from workers.watch import Landed, SeenAgain

FIRST = date(2026, 2, 2)
BANK = ("new", "new", "new", "taken_back", "alike", "copy", "damaged")


class Bank:
    """The bank. Each method sends something, or finds nothing to send. `said`: the money of its whole files."""

    def __init__(self, here: Site) -> None:
        self.here = here
        self.said = model.Bank()
        self.sent: list[OcrPayment] = []
        self.contents: list[bytes] = []
        self.cases = 0  # how many have come from KK2, numbered from 1

    def new(self, chance: random.Random) -> None:
        self.send(tuple(self.payment(chance) for _ in range(chance.randrange(1, 8))))

    def taken_back(self, chance: random.Random) -> str | None:
        if not self.sent:
            return NOTHING
        one = chance.choice(self.sent)
        amount = one.amount if chance.random() < 0.8 else one.amount + 1
        back = paid(one.kid, amount, kind=18, day=one.booked_on + timedelta(1), ref=one.statement_ref)
        more = (self.payment(chance),) if chance.random() < 0.5 else ()
        self.send((back, *more))
        return None

    def alike(self, chance: random.Random) -> str | None:
        """A payment comes that is alike to one of before, and perhaps all of a file."""
        if not self.contents:
            return NOTHING
        whole = chance.choice(list(self.said.files.values()))
        self.send(whole if chance.random() < 0.5 else (chance.choice(whole), self.payment(chance)))
        return None

    def copy(self, chance: random.Random) -> str | None:
        if not self.contents:
            return NOTHING
        self._drop(chance.choice(self.contents), SeenAgain)
        return None

    def damaged(self, chance: random.Random) -> None:
        """A file that is cut off, or lacks a line."""
        content = self.here.file(*(self.payment(chance) for _ in range(chance.randrange(1, 4))))
        lines = content.split(b"\n")
        at = chance.randrange(1, len(lines) - 2)
        rest = lines[at + 1 :] if chance.random() < 0.5 else []
        self._drop(b"\n".join(lines[:at] + rest), Landed)

    def payment(self, chance: random.Random) -> OcrPayment:
        day, kind = FIRST + timedelta(chance.randrange(40)), chance.random()
        amount = chance.choice((chance.randrange(1, 60_000), kr(100), kr(300)))
        kid = kid_of(chance.choice((*range(1, self.cases + 1), 51, 52, 90 + chance.randrange(3))))
        payer = PAYER if kind < 0.2 else "00000000000"
        if kind < 0.2:
            kid = kid_of(90 + chance.randrange(3))
        elif kind < 0.25:
            kid = kid[:-1] + str((int(kid[-1]) + 1) % 10)
        return paid(kid, amount, day=day, ref=model.reference_of(kid), debit_account=payer)

    def send(self, payments: tuple[OcrPayment, ...]) -> None:
        content = self.here.file(*payments)
        self.said.sends(content, payments)
        self.sent += [payment for payment in payments if payment.type == 10]
        self.contents.append(content)
        self._drop(content, Landed)

    def _drop(self, content: bytes, expected: type) -> None:
        landed = self.here.drop(content, f"F{self.here.transmissions}.DAT")
        assert isinstance(landed, expected), landed
