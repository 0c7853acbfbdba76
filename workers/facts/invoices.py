"""Invoices from Visma that wait for a case, under lock, and what a case for them would get: numbers and KIDs."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice

from sqlalchemy import Connection

from pipeline.opening import Standing
from schemas.kid import Kid, KidAgreement, numbered
from schemas.transfer import CaseNumber, ReadyInvoice
from workers.store.bulk import rows

_READY = (
    "proposal_no, invoice_no, customer_no, name, address, identity_no, sub_ledger_type, client, kid, invoiced_on, due_on, "
    "original, open_amount, reminders, fees"
)
_A_LOOK = 100  # KIDs that are looked up at once, at least


@dataclass(frozen=True, slots=True)
class Told:
    """An invoice that has no case yet. `because`: reason and note of its parked row, None where it is not parked."""

    id: int
    because: tuple[str, str] | None
    invoice: ReadyInvoice


def lock(connection: Connection, invoice_ids: Sequence[int]) -> list[Told]:
    """Lock invoices in id order and read those that have no case."""
    found = rows(
        connection,
        f"SELECT id, state, {_READY} FROM invoice WHERE id = ANY(%(ids)s) AND state IN ('ready', 'parked') "
        "ORDER BY id FOR NO KEY UPDATE",
        {"ids": list(invoice_ids)},
    )
    parked = [row[0] for row in found if row[1] == "parked"]
    because: dict[int, tuple[str, str]] = {}
    if parked:
        for invoice_id, reason, note in rows(
            connection,
            "SELECT invoice_id, reason, note FROM work WHERE state = 'parked' AND stage = 'import' "
            "AND invoice_id = ANY(%(ids)s)",
            {"ids": parked},
        ):
            because[invoice_id] = (reason, note)
    return [
        Told(row[0], because.get(row[0]), ReadyInvoice(*row[2:6], tuple(row[6]), *row[7:]))  # type: ignore[call-arg]
        for row in found
    ]


def debtors(
    connection: Connection,
    company: str,
    clients: Sequence[str],
    since: datetime,
    after: Sequence[str],
    most: int,
) -> list[tuple[tuple[str, ...], list[int]]]:
    """The next debtors of proposals, with the ids of their invoices that were told since an instant and have no case.

    `after` is the last key that was given: client, proposal, customer number, sub-ledger type; a key's invoices make a case.
    """
    found = rows(
        connection,
        "SELECT client, proposal_no, customer_no, sub_ledger_type, array_agg(id) FROM invoice "
        "WHERE company = %(company)s AND state IN ('ready', 'parked') AND came_at >= %(since)s "
        "AND client = ANY(string_to_array(%(clients)s, ' ')) AND (client, proposal_no, customer_no, sub_ledger_type) > "
        "(%(client)s, %(proposal)s, %(customer)s, %(type)s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT %(most)s",
        {
            "company": company,
            "since": since,
            "clients": " ".join(clients),
            "client": after[0],
            "proposal": after[1],
            "customer": after[2],
            "type": after[3],
            "most": most,
        },
    )
    return [(row[:4], row[4]) for row in found]


def standing(
    connection: Connection, company: str, invoice_nos: Sequence[str]
) -> dict[str, tuple[Standing, ...]]:
    """Cases that have these invoices already, by invoice number; a merged one only where no other has the invoice too."""
    found: dict[str, list[Standing]] = defaultdict(list)
    for invoice_no, *case in rows(
        connection,
        "SELECT no, id, case_no, client, amount FROM (SELECT i.invoice_no AS no, c.id, c.case_no, c.client, "
        "sum(i.amount)::bigint AS amount, c.state = 'merged' AS gone, "
        "bool_and(c.state = 'merged') OVER (PARTITION BY i.invoice_no) AS all_gone FROM unnest(%(numbers)s::text[]) t(no) "
        "JOIN item i ON i.invoice_no = t.no AND i.invoice_no <> '' AND i.withdrawn_at IS NULL AND i.kind = 1 "
        "JOIN kk2_case c ON c.id = i.case_id WHERE c.company = %(company)s AND c.state <> 'recalled' "
        "GROUP BY i.invoice_no, c.id) s WHERE all_gone OR NOT gone ORDER BY id",
        {"numbers": list(invoice_nos), "company": company},
    ):
        found[invoice_no].append(Standing(*case))
    return {invoice_no: tuple(cases) for invoice_no, cases in found.items()}


def last_number(connection: Connection, company: str, client: str, pattern: str) -> int:
    """The highest number that a case of the client has in this pattern, or that is passed over; 0 for none."""
    if "#" not in pattern:
        return 0
    shape = "^" + "".join("[0-9]" if sign == "#" else re.escape(sign) for sign in pattern) + "$"
    highest, passed = rows(
        connection,
        "SELECT (SELECT case_no FROM kk2_case WHERE company = %(company)s AND client = %(client)s "
        "AND case_no ~ %(shape)s ORDER BY case_no DESC LIMIT 1), coalesce((SELECT last FROM case_no_series "
        "WHERE company = %(company)s AND client = %(client)s AND pattern = %(pattern)s), 0)",
        {"company": company, "client": client, "shape": shape, "pattern": pattern},
    )[0]
    digits = [given for given, sign in zip(highest or pattern, pattern, strict=True) if sign == "#"]
    return max(int("".join(digits)) if highest else 0, int(passed))


def free_kids(
    connection: Connection, account: str, agreement: KidAgreement, wanted: int
) -> list[tuple[int, Kid]]:
    """KIDs of an agreement that lead to no case on the account, with their numbers; fewer than `wanted` at its end."""
    last = rows(connection, "SELECT last FROM kid_series WHERE account = %(account)s", {"account": account})
    numbers = count(last[0][0] + 1 if last else 1)
    free: list[tuple[int, Kid]] = []
    while len(free) < wanted:
        made = [
            (number, kid)
            for number in islice(numbers, max(wanted - len(free), _A_LOOK))
            if (kid := numbered(number, agreement))
        ]
        if not made:
            break
        taken = {
            row[0]
            for row in rows(
                connection,
                "SELECT kid FROM case_kid WHERE account = %(account)s AND kid = ANY(string_to_array(%(kids)s, ' '))",
                {"account": account, "kids": " ".join(kid for _, kid in made)},
            )
        }
        free += [each for each in made if each[1] not in taken]
    return free[:wanted]


@dataclass(frozen=True, slots=True)
class ToWrite:
    """A case number that is to be written in Visma."""

    invoice_id: int
    number: CaseNumber


def to_write(connection: Connection, invoice_ids: Sequence[int], most: int) -> list[ToWrite]:
    """At most `most` of the invoices whose number waits, those first that were not tried for the longest."""
    found = rows(
        connection,
        "SELECT i.id, i.invoice_no, i.customer_no, c.case_no, c.opened_on FROM invoice i "
        "JOIN kk2_case c ON c.id = i.case_id WHERE i.number_state = 'waiting' AND i.id = ANY(%(ids)s) "
        "ORDER BY i.number_at NULLS FIRST, i.id LIMIT %(most)s",
        {"ids": list(invoice_ids), "most": most},
    )
    return [ToWrite(row[0], CaseNumber(*row[1:])) for row in found]


def forgotten(connection: Connection, company: str) -> list[int]:
    """Invoices of a company whose number waits, and that no open work row is about."""
    found = rows(
        connection,
        "SELECT id FROM invoice WHERE company = %(company)s AND number_state = 'waiting' AND id NOT IN "
        "(SELECT jsonb_array_elements_text(body->'invoice_ids')::bigint FROM work WHERE stage = 'number' "
        "AND state IN ('due', 'parked') AND invoice_id IS NULL) ORDER BY id",
        {"company": company},
    )
    return [row[0] for row in found]


def now(connection: Connection) -> datetime:
    """This instant by the database's clock, which stamps the invoices too."""
    found = rows(connection, "SELECT now()", {})
    return found[0][0]  # type: ignore[no-any-return]
