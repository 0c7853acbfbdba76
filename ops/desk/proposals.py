"""Proposals: what a clerk does with one, and what was booked before by month and day."""

from collections.abc import Mapping

from pydantic import Field
from sqlalchemy import Connection

from ops.desk.acting import Act, AnyAct, MayGiveReason, WithReason
from ops.desk.listing import Asked, Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.queries import tallies
from ops.queries.booked import DAYS, FROM_BANK, KINDS, MONTHS, PAYMENTS
from ops.queries.proposals import place_of
from ops.repairs import Done, Person, Refusal, approve, send_back, take_up
from schemas.money import Money
from workers.facts.proposals import Place

BOOKED = Listing(
    name="booked",
    title=N_("Booked by month"),
    path="/booked",
    source=f"({MONTHS}) b",
    columns=(
        Column("month", N_("Month"), "b.month", Shape.DAY,
               link="/booked-days?company={company}&kind={kind}&from={month}&to={last}"),
        Column("company", N_("Company"), "b.company", Shape.CODE),
        Column("kind", N_("What"), "b.kind", Shape.WORD),
        Column("number", N_("Number"), "b.number", Shape.NUMBER),
        Column("amount", N_("Kroner"), "b.amount", Shape.MONEY, total=True),
        Column("last", N_("Last day"), "b.last", Shape.DAY, shown=False),
    ),
    facets=(
        Facet("company", N_("Company"), "b.company"),
        Facet("kind", N_("What"), "b.kind", KINDS),
    ),
    days="b.month",
    order="b.month DESC, b.company, b.kind",
    empty=N_("Nothing is booked yet."),
)  # fmt: skip
BOOKED_DAYS = Listing(
    name="booked_days",
    title=N_("Booked by day"),
    path="/booked-days",
    source=f"({DAYS}) b",
    columns=(
        Column("day", N_("Day"), "b.day", Shape.DAY, link="{rows}?company={company}&from={day}&to={day}"),
        Column("company", N_("Company"), "b.company", Shape.CODE),
        Column("kind", N_("What"), "b.kind", Shape.WORD),
        Column("number", N_("Number"), "b.number", Shape.NUMBER),
        Column("amount", N_("Kroner"), "b.amount", Shape.MONEY, total=True),
        Column(
            "rows",
            N_("Rows"),
            f"CASE b.kind WHEN '{FROM_BANK}' THEN '/booked-payments' ELSE '/vouchers' END",
            Shape.CODE,
            shown=False,
        ),
    ),
    facets=BOOKED.facets,
    days="b.day",
    order="b.day DESC, b.company, b.kind",
    empty=N_("Nothing is booked on these days."),
)

_VOUCHER_FOUND = (  # where the words can be, by indexes: nothing is told but by looking into vouchers
    "b.voucher_id = ANY(ARRAY(SELECT t.voucher_id FROM (SELECT CAST(:number AS bigint) AS id UNION ALL SELECT o.payment_id "
    "FROM kk2_case x JOIN split o ON o.case_id = x.id WHERE x.case_no = :q) f JOIN split s ON s.payment_id = f.id "
    "JOIN voucher_split t ON t.split_id = s.id AND NOT t.released UNION ALL SELECT id FROM voucher WHERE voucher_no = :q))"
)


def _sums(connection: Connection, asked: Asked) -> tuple[int, Mapping[str, Money]] | None:
    if asked.q:
        return None
    kept = tallies.counted(
        connection, "booked", {**asked.facets, "state": FROM_BANK}, asked.first, asked.last
    )
    return kept.number, {"amount": kept.amount}


BOOKED_PAYMENTS = Listing(
    name="booked_payments",
    title=N_("Booked payments"),
    path="/booked-payments",
    source=f"({PAYMENTS}) b",
    columns=(
        Column("payment_id", N_("Payment"), "b.payment_id", Shape.CODE, link="/payments/{payment_id}"),
        Column("day", N_("Day"), "b.day", Shape.DAY),
        Column("company", N_("Company"), "b.company", Shape.CODE),
        Column("case_no", N_("Case"), "b.case_no", Shape.CODE, link="/cases/{case_id}"),
        Column("amount", N_("Kroner"), "b.amount", Shape.MONEY, total=True),
        Column("voucher_id", N_("Voucher"), "b.voucher_id", Shape.CODE, link="/vouchers/{voucher_id}"),
        Column("voucher_no", N_("No. in Visma"), "b.voucher_no", Shape.CODE),
        Column("back", N_("Act"), "b.back", Shape.WORD, link="/payments/{payment_id}/undo", act="undo"),
        Column("case_id", N_("Case id"), "b.case_id", Shape.CODE, shown=False),
    ),
    facets=(Facet("company", N_("Company"), "b.company"),),
    search=f"{_VOUCHER_FOUND} AND (b.payment_id = CAST(:number AS bigint) OR b.case_no = :q OR b.voucher_no = :q)",
    search_hint=N_("Payment, case or voucher number"),
    days="b.day",
    order="b.day DESC, b.payment_id DESC, b.voucher_id DESC",
    sums=_sums,
    empty=N_("Nothing is booked on these days."),
    note=N_(
        "A payment that goes back to the proposal is off its case and waits for a person; the next proposal takes back what was posted."
    ),
)


class Approval(MayGiveReason):
    """What was shown: its digest, of which file (none: all of the company's) and which posting groups (none: all)."""

    digest: str = Field(title=N_("Digest of what was shown"), min_length=1, max_length=100)
    file: int | None = Field(None, title=N_("Only of file"), ge=1, le=2_000_000_000)
    groups: str = Field("", title=N_("Only these sums of the bank statement"), max_length=20_000)


class SendBack(WithReason):
    """Which proposal goes back, and why."""

    file: int | None = Field(None, title=N_("Only of file"), ge=1, le=2_000_000_000)


class TakeUp(MayGiveReason):
    """Which proposal is taken up."""

    file: int | None = Field(None, title=N_("Only of file"), ge=1, le=2_000_000_000)


def places(written: str) -> tuple[Place, ...]:
    """The posting groups that a text names, one in each of its words; raises `Refusal` for what is none."""
    try:
        return tuple(place_of(word) for word in written.split())
    except ValueError as error:
        raise Refusal(str(error)) from None


def _approve(connection: Connection, subject: str, asked: Approval, person: Person) -> Done:
    only = places(asked.groups)
    return approve(connection, subject, asked.file, asked.digest, person=person, only=only)


def _send_back(connection: Connection, subject: str, asked: SendBack, person: Person) -> Done:
    return send_back(connection, subject, asked.file, person=person)


def _take_up(connection: Connection, subject: str, asked: TakeUp, person: Person) -> Done:
    return take_up(connection, subject, asked.file, person=person)


LISTINGS = (BOOKED, BOOKED_DAYS, BOOKED_PAYMENTS)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "approve", "proposals", "approve", N_("Approve and post"), Approval, _approve,
        N_("Exactly what is shown here is made into vouchers and sent to Visma. If it has changed, nothing is posted."),
        named=True,
    ),
    Act(
        "send back", "proposals", "send-back", N_("Send it back"), SendBack, _send_back,
        N_("Nobody posts it, neither a person nor the rules, until somebody takes it up again."), grave=True, named=True,
    ),
    Act("take up", "proposals", "take-up", N_("Take it up again"), TakeUp, _take_up, N_("It can be approved again."), named=True),
)  # fmt: skip
