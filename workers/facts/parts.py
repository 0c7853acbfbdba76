"""What the vouchers of a part are made from: the payments' free splits, under the locks of their cases."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from pipeline.posting import PaymentPosting, SplitPosting
from schemas.case import Kind
from schemas.kid import Kid
from schemas.money import Money
from schemas.setup import OverpaymentPolicy, PostingAccounts, Setup
from workers.facts.cases import taken
from workers.facts.proposals import NOT_BOOKED_BY_HAND
from workers.store.bulk import rows

_KINDS = {int(kind): kind for kind in Kind}


class PartCase(NamedTuple):
    """A case of the part. `dirty`: it is being split anew."""

    dirty: bool
    client: str
    customer_no: str
    sub_ledger_account: str


class PartSplit(NamedTuple):
    """A live split. `case_id` is None on the suspense account."""

    id: int
    payment_id: int
    case_id: int | None
    kind: int
    amount: Money
    held: bool
    invoice_no: str


@dataclass(frozen=True, slots=True)
class Part:
    """What a part's payments have to post, as it stands under the locks.

    `payments`: KID and interest date by payment, for those settled or parked. `splits`: those that no voucher has.
    `to_suspense`: parked payments whose money is not on the suspense account yet. `moving`: payments whose case is
    being split anew, so that what they cover may be another in a moment.
    """

    payments: dict[int, tuple[Kid, date]]
    cases: dict[int, PartCase]
    splits: list[PartSplit]
    to_suspense: list[tuple[int, Money]]
    moving: set[int]


def lock(connection: Connection, payment_ids: Sequence[int]) -> Part:
    """Lock the cases that the payments' splits are on, then the parked payments, and read what is free of them.

    The cases are share-locked: nobody settles them meanwhile, and parts that have a case in common go on side by side.
    Two parts that both have a parked payment must not both put it in suspense, so its row is locked for us alone.
    """
    return _part(connection, payment_ids, " FOR SHARE", " FOR NO KEY UPDATE OF p")


def look(connection: Connection, payment_ids: Sequence[int]) -> Part:
    """Read the same for a person's eyes, without any lock."""
    return _part(connection, payment_ids, "", "")


def _part(connection: Connection, payment_ids: Sequence[int], lock_cases: str, lock_parked: str) -> Part:
    found = rows(
        connection,
        "SELECT id, state, coalesce(kid, ''), interest_on, case_id FROM payment WHERE id = ANY(%(ids)s) "
        "AND state IN ('settled', 'parked')",
        {"ids": list(payment_ids)},
    )
    payments: dict[int, tuple[Kid, date]] = {row[0]: (row[2], row[3]) for row in found}
    cases = _cases(connection, {row[4] for row in found if row[4] is not None}, lock_cases)
    parked = _parked(connection, [row[0] for row in found if row[1] == "parked"], lock_parked)
    live = _live(connection, list(payments))
    while more := {split.case_id for split in live if split.case_id is not None} - cases.keys():
        # a payment that was moved from case to case has splits on both
        cases |= _cases(connection, more, lock_cases)
        live = _live(connection, list(payments))
    frozen = taken(connection, [split.id for split in live])
    in_suspense: dict[int, Money] = defaultdict(int)
    for split in live:
        if split.case_id is None:
            in_suspense[split.payment_id] += split.amount
    return Part(
        payments,
        cases,
        [split for split in live if split.id not in frozen],
        [(payment_id, amount) for payment_id, amount in parked if not in_suspense.get(payment_id) and amount],
        {split.payment_id for split in live if split.case_id is not None and cases[split.case_id].dirty},
    )


def _cases(connection: Connection, ids: Collection[int], lock: str) -> dict[int, PartCase]:
    found = rows(
        connection,
        "SELECT id, dirty, client, customer_no, sub_ledger_account FROM kk2_case WHERE id = ANY(%(ids)s) "
        f"ORDER BY id{lock}",
        {"ids": sorted(ids)},
    )
    return {row[0]: PartCase(*row[1:]) for row in found}


def _live(connection: Connection, payment_ids: Sequence[int]) -> list[PartSplit]:
    found = rows(
        connection,
        # only the sub-ledger's lines name their invoice
        "SELECT s.id, s.payment_id, s.case_id, s.kind, s.amount, s.held, coalesce(i.invoice_no, '') FROM split s "
        "LEFT JOIN item i ON i.id = CASE WHEN s.kind = 1 THEN s.item_id END "
        "WHERE s.payment_id = ANY(%(ids)s) AND s.superseded_by IS NULL",
        {"ids": payment_ids},
    )
    found.sort()  # an ORDER BY tempts the planner to walk the table by its key
    return list(map(PartSplit._make, found))


def _parked(connection: Connection, payment_ids: Sequence[int], lock: str) -> list[tuple[int, Money]]:
    if not payment_ids:
        return []
    found = rows(
        connection,
        f"SELECT p.id, p.amount FROM payment p WHERE p.id = ANY(%(ids)s) AND p.state = 'parked' AND {NOT_BOOKED_BY_HAND} "
        f"ORDER BY p.id{lock}",
        {"ids": list(payment_ids)},
    )
    return [(row[0], row[1]) for row in found]


def postings(
    part: Part, days: Mapping[int, date], setup: Setup, company: str, *, by_person: bool
) -> dict[int, PaymentPosting]:
    """Give each payment's free splits with the accounts of its client on the voucher's day.

    `days`: the voucher's day by payment. What waits for a person (`held`) is a person's to approve.
    """
    by_payment: dict[int, list[SplitPosting]] = defaultdict(list)
    terms: dict[tuple[str | None, date, date], tuple[PostingAccounts, OverpaymentPolicy]] = {}
    for split_id, payment_id, case_id, kind, amount, held, invoice_no in part.splits:
        day = days.get(payment_id)
        if day is None or (held and not by_person):
            continue
        kid, interest_on = part.payments[payment_id]
        case = part.cases[case_id] if case_id is not None else None
        key = (case.client if case else None, day, interest_on)
        if key not in terms:
            terms[key] = _terms(setup, company, *key)
        by_payment[payment_id].append(
            SplitPosting(
                split_id,
                _KINDS[kind],
                amount,
                case.customer_no if case else "",
                invoice_no,
                kid,
                case.sub_ledger_account if case else "",
                *terms[key],
            )
        )
    return {
        payment_id: PaymentPosting(payment_id, tuple(splits)) for payment_id, splits in by_payment.items()
    }


def suspend(
    postings: dict[int, PaymentPosting],
    payment_id: int,
    split_id: int,
    amount: Money,
    accounts: PostingAccounts,
) -> None:
    """Put all of a parked payment on the suspense account, beside what is taken back of one that was taken off its case."""
    split = SplitPosting(
        split_id, Kind.SUSPENSE, amount, "", "", "", "", accounts, OverpaymentPolicy.SUSPENSE
    )
    taken_back = postings[payment_id].splits if payment_id in postings else ()
    postings[payment_id] = PaymentPosting(payment_id, (*taken_back, split))


def _terms(
    setup: Setup, company: str, client: str | None, voucher_on: date, interest_on: date
) -> tuple[PostingAccounts, OverpaymentPolicy]:
    """A client's own accounts on the voucher date, else the company's; the policy of the payment's interest date."""
    of_company = setup.companies[company].on(voucher_on).value.accounts
    rows_of_client = setup.clients.get((company, client)) if client else None
    if rows_of_client is None:
        return of_company, OverpaymentPolicy.SUSPENSE
    accounts = rows_of_client.on(voucher_on).value.accounts or of_company
    return accounts, rows_of_client.on(interest_on).value.overpayment_policy


def epoch(connection: Connection) -> int:
    """The number of the database's present life."""
    return int(rows(connection, "SELECT max(number) FROM epoch", {})[0][0])


def voucher_numbers(connection: Connection, number: int) -> list[int]:
    """Take the next numbers for references; a number that a rollback loses is never used again."""
    found = rows(
        connection, "SELECT nextval('voucher_number') FROM generate_series(1, %(number)s)", {"number": number}
    )
    return [row[0] for row in found]
