"""Conversions kept: their rows by COPY, where each stands, and which rows are to be looked at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, text

from schemas.conversion import ConversionRow
from schemas.money import Money
from workers.store.bulk import copy, rows

BEFORE, AFTER = 1, 2
"""The two looks at a row: before its mark, and after its payments were fetched."""

OUTCOME = (
    "CASE WHEN r.outcome <> 'waiting' THEN r.outcome WHEN i.number_state = 'written' THEN 'done' "
    "WHEN i.number_code = 'UnknownInvoice' THEN 'not_found' WHEN i.number_state = 'refused' THEN 'refused' ELSE 'waiting' END"
)
"""What became of a row `r`: what was decided, and then what Visma said of its number; `i` is its invoice, joined by WITH_INVOICE."""

WITH_INVOICE = (
    "conversion_row r JOIN conversion c ON c.id = r.conversion_id LEFT JOIN invoice i ON i.company = c.company "
    "AND i.invoice_no = r.invoice_no AND i.case_id = r.case_id"
)
_STANDS = ("waiting", "done", "already_done")  # nothing is left to be done about these
_SLICE = 1_000  # rows a piece of work: what one call to Visma may ask about
_COLUMNS = ("conversion_id", "no", *ConversionRow._fields)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion as it stands. `client`: "" where the file may name cases of each client of the company."""

    id: int
    company: str
    client: str
    accepts: bool
    state: str


class Looked(NamedTuple):
    """A row to be looked at. `written`: Visma took its number, from us if `by_us`; for a look afterwards only."""

    no: int
    row: ConversionRow
    by_us: bool


def begin(
    connection: Connection, *, company: str, client: str, sha256: str, name: str, accepts: bool, actor: str
) -> tuple[int, bool]:
    """The conversion of a file, locked, and whether it is new. One that stands takes over whether differences are accepted."""
    values = {
        "company": company, "client": client, "sha256": sha256, "name": name, "accepts": accepts, "actor": actor
    }  # fmt: skip
    new = connection.execute(
        text(
            "INSERT INTO conversion (company, client, sha256, name, rows, accepts, state, made_by) "
            "VALUES (:company, :client, :sha256, :name, 0, :accepts, 'checking', :actor) "
            "ON CONFLICT (company, client, sha256) DO NOTHING RETURNING id"
        ),
        values,
    ).scalar_one_or_none()
    if new is not None:
        return new, True
    standing = connection.execute(
        text(
            "UPDATE conversion SET accepts = :accepts WHERE (company, client, sha256) = (:company, :client, :sha256) "
            "RETURNING id"
        ),
        values,
    )
    return standing.scalar_one(), False


def fill(connection: Connection, conversion_id: int, found: Iterable[ConversionRow]) -> int:
    """Keep the rows of a new conversion; gives their number."""
    numbered = ((conversion_id, no, *row) for no, row in enumerate(found))
    number = copy(connection, "conversion_row", _COLUMNS, numbered)
    connection.execute(
        text("UPDATE conversion SET rows = :rows WHERE id = :id"), {"id": conversion_id, "rows": number}
    )
    return number


def look_again(connection: Connection, conversion_id: int) -> int:
    """Take back what was decided of rows about which something is left to be done; gives their number."""
    return connection.execute(
        text(
            "UPDATE conversion_row SET outcome = 'unchecked', note = '', looks = 0 FROM "
            f"(SELECT r.no FROM {WITH_INVOICE} WHERE r.conversion_id = :id AND {OUTCOME} <> ALL(:stands)) again "
            "WHERE conversion_id = :id AND conversion_row.no = again.no"
        ),
        {"id": conversion_id, "stands": list(_STANDS)},
    ).rowcount


def slices(connection: Connection, conversion_id: int, look: int) -> list[tuple[int, int]]:
    """The slices of a conversion in which a row is still to be looked at, as first and until."""
    found = rows(
        connection,
        "SELECT DISTINCT no / %(slice)s FROM conversion_row WHERE conversion_id = %(id)s AND looks < 2 AND looks < %(look)s "
        "ORDER BY 1",
        {"id": conversion_id, "slice": _SLICE, "look": look},
    )
    return [(number * _SLICE, (number + 1) * _SLICE) for (number,) in found]


def lock(connection: Connection, conversion_id: int) -> Conversion:
    """Lock a conversion: those who end slices of it take turns."""
    found = rows(
        connection,
        "SELECT id, company, client, accepts, state FROM conversion WHERE id = %(id)s FOR NO KEY UPDATE",
        {"id": conversion_id},
    )
    return Conversion(*found[0])


def standing(connection: Connection, conversion_id: int) -> Conversion:
    """A conversion as it stands, not locked."""
    found = rows(
        connection,
        "SELECT id, company, client, accepts, state FROM conversion WHERE id = %(id)s",
        {"id": conversion_id},
    )
    return Conversion(*found[0])


def move(connection: Connection, conversion_id: int, state: str) -> None:
    """Note where a conversion stands."""
    connection.execute(
        text(
            "UPDATE conversion SET state = :state, done_at = CASE WHEN :state = 'done' THEN now() END WHERE id = :id"
        ),
        {"id": conversion_id, "state": state},
    )


def to_look_at(connection: Connection, conversion_id: int, first: int, until: int, look: int) -> list[Looked]:
    """The rows of a slice that this look has still to see: all before the mark, afterwards those whose number is written."""
    found = rows(
        connection,
        "SELECT r.no, r.line, r.case_no, r.customer_no, r.invoice_no, r.kid, r.amount, r.outcome = 'waiting' "
        f"FROM {WITH_INVOICE} WHERE r.conversion_id = %(id)s AND r.no >= %(first)s AND r.no < %(until)s "
        f"AND r.looks < %(look)s AND (%(look)s = 1 OR {OUTCOME} IN ('done', 'already_done')) ORDER BY r.no",
        {"id": conversion_id, "first": first, "until": until, "look": look},
    )
    return [Looked(row[0], ConversionRow(*row[1:7]), row[7]) for row in found]


def looked_at(connection: Connection, conversion_id: int, first: int, until: int, look: int) -> bool:
    """Note that a slice was looked at; gives whether it was the last. Under the conversion's lock."""
    connection.execute(
        text(
            "UPDATE conversion_row SET looks = :look WHERE conversion_id = :id AND no >= :first AND no < :until "
            "AND looks < :look"
        ),
        {"id": conversion_id, "first": first, "until": until, "look": look},
    )
    left = rows(
        connection,
        "SELECT EXISTS (SELECT FROM conversion_row WHERE conversion_id = %(id)s AND looks < 2 AND looks < %(look)s)",
        {"id": conversion_id, "look": look},
    )
    return not left[0][0]


def numbers_wait(connection: Connection, conversion_id: int) -> bool:
    """Whether a case number of the conversion is still on its way."""
    found = rows(
        connection,
        f"SELECT EXISTS (SELECT FROM {WITH_INVOICE} WHERE r.conversion_id = %(id)s AND {OUTCOME} = 'waiting')",
        {"id": conversion_id},
    )
    return bool(found[0][0])


def fetch_waits(connection: Connection, company: str) -> bool:
    """Whether a fetch of the company is still to be done."""
    found = rows(
        connection,
        "SELECT EXISTS (SELECT FROM work WHERE state = 'due' AND stage = 'fetch' AND body->>'company' = %(company)s)",
        {"company": company},
    )
    return bool(found[0][0])


def write(
    connection: Connection,
    conversion_id: int,
    decided: Iterable[tuple[int, int | None, Money | None, str, str]],
) -> None:
    """Keep what was decided: number, case, what is open in Visma, outcome and note of each row."""
    columns = list(zip(*decided, strict=True))
    if not columns:
        return
    connection.execute(
        text(
            "UPDATE conversion_row r SET case_id = d.case_id, open_amount = d.open_amount, outcome = d.outcome, note = d.note "
            "FROM unnest(CAST(:nos AS integer[]), CAST(:cases AS bigint[]), CAST(:open AS bigint[]), "
            "CAST(:outcomes AS text[]), CAST(:notes AS text[])) AS d(no, case_id, open_amount, outcome, note) "
            "WHERE r.conversion_id = :id AND r.no = d.no"
        ),
        dict(zip(("nos", "cases", "open", "outcomes", "notes"), map(list, columns), strict=True))
        | {"id": conversion_id},
    )
