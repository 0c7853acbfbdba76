"""Invoices for a dunning proposal: given one by one, or invented; the same seed invents the same."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from schemas.kid import mod10
from schemas.money import Money, from_decimal_text, kr
from schemas.transfer import CompanyFacts, ReadyInvoice

FIRST_INVOICE = 70_000_001
FIRST_CUSTOMER = 40_001
FEES = (kr(0), kr(38), kr(76), kr(113))
"""What was charged after so many reminders."""
_FIRST_NAMES = (
    "Anne",
    "Bjørn",
    "Eva",
    "Geir",
    "Hilde",
    "Ivar",
    "Kari",
    "Lars",
    "Marit",
    "Nils",
    "Randi",
    "Svein",
)
_LAST_NAMES = ("Berg", "Dahl", "Eide", "Fjell", "Haug", "Lien", "Moen", "Nes", "Sand", "Strand", "Vik", "Ås")
_STREETS = ("Fjordveien", "Kaigata", "Kirkebakken", "Skoleveien", "Storgata", "Åsveien")


class BadInvoiceError(ValueError):
    """An invoice was given wrongly; the sentence says how."""


def invented(
    company: CompanyFacts, proposal: str, dunning_code: str, first: int, count: int, day: date, seed: int
) -> Iterator[ReadyInvoice]:
    """`count` invoices that were due 20 to 90 days before `day`, from the `first` on; two of them to each customer.

    Of every ten one is partly paid: then `open_amount` is less than `original`.
    """
    chance = random.Random(f"{seed} {company.code} {proposal}")  # noqa: S311 - repeatable, not secret
    clients = clients_of(company, dunning_code)
    types = sorted(company.sub_ledger_types)
    for number in range(first, first + count):
        customer = number // 2
        due_on = day - timedelta(days=chance.randint(20, 90))
        original = chance.randint(10_000, 2_000_000)
        reminders = chance.randint(1, 3)
        kid = f"{FIRST_INVOICE + number:011d}"
        yield ReadyInvoice(
            proposal_no=proposal,
            invoice_no=str(FIRST_INVOICE + number),
            customer_no=str(FIRST_CUSTOMER + customer),
            name=f"{_FIRST_NAMES[customer % 12]} {_LAST_NAMES[customer // 12 % 12]}",
            address=(f"{_STREETS[customer % 6]} {1 + customer % 97}", f"{6700 + customer % 90} FJORDVIK"),
            identity_no=_identity_no(customer),
            sub_ledger_type=types[number % len(types)],
            client=clients[number % len(clients)],
            kid=kid + mod10(kid),
            invoiced_on=due_on - timedelta(days=21),
            due_on=due_on,
            original=original,
            open_amount=original // 2 if number % 10 == 9 else original,
            reminders=reminders,
            fees=FEES[reminders],
        )


def given(
    company: CompanyFacts, proposal: str, dunning_code: str, rows: Sequence[Mapping[str, object]]
) -> Iterator[ReadyInvoice]:
    """Invoices as JSON gives them: the fields of `ReadyInvoice`, amounts as decimal text; most have a default.

    Needed are `invoice_no`, `customer_no`, `original` and `due_on`. Raises `BadInvoiceError`.
    """
    client, sub_ledger_type = clients_of(company, dunning_code)[0], min(company.sub_ledger_types)
    for row in rows:
        if missing := {"invoice_no", "customer_no", "original", "due_on"} - row.keys():
            raise BadInvoiceError(f"an invoice lacks {', '.join(sorted(missing))}")
        if unknown := row.keys() - _FIELDS:
            raise BadInvoiceError(
                f"an invoice has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(_FIELDS))}"
            )
        due_on = date.fromisoformat(str(row["due_on"]))
        original = from_decimal_text(str(row["original"]))
        address = row.get("address", ())
        yield ReadyInvoice(
            proposal_no=proposal,
            invoice_no=str(row["invoice_no"]),
            customer_no=str(row["customer_no"]),
            name=str(row.get("name") or "Kari Nordmann"),
            address=tuple(map(str, address)) if isinstance(address, list | tuple) else (str(address),),
            identity_no=str(row.get("identity_no", "")),
            sub_ledger_type=str(row.get("sub_ledger_type", sub_ledger_type)),
            client=str(row.get("client", client)),
            kid=str(row.get("kid", "")),
            invoiced_on=date.fromisoformat(str(row.get("invoiced_on", due_on - timedelta(days=21)))),
            due_on=due_on,
            original=original,
            open_amount=_money(row, "open_amount", original),
            reminders=int(str(row.get("reminders", 1))),
            fees=_money(row, "fees", 0),
        )


def clients_of(company: CompanyFacts, dunning_code: str) -> tuple[str, ...]:
    """The clients that a dunning code is linked to. Raises `BadInvoiceError` for a code that the company does not have."""
    for routine in company.dunning_routines:
        if routine.code == dunning_code and routine.clients:
            return routine.clients
    raise BadInvoiceError(
        f"company {company.code} has no dunning code {dunning_code} that is linked to a client"
    )


def _money(row: Mapping[str, object], key: str, otherwise: Money) -> Money:
    return from_decimal_text(str(row[key])) if key in row else otherwise


def _identity_no(customer: int) -> str:
    """A birth number that nobody has: its month is over 80, as in the tax authority's invented people."""
    return f"{1 + customer % 28:02d}{81 + customer % 12:02d}{50 + customer % 50:02d}{customer % 100_000:05d}"


_FIELDS = {
    "invoice_no", "customer_no", "name", "address", "identity_no", "sub_ledger_type", "client", "kid", "invoiced_on",
    "due_on", "original", "open_amount", "reminders", "fees",
}  # fmt: skip
