"""Opening a case for an invoice that Visma handed over: may it be, and how the case begins."""

from dataclasses import dataclass
from datetime import date

from pipeline.stage import Park, Reason
from schemas.case import Kind
from schemas.kid import Kid
from schemas.money import Money, in_kroner
from schemas.setup import BankAccount, Client, SubLedger
from schemas.transfer import ReadyInvoice

LONGEST_CASE_NO = 16
"""What Visma's field for a case number holds."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A case that has the invoice as a claim, not withdrawn, and is not recalled. `amount`: the claim's."""

    case_id: int
    case_no: str
    client: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """An invoice, and the rows of the setup that are valid today; None for one that there is not.

    `number` counts the client's cases, `kid` is free on the account (None: it has none left). They are the next case's.
    """

    invoice: ReadyInvoice
    client: Client | None
    sub_ledger: SubLedger | None
    account: BankAccount | None
    standing: tuple[Standing, ...]
    number: int
    kid: Kid | None


@dataclass(frozen=True, slots=True)
class Fit:
    """A case may be opened for the invoice."""


@dataclass(frozen=True, slots=True)
class Linked:
    """The invoice has its case already: none is opened, and that one's number goes to Visma."""

    case_id: int


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """Invoices that are fit, of one debtor and one sub-ledger row, and what their case gets. `accounts`: the company's."""

    invoices: tuple[ReadyInvoice, ...]
    client: Client
    sub_ledger: SubLedger
    account: BankAccount
    accounts: tuple[BankAccount, ...]
    number: int
    kid: Kid
    today: date


@dataclass(frozen=True, slots=True)
class Claim:
    """What the case begins with: an invoice's principal, or its reminder fees."""

    id: str
    kind: Kind
    amount: Money
    due_on: date
    invoice_no: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A case to be opened. `kids`: the invoices' own, on every account of the company that they may be paid on."""

    company: str
    client: str
    case_no: str
    account: str
    kid: Kid
    case_flow: str
    sub_ledger_account: str
    customer_no: str
    debtor_name: str
    opened_on: date
    kids: tuple[tuple[str, Kid], ...]
    claims: tuple[Claim, ...]


def weigh(facts: InvoiceFacts) -> Fit | Linked | Park:
    """Say whether a case may be opened for an invoice.

    An invoice that a case of the same client has, with the same amount, came by another way, from KK2 itself: it is that
    case's. Where client or amount are others, a person must say what is so: two cases for one invoice would be wrong, and
    so would a case that owes something else than Visma believes.
    """
    invoice = facts.invoice
    if facts.standing:
        return _linked(invoice, facts.standing)
    missing = _missing(facts)
    if missing:
        return Park(Reason.NO_SETUP, missing)
    if invoice.original <= 0 or invoice.fees < 0:
        return Park(
            Reason.WRONG_AMOUNT,
            f"expected an invoice on which something is owed, found {in_kroner(invoice.original)} kr and "
            f"{in_kroner(invoice.fees)} kr of fees",
        )
    return Fit()


def open_case(facts: CaseFacts) -> Opening:
    """Say how the case begins: with the invoices' original amounts, and what Visma charged for reminders.

    Original, not what is open: each movement in Visma is fetched and moves the claim by itself, once.
    """
    first = facts.invoices[0]
    client = facts.client
    where = (facts.account.number, *(a.number for a in facts.accounts if a.number != facts.account.number))
    kids = dict.fromkeys((account, i.kid) for i in facts.invoices if i.kid for account in where)
    return Opening(
        client.company,
        client.code,
        case_no(client.case_no_pattern, facts.number),
        facts.account.number,
        facts.kid,
        facts.sub_ledger.case_flow,
        facts.sub_ledger.account,
        first.customer_no,
        first.name,
        facts.today,
        tuple(kids),
        tuple(claim for invoice in facts.invoices for claim in _claims(invoice)),
    )


def case_no(pattern: str, number: int) -> str:
    """Write a number into a pattern's `#`, with zeros before it; one that has more digits makes it longer."""
    digits = iter(f"{number:0{pattern.count('#')}d}")
    return "".join(next(digits) if sign == "#" else sign for sign in pattern) + "".join(digits)


def _claims(invoice: ReadyInvoice) -> tuple[Claim, ...]:
    number, due_on = invoice.invoice_no, invoice.due_on
    principal = Claim(f"invoice:{number}", Kind.PRINCIPAL, invoice.original, due_on, number)
    return (
        (principal, Claim(f"fee:{number}", Kind.FEE, invoice.fees, due_on, ""))
        if invoice.fees
        else (principal,)
    )


def _linked(invoice: ReadyInvoice, standing: tuple[Standing, ...]) -> Linked | Park:
    first = standing[0]
    if len(standing) > 1:
        numbers = ", ".join(each.case_no for each in standing)
        return Park(Reason.IN_A_CASE, f"expected one case with the invoice, found {numbers}")
    if (first.client, first.amount) != (invoice.client, invoice.original):
        return Park(
            Reason.IN_A_CASE,
            f"case {first.case_no} of client {first.client} has the invoice with {in_kroner(first.amount)} kr; Visma has "
            f"{in_kroner(invoice.original)} kr, of client {invoice.client}",
        )
    return Linked(first.case_id)


def _missing(facts: InvoiceFacts) -> str:
    """What the setup lacks for a case, as a sentence; empty if nothing."""
    invoice, client = facts.invoice, facts.client
    if client is None:
        return f"the setup has no client {invoice.client} that is valid today"
    if facts.sub_ledger is None:
        return f"client {invoice.client} has no sub-ledger row for type {invoice.sub_ledger_type} that is valid today"
    if not client.case_no_pattern:
        return f"client {invoice.client} has no pattern for case numbers (case_no_pattern)"
    if (
        facts.number >= 10 ** client.case_no_pattern.count("#")
        or len(client.case_no_pattern) > LONGEST_CASE_NO
    ):
        return (
            f"the pattern {client.case_no_pattern} of client {invoice.client} has no case number left of at most "
            f"{LONGEST_CASE_NO} characters"
        )
    if facts.account is None:
        return f"client {invoice.client} has no OCR account with a KID agreement that is valid today"
    if facts.kid is None:
        return f"the first KID agreement of account {facts.account.number} has no KID left"
    return ""
