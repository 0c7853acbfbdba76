"""The drill's own bank file: small payments on open cases of the training site, never the same twice."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import Connection, text

from ops.bank_writer import OcrAssignment, OcrPayment, OcrTransmission, write
from pipeline.bankdays import next_bank_day
from schemas.kid import Kid
from schemas.money import Money, kr
from schemas.schedule import OSLO
from schemas.setup import Company
from workers.store import setup as setup_store

PAYMENTS, _SHEETS = 40, 4  # a voucher is of one line of the bank statement: so there are four at least
_LEAST = kr(20)


class NotPlayedError(Exception):
    """The drill can't be played here, and nothing was struck; the sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class Purse:
    """The account that is paid on, the KIDs of its cases, and the installation of its company."""

    account: str
    kids: tuple[Kid, ...]
    company: str
    installation: str


@dataclass(frozen=True, slots=True)
class Brought:
    """A file that was dropped. `after`: the newest id of the journal before it."""

    name: str
    content: bytes
    amounts: tuple[Money, ...]
    after: int

    @property
    def sha256(self) -> str:
        """What the site knows it by."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def total(self) -> Money:
        """Øre of all payments."""
        return sum(self.amounts)


def choose(connection: Connection) -> Purse:
    """The account with most open cases of a company whose vouchers go without a person; raises `NotPlayedError`."""
    setup = setup_store.current(connection)
    companies = {code: dated.latest().value for code, dated in setup.companies.items()}
    rows = connection.execute(
        text(
            "SELECT account, company, (array_agg(kid ORDER BY balance DESC, id))[1:20] FROM kk2_case WHERE state = 'open' "
            "AND balance >= :least AND kid <> '' AND account <> '' GROUP BY 1, 2 ORDER BY count(*) DESC, 1"
        ),
        {"least": _LEAST},
    ).all()
    stopped = set(
        connection.execute(text("SELECT scope FROM brake WHERE until IS NULL OR until > now()")).scalars()
    )
    for account, company, kids in rows:
        if _goes_by_itself(companies, company) and not stopped & {
            "*",
            company,
            companies[company].installation,
        }:
            return Purse(account, tuple(kids), company, companies[company].installation)
    raise NotPlayedError(
        "no open case of 20 kr or more can be paid here: a drill wants a case with a KID (kk2 case apply), of a company with "
        "auto_approve and posting true, whose delivery is not stopped"
    )


def file_of(purse: Purse, now: datetime, chance: Random, after: int) -> Brought:
    """A file of small payments, booked on the last bank day; `chance` draws what makes each of them another."""
    number = chance.randrange(1, 10_000_000)
    day = _last_bank_day(now.astimezone(OSLO).date())
    payments = [
        OcrPayment(
            type=10,
            booked_on=day,
            amount=chance.randrange(100, 1_000),
            kid=purse.kids[place % len(purse.kids)],
            statement_ref=f"{number:07d}{1 + place % _SHEETS:03d}",
            reference=f"{chance.randrange(10**9):09d}",
        )
        for place in range(PAYMENTS)
    ]
    in_order = sorted(payments, key=lambda payment: payment.statement_ref)
    content = write(OcrTransmission(number, day, (OcrAssignment(purse.account, in_order, day),)))
    return Brought(f"DRILL-{number:07d}.DAT", content, tuple(each.amount for each in in_order), after)


def _goes_by_itself(companies: Mapping[str, Company], code: str) -> bool:
    return code in companies and companies[code].auto_approve and companies[code].posting


def _last_bank_day(today: date) -> date:
    """Today, or the last bank day before it."""
    day = today
    while next_bank_day(day - timedelta(days=1)) != day:
        day -= timedelta(days=1)
    return day
