"""What a person does about invoices from Visma: ask for new ones now, and have case numbers written again."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, need_company
from schemas.events import ImportDue
from schemas.wording import counted
from workers.saves.invoices import numbers_asked
from workers.shell.rows import due_again
from workers.store import setup as setup_store


def import_now(connection: Connection, company: str | None, *, person: Person) -> Done:
    """Ask Visma now for the new invoices of a company, or of each that imports; an import that waits goes on at once."""
    companies = setup_store.current(connection).companies
    if company is not None:
        need_company(connection, company)
        if not companies[company].latest().value.dunning_code:
            raise Refusal(f"company {company} imports nothing: its setup has no dunning_code")
    wanted = [
        code
        for code, dated in sorted(companies.items())
        if company in (None, code) and dated.latest().value.dunning_code
    ]
    if not wanted:
        raise Refusal("no company imports anything: none has a dunning_code in the setup")
    waiting = connection.execute(
        text(
            "SELECT id, body->>'company' AS company FROM work WHERE stage = 'import' AND state = 'due' "
            "AND troubled_since IS NOT NULL AND body->>'company' = ANY(:companies) ORDER BY id FOR UPDATE"
        ),
        {"companies": wanted},
    ).all()
    rings = due_again(connection, [row.id for row in waiting])
    happened = [ImportDue(code) for code in wanted if code not in {row.company for row in waiting}]
    subject = f"company {company}" if company else "every company"
    rings += leave(connection, person, "import", subject, {"companies": wanted}, happened)
    return Done(rings, f"Visma is asked for the new invoices of {', '.join(wanted)}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which case numbers: all that a person named; None is not minded."""

    company: str | None
    client: str | None
    case_id: int | None


def write_again(connection: Connection, which: Numbers, *, person: Person) -> Done:
    """Have case numbers that Visma refused, or that wait, written once more, but of no recalled case. The cases stay as they are.

    Of a case that is named also those that are written: a person in Visma may have taken the mark off.
    """
    rows = connection.execute(
        text(
            "SELECT i.id, i.company FROM invoice i JOIN kk2_case c ON c.id = i.case_id "
            "WHERE c.state <> 'recalled' AND (i.number_state IN ('waiting', 'refused') OR (i.number_state = 'written' AND c.id = :case)) "
            "AND (CAST(:company AS text) IS NULL OR i.company = :company) "
            "AND (CAST(:client AS text) IS NULL OR c.client = :client) AND (CAST(:case AS bigint) IS NULL OR c.id = :case) "
            "ORDER BY i.id FOR NO KEY UPDATE OF i"
        ),
        {"company": which.company, "client": which.client, "case": which.case_id},
    ).all()
    if not rows:
        raise Refusal("no case number waits or was refused there")
    ids = [row.id for row in rows]
    connection.execute(
        text(
            "UPDATE invoice SET number_state = 'waiting' WHERE id = ANY(:ids) AND number_state <> 'waiting'"
        ),
        {"ids": ids},
    )
    connection.execute(
        text(
            "UPDATE work w SET state = 'done', done_at = now() WHERE stage = 'number' AND state = 'parked' "
            "AND (invoice_id = ANY(:ids) OR invoice_id IS NULL AND NOT EXISTS (SELECT "  # nothing else of it waits
            "FROM jsonb_array_elements_text(w.body->'invoice_ids') e JOIN invoice i ON i.id = e::bigint "
            "LEFT JOIN unnest(CAST(:ids AS bigint[])) t(id) ON t.id = i.id WHERE i.number_state = 'waiting' AND t.id IS NULL))"
        ),
        {"ids": ids},
    )
    happened = [
        asked
        for company in sorted({row.company for row in rows})
        for asked in numbers_asked(company, [row.id for row in rows if row.company == company])
    ]
    subject = f"case {which.case_id}" if which.case_id else "case numbers"
    detail = {"company": which.company, "client": which.client, "numbers": len(ids)}
    rings = leave(connection, person, "write numbers again", subject, detail, happened)
    setup = setup_store.current(connection).companies
    shadows = sorted({row.company for row in rows if not setup[row.company].latest().value.posting})
    wait = f"; those of {', '.join(shadows)} wait until it posts" if shadows else ""
    return Done(rings, f"{counted(len(ids), 'case number')} to be written in Visma again{wait}")
