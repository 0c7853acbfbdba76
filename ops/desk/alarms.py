"""Alarms: their list, where each leads, and the act that says that somebody has seen one."""

from ops.desk.acting import Act, AnyAct, WithReason, simply
from ops.desk.listing import Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.health.conditions import Condition
from ops.repairs.alarms import acknowledge

_PLACES = {
    Condition.PROCESS_SILENT: ("/", "kk2 doctor"),
    Condition.QUEUE_STANDS: ("/flow", "kk2 flow"),
    Condition.WORK_WAITS: ("/flow", "kk2 work list --state due"),
    Condition.BROKER_SILENT: ("/", "kk2 doctor"),
    Condition.RESTORED: ("/", "kk2 visma recover --dry-run"),
    Condition.NO_ANSWER: ("/flow", "kk2 work list --state due"),
    Condition.VOUCHER_IN_DOUBT: ("/vouchers?state=in_doubt", "kk2 voucher list --state in_doubt"),
    Condition.VOUCHER_REFUSED: ("/failed", "kk2 voucher failed"),
    Condition.NUMBERS_WAIT: ("/visma", "kk2 case numbers"),
    Condition.MONEY_DIFFERS: ("/reconciliation", "kk2 balance"),
    Condition.MONEY_UNPROVEN: ("/schedules/balance", "kk2 balance"),
    Condition.CONTROL_DIFFERS: ("/reconciliation", "kk2 visma differences"),
    Condition.SCHEDULE_LATE: ("/visma", "kk2 schedule list"),
    Condition.FILE_MISSING: ("/files", "kk2 today"),
    Condition.PARKED_LONG: ("/parked", "kk2 work list --state parked"),
}


def place_of(condition: str) -> tuple[str, str]:
    """Give the page and the command of what an alarm is about."""
    return _PLACES.get(Condition(condition), ("/", "kk2 doctor"))


ALARMS = Listing(
    name="alarms",
    title=N_("Alarms"),
    path="/alarms",
    source="alarm a",
    columns=(
        Column("id", N_("Alarm"), "a.id", Shape.CODE, link="/alarms/{id}", sorts=True),
        Column("condition", N_("What"), "a.condition", Shape.WORD),
        Column("subject", N_("Of"), "a.subject", Shape.WORD),
        Column("says", N_("How it stands"), "a.says"),
        Column("began_at", N_("Since"), "a.began_at", Shape.MOMENT),
        Column("ended_at", N_("Over"), "a.ended_at", Shape.MOMENT),
        Column("seen_by", N_("Acknowledged by"), "a.seen_by", Shape.WRITTEN),
    ),
    facets=(
        Facet(
            "state", N_("State"), "(CASE WHEN a.ended_at IS NOT NULL THEN 'over' WHEN a.seen_at IS NOT NULL THEN 'acknowledged' "
            "ELSE 'new' END)", ("new", "acknowledged", "over"),
        ),
        Facet("condition", N_("What"), "a.condition", tuple(Condition)),
    ),
    days="(a.began_at AT TIME ZONE 'Europe/Oslo')::date",
    order="a.id DESC",
    empty=N_("No alarm is like that."),
    note=N_("Each is raised once and told once, and is over when what it is about has not been so for some minutes."),
)  # fmt: skip
LISTINGS: tuple[Listing, ...] = (ALARMS,)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "acknowledge", "alarms", "acknowledge", N_("Acknowledge"), WithReason, simply(acknowledge),
        N_("It says that you have seen it and what is being done. The alarm stands until its cause is gone."),
    ),
)  # fmt: skip
