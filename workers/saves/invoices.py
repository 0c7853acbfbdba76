"""What became of invoices from Visma: taken in, opened as cases, linked, parked; and where their case numbers stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from pipeline.numbering import NumberConclusion
from pipeline.opening import Opening
from pipeline.stage import Park
from schemas import events
from schemas.transfer import NumberAnswer, ReadyInvoice
from workers.accounting import MOST_ROWS
from workers.facts.invoices import Told
from workers.journal import park_each
from workers.store import cases
from workers.store.bulk import copy, execute, rows
from workers.store.cases import Staged

_TOLD = (
    "customer_no", "client", "proposal_no", "name", "address", "identity_no", "sub_ledger_type", "kid", "invoiced_on",
    "due_on", "original", "open_amount", "reminders", "fees",
)  # fmt: skip


def take(connection: Connection, company: str, told: Sequence[ReadyInvoice]) -> list[int]:
    """Keep a page of invoices, each once; gives the ids of those that have no case, in the page's order.

    Such a one is told anew until it has its case: what Visma says now is what counts.
    """
    execute(
        connection,
        "CREATE TEMP TABLE told ON COMMIT DROP AS SELECT 0 AS n, invoice_no, "
        + ", ".join(_TOLD)
        + " FROM invoice "
        "WITH NO DATA",
        {},
    )
    copy(
        connection,
        "told",
        ("n", "invoice_no", *_TOLD),
        (
            (n, i.invoice_no, i.customer_no, i.client, i.proposal_no, i.name, list(i.address), i.identity_no,
             i.sub_ledger_type, i.kid, i.invoiced_on, i.due_on, i.original, i.open_amount, i.reminders, i.fees)
            for n, i in enumerate(told)
        ),
    )  # fmt: skip
    found = rows(
        connection,
        f"INSERT INTO invoice (company, invoice_no, {', '.join(_TOLD)}, state) "
        f"SELECT %(company)s, invoice_no, {', '.join(_TOLD)}, 'ready' "
        "FROM (SELECT DISTINCT ON (invoice_no) * FROM told ORDER BY invoice_no, n) once ORDER BY n "
        f"ON CONFLICT (company, invoice_no) DO UPDATE SET "
        f"({', '.join(_TOLD)}, came_at) = ({', '.join('excluded.' + name for name in _TOLD)}, now()) "
        "WHERE invoice.state IN ('ready', 'parked') RETURNING id",
        {"company": company},
    )
    return [row[0] for row in found]


@dataclass(frozen=True, slots=True)
class Opened:
    """A case to be opened, and the invoices that it is for."""

    opening: Opening
    invoices: tuple[Told, ...]


def open_cases(connection: Connection, opened: Sequence[Opened]) -> tuple[int, ...]:
    """Open cases, as those from KK2 are; gives their ids. Their numbers are free: `cases.one_at_a_time` came before."""
    if not opened:
        return ()
    staged = [row for each in opened for row in _staged(each.opening)]
    taken = cases.take(connection, cases.stage(connection, staged))
    if len(taken.opened) != len(opened):
        raise ValueError(f"expected to open {len(opened)} cases, found {len(taken.opened)} case numbers free")
    keys = [(o.opening.client, o.opening.case_no, told.id) for o in opened for told in o.invoices]
    execute(
        connection,
        "UPDATE invoice i SET state = 'opened', case_id = n.case_id, number_state = 'waiting' "
        "FROM unnest(%(clients)s::text[], %(numbers)s::text[], %(ids)s::bigint[]) t(client, case_no, id) "
        "JOIN named n USING (client, case_no) WHERE i.id = t.id",
        {"clients": [k[0] for k in keys], "numbers": [k[1] for k in keys], "ids": [k[2] for k in keys]},
    )
    kids = [(o.opening.client, o.opening.case_no, *kid) for o in opened for kid in o.opening.kids]
    execute(
        connection,
        "INSERT INTO case_kid (account, kid, case_id) SELECT t.account, t.kid, n.case_id "
        "FROM unnest(%(clients)s::text[], %(numbers)s::text[], %(accounts)s::text[], %(kids)s::text[]) "
        "t(client, case_no, account, kid) JOIN named n USING (client, case_no) ON CONFLICT DO NOTHING",
        {
            "clients": [k[0] for k in kids],
            "numbers": [k[1] for k in kids],
            "accounts": [k[2] for k in kids],
            "kids": [k[3] for k in kids],
        },
    )
    return taken.opened


def _staged(opening: Opening) -> list[Staged]:
    of = {"company": opening.company, "client": opening.client, "case_no": opening.case_no}
    case = {
        "record": "case", "account": opening.account, "kid": opening.kid, "kids": [], "case_flow": opening.case_flow,
        "sub_ledger_account": opening.sub_ledger_account, "customer_no": opening.customer_no,
        "debtor_name": opening.debtor_name, "opened_on": opening.opened_on,
    }  # fmt: skip
    items = [
        {"record": "item", "kk2_id": c.id, "kind": int(c.kind), "amount": c.amount, "day": c.due_on, "invoice_no": c.invoice_no}
        for c in opening.claims
    ]  # fmt: skip
    return [cases.staged(of | values) for values in (case, *items)]


def note_kids(connection: Connection, last: Mapping[str, int]) -> None:
    """Keep the number in the last KID that was given on each account."""
    execute(
        connection,
        "INSERT INTO kid_series (account, last) SELECT * FROM unnest(%(accounts)s::text[], %(last)s::bigint[]) "
        "ON CONFLICT (account) DO UPDATE SET last = excluded.last",
        {"accounts": list(last), "last": list(last.values())},
    )


def link(
    connection: Connection, linked: Sequence[tuple[Told, int]], accounts: Sequence[str]
) -> tuple[int, ...]:
    """Give invoices to the cases that have them already; their numbers wait to be written.

    A KID of theirs that leads to no case yet leads there from now on, on all `accounts`; gives the cases for which one does.
    """
    values = {
        "ids": [told.id for told, _ in linked],
        "cases": [case_id for _, case_id in linked],
        "accounts": list(accounts),
    }
    execute(
        connection,
        "UPDATE invoice i SET state = 'converted', case_id = t.case_id, number_state = 'waiting' "
        "FROM unnest(%(ids)s::bigint[], %(cases)s::bigint[]) t(id, case_id) WHERE i.id = t.id",
        values,
    )
    found = rows(
        connection,
        "INSERT INTO case_kid (account, kid, case_id) SELECT DISTINCT a.account, i.kid, i.case_id "
        "FROM invoice i CROSS JOIN unnest(%(accounts)s::text[]) a(account) WHERE i.id = ANY(%(ids)s) AND i.kid <> '' "
        "AND NOT EXISTS (SELECT FROM case_kid k WHERE (k.account, k.kid) = (a.account, i.kid)) RETURNING case_id",
        values,
    )
    return tuple(sorted({row[0] for row in found}))


def park(connection: Connection, parked: Sequence[tuple[Told, Park]]) -> None:
    """Park invoices, each with a row of its own; one that waits for the same already stays as it is."""
    fresh = [(told, no) for told, no in parked if told.because != (no.reason.value, no.note)]
    unpark(connection, [told for told, _ in fresh])
    execute(
        connection,
        "UPDATE invoice SET state = 'parked' WHERE id = ANY(%(ids)s)",
        {"ids": [told.id for told, _ in fresh]},
    )
    park_each(
        connection,
        events.InvoiceParked,
        "invoice_id",
        [(told.id, no.reason, no.note) for told, no in fresh],
        stage="import",
    )


def unpark(connection: Connection, told: Sequence[Told]) -> None:
    """Close the parked rows of invoices that wait for nobody any longer, or for something else."""
    ids = [each.id for each in told if each.because is not None]
    if ids:
        close(connection, "import", ids)


def close(connection: Connection, stage: str, invoice_ids: Sequence[int]) -> None:
    """Close the parked rows of a stage that are about these invoices."""
    execute(
        connection,
        "UPDATE work SET state = 'done', done_at = now() WHERE state = 'parked' AND stage = %(stage)s "
        "AND invoice_id = ANY(%(ids)s)",
        {"stage": stage, "ids": list(invoice_ids)},
    )


def numbers_asked(company: str, invoice_ids: Sequence[int]) -> list[events.NumbersAsked]:
    """Ask for the case numbers of invoices to be written, a call's worth in an event."""
    return [
        events.NumbersAsked(company, tuple(invoice_ids[first : first + MOST_ROWS]))
        for first in range(0, len(invoice_ids), MOST_ROWS)
    ]


def let_go(connection: Connection, company: str, since: datetime) -> None:
    """Let parked invoices that a whole listing did not tell wait for nobody: they are decided when Visma tells them again."""
    gone = rows(
        connection,
        "UPDATE invoice SET state = 'ready' WHERE company = %(company)s AND state = 'parked' AND came_at < %(since)s "
        "RETURNING id",
        {"company": company, "since": since},
    )
    if gone:
        close(connection, "import", [row[0] for row in gone])


def conclude(
    connection: Connection, concluded: Sequence[tuple[int, NumberAnswer, NumberConclusion]]
) -> list[int]:
    """Save where case numbers stand; gives the invoices whose number waited until now. What a person changed stays."""
    found = rows(
        connection,
        "WITH t AS (SELECT i.id, t.state, t.code, t.note FROM unnest(%(ids)s::bigint[], %(states)s::text[], "
        "%(codes)s::text[], %(notes)s::text[]) t(id, state, code, note) JOIN invoice i USING (id) "
        "WHERE i.number_state = 'waiting' ORDER BY i.id FOR NO KEY UPDATE OF i) "
        "UPDATE invoice i SET number_state = t.state, number_code = t.code, number_note = t.note, number_at = now() "
        "FROM t WHERE i.id = t.id RETURNING i.id",
        {
            "ids": [each[0] for each in concluded],
            "states": [each[2].state.value for each in concluded],
            "codes": [each[1].code for each in concluded],
            "notes": [each[1].note for each in concluded],
        },
    )
    still = {row[0] for row in found}
    park_each(
        connection,
        events.InvoiceParked,
        "invoice_id",
        [(each[0], no.reason, no.note) for each in concluded if each[0] in still and (no := each[2].park)],
        stage="number",
    )
    return sorted(still)
