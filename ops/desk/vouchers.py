"""Vouchers: their list, those that failed, the jobs that send many again, and what an administrator does about them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, Kroner, MayGiveReason, Moment, WithReason, simply
from ops.desk.listing import Asked, Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.queries import tallies
from ops.queries.causes import CAUSES, FAILED
from ops.queries.jobs import ITEMS, RESULTS
from ops.repairs import Done, Person, Refusal, braking, vouchers
from ops.repairs.vouchers import Which
from schemas.money import Money
from schemas.voucher import Discarded, LedgerState, VoucherState

_FOR_THIS_CAUSE = (  # asked for only where a cause is chosen: then each voucher that is not delivered is looked at
    f"(CASE WHEN v.id IN (SELECT f.id FROM ({FAILED}) f WHERE f.cause = CAST(:facet_cause AS text)) "
    "THEN CAST(:facet_cause AS text) END)"
)


def _sums(connection: Connection, asked: Asked) -> tuple[int, Mapping[str, Money]] | None:
    if asked.q or not asked.facets.keys() <= {"company", "state", "code"}:
        return None
    kept = tallies.counted(connection, "voucher", asked.facets, asked.first, asked.last)
    return kept.number, {"total": kept.amount}


VOUCHERS = Listing(
    name="vouchers",
    title=N_("Vouchers"),
    path="/vouchers",
    source="voucher v",
    columns=(
        Column("id", N_("Voucher"), "v.id", Shape.CODE, link="/vouchers/{id}", sorts=True),
        Column("reference", N_("Reference"), "v.reference", Shape.CODE),
        Column("voucher_on", N_("Voucher date"), "v.voucher_on", Shape.DAY),
        Column("company", N_("Company"), "v.company", Shape.CODE),
        Column("payments", N_("Payments"), "v.payments", Shape.NUMBER, shown=False),
        Column("total", N_("Kroner"), "v.total", Shape.MONEY, total=True),
        Column("state", N_("State"), "v.state", Shape.WORD),
        Column("voucher_no", N_("No. in Visma"), "v.voucher_no", Shape.CODE),
        Column("ledger_state", N_("In Visma"), "v.ledger_state", Shape.WORD),
        Column("code", N_("Code"), "v.code", Shape.CODE),
        Column("note", N_("Visma says"), "v.note"),
    ),
    facets=(
        Facet("state", N_("State"), "v.state", tuple(VoucherState)),
        Facet("in_visma", N_("In Visma"), "v.ledger_state", tuple(LedgerState)),
        Facet("cause", N_("Not delivered because"), _FOR_THIS_CAUSE, CAUSES),
        Facet("company", N_("Company"), "v.company"),
        Facet("code", N_("Code"), "coalesce(v.code, '')"),
    ),
    search="v.reference = upper(:q) OR v.voucher_no = :q OR v.total = :ore OR v.id = :number",
    search_hint=N_("Reference, number in Visma, amount"),
    days="v.voucher_on",
    order="v.id DESC",
    empty=N_("No voucher is like that."),
    sums=_sums,
)
JOBS = Listing(
    name="jobs",
    title=N_("Jobs that send vouchers again"),
    path="/jobs",
    source="job j",
    columns=(
        Column("id", N_("Job"), "j.id", Shape.CODE, link="/jobs/{id}"),
        Column("made_at", N_("Made"), "j.made_at", Shape.MOMENT),
        Column("made_by", N_("By"), "j.made_by", Shape.WRITTEN),
        Column("vouchers", N_("Vouchers"), "j.vouchers", Shape.NUMBER),
        Column("total", N_("Kroner"), "j.total", Shape.MONEY),
        Column("reason", N_("Reason"), "j.reason", Shape.WRITTEN),
        Column("stopped_by", N_("Stopped by"), "j.stopped_by", Shape.WRITTEN),
    ),
    order="j.id DESC",
    empty=N_("Nobody has sent many vouchers again yet."),
)
ITEMS_OF_A_JOB = Listing(
    name="job-items",
    title=N_("Vouchers of a job"),
    path="/job-items",
    source=f"({ITEMS}) i",
    columns=(
        Column("job", N_("Job"), "i.job_id", Shape.CODE, link="/jobs/{job}"),
        Column("voucher", N_("Voucher"), "i.voucher_id", Shape.CODE, link="/vouchers/{voucher}"),
        Column("reference", N_("Reference"), "i.reference", Shape.CODE),
        Column("total", N_("Kroner"), "i.total", Shape.MONEY, total=True),
        Column("result", N_("Result"), "i.result", Shape.WORD),
        Column("voucher_no", N_("No. in Visma"), "i.voucher_no", Shape.CODE),
        Column("code", N_("Code"), "i.code", Shape.CODE),
        Column("note", N_("Visma says"), "i.note"),
    ),
    facets=(
        Facet("job", N_("Job"), "i.job_id::text"),
        Facet("result", N_("Result"), "i.result", RESULTS),
    ),
    order="i.job_id DESC, i.voucher_id",
    empty=N_("No voucher of a job is like that."),
)


EVERYTHING = "all"
"""What is stopped when all delivery is: the word in a path for the scope of everything."""


class Number(MayGiveReason):
    """Which number a voucher has in Visma."""

    number: str = Field(title=N_("Number in Visma"), min_length=1, max_length=40)


class Discard(WithReason):
    """Why a voucher is not to be sent."""

    because: Discarded = Field(title=N_("Because"))
    number: str = Field("", title=N_("Number in Visma, when it is booked by hand"), max_length=40)


class RetryAll(MayGiveReason):
    """Which failed vouchers are sent again, and how many and how much the person saw."""

    company: str | None = Field(None, title=N_("Company"))
    code: str | None = Field(None, title=N_("Code"))
    first: date | None = Field(None, title=N_("From day"))
    last: date | None = Field(None, title=N_("To day"))
    vouchers: int = Field(title=N_("Vouchers"), ge=1)
    total: Kroner = Field(title=N_("Kroner"))


class Until(WithReason):
    """How long delivery is stopped."""

    until: Moment | None = Field(None, title=N_("Until (empty: until it is started)"))


def _confirm(connection: Connection, subject: str, asked: Number, person: Person) -> Done:
    return vouchers.confirm(connection, int(subject), asked.number, person=person)


def _discard(connection: Connection, subject: str, asked: Discard, person: Person) -> Done:
    if asked.because is Discarded.BOOKED_BY_HAND:
        return vouchers.by_hand(connection, int(subject), asked.number, person=person)
    if asked.number:
        raise Refusal("a number in Visma is given: choose booked by hand, or leave the number out")
    return vouchers.void(connection, int(subject), asked.because, person=person)


def _retry_all(connection: Connection, subject: str, asked: RetryAll, person: Person) -> Done:
    which = which_of(subject, asked.company, asked.code, asked.first, asked.last)
    return vouchers.retry_all(connection, which, vouchers=asked.vouchers, total=asked.total, person=person)


def which_of(
    subject: str, company: str | None, code: str | None, first: date | None, last: date | None
) -> Which:
    """Give the filter for all that were `refused`, or for which Visma `gave_up`; a Refusal for another word."""
    if subject not in {"refused", "gave_up"}:
        raise Refusal(f"expected refused or gave_up, found {subject}")
    return Which(company or None, code or None, first, last, subject == "gave_up")


def _stop(connection: Connection, subject: str, asked: Until, person: Person) -> Done:
    return braking.stop_delivery(connection, _scope(subject), asked.until, person=person)


def _start(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    return braking.start_delivery(connection, _scope(subject), person=person)


def _scope(subject: str) -> str:
    return braking.ALL if subject == EVERYTHING else subject


_ASK: Act[MayGiveReason] = Act(
    "ask", "vouchers", "ask", N_("Ask Visma now"), MayGiveReason, simply(vouchers.retry),
    N_("Visma is asked for it by our reference. It is sent again only when Visma does not have it."),
)  # fmt: skip
LISTINGS = (VOUCHERS, JOBS, ITEMS_OF_A_JOB)
ACTS: tuple[AnyAct, ...] = (
    replace(
        _ASK, name="retry", slug="retry", title=N_("Send it again"),
        explains=N_("It is sent as it is, under the same reference."),
    ),
    _ASK,
    Act(
        "confirm", "vouchers", "confirm", N_("It is in Visma"), Number, _confirm,
        N_("For who has seen it there: that ends the doubt, and it is not sent again."),
    ),
    Act(
        "declare absent", "vouchers", "absent", N_("It is not in Visma"), WithReason, simply(vouchers.absent),
        N_("For who has looked through the vouchers there: it is sent again, under the same reference."), grave=True,
    ),
    Act(
        "void", "vouchers", "correct", N_("Correct it"), WithReason, simply(vouchers.void),
        N_("Its money goes back to the proposal. Mend the case, or apply a right setup, and approve the proposal again: the "
           "new voucher has a new reference."),
    ),
    Act(
        "void", "vouchers", "discard", N_("Discard it"), Discard, _discard,
        N_("It is not sent. Booked by hand, it counts under the number that you give; else its money goes back to the proposal."),
        grave=True,
    ),
    Act(
        "restore", "vouchers", "restore", N_("Take it up again"), MayGiveReason, simply(vouchers.restore),
        N_("While nothing newer has taken its money. It stands as refused then, and can be sent again."),
    ),
    Act(
        "retry all", "failed", "retry-all", N_("Send them all again"), RetryAll, _retry_all,
        N_("A job sends them, so many at a time; it can be stopped. If number or sum have changed since, nothing is sent."),
        named=True, then="/jobs/{made}",
    ),
    Act("stop job", "jobs", "stop", N_("Stop the job"), WithReason, simply(vouchers.stop_job),
        N_("What is on its way goes on, the others stay as they are."), grave=True),
    Act(
        "stop delivery", "delivery", "stop", N_("Stop delivery"), Until, _stop,
        N_("Nothing more is sent to Visma until then. What is under way is not called back."), grave=True, named=True,
    ),
    Act("start delivery", "delivery", "start", N_("Start delivery"), MayGiveReason, _start,
        N_("What waited goes at once."), named=True),
)  # fmt: skip
