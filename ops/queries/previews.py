"""The vouchers of a proposal as they would be posted now, line by line, made by the rule that makes the real ones."""

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from ops.queries.proposals import scope_of
from ops.queries.vouchers import LineRow
from pipeline import posting
from pipeline.posting import PartFacts, VoucherFacts
from schemas.money import Money
from workers.facts import parts, proposals
from workers.facts.proposals import Place
from workers.store import setup as setup_store

_NO_REFERENCE_YET = "K0-0-0"


@dataclass(frozen=True, slots=True)
class VoucherPreview:
    """A voucher to be."""

    account: str
    booked_on: date
    statement_ref: str
    number: int
    of: int
    payments: int
    total: Money
    lines: tuple[LineRow, ...]


def preview(
    connection: Connection,
    company: str,
    file_id: int | None,
    most: int,
    only: tuple[Place, ...] = (),
    client: str | None = None,
) -> tuple[VoucherPreview, ...]:
    """The first `most` vouchers of what a person's approval would post; nothing is locked and nothing is written.

    With a client only what is on its cases, with its part of the bank line: it balances, as the whole does.

    Raises `NoSuchSetupError` for a voucher date without a setup.
    """
    found = scope_of(connection, company, file_id, only)
    if found is None:
        return ()
    scope, _ = found
    vouchers = proposals.to_cut(connection, scope)[: None if client else most]
    days = {payment: each.sums.group.booked_on for each in vouchers for payment in each.payment_ids}
    setup = setup_store.current(connection)
    part = parts.look(connection, list(days))
    if client:
        mine = [each for each in part.splits if each.case_id and part.cases[each.case_id].client == client]
        part = replace(part, splits=mine, to_suspense=[])
    on = {day: setup.companies[company].on(day).value for day in set(days.values())}
    postings = parts.postings(part, days, setup, company, by_person=True)
    for payment_id, amount in part.to_suspense if scope.suspense else ():
        accounts = on[days[payment_id]].accounts
        parts.suspend(postings, payment_id, 0, amount, accounts)
    made = []
    for each in vouchers:
        voucher = each.sums
        payments = tuple(postings[payment] for payment in each.payment_ids if payment in postings)
        day = voucher.group.booked_on
        facts = VoucherFacts(_NO_REFERENCE_YET, voucher.group, voucher.number, voucher.of, day, payments)
        if payments:
            made.append(_shown(facts, PartFacts(on[day], (facts,))))
    return tuple(made[:most])


def _shown(facts: VoucherFacts, part: PartFacts) -> VoucherPreview:
    voucher = posting.approve(part)[0]
    lines = tuple(
        LineRow(
            no,
            line.account,
            line.text,
            line.amount,
            line.customer_no,
            line.invoice_no,
            line.kid,
            line.tax_code,
            list(line.dimensions),
        )
        for no, line in enumerate(voucher.lines, 1)
    )
    group = facts.group
    return VoucherPreview(
        group.account, group.booked_on, group.statement_ref, facts.number, facts.of, len(facts.payments), voucher.total, lines,
    )  # fmt: skip
