"""`kk2 file dry-run FILE`: what would become of a bank file, by the very stages that would take it, and nothing of it kept.

Everything happens in one transaction that is rolled back; the cases that the file has payments for are locked until then.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ops.queries import files
from pipeline import intake
from pipeline.flow import stage_of
from pipeline.formats import DEFAULT, Reading, Refusal, read
from pipeline.stage import Park
from schemas.bank import Fault, Note
from schemas.case import Kind
from schemas.events import PaymentsReceived
from schemas.money import Money
from workers import archive
from workers.saves import payments as payment_saves
from workers.shell import Claimed, Hands, Stand
from workers.shell.reading import set_aside
from workers.shell.settling import settle
from workers.store import setup as setup_store

WAYS = 200
"""So many payments are told one by one."""
_PATIENCE = "3s"
_LOCKED = {"55P03", "40P01"}  # waited too long for a lock; two waited for each other


@dataclass(frozen=True, slots=True)
class Outcome:
    """So many payments of the file would end so. `reason`: why they would wait for a person, None where they don't."""

    state: str
    reason: str | None
    payments: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Way:
    """Where one payment would go: to `cases`, or it would wait for the `reason`. `line` is that of its first record."""

    line: int
    kid: str | None
    amount: Money
    state: str
    reason: str | None
    cases: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What the file would cover in all, of one kind."""

    kind: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of the file. `faults`: why it is refused. `seen`: the earlier file with the same bytes, if any.

    `held`: the sentence that says why the whole file would wait for a person, None where it does not. `control_total`:
    the sum that the file itself says, in which reversals are added. `ways`: the first `WAYS` payments, those that would wait before others.
    """

    sha256: str
    faults: tuple[Fault, ...] = ()
    seen: str | None = None
    seen_id: int | None = None
    held: str | None = None
    payments: int = 0
    total: Money = 0
    control_total: Money = 0
    outcomes: tuple[Outcome, ...] = ()
    parts: tuple[Part, ...] = ()
    ways: tuple[Way, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether the file would be taken and go on by itself."""
        return not (self.faults or self.seen or self.held)


class BusyError(Exception):
    """The workers have the cases of the file now, and a trial does not keep them waiting."""


def try_file(hands: Hands, path: Path, name: str = "") -> Trial:
    """Try a file that is not dropped yet; `name`: what it is called, if not as its path says.

    Raises OSError, `BusyError`, and what the stages raise for trouble. Whatever happens, nothing is written, and what was
    locked is let go when this returns.
    """
    with path.open("rb") as stream, hands.engine.connect() as connection:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        if (first := files.first_of(connection, sha256)) is not None:
            seen = f"file {first[0]} ({first[1]}), which is {first[2]}"
            return Trial(sha256, seen=seen, seen_id=first[0])
        stream.seek(0)
        reading = read(stream, options=DEFAULT)
        if isinstance(reading, Refusal):
            return Trial(sha256, faults=tuple(reading.faults))
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        try:
            return _go(connection, hands, sha256, name or path.name, reading)
        except (DBAPIError, psycopg.Error) as error:
            if getattr(getattr(error, "orig", error), "sqlstate", "") in _LOCKED:
                raise BusyError("the workers have these cases now: try again in a moment") from None
            raise
        finally:
            connection.rollback()


def _go(connection: Connection, hands: Hands, sha256: str, name: str, reading: Reading) -> Trial:
    """Read and settle the file as the stages do, in the open transaction."""
    # under a made-up hash: the file itself may land meanwhile, and would wait for this one's end
    file_id = connection.execute(
        text(
            "INSERT INTO bank_file (sha256, name, size, state) VALUES (:sha256, :name, 0, 'landed') RETURNING id"
        ),
        {"sha256": uuid4().hex * 2, "name": name},
    ).scalar_one()
    setup = setup_store.current(connection)
    company_of = payment_saves.companies(reading, setup)
    payment_saves.copy_payments(
        connection, file_id, reading, company_of, archive.fingerprint_key(hands.settings)
    )
    decision = intake.accept(set_aside(connection, file_id, reading, setup, company_of))
    cuts = reading.cuts(hands.settings.slice_size)
    connection.execute(
        text("UPDATE bank_file SET open_slices = :slices WHERE id = :id"),
        {"slices": len(cuts) + 1, "id": file_id},
    )
    for first, until in cuts:
        settle(_stand(connection, hands, PaymentsReceived(file_id, first, until)))
    return Trial(
        sha256,
        held=decision.note if isinstance(decision, Park) else None,
        payments=reading.payments,
        total=reading.total,
        control_total=reading.control_total,
        outcomes=_outcomes(connection, file_id),
        parts=_parts(connection, file_id),
        ways=_ways(connection, file_id),
        notes=reading.notes,
    )


def _stand(connection: Connection, hands: Hands, event: PaymentsReceived) -> Stand:
    return Stand(connection, hands, stage_of("settle"), Claimed(0, 0, "", event, 0))


def _outcomes(connection: Connection, file_id: int) -> tuple[Outcome, ...]:
    rows = connection.execute(
        text(
            "SELECT p.state, CASE WHEN p.state = 'parked' THEN w.reason END AS reason, count(*), "
            "sum(p.amount)::bigint FROM payment p LEFT JOIN work w ON w.payment_id = p.id AND w.state = 'parked' "
            "WHERE p.file_id = :id GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
        ),
        {"id": file_id},
    )
    return tuple(Outcome(*row) for row in rows)


def _parts(connection: Connection, file_id: int) -> tuple[Part, ...]:
    rows = connection.execute(
        text(
            "SELECT s.kind, sum(s.amount)::bigint FROM split s JOIN payment p ON p.id = s.payment_id "
            "WHERE p.file_id = :id AND s.superseded_by IS NULL GROUP BY 1 ORDER BY 1"
        ),
        {"id": file_id},
    )
    return tuple(Part(Kind(kind).name.lower(), amount) for kind, amount in rows)


def _ways(connection: Connection, file_id: int) -> tuple[Way, ...]:
    rows = connection.execute(
        text(
            "SELECT p.line, p.kid, p.amount, p.state, (SELECT min(w.reason) FROM work w WHERE w.payment_id = p.id "
            "AND w.state = 'parked') AS reason, ARRAY(SELECT DISTINCT ARRAY[c.id::text, c.case_no] FROM split s "
            "JOIN kk2_case c ON c.id = s.case_id WHERE s.payment_id = p.id AND s.superseded_by IS NULL ORDER BY 1) AS cases "
            "FROM payment p WHERE p.file_id = :id ORDER BY p.state NOT IN ('parked', 'held'), p.line LIMIT :most"
        ),
        {"id": file_id, "most": WAYS},
    )
    return tuple(
        Way(row.line, row.kid, row.amount, row.state, row.reason, tuple((int(c[0]), c[1]) for c in row.cases))
        for row in rows
    )
