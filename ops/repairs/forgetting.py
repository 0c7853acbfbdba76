"""What the law no longer asks to be kept is forgotten: who paid and who owed. What was paid, and what became of it, stays."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, leave

# A case that is open, or a payment that still waits for somebody, is kept whole however old it is.
_DONE = (
    "c.state <> 'open' AND c.opened_on < :before AND NOT EXISTS (SELECT FROM split s JOIN payment p ON p.id = s.payment_id "
    "WHERE s.case_id = c.id AND p.booked_on >= :before) AND NOT EXISTS (SELECT FROM ledger_transaction t "
    "WHERE t.case_id = c.id AND t.day >= :before)"
)
_CASES = f"SELECT c.id FROM kk2_case c WHERE {_DONE} AND c.debtor_name <> '' ORDER BY c.id FOR UPDATE"
_INVOICES = (
    f"SELECT i.id FROM invoice i JOIN kk2_case c ON c.id = i.case_id WHERE {_DONE} "
    "AND (i.name <> '' OR i.identity_no <> '' OR i.address <> '{}') ORDER BY i.id FOR UPDATE OF i"
)
_PAYMENTS = (
    "SELECT p.id FROM payment p LEFT JOIN kk2_case c ON c.id = p.case_id WHERE p.booked_on < :before "
    "AND p.state IN ('settled', 'refused', 'known') AND c.state IS DISTINCT FROM 'open' "
    "AND num_nonnulls(p.debit_account, p.debtor, p.reference, p.text) > 0 ORDER BY p.id FOR UPDATE OF p"
)
_FILES = (
    "SELECT f.id FROM bank_file f WHERE f.landed_at < :before AND f.forgotten_at IS NULL AND f.state <> 'held' "
    "AND NOT EXISTS (SELECT FROM payment p WHERE p.file_id = f.id AND (p.state IN ('waiting', 'parked', 'held') "
    "OR p.booked_on >= :before OR num_nonnulls(p.debit_account, p.debtor, p.reference, p.text) > 0)) ORDER BY f.id FOR UPDATE OF f"
)


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something that holds personal data: what one is called, which rows are old, and how they forget."""

    noun: str
    table: str
    old: str
    forgets: str


_THINGS = (
    _Thing("case", "kk2_case", _CASES, "debtor_name = ''"),
    _Thing("invoice", "invoice", _INVOICES, "name = '', identity_no = '', address = '{}'"),
    _Thing(
        "payment", "payment", _PAYMENTS, "debit_account = NULL, debtor = NULL, reference = NULL, text = NULL"
    ),
    _Thing("bank file", "bank_file", _FILES, "forgotten_at = now()"),
)


def forget(connection: Connection, before: date, *, person: Person) -> Done:
    """Take personal data out of all that is of before a day and done with; amounts, dates, KIDs, sums and hashes stay.

    A bank file is marked once its payments have forgotten; its original is then taken out of the archive. Leaves no
    trace where there is nothing to forget.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))  # a year of a large site is a million rows
    found = {
        each.noun: connection.execute(
            text(f"UPDATE {each.table} SET {each.forgets} WHERE id IN ({each.old})"),
            {"before": before},
        ).rowcount
        for each in _THINGS
    }
    if not any(found.values()):
        return Done((), f"nothing of before {before} is left to forget")
    rings = leave(connection, person, "forget", "personal data", {"before": str(before), **found}, [])
    return Done(rings, f"personal data of before {before} is forgotten; the audit says in how many rows")
