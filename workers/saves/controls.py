"""Save what a control found: its run, and each difference as one row that ages from run to run."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from schemas.control import ControlPart, Difference
from schemas.voucher import LedgerState
from workers.store.bulk import execute


class Found(NamedTuple):
    """A difference, with the voucher or case that its page is about."""

    difference: Difference
    voucher_id: int | None
    case_id: int | None


@dataclass(frozen=True, slots=True)
class ControlRun:
    """What a control looked at: vouchers, sums of the statement and invoices in number, cases left out, what is unknown.

    `since`: the first voucher date and booked day that it looked at.
    """

    company: str
    begun_at: datetime
    vouchers: int
    sums: int
    invoices: int
    stopped: Sequence[int]
    unknown: Sequence[str]
    since: date


def follow(connection: Connection, states: Mapping[int, LedgerState]) -> int:
    """Note where vouchers stand in Visma now; gives how many stand elsewhere than before."""
    return execute(
        connection,
        "UPDATE voucher v SET ledger_state = t.state FROM unnest(%(ids)s::bigint[], %(states)s::text[]) AS t(id, state) "
        "WHERE v.id = t.id AND v.ledger_state IS DISTINCT FROM t.state AND v.state IN ('delivered', 'by_hand')",
        {"ids": list(states), "states": [state.value for state in states.values()]},
    )


def save(
    connection: Connection,
    run: ControlRun,
    found: Sequence[Found],
    told: Collection[ControlPart],
    unjudged: Collection[str],
) -> tuple[int, int]:
    """Write the run and what it found; gives the run's id and how many differences are open.

    A difference that stood before keeps its row; one that a person explained stays so while both sides say the same. What
    is not found again is gone, unless its part was not `told` or its subject was `unjudged` this time.
    """
    run_id = connection.execute(
        text(
            "INSERT INTO control_run (company, begun_at, vouchers, sums, invoices, differences, stopped, unknown, told, "
            "since) VALUES (:company, :begun, :vouchers, :sums, :invoices, 0, CAST(:stopped AS bigint[]), :unknown, :told, "
            ":since) RETURNING id"
        ),
        {
            "company": run.company,
            "begun": run.begun_at,
            "vouchers": run.vouchers,
            "sums": run.sums,
            "invoices": run.invoices,
            "stopped": list(run.stopped),
            "unknown": list(run.unknown),
            "told": sorted(told),
            "since": run.since,
        },
    ).scalar_one()
    _differences(connection, run.company, run_id, found)
    execute(
        connection,
        "UPDATE difference SET state = 'gone', last_seen = now(), last_run = %(run)s WHERE company = %(company)s "
        "AND state <> 'gone' AND last_run <> %(run)s AND part = ANY(%(told)s) AND subject <> ALL(%(unjudged)s::text[])",
        {"run": run_id, "company": run.company, "told": list(told), "unjudged": list(unjudged)},
    )
    number = connection.execute(
        text(
            "UPDATE control_run SET differences = (SELECT count(*) FROM difference WHERE company = :company "
            "AND state = 'open') WHERE id = :run RETURNING differences"
        ),
        {"run": run_id, "company": run.company},
    ).scalar_one()
    return int(run_id), int(number)


def _differences(connection: Connection, company: str, run_id: int, found: Sequence[Found]) -> None:
    each = list({(f.difference.part, f.difference.kind, f.difference.subject): f for f in found}.values())
    execute(
        connection,
        "INSERT INTO difference AS d (company, part, kind, subject, voucher_id, case_id, ours, theirs, cause, act, last_run) "
        "SELECT %(company)s, t.*, %(run)s FROM unnest(%(parts)s::text[], %(kinds)s::text[], %(subjects)s::text[], "
        "%(vouchers)s::bigint[], %(cases)s::bigint[], %(ours)s::jsonb[], %(theirs)s::jsonb[], %(causes)s::text[], "
        "%(acts)s::text[]) AS t "
        "ON CONFLICT (company, part, kind, subject) WHERE state <> 'gone' DO UPDATE SET ours = excluded.ours, "
        "theirs = excluded.theirs, cause = excluded.cause, act = excluded.act, last_seen = now(), last_run = excluded.last_run, "
        "state = CASE WHEN (d.ours, d.theirs) = (excluded.ours, excluded.theirs) THEN d.state ELSE 'open' END",
        {
            "company": company,
            "run": run_id,
            "parts": [f.difference.part.value for f in each],
            "kinds": [f.difference.kind.value for f in each],
            "subjects": [f.difference.subject for f in each],
            "vouchers": [f.voucher_id for f in each],
            "cases": [f.case_id for f in each],
            "ours": [json.dumps(f.difference.ours) for f in each],
            "theirs": [json.dumps(f.difference.theirs) for f in each],
            "causes": [f.difference.cause for f in each],
            "acts": [f.difference.act for f in each],
        },
    )
