"""Send all failed vouchers of a filter again: a job, whose vouchers the workers take in bounded commits."""

import json
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection, text

from ops.repairs.acts import Done, Person, Refusal, leave, too_late
from schemas.events import RetriesAsked
from schemas.money import Money, in_kroner
from schemas.wording import counted
from workers.facts.jobs import GAVE_UP

_IN_A_JOB = "SELECT i.voucher_id FROM job_item i JOIN job j ON j.id = i.job_id WHERE i.taken_at IS NULL AND j.stopped_at IS NULL"


@dataclass(frozen=True, slots=True)
class Which:
    """A filter on failed vouchers; None is "any". `code` is Visma's, `first` and `last` are voucher dates.

    `gave_up`: not the refused ones, but those for which Visma did not answer for days; of these, whole companies.
    """

    company: str | None
    code: str | None
    first: date | None
    last: date | None
    gave_up: bool = False

    def sql(self) -> str:
        """Give the condition on `voucher v`; what an earlier job has still to send is no longer to be asked for."""
        gave_up = f"v.state IN ('approved', 'in_doubt') AND v.id IN (SELECT voucher_id FROM ({GAVE_UP}) g)"
        parts = [gave_up if self.gave_up else "v.state = 'refused'", f"v.id NOT IN ({_IN_A_JOB})"]
        parts += ["v.company = :company"] if self.company is not None else []
        parts += ["v.code = :code"] if self.code is not None else []
        parts += ["v.voucher_on >= :first"] if self.first is not None else []
        parts += ["v.voucher_on <= :last"] if self.last is not None else []
        return " AND ".join(parts)


def matching(connection: Connection, which: Which) -> tuple[int, Money]:
    """Number and sum of the failed vouchers that a filter matches: what a person is shown before `retry_all`."""
    _need_whole(which)
    row = connection.execute(
        text(f"SELECT count(*), coalesce(sum(v.total), 0)::bigint FROM voucher v WHERE {which.sql()}"),
        asdict(which),
    ).one()
    return row[0], row[1]


def retry_all(connection: Connection, which: Which, *, vouchers: int, total: Money, person: Person) -> Done:
    """Make a job of all failed vouchers of a filter, if they are still the number and sum that the person saw."""
    _need_whole(which)
    # jobs are made one after another: two of the same moment would both have the same vouchers
    connection.execute(text("LOCK TABLE job IN SHARE ROW EXCLUSIVE MODE"))
    job_id = connection.execute(
        text(
            'INSERT INTO job (made_by, reason, "filter", vouchers, total) '
            "VALUES (:by, :reason, CAST(:filter AS jsonb), :vouchers, :total) RETURNING id"
        ),
        {
            "by": person.actor,
            "reason": person.reason,
            "filter": json.dumps(_said(which), default=str),
            "vouchers": vouchers,
            "total": total,
        },
    ).scalar_one()
    number, sum_ = connection.execute(
        text(
            f"WITH found AS (SELECT v.id, v.total FROM voucher v WHERE {which.sql()}), "
            "items AS (INSERT INTO job_item (job_id, voucher_id) SELECT :job, id FROM found ORDER BY id) "
            "SELECT count(*), coalesce(sum(total), 0)::bigint FROM found"
        ),
        {**asdict(which), "job": job_id},
    ).one()
    if (number, sum_) != (vouchers, total):
        now = f"now {counted(number, 'voucher')}, {in_kroner(sum_)} kr"
        raise Refusal(
            f"{now}; shown before: {counted(vouchers, 'voucher')}, {in_kroner(total)} kr: look at them again"
        )
    if not number:
        raise Refusal("no failed voucher matches")
    detail = {"job": job_id, "vouchers": number, "total": sum_, **_said(which)}
    rings = leave(connection, person, "retry all", f"job {job_id}", _plain(detail), [RetriesAsked(job_id)])
    says = (
        f"job {job_id} sends {counted(number, 'voucher')}, {in_kroner(sum_)} kr, again: kk2 job show {job_id}"
    )
    return Done(rings, says, job_id)


def stop_job(connection: Connection, job_id: int, *, person: Person) -> Done:
    """Send no more of a job's vouchers; what is on its way goes on, and the others stay as they are."""
    subject = f"job {job_id}"
    job = connection.execute(
        text(
            "SELECT stopped_at, (SELECT count(*) FROM job_item WHERE job_id = job.id AND taken_at IS NULL) AS left "
            "FROM job WHERE id = :id FOR UPDATE"
        ),
        {"id": job_id},
    ).one_or_none()
    if job is None:
        raise Refusal(f"there is no job {job_id}")
    if job.stopped_at is not None:
        raise too_late(connection, subject, "is stopped already")
    if not job.left:
        raise Refusal(f"each voucher of {subject} has had its turn: there is nothing to stop")
    connection.execute(
        text("UPDATE job SET stopped_at = now(), stopped_by = :by WHERE id = :id"),
        {"by": person.actor, "id": job_id},
    )
    rings = leave(connection, person, "stop job", subject, {"left": job.left}, [])
    return Done(rings, f"{subject} is stopped; not sent again: {counted(job.left, 'voucher')}")


def _need_whole(which: Which) -> None:
    if which.gave_up and (which.code, which.first, which.last) != (None, None, None):
        raise Refusal(
            "what Visma did not answer is tried again whole, or of one company: leave code and dates out"
        )


def _said(which: Which) -> dict[str, object]:
    """What the filter says, without what it leaves open."""
    return {name: value for name, value in asdict(which).items() if value not in (None, False)}


def _plain(detail: dict[str, object]) -> dict[str, object]:
    return {name: str(value) if isinstance(value, date) else value for name, value in detail.items()}
