"""Where a case and what it owes come from, and what people did about it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection

from ops.queries.work import ActRow, acts
from schemas.case import Kind
from schemas.money import Money
from workers.store.bulk import rows
from workers.store.cases import BY_THE_DESK


class Origin(StrEnum):
    """Who brought a case, a claim or a waiver."""

    KK2 = "kk2"  # its file of cases
    VISMA = "visma"  # an approved dunning proposal
    CONVERSION = "conversion"  # transferred before the bridge
    PERSON = "person"  # at the desk
    MERGE = "merge"  # carried over from a case that a person merged


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim that the case has or had. `by`: who added it at the desk, None for all others. `amount` as it was at first."""

    id: int
    kind: str
    amount: Money
    due_on: date
    invoice_no: str
    kk2_id: str
    origin: Origin
    by: str | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaiverRow:
    """A waiver that the case has or had; `by` as for a claim."""

    id: int
    item_id: int
    kind: str
    amount: Money
    day: date
    reason: str
    kk2_id: str
    origin: Origin
    by: str | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Corrections:
    """A case's claims and waivers, those that were withdrawn too, and people's acts on it, the newest first."""

    origin: Origin
    claims: tuple[ClaimRow, ...]
    waivers: tuple[WaiverRow, ...]
    acts: tuple[ActRow, ...]


_BY = "(SELECT a.actor FROM audit a WHERE a.subject = %(subject)s AND a.detail->>'id' = t.kk2_id ORDER BY a.id LIMIT 1)"


def corrections(connection: Connection, case_id: int) -> Corrections:
    """All that is known of who brought what to a case; empty for a case that is not there."""
    of: dict[str, object] = {"id": case_id, "subject": f"case {case_id}"}
    states = {
        str(row[0])
        for row in rows(connection, "SELECT DISTINCT state FROM invoice WHERE case_id = %(id)s", of)
    }
    origin = (
        Origin.VISMA if "opened" in states else Origin.CONVERSION if "converted" in states else Origin.KK2
    )
    claims = rows(
        connection,
        f"SELECT t.id, t.kind, t.amount, t.due_on, t.invoice_no, t.kk2_id, {_BY}, t.withdrawn_at FROM item t "
        "WHERE t.case_id = %(id)s ORDER BY t.kind, t.due_on, t.id",
        of,
    )
    waivers = rows(
        connection,
        f"SELECT t.id, t.item_id, t.kind, t.amount, t.day, t.reason, t.kk2_id, {_BY}, t.withdrawn_at FROM waiver t "
        "WHERE t.case_id = %(id)s ORDER BY t.day, t.id",
        of,
    )
    return Corrections(
        origin,
        tuple(
            ClaimRow(
                row_id, _word(kind), amount, due_on, invoice_no, kk2_id, _origin(kk2_id, by, origin), by, gone
            )
            for row_id, kind, amount, due_on, invoice_no, kk2_id, by, gone in claims
        ),
        tuple(
            WaiverRow(
                row_id,
                item_id,
                _word(kind),
                amount,
                day,
                why,
                kk2_id,
                _origin(kk2_id, by, Origin.KK2),
                by,
                gone,
            )
            for row_id, item_id, kind, amount, day, why, kk2_id, by, gone in waivers
        ),
        acts(connection, subject=f"case {case_id}", actor=None),
    )


def _word(kind: int) -> str:
    return Kind(kind).name.lower()


def _origin(kk2_id: str, by: str | None, others: Origin) -> Origin:
    if kk2_id.startswith(BY_THE_DESK):
        return Origin.PERSON if by else Origin.MERGE
    if kk2_id.startswith(("invoice:", "fee:")):
        return others
    return Origin.KK2
