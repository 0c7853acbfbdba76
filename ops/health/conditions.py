"""What a person must be told of without having looked: each condition out of what the pages and the doctor ask too."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import Connection, text

from ops.health import controls
from ops.health.examining import of_epoch
from ops.health.pulse import DOUBT, Health, State, health
from ops.queries import tallies, today
from pipeline.bankdays import is_bank_day
from pipeline.expecting import Expectation
from schemas.wording import counted
from workers.settings import Settings


class Condition(StrEnum):
    """What an alarm is of; `ops/handbook/alarms.md` says of each what to do first."""

    PROCESS_SILENT = "process_silent"
    QUEUE_STANDS = "queue_stands"
    WORK_WAITS = "work_waits"
    BROKER_SILENT = "broker_silent"
    RESTORED = "restored"
    NO_ANSWER = "no_answer_for_long"
    VOUCHER_IN_DOUBT = "voucher_in_doubt"
    VOUCHER_REFUSED = "voucher_refused"
    NUMBERS_WAIT = "case_numbers_wait"
    MONEY_DIFFERS = "money_differs"
    MONEY_UNPROVEN = "money_unproven"
    CONTROL_DIFFERS = "control_differs"
    SCHEDULE_LATE = "schedule_late"
    FILE_MISSING = "file_missing"
    PARKED_LONG = "parked_long"


@dataclass(frozen=True, slots=True)
class Standing:
    """A condition that holds now. `subject`: of what, empty where there is one; `says`: how it stands, no person's data."""

    condition: Condition
    subject: str
    says: str


def standing(connection: Connection, site: Settings, broker: Callable[[], bool]) -> tuple[Standing, ...]:
    """Look once, in a transaction of one moment; gives each condition that holds. `broker` says whether Redis answers."""
    now = health(connection)
    found = [*_of_processes(now, site), *_of_visma(connection, now, site), *_of_money(connection)]
    found += _of_days(connection, now, site)
    if not broker():
        found.append(Standing(Condition.BROKER_SILENT, "", "the broker does not answer: nothing is rung for"))
    epoch = of_epoch(connection)
    if epoch.state is State.BAD:
        found.append(Standing(Condition.RESTORED, "", epoch.says))
    return tuple(found)


def _of_processes(now: Health, site: Settings) -> Iterator[Standing]:
    for pulse in now.pulses:
        if pulse.state is State.BAD and pulse.age is not None:
            says = f"the last sign of life was {_long(pulse.age)} ago"
            yield Standing(Condition.PROCESS_SILENT, pulse.name, says)
    for queue in now.queues:
        waits = f"{counted(queue.due, 'row')} of work due, the oldest for {_long(queue.oldest or 0)}"
        if queue.state is State.BAD:
            yield Standing(Condition.QUEUE_STANDS, queue.queue, waits)
        elif queue.oldest is not None and queue.oldest > site.alarm_due:
            yield Standing(Condition.WORK_WAITS, queue.queue, waits)


# Delivery that a person stopped has a time of its own, and no trouble
_TROUBLED = text("""
SELECT stage, count(*) AS number, extract(epoch FROM now() - min(troubled_since))::float AS age FROM work
WHERE state = 'due' AND troubled_since IS NOT NULL GROUP BY stage HAVING min(troubled_since) < now() - make_interval(secs => :long)
ORDER BY stage""")


def _of_visma(connection: Connection, now: Health, site: Settings) -> Iterator[Standing]:
    for row in connection.execute(_TROUBLED, {"long": site.alarm_answer}):
        says = f"{counted(row.number, 'row')} of work tried again and again, the first for {_long(row.age)}"
        yield Standing(Condition.NO_ANSWER, row.stage, says)
    if now.doubt.state is State.BAD:
        says = f"{counted(now.doubt.vouchers, 'voucher')}, the oldest for {_long(now.doubt.oldest or DOUBT)}"
        yield Standing(Condition.VOUCHER_IN_DOUBT, "", says)
    refused = tallies.vouchers_by_state(connection).get("refused")
    if refused is not None and refused.number:
        yield Standing(Condition.VOUCHER_REFUSED, "", f"Visma refused {counted(refused.number, 'voucher')}")
    if now.numbers.state is State.BAD:
        yield Standing(Condition.NUMBERS_WAIT, "", now.numbers.says)
    for sign in controls.signs(connection):
        if sign.state is State.BAD:
            yield Standing(Condition.CONTROL_DIFFERS, sign.name.removeprefix("control "), sign.says)


def _of_money(connection: Connection) -> Iterator[Standing]:
    meter = today.meter(connection)
    proof = meter.proof
    if not meter.agrees:
        yield Standing(Condition.MONEY_DIFFERS, "sums", "the payments are not what their files say")
    if proof is not None and proof.result == "differs":
        yield Standing(
            Condition.MONEY_DIFFERS, "", f"the money check found a difference: {', '.join(proof.broken)}"
        )
    if proof is not None and proof.note:
        says = f"the money check could not be made: {proof.note}"
        yield Standing(Condition.MONEY_UNPROVEN, "", says)


def _of_days(connection: Connection, now: Health, site: Settings) -> Iterator[Standing]:
    for schedule in now.schedules:
        if schedule.late:
            yield Standing(Condition.SCHEDULE_LATE, schedule.name, schedule.note)
    due = _last_due(today.now_here(connection), site.files_by)
    for each in today.expected(connection, due, site.files_by):
        # the night does not end it: a file that comes does
        if each.stands is Expectation.MISSING and (each.last is None or each.last < due.date()):
            says = f"no bank file on {due:%Y-%m-%d} by {site.files_by:%H:%M}, where one comes each bank day"
            yield Standing(Condition.FILE_MISSING, each.account, says)
    yield from _of_parked(connection, now, site)


def _last_due(now: datetime, by: time) -> datetime:
    """When bank files were due last, up to now in Norway."""
    day = now.date() if now.time() >= by else now.date() - timedelta(days=1)
    while not is_bank_day(day):
        day -= timedelta(days=1)
    return datetime.combine(day, by, now.tzinfo)


def _of_parked(connection: Connection, now: Health, site: Settings) -> Iterator[Standing]:
    """What waits too long for a person, by reason; of deliveries the vouchers themselves tell."""
    by_reason: dict[str, list[tallies.Waiting]] = {}
    for waits in tallies.parked(connection):
        if waits.stage not in {"deliver", "inquire"}:
            by_reason.setdefault(waits.reason, []).append(waits)
    for reason, found in by_reason.items():
        days = (now.taken_at.date() - min(waits.oldest for waits in found)).days
        if days > site.alarm_parked:
            number = sum(waits.tally.number for waits in found)
            yield Standing(
                Condition.PARKED_LONG, reason, f"{number} wait for a person, the first for {days} days"
            )


def _long(seconds: float) -> str:
    """A span as people say it."""
    if seconds < 5_400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
