"""Payments: their list, and what a clerk does with one."""

from collections.abc import Mapping

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, CaseNo, MayGiveReason, WithReason, case_id, simply
from ops.desk.listing import Asked, Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.queries import tallies
from ops.repairs import Done, Person, moving, payments
from schemas.money import Money

_WORK = "p.id IN (SELECT payment_id FROM work WHERE state = 'parked' AND payment_id IS NOT NULL)"
_ASIDE = "p.id IN (SELECT payment_id FROM aside)"
_UNDER_WAY = (
    "p.id IN (SELECT id FROM payment WHERE file_id IN (SELECT id FROM bank_file WHERE open_slices > 0 OR state = 'held') "
    "UNION ALL SELECT x.id::bigint FROM (SELECT body FROM work WHERE state = 'due' AND stage IN ('settle', 'resettle') "
    "UNION ALL SELECT body FROM work WHERE state = 'parked' AND payment_id IS NULL AND stage IN ('settle', 'resettle')) o "
    "CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(o.body->'payment_ids', '[]') || coalesce(o.body->'payment_id', '[]')) "
    "AS x(id))"
)
"""Where payments of a state that few have are found: no index is over the state, which changes with each that is settled."""

REASONS = (
    "unknown_account", "unknown_kid", "failing_kid", "blank_kid", "two_cases", "several_kids", "case_paid", "case_recalled",
    "taken_off", "original_not_found", "two_originals", "original_parked", "original_under_way", "held_twin", "before_cut_over",
    "no_setup",
)  # fmt: skip
"""Why a payment may wait for a person."""
STATES = ("waiting", "settled", "parked", "held", "refused", "known")


def _sums(connection: Connection, asked: Asked) -> tuple[int, Mapping[str, Money]] | None:
    if asked.q or {"file", "reason"} & asked.facets.keys():
        return None
    kept = tallies.counted(connection, "payment", asked.facets, asked.first, asked.last)
    return kept.number, {"amount": kept.amount}


PAYMENTS = Listing(
    name="payments",
    title=N_("Payments"),
    path="/payments",
    source="payment p LEFT JOIN kk2_case c ON c.id = p.case_id LEFT JOIN work w ON w.payment_id = p.id AND w.state = 'parked' AND w.payment_id IS NOT NULL",
    columns=(
        Column("id", N_("Payment"), "p.id", Shape.CODE, link="/payments/{id}", sorts=True),
        Column("booked_on", N_("Booked"), "p.booked_on", Shape.DAY),
        Column("amount", N_("Kroner"), "p.amount", Shape.MONEY, total=True),
        Column("kid", N_("KID"), "p.kid", Shape.CODE),
        Column("company", N_("Company"), "p.company", Shape.CODE),
        Column("state", N_("State"), "p.state", Shape.WORD),
        Column("case_no", N_("Case"), "c.case_no", Shape.CODE, link="/cases/{case_id}"),
        Column("note", N_("Waits because"), "w.note"),
        Column("file", N_("File"), "p.file_id", Shape.CODE, link="/files/{file}"),
        Column("line", N_("Line"), "p.line", Shape.NUMBER),
        Column("case_id", N_("Case id"), "p.case_id", Shape.CODE, shown=False),
    ),
    facets=(
        Facet(
            "state",
            N_("State"),
            "p.state",
            STATES,
            narrow={
                "parked": _WORK,
                "held": _WORK,
                "refused": _ASIDE,
                "known": _ASIDE,
                "waiting": _UNDER_WAY,
            },
        ),
        Facet("reason", N_("Waits because"), "w.reason", REASONS, narrow=dict.fromkeys(REASONS, _WORK)),
        Facet("company", N_("Company"), "p.company"),
        Facet("account", N_("Account"), "p.account"),
        Facet("file", N_("File"), "p.file_id", numeric=True),
    ),
    search="p.kid = :q OR p.id = CAST(:number AS bigint) OR p.amount = CAST(:ore AS bigint) OR p.id = ANY(ARRAY("
    "SELECT y.id FROM kk2_case x JOIN split s ON s.case_id = x.id JOIN payment y ON y.id = s.payment_id AND y.case_id = x.id "
    "WHERE x.case_no = :q))",
    search_hint=N_("KID, case, amount or payment"),
    days="p.booked_on",
    order="p.id DESC",
    empty=N_("No payment is like that."),
    sums=_sums,
)


class ToCase(MayGiveReason):
    """Which case a payment is for."""

    case: CaseNo = Field(title=N_("Case"))
    original: int | None = Field(None, title=N_("Takes back payment (only for money out)"))


def _assign(connection: Connection, subject: str, asked: ToCase, person: Person) -> Done:
    found = case_id(connection, asked.case)
    return moving.assign(connection, int(subject), found, original=asked.original, person=person)


def _release(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return payments.release(connection, [int(subject)], person=person)


LISTINGS = (PAYMENTS,)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "assign", "payments", "assign", N_("Give it to a case"), ToCase, _assign,
        N_("The payment is split over what the case owes. Money on the suspense account is moved by the next voucher."),
    ),
    Act("release", "payments", "release", N_("Let it go on"), MayGiveReason, _release, N_("It is matched and split anew.")),
    Act(
        "refuse", "payments", "refuse", N_("Do not book it"), WithReason, simply(payments.refuse),
        N_("For money that is booked elsewhere, refunded, or that the bank sent twice."), grave=True,
    ),
)  # fmt: skip
