"""Stage `retry`: bring a job's vouchers on their way again, so many at a time, until each has had its turn.

A job may have a hundred thousand vouchers. Each commit takes a bounded number, and the next waits until most of them have
had their answer: so new vouchers are not kept waiting behind the job, and to stop it means something.
"""

from pipeline import posting
from schemas.events import RetriesAsked, RetryAsked
from workers.facts import jobs as facts
from workers.saves import jobs as saves
from workers.shell import NotYet, Stand, rows
from workers.store import setup as setup_store

AT_ONCE = 1_000
"""So many vouchers of one job are on their way at most."""
_LOOK_AGAIN = 1.0


def retry(stand: Stand) -> None:
    """Take the next vouchers of the job, and ask for the ones after them."""
    event = stand.claimed.event
    assert isinstance(event, RetriesAsked)
    connection, job_id = stand.connection, event.job_id
    if not facts.goes_on(connection, job_id):
        return
    room = AT_ONCE - facts.under_way(connection, job_id)
    if room < AT_ONCE // 2:
        raise NotYet(_LOOK_AGAIN, "vouchers of the job are on their way")
    vouchers = facts.take(connection, job_id, setup_store.current(connection), room)
    if not vouchers:
        return
    decided = posting.retries(vouchers)
    saves.approve_again(connection, [voucher_id for call in decided.calls for voucher_id in call])
    stand.rings += rows.due_again(connection, decided.rows)
    saves.taken(connection, job_id, [each.voucher_id for each in vouchers], decided.passed)
    saves.taken_with(connection, job_id, decided.rows)
    stand.send([*map(RetryAsked, decided.calls), RetriesAsked(job_id)])
