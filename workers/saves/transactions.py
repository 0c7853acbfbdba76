"""What Visma told, written by sets: new versions, what they take the place of, what they move, what waits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pipeline.ledger_payments import Told
from pipeline.stage import Park
from schemas.events import TransactionParked
from schemas.transfer import LedgerTransaction
from workers.facts.parked_transactions import Waiting
from workers.facts.transactions import COLUMNS
from workers.journal import park_each
from workers.store.bulk import copy, execute, take_ids


@dataclass(slots=True)
class New:
    """A new version of a page. `superseded_by`: which of the page's new ones, from 0, took it over at once."""

    told: LedgerTransaction
    decided: Told
    superseded_by: int | None = None


def begin(connection: Connection, company: str, work_id: int) -> tuple[int, str, str]:
    """Take the turn to fetch a company's transactions from whoever has it; gives the turn, the cursor and the page.

    Whoever lost it writes no more (`is_turn`): a page that was told before a correction can't come after it.
    """
    row = connection.execute(
        text(
            "INSERT INTO ledger_cursor AS c (company, cursor, turn, work_id) VALUES (:company, '', 1, :work) "
            "ON CONFLICT (company) DO UPDATE SET turn = c.turn + 1, work_id = excluded.work_id, "
            "page = CASE WHEN c.work_id = excluded.work_id THEN c.page ELSE '' END RETURNING turn, cursor, page"
        ),
        {"company": company, "work": work_id},
    ).one()
    return row[0], row[1], row[2]


def turn(connection: Connection, company: str) -> tuple[int, int | None]:
    """Whose turn it is, and of which work row, under lock: what a company was told is decided by one at a time."""
    connection.execute(
        text("INSERT INTO ledger_cursor (company, cursor) VALUES (:company, '') ON CONFLICT DO NOTHING"),
        {"company": company},
    )
    row = connection.execute(
        text("SELECT turn, work_id FROM ledger_cursor WHERE company = :company FOR UPDATE"),
        {"company": company},
    ).one()
    return row[0], row[1]


def keep_place(connection: Connection, company: str, *, cursor: str | None = None, page: str = "") -> None:
    """Note from where to ask next time: a new cursor, or the same one and the page at which a long fetch rests."""
    connection.execute(
        text(
            "UPDATE ledger_cursor SET cursor = coalesce(:cursor, cursor), page = :page, at = now() WHERE company = :company"
        ),
        {"company": company, "cursor": cursor, "page": page},
    )


def insert(connection: Connection, company: str, new: Sequence[New], *, stage: str) -> None:
    """Copy new versions, let them take the place of older ones, and park those that wait for a person."""
    ids = take_ids(connection, "ledger_transaction", len(new))
    copy(
        connection,
        "ledger_transaction",
        ("id", "company", "version", *COLUMNS, "state", "case_id", "item_id", "superseded_by"),
        (_row(ids, company, row_id, each) for row_id, each in zip(ids, new, strict=True)),
    )
    replaced = [
        (old, row_id)
        for row_id, each in zip(ids, new, strict=True)
        for old in each.decided.supersedes
        if old > 0  # the others are of this page, and are copied as superseded
    ]
    _supersede(connection, replaced)
    park_each(
        connection,
        TransactionParked,
        "transaction_id",
        [
            (row_id, each.decided.park.reason, each.decided.park.note)
            for row_id, each in zip(ids, new, strict=True)
            if each.decided.park is not None and each.superseded_by is None
        ],
        stage=stage,
    )


def _row(ids: Sequence[int], company: str, row_id: int, new: New) -> tuple[object, ...]:
    told, decided = new.told, new.decided
    by = None if new.superseded_by is None else ids[new.superseded_by]
    state = "superseded" if by else state_of(decided)
    claim = decided.claim if state == "applied" else None
    return (
        row_id,
        company,
        decided.version,
        *(getattr(told, name) for name in COLUMNS),
        state,
        claim and claim.case_id,
        claim and claim.item_id,
        by,
    )


def state_of(decided: Told) -> str:
    """The state of a version that nothing has replaced."""
    if decided.park is not None:
        return "parked"
    if decided.is_early:
        return "set_aside"
    return "ours" if decided.claim is None else "applied"


def _supersede(connection: Connection, replaced: Sequence[tuple[int, int]]) -> None:
    if not replaced:
        return
    old = [pair[0] for pair in replaced]
    execute(
        connection,
        "UPDATE ledger_transaction t SET state = 'superseded', superseded_by = n.by FROM "
        "unnest(%(old)s::bigint[], %(by)s::bigint[]) AS n(id, by) WHERE t.id = n.id",
        {"old": old, "by": [pair[1] for pair in replaced]},
    )
    execute(
        connection,
        "UPDATE work SET state = 'done', done_at = now() WHERE transaction_id = ANY(%(old)s) AND state = 'parked'",
        {"old": old},
    )


def decide(connection: Connection, decided: Sequence[tuple[Waiting, Told]]) -> None:
    """Write what parked transactions mean now; those that still wait keep their row, with the reason of today."""
    free = [(waiting, told) for waiting, told in decided if told.park is None]
    if free:
        execute(
            connection,
            "UPDATE ledger_transaction t SET state = n.state, case_id = n.case_id, item_id = n.item_id FROM unnest("
            "%(ids)s::bigint[], %(states)s::text[], %(cases)s::bigint[], %(items)s::bigint[]) AS n(id, state, case_id, item_id) "
            "WHERE t.id = n.id",
            {
                "ids": [waiting.id for waiting, _ in free],
                "states": [state_of(told) for _, told in free],
                "cases": [told.claim and told.claim.case_id for _, told in free],
                "items": [told.claim and told.claim.item_id for _, told in free],
            },
        )
        execute(
            connection,
            "UPDATE work SET state = 'done', done_at = now() WHERE id = ANY(%(ids)s) AND state = 'parked'",
            {"ids": [waiting.work_id for waiting, _ in free]},
        )
    other: list[tuple[int, Park]] = [
        (waiting.work_id, told.park)
        for waiting, told in decided
        if told.park is not None
        and (told.park.reason.value, told.park.note) != (waiting.reason, waiting.note)
    ]
    if other:
        execute(
            connection,
            "UPDATE work w SET reason = n.reason, note = n.note FROM unnest(%(ids)s::bigint[], %(reasons)s::text[], "
            "%(notes)s::text[]) AS n(id, reason, note) WHERE w.id = n.id AND w.state = 'parked'",
            {
                "ids": [work_id for work_id, _ in other],
                "reasons": [park.reason.value for _, park in other],
                "notes": [park.note for _, park in other],
            },
        )


def mark(connection: Connection, case_ids: Collection[int]) -> None:
    """Mark cases to be settled again: the commit that says so also records `CaseChanged`."""
    execute(connection, "UPDATE kk2_case SET dirty = true WHERE id = ANY(%(ids)s)", {"ids": sorted(case_ids)})
