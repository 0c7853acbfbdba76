"""Invent the municipality: cases with claims of several half-years, and payments with all the usual troubles.

The same seed gives the same town, to the last digit. Each trouble has cases of its own, so that what must become of a
payment does not depend on which of two files the product happens to settle first.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from ops.demo.days import Days, bank_day
from ops.demo.standing import Standing
from ops.demo.town import (
    CLIENTS,
    NOBODYS,
    SCHOOLS,
    TAXES,
    Claim,
    Town,
    TownCase,
    TownClient,
    TownFile,
    TownMovement,
    TownPayment,
    case_kid,
    invoice_kid,
    ready_name,
)
from schemas.kid import Kid
from schemas.money import Money

_DUE_FROM = date(2022, 2, 1)
_DUE_DAYS = 1_600  # until June 2026, over ten changes of the rate
_FIRST_NAMES = (
    "Kari",
    "Ola",
    "Ingrid",
    "Lars",
    "Nora",
    "Jonas",
    "Sunniva",
    "Håkon",
    "Åse",
    "Bjørn",
    "Mathilde",
)
_LAST_NAMES = (
    "Lillevik",
    "Storhaug",
    "Fjellstad",
    "Myrvold",
    "Sjøberg",
    "Åsnes",
    "Østby",
    "Kvernmo",
    "Tangen",
)
_GIRO_TYPES = ("10", "11", "13", "13", "14", "15", "15", "16", "17")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A payment before its place in a file is known. `bundle` keeps the payments of one case in their order."""

    file: int
    bundle: int
    payment: TownPayment


@dataclass(slots=True)
class Inventor:
    """Collects cases and payments; `files` puts them in order."""

    seed: int
    random: Random = field(init=False)
    cases: list[TownCase] = field(default_factory=list)
    drafts: list[_Draft] = field(default_factory=list)
    movements: list[TownMovement] = field(default_factory=list)
    unknown_there: set[str] = field(default_factory=set)
    differs_there: set[str] = field(default_factory=set)
    bundle: int = 0
    number: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - the same seed must give the same town

    # --- cases ---

    def case(self, *, invoices: int = 0) -> TownCase:
        """A new case of any client: two or three claims, or exactly so many invoices with a fee beside them."""
        client = self.random.choice(CLIENTS)
        self.number += 1
        count = invoices or self.random.choice((1, 1, 2))
        due = sorted(self.random.sample(range(_DUE_DAYS), count + 2))
        claims = [self._invoice(client, n, due[n]) for n in range(count)]
        claims.append(self._claim("fee", self.random.choice((35_00, 38_00, 105_00, 113_00)), due[-2]))
        if self.random.random() < 0.3:
            claims.append(self._claim("costs", self.random.randrange(200_00, 1_500_00, 50_00), due[-1]))
        made = TownCase(
            client=client,
            case_no=f"0221-{self.number:08d}",
            kid=case_kid(client.ocr_account, self.number),
            customer_no=f"{30_000 + self.number}",
            debtor=f"{self.random.choice(_FIRST_NAMES)} {self.random.choice(_LAST_NAMES)}",
            opened_on=date(2026, 6, 25),
            recalled=False,
            merged_into="",
            ready=False,
            claims=tuple(claims),
        )
        self.cases.append(made)
        self.bundle += 1
        return made

    def ready(self) -> TownCase:
        """An invoice that waits in an approved proposal, with the fee of its reminder."""
        client = self.random.choice(CLIENTS)
        self.number += 1
        due = self.random.randrange(_DUE_DAYS - 60, _DUE_DAYS)
        invoice = self._invoice(client, 0, due)
        made = TownCase(
            client=client,
            case_no=ready_name(invoice.invoice_no),
            kid="",
            customer_no=f"{30_000 + self.number}",
            debtor=f"{self.random.choice(_FIRST_NAMES)} {self.random.choice(_LAST_NAMES)}",
            opened_on=date(2026, 6, 25),
            recalled=False,
            merged_into="",
            ready=True,
            claims=(
                replace(invoice, kk2_id=f"invoice:{invoice.invoice_no}"),
                replace(self._claim("fee", 38_00, due), kk2_id=f"fee:{invoice.invoice_no}"),
            ),
        )
        self.cases.append(made)
        self.bundle += 1
        return made

    def booked_there(self, case: TownCase, kind: str, amount: Money, before: Money = 0) -> None:
        """Visma's own people book on the case's first invoice, on the bank day after the last file's."""
        invoice = next(claim for claim in case.claims if claim.kid)
        day = bank_day(7)
        self.movements.append(
            TownMovement(kind, day, case.case_no, invoice.kk2_id, invoice.invoice_no, amount, before)
        )

    def _invoice(self, client: TownClient, place: int, due: int) -> Claim:
        number = self.number * 10 + place
        amount = self.random.choice(
            (self.random.randint(250_00, 4_000_00), self.random.randint(4, 90) * 100_00)
        )
        kid = invoice_kid(client.ocr_account, number)
        return Claim(
            f"F{number}", "principal", amount, _DUE_FROM + timedelta(due), f"{8_000_000 + number}", kid
        )

    def _claim(self, kind: str, amount: Money, due: int) -> Claim:
        return Claim(f"{kind.upper()}{self.number}", kind, amount, _DUE_FROM + timedelta(due), "", "")

    def becomes(self, case: TownCase, *, recalled: bool = False, merged_into: str = "") -> None:
        """Change a case that was just made, before anything is paid on it."""
        self.cases[self.cases.index(case)] = replace(case, recalled=recalled, merged_into=merged_into)

    # --- payments ---

    def days(self, file: int, *, second: bool = False) -> Days:
        """One of the two bank days that a file covers; now and then the bank gives the day before as the value date."""
        place = 2 * file - 1 + second
        early = not second and self.random.random() < 0.25
        return Days(file, bank_day(place), bank_day(place - 1) if early else None)

    def pay(self, days: Days, account: str, kid: Kid, amount: Money, role: str) -> TownPayment:
        """A payment in the file and on the day that `days` says."""
        made = TownPayment(
            account=account,
            type=self.random.choice(_GIRO_TYPES),
            booked_on=days.booked_on,
            value_on=days.value_on,
            statement_ref=self._statement_ref(account, days.booked_on),
            amount=amount,
            kid=kid,
            debit_account=f"9{self.random.randrange(10**10):010d}",
            reference=f"{self.random.randrange(1, 10**9):09d}",
            role=role,
        )
        self.drafts.append(_Draft(days.file, self.bundle, made))
        return made

    def again(self, file: int, payment: TownPayment, role: str) -> None:
        """The very same payment once more, in the same file or a later one."""
        self.drafts.append(_Draft(file, self.bundle, replace(payment, role=role)))

    def take_back(self, file: int, payment: TownPayment, how: str, role: str, amount: Money = 0) -> None:
        """A reversal (`how` "18") or a credit note (`how` "-") of a payment that came before."""
        day = bank_day(2 * file - 1)
        back = replace(
            payment,
            type="18" if how == "18" else payment.type,
            booked_on=day,
            value_on=None,
            statement_ref=self._statement_ref(payment.account, day, terminal=how == "18"),
            amount=-(amount or payment.amount),
            debit_account="" if how == "18" else payment.debit_account,
            reference=f"{self.random.randrange(1, 10**9):09d}",
            role=role,
        )
        self.drafts.append(_Draft(file, self.bundle, back))

    def _statement_ref(self, account: str, day: date, *, terminal: bool = False) -> str:
        """One or two lump sums a day and account, as the bank statement has them; terminals settle apart."""
        serial = self.random.choice((1, 1, 2)) if account == TAXES else 1
        return f"12{day.day:02d}{0 if terminal else 1}{(day.toordinal() % 1_000) * 10 + serial:05d}"

    def town(self, count: int, name: Callable[[int], str]) -> Town:
        """All of it, with so many files."""
        return Town(
            self.seed,
            tuple(self.cases),
            self.files(count, name),
            tuple(self.movements),
            frozenset(self.unknown_there),
            frozenset(self.differs_there),
        )

    def files(self, count: int, name: Callable[[int], str]) -> tuple[TownFile, ...]:
        """The files with their payments in order: by account, by day, then as chance has it."""
        chance = list(range(self.bundle + 1))
        self.random.shuffle(chance)
        accounts = {TAXES: 0, SCHOOLS: 1, NOBODYS: 2}
        in_order = sorted(
            self.drafts,
            key=lambda d: (d.file, accounts[d.payment.account], d.payment.booked_on, chance[d.bundle]),
        )
        return tuple(
            TownFile(name(number), tuple(draft.payment for draft in in_order if draft.file == number))
            for number in range(1, count + 1)
        )


def owed_on(case: TownCase, paid: tuple[TownPayment, ...], day: date) -> Money:
    """What a debtor who asks on `day` is told, after these payments."""
    standing = Standing.of(case)
    for key, payment in enumerate(paid):
        standing.cover(key, payment.amount, payment.interest_on)
    standing.live_to(day)
    return standing.owed()
