"""Save what a job has done: refused vouchers may be sent again, and its items have had their turn."""

from collections.abc import Sequence

from sqlalchemy import Connection

from workers.store.bulk import execute


def approve_again(connection: Connection, voucher_ids: Sequence[int]) -> None:
    """Let refused vouchers be sent again, and close what waited for a person because of them."""
    ids = {"ids": list(voucher_ids)}
    execute(
        connection,
        "UPDATE voucher SET state = 'approved', code = NULL, note = NULL WHERE id = ANY(%(ids)s)",
        ids,
    )
    execute(
        connection,
        "UPDATE work SET state = 'done', done_at = now() WHERE state = 'parked' AND stage IN ('deliver', 'inquire') "
        "AND part = ANY(SELECT 'voucher ' || x FROM unnest(CAST(%(ids)s AS bigint[])) AS t(x))",
        ids,
    )


def taken(connection: Connection, job_id: int, voucher_ids: Sequence[int], passed: Sequence[int]) -> None:
    """Note that these had their turn, and which of them stood otherwise than the job's maker saw."""
    execute(
        connection,
        "UPDATE job_item SET taken_at = now(), passed = voucher_id = ANY(%(passed)s::bigint[]) "
        "WHERE job_id = %(job)s AND voucher_id = ANY(%(ids)s)",
        {"job": job_id, "ids": list(voucher_ids), "passed": list(passed)},
    )


def taken_with(connection: Connection, job_id: int, work_ids: Sequence[int]) -> None:
    """Note the turn of all vouchers of these work rows: a row is tried again whole."""
    execute(
        connection,
        "UPDATE job_item SET taken_at = now() WHERE job_id = %(job)s AND taken_at IS NULL AND voucher_id IN (SELECT "
        "CAST(x AS bigint) FROM work w, jsonb_array_elements(w.body->'voucher_ids') x WHERE w.id = ANY(%(ids)s))",
        {"job": job_id, "ids": list(work_ids)},
    )
