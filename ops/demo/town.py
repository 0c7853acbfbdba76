"""The nouns of the invented municipality: its clients and accounts, cases, payments and bank files."""

from dataclasses import dataclass
from datetime import date

from schemas.kid import Kid, mod10, mod11
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class TownClient:
    """A client (oppdragsgiver) of `municipality.toml`. `credit`: overpayment goes to the customer, not to an account."""

    code: str
    sub_ledger_type: str
    ocr_account: str
    credit: bool


COMPANY = "100"
TAXES, SCHOOLS = "97100110427", "97100110508"
"""The municipality's two OCR accounts, as `municipality.toml` has them."""
NOBODYS = "97100110699"
"""An account that no company has."""

CLIENTS = (
    TownClient("KOM", "10", TAXES, credit=False),
    TownClient("EIE", "20", TAXES, credit=False),
    TownClient("SFO", "30", SCHOOLS, credit=True),
)
THRESHOLD: Money = 210_00
PAYMENTS_PER_VOUCHER = 100


MORE_THERE: Money = 10_00
"""What an invoice that differs in Visma is more there."""


def case_kid(account: str, number: int) -> Kid:
    """A case's own KID: 11 characters on the one account, 9 on the other, MOD11, so that some end in a dash."""
    body = f"7{number:09d}" if account == TAXES else f"7{number:07d}"
    return body + mod11(body)


def invoice_kid(account: str, number: int) -> Kid:
    """An invoice's KID: 13 digits on the one account, 10 on the other, MOD10."""
    body = f"41{number:010d}" if account == TAXES else f"42{number:07d}"
    return body + mod10(body)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a case: an invoice ("principal", with a KID), or "costs" or a "fee"."""

    kk2_id: str
    kind: str
    amount: Money
    due_on: date
    invoice_no: str
    kid: Kid


@dataclass(frozen=True, slots=True)
class TownCase:
    """A case as KK2 has it. `merged_into` is the number of the main case, or empty.

    `ready`: not yet a case but an invoice in an approved proposal of Visma's; `case_no` is then `ready_name` of it, for
    the product will find it a number and a KID of its own.
    """

    client: TownClient
    case_no: str
    kid: Kid
    customer_no: str
    debtor: str
    opened_on: date
    recalled: bool
    merged_into: str
    ready: bool
    claims: tuple[Claim, ...]


def ready_name(invoice_no: str) -> str:
    """What a case is called here whose number the product chooses: by its invoice."""
    return f"invoice {invoice_no}"


@dataclass(frozen=True, slots=True)
class TownMovement:
    """What Visma's own people book on an invoice: `amount` as Visma signs it, a payment is negative.

    `before`: they had first booked this, and corrected it; 0 if not.
    """

    kind: str
    day: date
    case_no: str
    claim: str
    invoice_no: str
    amount: Money
    before: Money


@dataclass(frozen=True, slots=True)
class TownPayment:
    """A payment as the bank writes it. `amount` is the money as it moves; `role` says what it is there to try."""

    account: str
    type: str
    booked_on: date
    value_on: date | None
    statement_ref: str
    amount: Money
    kid: Kid
    debit_account: str
    reference: str
    role: str

    @property
    def interest_on(self) -> date:
        """The day that interest runs to."""
        return self.value_on or self.booked_on


@dataclass(frozen=True, slots=True)
class TownFile:
    """A bank file: its payments in the order of the file, account by account, by day within one."""

    name: str
    payments: tuple[TownPayment, ...]


@dataclass(frozen=True, slots=True)
class Town:
    """A whole demo: the cases before the first file, the files in the order in which they come, and what Visma's own
    people book when all files are through.

    `unknown_there`: numbers of cases whose invoices Visma does not have; `differs_there`: of cases whose invoices it has
    with `MORE_THERE` more.
    """

    seed: int
    cases: tuple[TownCase, ...]
    files: tuple[TownFile, ...]
    movements: tuple[TownMovement, ...]
    unknown_there: frozenset[str]
    differs_there: frozenset[str]
