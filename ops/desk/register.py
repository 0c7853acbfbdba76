"""Every list and every act of the desk, gathered from their areas: what the console routes, and the API offers."""

from collections.abc import Mapping

from ops.desk import (
    alarms,
    audit,
    cases,
    clients,
    files,
    moving,
    parked,
    payments,
    people,
    proposals,
    reconciliation,
    rules,
    schedules,
    vouchers,
)
from ops.desk.acting import AnyAct
from ops.desk.listing import Listing

_AREAS = (
    alarms,
    audit,
    cases,
    clients,
    files,
    payments,
    people,
    proposals,
    moving,
    parked,
    reconciliation,
    rules,
    schedules,
    vouchers,
)

LISTINGS: Mapping[str, Listing] = {listing.name: listing for area in _AREAS for listing in area.LISTINGS}
ACTS: Mapping[tuple[str, str], AnyAct] = {(act.on, act.slug): act for area in _AREAS for act in area.ACTS}


def acts_on(on: str) -> Mapping[str, AnyAct]:
    """Give the acts on one kind of subject, by slug."""
    return {slug: act for (kind, slug), act in ACTS.items() if kind == on}
