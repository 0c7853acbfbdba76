"""A job's vouchers whose turn has come, under lock."""

from sqlalchemy import Connection

from pipeline.posting import RetryFacts
from schemas.setup import Setup
from schemas.voucher import VoucherState
from workers.store.bulk import rows

GAVE_UP = (
    "SELECT w.id AS work_id, CAST(x AS bigint) AS voucher_id FROM work w, "
    "jsonb_array_elements(coalesce(w.body->'voucher_ids', jsonb_build_array(w.body->'voucher_id'))) x "
    "WHERE w.state = 'parked' AND w.reason = 'gave_up' AND w.stage IN ('deliver', 'inquire')"
)
"""SQL: the vouchers for which nobody answered for too long, each with the work row that waits for a person."""


def goes_on(connection: Connection, job_id: int) -> bool:
    """Whether nobody has stopped the job; who stops it waits until this transaction ends."""
    found = rows(
        connection, "SELECT stopped_at IS NULL FROM job WHERE id = %(job)s FOR SHARE", {"job": job_id}
    )
    return bool(found and found[0][0])


def under_way(connection: Connection, job_id: int) -> int:
    """How many vouchers of the job are to be sent, or being sent, at this moment."""
    found = rows(
        connection,
        "SELECT count(*) FROM voucher v JOIN job_item i ON i.voucher_id = v.id AND i.job_id = %(job)s "
        "WHERE v.state IN ('approved', 'sending') AND i.taken_at IS NOT NULL AND NOT i.passed",
        {"job": job_id},
    )
    return int(found[0][0])


def take(connection: Connection, job_id: int, setup: Setup, most: int) -> tuple[RetryFacts, ...]:
    """Lock the next vouchers of the job in id order; with one that gave up come the others of its work row."""
    found = rows(
        connection,
        "SELECT v.id, v.company, v.installation, v.state FROM voucher v WHERE v.id IN (SELECT voucher_id FROM job_item "
        "WHERE job_id = %(job)s AND taken_at IS NULL ORDER BY voucher_id LIMIT %(most)s) ORDER BY v.id FOR NO KEY UPDATE",
        {"job": job_id, "most": most},
    )
    gave_up = {
        row[1]: row[0]
        for row in rows(
            connection,
            f"SELECT work_id, voucher_id FROM ({GAVE_UP}) g WHERE voucher_id = ANY(%(ids)s)",
            {"ids": [row[0] for row in found if row[3] in ("approved", "in_doubt")]},
        )
    }
    at_once = {code: dated.latest().value.vouchers_per_call for code, dated in setup.installations.items()}
    return tuple(
        RetryFacts(voucher_id, company, VoucherState(state), gave_up.get(voucher_id), at_once[installation])
        for voucher_id, company, installation, state in found
    )
