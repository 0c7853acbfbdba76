"""Bank files: what came, what was in it, what became of it."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from ops.queries.asking import MOST, ask
from schemas.money import Money


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file in a list."""

    id: int
    name: str
    state: str
    format: str | None
    landed_at: datetime
    size: int
    payments: int
    total: Money
    open_slices: int
    waits: str | None


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """The payments to one account in the file, three times: `control_total` as the file's end record says it, `payments`
    and `total` as they were read, `payments_now` and `total_now` as they stand. `reversals`: what the bank adds and is money out. `has_lines`: an
    OCR file; a notification's sum may have more, as what is not booked, which its notes say.
    """

    account: str
    number: str
    payments: int
    total: Money
    earliest: str | None
    latest: str | None
    control_total: Money
    payments_now: int
    total_now: Money
    reversals: Money
    has_lines: bool

    @property
    def agrees(self) -> bool:
        """Whether the three say the same, reversals put where the bank has them."""
        stand = (self.payments, self.total) == (self.payments_now, self.total_now)
        if not self.has_lines:
            return stand
        return stand and 0 <= self.control_total - self.total <= 2 * self.reversals


@dataclass(frozen=True, slots=True)
class FaultRow:
    """Where a file is wrong, and how: `first` and `last` column, None for the line as a whole."""

    line: int
    first: int | None
    last: int | None
    says: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A legal oddity of the file."""

    line: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class StateSum:
    """The file's payments in one state."""

    state: str
    payments: int
    amount: Money


@dataclass(frozen=True, slots=True)
class FileDetail:
    """One file. `fault`: why it could not be read, with line and columns. `seen_again`: under which names it came once more."""

    file: FileRow
    sha256: str
    fault: str | None
    faults: tuple[FaultRow, ...]
    assignments: tuple[AssignmentRow, ...]
    notes: tuple[NoteRow, ...]
    states: tuple[StateSum, ...]
    vouchers: tuple[int, ...]
    seen_again: tuple[str, ...]


_ROW = (
    "SELECT f.id, f.name, f.state, f.format, f.landed_at, f.size, f.payments, f.total, f.open_slices, (SELECT min(w.note) "
    "FROM work w WHERE w.stage IN ('read', 'propose') AND w.state = 'parked' AND (w.body->>'file_id')::int = f.id) AS waits "
    "FROM bank_file f"
)


def listed(connection: Connection, *, state: str | None, most: int = MOST) -> tuple[FileRow, ...]:
    """Files, the newest first."""
    rows = ask(connection, _ROW, [("f.state = :state", "state", state)], "f.id DESC", most)
    return tuple(FileRow(*row) for row in rows)


def first_of(connection: Connection, sha256: str) -> tuple[int, str, str] | None:
    """The file that came with these bytes: its id, its name and its state; None if none has."""
    found = connection.execute(
        text("SELECT id, name, state FROM bank_file WHERE sha256 = :sha256"), {"sha256": sha256}
    ).one_or_none()
    return (found.id, found.name, found.state) if found else None


def shown(connection: Connection, file_id: int) -> FileDetail | None:
    """One file with all of it; None if there is none."""
    found = ask(connection, _ROW, [("f.id = :id", "id", file_id)], "f.id", 1)
    if not found:
        return None
    of = {"id": file_id}
    extra = connection.execute(text("SELECT sha256, note, notes FROM bank_file WHERE id = :id"), of).one()
    states = connection.execute(
        text(
            "SELECT state, count(*), sum(amount)::bigint FROM payment WHERE file_id = :id GROUP BY state ORDER BY state"
        ),
        of,
    )
    vouchers = connection.execute(
        text(
            "SELECT DISTINCT t.voucher_id FROM payment p JOIN split s ON s.payment_id = p.id "
            "JOIN voucher_split t ON t.split_id = s.id WHERE p.file_id = :id ORDER BY 1"
        ),
        of,
    )
    again = connection.execute(
        text(
            "SELECT body->>'name' FROM journal WHERE event = 'FileSeenAgain' AND (body->>'file_id')::int = :id ORDER BY id"
        ),
        of,
    )
    return FileDetail(
        FileRow(*found[0]),
        extra.sha256,
        extra.note,
        _faults(found[0].name, extra.note or ""),
        _assignments(connection, file_id),
        tuple(NoteRow(n["line"], n["code"], n["text"]) for n in extra.notes),
        tuple(StateSum(*row) for row in states),
        tuple(vouchers.scalars()),
        tuple(again.scalars()),
    )


_PLACE = re.compile(r"(\d+)(?::(\d+)-(\d+))?: (.*)", re.DOTALL)


def _faults(name: str, note: str) -> tuple[FaultRow, ...]:
    """Why the file was refused, as the reader wrote it: NAME:LINE:FIRST-LAST: what."""
    found = [_PLACE.fullmatch(line.removeprefix(f"{name}:")) for line in note.split("\n")]
    return tuple(
        FaultRow(int(f[1]), int(f[2]) if f[2] else None, int(f[3]) if f[3] else None, f[4])
        for f in found
        if f
    )


def _assignments(connection: Connection, file_id: int) -> tuple[AssignmentRow, ...]:
    rows = connection.execute(text(_THRICE), {"id": file_id})
    return tuple(
        AssignmentRow(
            r.account, r.number, r.payments, int(r.total), r.earliest, r.latest, int(r.control_total), r.payments_now,
            int(r.total_now), int(r.reversals), r.has_lines
        )
        for r in rows
    )  # fmt: skip


# An OCR file has a line for each record. A notification may be one line: there the accounts tell whose a payment is.
_THRICE = """
WITH said AS (
    SELECT f.id, f.format = 'ocr-giro' AS has_lines, CASE f.format WHEN 'ocr-giro' THEN a.line ELSE 0 END AS first,
        CASE f.format WHEN 'ocr-giro' THEN a.last_line ELSE 2147483647 END AS last, a.account,
        string_agg(a.number, ', ' ORDER BY a.line) AS number, sum(a.payments) AS payments, sum(a.total) AS total,
        min(a.earliest) AS earliest, max(a.latest) AS latest, sum(a.control_total) AS control_total
    FROM bank_file f CROSS JOIN LATERAL jsonb_to_recordset(f.assignments) AS a(line int, last_line int, account text,
        number text, payments int, total numeric, control_total numeric, earliest text, latest text)
    WHERE f.id = :id GROUP BY 1, 2, 3, 4, 5
)
SELECT s.*, n.payments_now, n.total_now, n.reversals FROM said s CROSS JOIN LATERAL (
    SELECT count(*) AS payments_now, coalesce(sum(p.amount), 0) AS total_now,
        coalesce(-sum(p.amount) FILTER (WHERE p.is_reversal), 0) AS reversals
    FROM payment p WHERE p.file_id = s.id AND p.account = s.account AND p.line BETWEEN s.first AND s.last
) n ORDER BY s.first, s.account"""
