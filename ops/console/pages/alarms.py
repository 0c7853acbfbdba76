"""An alarm: how it stands, what to do first, who was told, and who has acknowledged it."""

from fastapi import APIRouter
from fastapi.responses import Response

from ops.console.looking import Look
from ops.desk.alarms import place_of
from ops.desk.words import N_
from ops.queries import alarms

router = APIRouter()


@router.get("/alarms/{alarm_id:int}")
def alarm(look: Look, alarm_id: int) -> Response:
    """Show an alarm."""
    with look.reading() as connection:
        found = alarms.shown(connection, alarm_id)
    if found is None:
        return look.missing(look._(N_("There is no such alarm.")))
    place, command = place_of(found.alarm.condition)
    open_ = found.alarm.ended_at is None and not found.alarm.seen_by
    return look.page(
        "alarm.html",
        found=found,
        place=place,
        command=command,
        forms=look.forms("alarms", alarm_id, ("acknowledge",) if open_ else ()),
    )
