"""Reconciliation: days that a clerk signs, and what the control found to differ."""

from datetime import date

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, MayGiveReason, WithReason, simply
from ops.desk.listing import Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.repairs import Done, Person, Refusal, explain, reopen_day, sign_day
from pipeline.reconciliation import Between
from schemas.control import ControlPart, DifferenceKind

DIFFERENCES = Listing(
    name="differences",
    title=N_("Differences of the control"),
    path="/differences",
    source="difference d",
    columns=(
        Column("id", N_("Difference"), "d.id", Shape.CODE, link="/differences/{id}", sorts=True),
        Column("company", N_("Company"), "d.company", Shape.CODE),
        Column("part", N_("Part"), "d.part", Shape.WORD),
        Column("kind", N_("What"), "d.kind", Shape.WORD),
        Column("subject", N_("Of"), "d.subject"),
        Column("ours", N_("In KK2"), "CASE WHEN jsonb_typeof(d.ours) = 'number' THEN d.ours::bigint END", Shape.MONEY),
        Column("theirs", N_("In Visma"), "CASE WHEN jsonb_typeof(d.theirs) = 'number' THEN d.theirs::bigint END", Shape.MONEY),
        Column("cause", N_("Likely cause"), "d.cause"),
        Column("state", N_("State"), "d.state", Shape.WORD),
        Column("reason", N_("Explanation"), "d.reason", Shape.WRITTEN),
        Column("first_seen", N_("First seen"), "d.first_seen", Shape.MOMENT, sorts=True),
        Column("act", N_("What to do"), "d.act", shown=False),
        Column("explained_by", N_("Explained by"), "d.explained_by", Shape.WRITTEN, shown=False),
        Column("last_seen", N_("Last seen"), "d.last_seen", Shape.MOMENT, shown=False),
    ),
    facets=(
        Facet("state", N_("State"), "d.state", ("open", "explained", "gone")),
        Facet("part", N_("Part"), "d.part", tuple(ControlPart)),
        Facet("kind", N_("What"), "d.kind", tuple(DifferenceKind)),
        Facet("company", N_("Company"), "d.company"),
    ),
    search="d.id = :number OR d.subject ILIKE '%' || :q || '%' OR d.voucher_id = :number",
    search_hint=N_("Difference, voucher, invoice or case"),
    days="(d.first_seen AT TIME ZONE 'Europe/Oslo')::date",
    order="CASE d.state WHEN 'open' THEN 0 WHEN 'explained' THEN 1 ELSE 2 END, d.id DESC",
    empty=N_("No difference is like that."),
)  # fmt: skip


class SignDay(MayGiveReason):
    """Why each difference that is left is as it must be, and the numbers that the person saw."""

    cases: str = Field("", title=N_("Why the bank file and the cases differ"), max_length=500)
    vouchers: str = Field("", title=N_("Why the cases and the vouchers differ"), max_length=500)
    visma: str = Field("", title=N_("Why our vouchers and Visma differ"), max_length=500)
    digest: str = Field("", title=N_("Digest of the numbers that you saw (may be empty)"), max_length=64)


def subject_of(company: str, day: date) -> str:
    """How a day is called in addresses: the company, a point, the day."""
    return f"{company}.{day.isoformat()}"


def day_of(subject: str) -> tuple[str, date]:
    """Read what `subject_of` made; raises `Refusal` for anything else."""
    company, _, day = subject.rpartition(".")
    try:
        return company, date.fromisoformat(day)
    except ValueError:
        raise Refusal(f"expected a company and a day, as 100.2026-01-31, found {subject}") from None


def _sign(connection: Connection, subject: str, asked: SignDay, person: Person) -> Done:
    company, day = day_of(subject)
    explained = {Between.CASES: asked.cases, Between.VOUCHERS: asked.vouchers, Between.VISMA: asked.visma}
    return sign_day(connection, company, day, explained, asked.digest, person=person)


def _reopen(connection: Connection, subject: str, _: WithReason, person: Person) -> Done:
    company, day = day_of(subject)
    return reopen_day(connection, company, day, person=person)


LISTINGS = (DIFFERENCES,)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "explain", "differences", "explain", N_("Explain the difference"), WithReason, simply(explain),
        N_("It stays listed with your reason, and is open again once either side says something else."),
    ),
    Act(
        "sign day", "reconciliation", "sign", N_("Sign the day"), SignDay, _sign,
        N_("Your name is put on every number of the day. What changes later is shown as changed."), named=True,
    ),
    Act(
        "reopen day", "reconciliation", "reopen", N_("Open the day again"), WithReason, _reopen,
        N_("The signature stays to be read. The day is signed anew when its numbers are as they must be."), named=True,
    ),
)  # fmt: skip
