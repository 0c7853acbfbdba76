"""Record what happened, and in the same transaction the work that it makes. The broker is told afterwards, by whoever commits."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, text

from pipeline.flow import woken_by
from pipeline.stage import Reason
from schemas import events
from schemas.wording import counted

_EVENT_TYPES: dict[str, type] = {
    name: value
    for name, value in vars(events).items()
    if isinstance(value, type) and value.__module__ == events.__name__
}
EVENTS = frozenset(_EVENT_TYPES)
"""The events that this program knows: while two versions run side by side, what the newer wrote waits for the newer."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A work row that is due now: the broker is to be told. `label` is what an operator reads in Flower."""

    work_id: int
    stage: str
    label: str


def record(
    connection: Connection, happened: Sequence[object], *, actor: str = "", due_in: float = 0.0
) -> list[Ring]:
    """Write events and their work rows; gives the rows to ring for once the transaction is committed.

    `due_in` seconds of delay (an inquiry's pause): such rows are rung by the relay when due.
    """
    if not happened:
        return []
    bodies = [body_of(event) for event in happened]
    names = [type(event).__name__ for event in happened]
    ids = [
        row[0]
        for row in connection.execute(
            text(
                "INSERT INTO journal (event, body, actor) SELECT e, b::jsonb, :actor "
                "FROM unnest(CAST(:names AS text[]), CAST(:bodies AS text[])) WITH ORDINALITY AS t(e, b, n) ORDER BY n "
                "RETURNING id"
            ),
            {"names": names, "bodies": bodies, "actor": actor},
        )
    ]
    wanted = [
        (event_id, stage.name, body, label(event))
        for event_id, event, body in zip(ids, happened, bodies, strict=True)
        for stage in woken_by(type(event))
    ]
    if not wanted:
        return []
    made = connection.execute(
        text(
            "INSERT INTO work (event_id, stage, body, state, due_at, rung_at) "
            "SELECT e, s, b::jsonb, 'due', now() + make_interval(secs => :due_in), "
            "CASE WHEN :due_in > 0 THEN NULL ELSE now() END "
            "FROM unnest(CAST(:events AS bigint[]), CAST(:stages AS text[]), CAST(:bodies AS text[])) "
            "WITH ORDINALITY AS t(e, s, b, n) ORDER BY n RETURNING id"
        ),
        {
            "events": [w[0] for w in wanted],
            "stages": [w[1] for w in wanted],
            "bodies": [w[2] for w in wanted],
            "due_in": due_in,
        },
    )
    if due_in > 0:
        return []
    return [Ring(row[0], w[1], w[3]) for row, w in zip(made, wanted, strict=True)]


def body_of(event: object) -> str:
    """Write an event's fields as JSON. (`dataclasses.asdict` copies each of a part's thousands of ids.)"""
    return json.dumps(_fields(event), default=_fields)


def _fields(value: Any) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


@dataclass(frozen=True, slots=True)
class ParkedPayment:
    """A payment that waits for a person, and why."""

    payment_id: int
    reason: Reason
    note: str


def park_payments(connection: Connection, parked: Sequence[ParkedPayment], *, stage: str) -> None:
    """Record `PaymentParked` and one work row of its own a payment; such a row is never rung, a repair closes it."""
    park_each(
        connection,
        events.PaymentParked,
        "payment_id",
        [(p.payment_id, p.reason, p.note) for p in parked],
        stage=stage,
    )


def park_each(
    connection: Connection,
    event: type,
    column: str,
    parked: Sequence[tuple[int, Reason, str]],
    *,
    stage: str,
) -> None:
    """Record an event and a parked work row for each (id, reason, note). `column`: the event's field and work's column."""
    if not parked:
        return
    connection.execute(
        text(
            "WITH p AS (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:reasons AS text[]), CAST(:notes AS text[])) "
            "AS t(id, reason, note)), "
            "j AS (INSERT INTO journal (event, body) SELECT :event, "
            "jsonb_build_object(CAST(:column AS text), id, 'reason', reason) FROM p RETURNING id, body) "
            f"INSERT INTO work (event_id, stage, body, state, due_at, reason, note, {column}) "
            "SELECT j.id, :stage, j.body, 'parked', now(), p.reason, p.note, p.id "
            "FROM j JOIN p ON p.id = (j.body->>:column)::bigint"
        ),
        {
            "event": event.__name__,
            "column": column,
            "ids": [each[0] for each in parked],
            "reasons": [each[1].value for each in parked],
            "notes": [each[2] for each in parked],
            "stage": stage,
        },
    )


def restore(name: str, body: dict[str, Any]) -> object:
    """Make the event again from its name and body; raises KeyError for a name that no event has."""
    event_type = _EVENT_TYPES[name]
    known = {field.name for field in fields(event_type)}  # a parked row's body may say more, for people
    values = {
        key: tuple(value) if isinstance(value, list) else value for key, value in body.items() if key in known
    }
    if event_type is events.PartReady:
        values["vouchers"] = tuple(
            events.VoucherPlan(**{**plan, "payment_ids": tuple(plan["payment_ids"])})
            for plan in body["vouchers"]
        )
    return event_type(**values)


def label(event: object) -> str:
    """Say in a few words what a message is about, ids only: an operator reads it in Flower."""
    match event:
        case events.PaymentsReceived(file_id, first, until):
            return f"file {file_id}, payments {first + 1} to {until}"
        case events.FileLanded(file_id) | events.FileSettled(file_id):
            return f"file {file_id}"
        case events.PaymentsReleased(file_id, payment_ids):
            return f"file {file_id}, {len(payment_ids)} released"
        case events.PartReady(company, vouchers, _):
            return f"company {company}, {counted(len(vouchers), 'voucher')}"
        case events.VouchersApproved(ids) | events.VoucherAbsent(ids) | events.RetryAsked(ids):
            return f"voucher {ids[0]}" if len(ids) == 1 else f"{len(ids)} vouchers from {ids[0]}"
        case events.RetriesAsked(job_id):
            return f"job {job_id}"
        case events.InvoiceParked(invoice_id, _):
            return f"invoice {invoice_id}"
        case events.VoucherInDoubt(voucher_id) | events.InquiryAsked(voucher_id):
            return f"voucher {voucher_id}"
        case (
            events.ImportDue(company)
            | events.FetchDue(company)
            | events.ControlDue(company)
            | events.RestDue(company)
        ):
            return f"company {company}, {type(event).__name__.removesuffix('Due').lower()}"
        case events.PaymentAssigned(payment_id, case_id):
            return f"payment {payment_id} to case {case_id}"
        case events.CaseChanged(ids) | events.CasesOpened(ids):
            return counted(len(ids), "case")
        case events.NumbersAsked(company, ids):
            return f"company {company}, {counted(len(ids), 'case number')}"
        case events.OriginalConcluded(ids):
            return counted(len(ids), "payment")
        case events.ConversionRequested(conversion_id, first, until):
            return f"conversion {conversion_id}, rows {first + 1} to {until}"
        case events.ConversionChecked(conversion_id):
            return f"conversion {conversion_id}"
        case events.VoucherVoided(voucher_id, _):
            return f"voucher {voucher_id} void"
        case _:
            return type(event).__name__
