"""What the vouchers of a part are made from: the payments' free splits, under the locks of their cases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from pipeline.posting import PaymentPosting, SplitPosting
from schemas.case import Kind
from schemas.money import Money
from schemas.setup import OverpaymentPolicy, PostingAccounts, Setup
from workers.facts.cases import taken
from workers.facts.proposals import NOT_BOOKED_BY_HAND
from workers.store.bulk import rows

_KINDS = {int(kind): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class ToSuspense:
    """A parked payment whose money goes to the suspense account with this part."""

    payment_id: int
    amount: Money


@dataclass(frozen=True, slots=True)
class PartSplits:
    """By payment: its splits that no voucher has. `to_suspense`: parked payments that get a split now."""

    by_payment: dict[int, PaymentPosting]
    to_suspense: tuple[ToSuspense, ...]


def lock(connection: Connection, payment_ids: Sequence[int]) -> set[int]:
    """Lock the cases of the payments in id order, then the payments that have none.

    The cases are share-locked: nobody settles them meanwhile, and parts that have a case in common go on side by side.

    What is read after it stands still: two parts that both have a parked payment must not both put it in suspense.
    Gives the payments whose case is being settled again: what they cover may be another in a moment.
    """
    ids = {"ids": list(payment_ids)}
    found = rows(
        connection,
        "SELECT c.id, c.dirty FROM kk2_case c WHERE c.id IN (SELECT case_id FROM payment WHERE id = ANY(%(ids)s)) "
        "ORDER BY c.id FOR SHARE OF c",
        ids,
    )
    rows(
        connection,
        "SELECT id FROM payment WHERE id = ANY(%(ids)s) AND state <> 'settled' ORDER BY id FOR NO KEY UPDATE",
        ids,
    )
    dirty = [row[0] for row in found if row[1]]
    if not dirty:
        return set()
    on_dirty = rows(
        connection,
        "SELECT id FROM payment WHERE id = ANY(%(ids)s) AND case_id = ANY(%(dirty)s)",
        {**ids, "dirty": dirty},
    )
    return {row[0] for row in on_dirty}


def part_splits(
    connection: Connection,
    days: Mapping[int, date],
    setup: Setup,
    company: str,
    *,
    suspense: bool,
    person: bool,
) -> PartSplits:
    """Read what is free of the payments, each split with the accounts of its client on the voucher's day.

    `days`: the voucher's day by payment. What a person has just released is not the proposal's any longer.
    """
    ids = {"ids": list(days)}
    live = rows(
        connection,
        "SELECT s.id, s.payment_id, s.kind, s.amount, s.held, c.client, c.customer_no, c.sub_ledger_account, "
        "coalesce(i.invoice_no, ''), coalesce(p.kid, ''), p.interest_on "
        "FROM payment p JOIN split s ON s.payment_id = p.id LEFT JOIN kk2_case c ON c.id = s.case_id "
        "LEFT JOIN item i ON i.id = s.item_id WHERE p.id = ANY(%(ids)s) AND p.state IN ('settled', 'parked') "
        "AND s.superseded_by IS NULL ORDER BY s.id",
        ids,
    )
    frozen = taken(connection, [row[0] for row in live])
    by_payment: dict[int, list[SplitPosting]] = defaultdict(list)
    terms: dict[tuple[str | None, date, date], tuple[PostingAccounts, OverpaymentPolicy]] = {}
    for (
        split_id,
        payment_id,
        kind,
        amount,
        held,
        client,
        customer,
        sub_ledger,
        invoice,
        kid,
        interest,
    ) in live:
        if split_id in frozen or (held and not person):
            continue
        key = (client, days[payment_id], interest)
        if key not in terms:
            terms[key] = _terms(setup, company, *key)
        accounts, policy = terms[key]
        by_payment[payment_id].append(
            SplitPosting(
                split_id,
                _KINDS[kind],
                amount,
                customer or "",
                invoice,
                kid,
                sub_ledger or "",
                accounts,
                policy,
            )
        )
    in_suspense = {row[1] for row in live if row[2] == Kind.SUSPENSE}
    parked = (
        rows(
            connection,
            "SELECT p.id, p.amount FROM payment p WHERE p.id = ANY(%(ids)s) AND p.state = 'parked' "
            f"AND {NOT_BOOKED_BY_HAND} ORDER BY p.id",
            ids,
        )
        if suspense
        else []
    )
    to_suspense = tuple(ToSuspense(row[0], row[1]) for row in parked if row[0] not in in_suspense and row[1])
    postings = {
        payment_id: PaymentPosting(payment_id, tuple(splits)) for payment_id, splits in by_payment.items()
    }
    return PartSplits(postings, to_suspense)


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
