"""What must be known of a page of Visma's transactions: what we have of them, which are ours, whose invoices they name."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from pipeline.ledger_payments import Claim, Sent, Standing, TransactionFacts
from schemas.money import Money
from schemas.setup import Company, Dated, NoSuchSetupError, Setup
from schemas.transfer import LedgerTransaction
from schemas.voucher import IN_SHADOW
from workers.facts import taken_back
from workers.facts.terms import Terms
from workers.store.bulk import rows

COLUMNS = (
    "transaction_id",
    "voucher_no",
    "line",
    "voucher_type",
    "registrar",
    "reference",
    "day",
    "amount",
    "kind",
    "invoice_no",
    "text",
)
"""What Visma told, as columns: the fields of `LedgerTransaction` in their order."""

Place = tuple[str, int, int]
"""A line of a voucher: number, line, year."""


class Kept(NamedTuple):
    """A version that we have, with the case that it moves; `case_id` is None unless it is applied."""

    transaction_id: str
    place: Place
    standing: Standing
    case_id: int | None


class _InCase(NamedTuple):
    case_id: int
    item_id: int
    client: str
    since: date | None


@dataclass(slots=True)
class Known:
    """All that is known of a company's transactions in one page. `by_hand`: number and invoice of vouchers posted by hand."""

    company: str
    terms: Terms
    latest: dict[str, Kept]
    in_place: dict[Place, Kept]
    references: set[str]
    numbers: set[tuple[str, int]]
    by_hand: set[tuple[str, str]]
    voucher_types: frozenset[str]
    registrars: frozenset[str]
    sent: dict[str, list[Sent]]
    claims: dict[str, _InCase]
    mirrored: set[tuple[int, Money]]
    signed: taken_back.Signed
    in_shadow: bool
    shadowed: dict[str, list[tuple[Money, date]]]

    def facts_of(
        self, told: LedgerTransaction, latest: Kept | None, in_place: Kept | None
    ) -> TransactionFacts:
        """The facts of one transaction beside what is known of its id and of its place."""
        at = self.claims.get(told.invoice_no)
        return TransactionFacts(
            told,
            latest.standing if latest else None,
            in_place.standing if in_place else None,
            bool(told.reference in self.references and not taken_back.is_copy(told, self.signed))
            or (told.voucher_no, told.day.year) in self.numbers
            or (told.voucher_no, told.invoice_no) in self.by_hand,
            self.voucher_types,
            self.registrars,
            tuple(self.sent.get(told.invoice_no, ())),
            at is not None and (at.item_id, told.amount) in self.mirrored,
            Claim(at.case_id, at.item_id, self._has_setup(at.client, told.day), at.since) if at else None,
            self.in_shadow,
            tuple(self.shadowed.get(told.invoice_no, ())),
        )

    def _has_setup(self, client: str, day: date) -> bool:
        try:
            self.terms.on(self.company, client, day)
        except NoSuchSetupError:
            return False
        return True


def place_of(told: LedgerTransaction) -> Place:
    """The line of the voucher on which a transaction stands."""
    return told.voucher_no, told.line, told.day.year


def load(connection: Connection, company: str, told: Sequence[LedgerTransaction], setup: Setup) -> Known:
    """Read what is known of these transactions; the claims may still move until their cases are locked (`claims`)."""
    values: dict[str, object] = {
        "company": company,
        "ids": [each.transaction_id for each in told],
        "numbers": [each.voucher_no for each in told],
        "references": [each.reference for each in told if each.reference],
        "invoices": [each.invoice_no for each in told],
    }
    latest = {
        each.transaction_id: each
        for each in _kept(
            connection,
            "SELECT DISTINCT ON (transaction_id) {} FROM ledger_transaction WHERE company = %(company)s "
            "AND transaction_id = ANY(%(ids)s) ORDER BY transaction_id, version DESC",
            values,
        )
    }
    in_place = {
        each.place: each
        for each in _kept(
            connection,
            "SELECT {} FROM ledger_transaction WHERE company = %(company)s AND voucher_no = ANY(%(numbers)s) "
            "AND voucher_no <> '' AND state <> 'superseded'",
            values,
        )
    }
    of_company = [row.value for row in setup.companies[company].rows]
    found = Known(
        company,
        Terms(setup),
        latest,
        in_place,
        {row[0] for row in rows(connection, _REFERENCES, values)},
        {(row[0], row[1]) for row in rows(connection, _NUMBERS, values)},
        {(row[0], row[1]) for row in rows(connection, _BY_HAND, values)},
        frozenset(each.voucher_type for each in of_company),
        frozenset(each.registrar for each in of_company),
        _sent(connection, values),
        {},
        set(),
        taken_back.signed(connection, company, told),
        not setup.companies[company].latest().value.posting,
        _shadowed(connection, values, setup.companies[company]),
    )
    claims(connection, found, told)
    return found


def claims(connection: Connection, known: Known, told: Iterable[LedgerTransaction]) -> None:
    """Read, again once their cases are locked, which principal each invoice is; and what our vouchers covered of it."""
    told = list(told)
    found = rows(
        connection,
        "SELECT DISTINCT ON (i.invoice_no) i.invoice_no, c.id, i.id, c.client, "
        "CASE n.state WHEN 'converted' THEN c.opened_on END FROM item i JOIN kk2_case c ON c.id = i.case_id "
        "LEFT JOIN invoice n ON n.company = c.company AND n.invoice_no = i.invoice_no AND n.case_id = c.id "
        "WHERE i.invoice_no = ANY(%(invoices)s) AND i.invoice_no <> '' AND i.withdrawn_at IS NULL AND i.kind = 1 "
        "AND c.company = %(company)s ORDER BY i.invoice_no, c.state = 'merged', c.state = 'recalled', i.id",
        {"company": known.company, "invoices": list({each.invoice_no for each in told})},
    )
    known.claims = {row[0]: _InCase(*row[1:]) for row in found}
    _follow(connection, known)
    known.mirrored = taken_back.covered(connection, told, {no: at[:2] for no, at in known.claims.items()})


def _follow(connection: Connection, known: Known) -> None:
    """A merge may have taken what stood along to another case, before the locks were there."""
    applied = [
        each for each in (*known.latest.values(), *known.in_place.values()) if each.case_id is not None
    ]
    if not applied:
        return
    sql = "SELECT id, case_id FROM ledger_transaction WHERE id = ANY(%(ids)s) AND state = 'applied'"
    now = {row[0]: row[1] for row in rows(connection, sql, {"ids": [each.standing.id for each in applied]})}
    for each in applied:
        moved = each._replace(case_id=now.get(each.standing.id))
        if known.latest.get(each.transaction_id) == each:
            known.latest[each.transaction_id] = moved
        if known.in_place.get(each.place) == each:
            known.in_place[each.place] = moved


_REFERENCES = (
    "SELECT reference FROM voucher WHERE company = %(company)s AND reference = ANY(%(references)s) UNION ALL "
    "SELECT reference FROM orphan WHERE company = %(company)s AND reference = ANY(%(references)s)"
)
_SHADOWED = (
    "SELECT DISTINCT i.invoice_no, -p.amount, p.booked_on FROM item i JOIN payment p ON p.case_id = i.case_id "
    "JOIN split s ON s.payment_id = p.id JOIN voucher_split t ON t.split_id = s.id AND NOT t.released "
    "JOIN voucher v ON v.id = t.voucher_id WHERE i.invoice_no = ANY(%(invoices)s) AND i.invoice_no <> '' "
    "AND v.company = %(company)s "
    "AND (v.voucher_no = %(shadow)s OR (%(in_shadow)s AND v.state = 'approved' AND v.attempts = 0))"
)
_NUMBERS = (
    "SELECT voucher_no, extract(year FROM voucher_on)::int FROM voucher WHERE company = %(company)s "
    "AND voucher_no = ANY(%(numbers)s) UNION ALL SELECT voucher_no, extract(year FROM voucher_on)::int FROM orphan "
    "WHERE company = %(company)s AND voucher_no = ANY(%(numbers)s)"
)
# People who post for a closed period by hand may date it in the next year: number and invoice say that it is that one.
_BY_HAND = (
    "SELECT v.voucher_no, l.invoice_no FROM voucher v JOIN voucher_line l ON l.voucher_id = v.id AND l.invoice_no <> '' "
    "WHERE v.company = %(company)s AND v.state = 'by_hand' AND v.voucher_no = ANY(%(numbers)s)"
)
_SENT = (
    "SELECT v.id, v.voucher_type, v.registrar, v.voucher_on, l.amount, l.invoice_no FROM voucher v "
    "JOIN voucher_line l ON l.voucher_id = v.id WHERE v.state IN ('sending', 'in_doubt') AND v.company = %(company)s "
    "AND l.invoice_no = ANY(%(invoices)s)"
)
_KEPT = (
    "id, version, amount, day, invoice_no, line, state <> 'superseded', transaction_id, voucher_no, "
    "CASE WHEN state = 'applied' THEN case_id END"
)


def _kept(connection: Connection, sql: str, values: dict[str, object]) -> list[Kept]:
    return [
        Kept(row[7], (row[8], row[5], row[3].year), Standing(*row[:7]), row[9])
        for row in rows(connection, sql.format(_KEPT), values)
    ]


def _sent(connection: Connection, values: dict[str, object]) -> dict[str, list[Sent]]:
    by_invoice: dict[str, list[Sent]] = defaultdict(list)
    for row in rows(connection, _SENT, values):
        if row[5]:
            by_invoice[row[5]].append(Sent(*row))
    return by_invoice


def _shadowed(
    connection: Connection, values: dict[str, object], of: Dated[Company]
) -> dict[str, list[tuple[Money, date]]]:
    found: dict[str, list[tuple[Money, date]]] = defaultdict(list)
    if all(row.value.posting for row in of.rows):
        return found  # never in shadow
    more = {**values, "in_shadow": not of.latest().value.posting, "shadow": IN_SHADOW}
    for invoice_no, amount, booked_on in rows(connection, _SHADOWED, more):
        found[invoice_no].append((amount, booked_on))
    return found
