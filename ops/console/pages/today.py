"""The day at a glance: today, the flow, pictures, and the one search box."""

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console import charts, words
from ops.console.charts import Bar, Box
from ops.console.looking import Look, Looking
from ops.desk.listing import as_number, as_ore
from ops.desk.payments import REASONS
from ops.desk.words import N_
from ops.queries import alarms, refunds, schedules, tallies, today, trends, work
from ops.queries.search import search
from pipeline.flow import FLOW, woken_by

router = APIRouter()
_SPAN = 42
_ROWS = (
    ("read", "settle", "propose", "approve", "deliver", "inquire"),
    ("", "resettle", "", "control", "retry", ""),
    ("import", "number", "fetch", "convert"),
)


@router.get("/")
def front(look: Look) -> Response:
    """Today."""
    return look.page("today.html", **_today(look))


@router.get("/today/part")
def part(look: Look) -> Response:
    """What of it refreshes itself."""
    return look.fragment("today_part.html", **_today(look))


def _today(look: Looking) -> dict[str, Any]:
    with look.reading() as connection:
        now = today.now_here(connection)
        return {
            "now": now,
            "alarms": alarms.standing(connection),
            "untold": alarms.untold(connection),
            "came": today.came(connection, now.date()),
            "expected": today.expected(connection, now, look.desk.files_by),
            "payments": tallies.payments_by_state(connection),
            "vouchers": tallies.vouchers_by_state(connection),
            "failed": tallies.failed(connection),
            "parked": tallies.parked(connection),
            "reasons": REASONS,
            "next": [row for row in schedules.listed(connection) if row.next is not None or row.late],
            "differences": today.differences(connection),
        }


@router.get("/flow")
def flow(look: Look) -> Response:
    """The way of a payment, with what is in each box."""
    with look.reading() as connection:
        counts = work.flow(connection)
    at = {name: (column, row) for row, names in enumerate(_ROWS) for column, name in enumerate(names) if name}
    boxes = [
        Box(
            each.stage, *at.get(each.stage, (5, 2)),
            (
                look._(N_("%(n)s to do, %(done)s done")) % {"n": _number(look, each.due), "done": _number(look, each.done_today)},
                look._(N_("%(n)s parked")) % {"n": _number(look, each.parked)},
            ),
            bool(each.parked),
            f"/flow#{each.stage}",
        )
        for each in counts
    ]  # fmt: skip
    goes = {stage.name: [to.name for event in stage.may_send for to in woken_by(event)] for stage in FLOW}
    arrows = sorted({(name, to) for name, targets in goes.items() for to in targets})
    queues = {stage.name: stage.queue for stage in FLOW}
    return look.page(
        "flow.html", counts=counts, goes=goes, queues=queues,
        picture=charts.flow(look._(N_("The way of a payment")), boxes, arrows),
    )  # fmt: skip


@router.get("/pictures")
def pictures(look: Look) -> Response:
    """How it went these weeks."""
    with look.reading() as connection:
        last = today.now_here(connection).date()
        first = last - timedelta(days=_SPAN)
        days = tallies.payments_by_day(connection, first, last)
        failed = tallies.vouchers_by_day(connection, first, last, ("refused", "in_doubt"))
        parked = tallies.parked_since(connection)
        times = trends.delivery_times(connection, first, last)
        week = last - timedelta(days=7)
        covers = trends.covered(connection, week, last)
    shown = [
        (N_("Payments by booked day"), _by_day(look, days, first, last)),
        (N_("Waiting for a person, by the day since which it waits"), _by_day(look, parked, first, last)),
        (N_("Failed deliveries by voucher date"), _by_day(look, failed, first, last)),
        (
            N_("Seconds from approval to Visma's answer, the median of a day"),
            [Bar(_day(look, row.day), row.median, f"{row.median:.0f} s") for row in times],
        ),
    ]
    drawn = [(title, charts.bars(look._(title), values), values) for title, values in shown]
    rows = [
        (N_("Money that waits, by age in days"), _ages(look, parked, last)),
        (
            N_("What the last week's payments cover"),
            [
                Bar(look._(row.kind), row.amount, words.kroner(row.amount, look.visitor.language))
                for row in covers
            ],
        ),
    ]
    drawn += [(title, charts.shares(look._(title), values), values) for title, values in rows]
    return look.page("pictures.html", drawn=drawn)


def _by_day(look: Looking, found: tuple[tallies.Aged, ...], first: date, last: date) -> list[Bar]:
    kept = {each.day: each.tally for each in found}
    if not any(first <= day <= last for day in kept):
        return []
    made = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        number = kept[day].number if day in kept else 0
        made.append(Bar(_day(look, day), number, _number(look, number)))
    return made


def _ages(look: Looking, parked: tuple[tallies.Aged, ...], today_: date) -> list[Bar]:
    sums = dict.fromkeys((name for name, _ in refunds.AGES), 0)
    for each in parked:
        sums[refunds.age_of((today_ - each.day).days)] += each.tally.amount
    if not parked:
        return []
    return [
        Bar(look._(name), amount, words.kroner(amount, look.visitor.language))
        for name, amount in sums.items()
    ]


@router.get("/search")
def find(look: Look, q: str = "") -> Response:
    """What was typed, found as all that it can be."""
    typed = q.replace("\0", "").strip()[:200]
    with look.reading() as connection:
        found = search(connection, typed, number=as_number(typed), ore=as_ore(typed))
    return look.page("search.html", q=typed, found=found)


def _number(look: Looking, value: int) -> str:
    return words.number(value, look.visitor.language)


def _day(look: Looking, value: date) -> str:
    return words.day(value, look.visitor.language)
