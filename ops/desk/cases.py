"""Cases: their list, those near their limitation, and what a clerk corrects in one."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from pydantic import Field
from sqlalchemy import Connection, text

from ops.desk.acting import Act, AnyAct, CaseNo, Kroner, MayGiveReason, WithReason, case_id, simply
from ops.desk.listing import Asked, Column, Facet, Listing, Shape
from ops.desk.words import N_
from ops.queries.ageing import OLDEST
from ops.repairs import Done, Person, claims, closing, invoices, merging, stopping
from schemas.case import CaseState, Kind
from schemas.money import Money

_OWED = "CASE WHEN c.state IN ('merged', 'recalled') THEN 0 ELSE c.balance END"  # a merged one's is the main case's
_STOPPED = "CASE WHEN c.stopped THEN 'stopped' ELSE 'followed' END"


def _sums(connection: Connection, asked: Asked) -> tuple[int, Mapping[str, Money]] | None:
    """The sum of all cases of a choice: one pass over the table, where no search makes it dear."""
    if asked.q or asked.first or asked.last or {"customer", "stopped"} & asked.facets.keys():
        return None
    given = {name: asked.facets.get(name) for name in ("state", "company", "client")}
    found = connection.execute(
        text(
            f"SELECT count(*), coalesce(sum({_OWED}), 0)::bigint FROM kk2_case c "
            "WHERE (CAST(:state AS text) IS NULL OR state = :state) "
            "AND (CAST(:company AS text) IS NULL OR company = :company) "
            "AND (CAST(:client AS text) IS NULL OR client = :client)"
        ),
        given,
    ).one()
    return found[0], {"balance": found[1]}


CASES = Listing(
    name="cases",
    title=N_("Cases"),
    path="/cases",
    source="kk2_case c",
    columns=(
        Column("id", N_("Case id"), "c.id", Shape.CODE, shown=False, sorts=True),
        Column("case_no", N_("Case"), "c.case_no", Shape.CODE, link="/cases/{id}"),
        Column("company", N_("Company"), "c.company", Shape.CODE),
        Column("client", N_("Client"), "c.client", Shape.CODE),
        Column("customer_no", N_("Customer"), "c.customer_no", Shape.CODE),
        Column("debtor_name", N_("Debtor"), "c.debtor_name", Shape.WRITTEN),
        Column("opened_on", N_("Opened"), "c.opened_on", Shape.DAY),
        Column("state", N_("State"), "c.state", Shape.WORD),
        Column("balance", N_("Owed without interest"), _OWED, Shape.MONEY, total=True),
        Column("kid", N_("KID"), "c.kid", Shape.CODE),
    ),
    facets=(
        Facet("state", N_("State"), "c.state", tuple(CaseState)),
        Facet("company", N_("Company"), "c.company"),
        Facet("client", N_("Client"), "c.client"),
        Facet("customer", N_("Customer"), "c.customer_no"),
        Facet("stopped", N_("Against Visma"), _STOPPED, ("followed", "stopped")),
    ),
    search="c.case_no = :q OR c.customer_no = :q OR c.debtor_name ILIKE '%' || :q || '%' "
    "OR c.id IN (SELECT case_id FROM case_kid WHERE kid = :q)",
    search_hint=N_("Case, KID, customer or debtor"),
    days="c.opened_on",
    order="c.id DESC",
    empty=N_("No case is like that."),
    sums=_sums,
)
_AHEAD = ("barred", "30_days", "90_days", "180_days")
_DAYS = "CASE CAST(:facet_within AS text) WHEN 'barred' THEN 0 WHEN '30_days' THEN 30 WHEN '90_days' THEN 90 ELSE 180 END"
LIMITATION = Listing(
    name="limitation",
    title=N_("Limitation"),
    path="/limitation",
    note=N_(
        "Open cases, each by its oldest invoice of which something is owed: it is barred three years after it fell due "
        "(foreldelsesloven § 2). A step in court or the debtor's acknowledgement stops that, and stands in KK2."
    ),
    source=OLDEST,
    columns=(
        Column("case_id", N_("Case id"), "a.case_id", Shape.CODE, shown=False),
        Column("case_no", N_("Case"), "a.case_no", Shape.CODE, link="/cases/{case_id}"),
        Column("company", N_("Company"), "a.company", Shape.CODE),
        Column("client", N_("Client"), "a.client", Shape.CODE),
        Column("customer_no", N_("Customer"), "a.customer_no", Shape.CODE),
        Column("debtor_name", N_("Debtor"), "a.debtor_name", Shape.WRITTEN),
        Column("invoice_no", N_("Invoice"), "a.invoice_no", Shape.CODE),
        Column("due_on", N_("Due"), "a.due_on", Shape.DAY),
        Column("barred_on", N_("Barred on"), "a.barred_on", Shape.DAY, sorts=True),
        Column("days", N_("Days left"), "a.days", Shape.NUMBER),
        Column("open", N_("Open of the invoice"), "a.open", Shape.MONEY, total=True),
    ),
    facets=(
        Facet("within", N_("Within"), f"CASE WHEN a.days <= {_DAYS} THEN :facet_within END", _AHEAD),
        Facet("company", N_("Company"), "a.company"),
        Facet("client", N_("Client"), "a.client"),
    ),
    search="a.case_no = :q OR a.customer_no = :q OR a.debtor_name ILIKE '%' || :q || '%' OR a.invoice_no = :q",
    search_hint=N_("Case, customer, debtor or invoice"),
    days="a.barred_on",
    order="a.barred_on, a.case_id",
    empty=N_("No open case has an invoice that is barred within a year."),
)


class Addable(StrEnum):
    """What a person may add to a case."""

    FEE = "fee"
    COSTS = "costs"


class Part(StrEnum):
    """What a person may let go of an item."""

    PRINCIPAL = "principal"
    COSTS = "costs"
    FEE = "fee"
    INTEREST = "interest"


class NewClaim(WithReason):
    """A cost or fee."""

    kind: Addable = Field(title=N_("What it is"))
    amount: Kroner = Field(title=N_("Kroner"), gt=0)
    due_on: date | None = Field(None, title=N_("Due (empty: today)"))


class OfItem(WithReason):
    """An item of the case."""

    item: int = Field(title=N_("Item"))


class OfWaiver(WithReason):
    """A waiver of the case."""

    waiver: int = Field(title=N_("Waiver"))


class Letting(OfItem):
    """What is waived."""

    part: Part = Field(title=N_("What of it"))
    amount: Kroner | None = Field(None, title=N_("Kroner (empty: all that is owed)"), gt=0)
    day: date | None = Field(None, title=N_("From day (empty: today)"))


class Into(WithReason):
    """The main case of a merge."""

    into: CaseNo = Field(title=N_("Main case"))


def _add(connection: Connection, subject: str, asked: NewClaim, person: Person) -> Done:
    claim = claims.Claim(Kind[asked.kind.name], asked.amount, asked.due_on)
    return claims.add_cost(connection, int(subject), claim, person=person)


def _withdraw(connection: Connection, subject: str, asked: OfItem, person: Person) -> Done:
    return claims.withdraw(connection, int(subject), asked.item, person=person)


def _waive(connection: Connection, subject: str, asked: Letting, person: Person) -> Done:
    let_go = claims.LetGo(asked.item, Kind[asked.part.name], asked.amount, asked.day)
    return claims.waive(connection, int(subject), let_go, person=person)


def _withdraw_waiver(connection: Connection, subject: str, asked: OfWaiver, person: Person) -> Done:
    return claims.withdraw_waiver(connection, int(subject), asked.waiver, person=person)


def _merge(connection: Connection, subject: str, asked: Into, person: Person) -> Done:
    return merging.merge(connection, int(subject), case_id(connection, asked.into), person=person)


def _write_again(connection: Connection, subject: str, _: MayGiveReason, person: Person) -> Done:
    which = invoices.Numbers(company=None, client=None, case_id=int(subject))
    return invoices.write_again(connection, which, person=person)


LISTINGS = (CASES, LIMITATION)
ACTS: tuple[AnyAct, ...] = (
    Act(
        "add cost", "cases", "add-cost", N_("Add a cost or fee"), NewClaim, _add,
        N_("Payments are split anew; what is booked already is corrected by the next proposal."),
    ),
    Act(
        "withdraw item", "cases", "withdraw", N_("Take a cost or fee back"), OfItem, _withdraw,
        N_("What a person added is no longer owed, and its waivers go with it."), grave=True,
    ),
    Act(
        "waive", "cases", "waive", N_("Waive"), Letting, _waive,
        N_("At most what is owed of it on the day. A waiver lowers what is owed and is never bank money."),
    ),
    Act("withdraw waiver", "cases", "withdraw-waiver", N_("Take a waiver back"), OfWaiver, _withdraw_waiver, N_("It is owed again.")),
    Act(
        "merge case", "cases", "merge", N_("Merge into another case"), Into, _merge,
        N_("The main case, of the same debtor, owes what is left of this one; its KID leads there. Payments stay as they are split."),
    ),
    Act(
        "unmerge case", "cases", "unmerge", N_("Part from the main case"), WithReason, simply(merging.unmerge),
        N_("What was carried over is owed here again. Payments stay on the case that they were split on."),
    ),
    Act(
        "close case", "cases", "close", N_("Close with its rest"), WithReason, simply(closing.close),
        N_("Nothing goes to Visma. A later payment is taken in as before; a new claim opens the case."), grave=True,
    ),
    Act("reopen case", "cases", "reopen", N_("Open again"), WithReason, simply(closing.reopen), N_("Its state follows from what is owed.")),
    Act(
        "stop case", "cases", "stop", N_("Stop against Visma"), WithReason, simply(stopping.stop_case),
        N_("The control leaves it out, and lists it as stopped. Its money goes on as before."),
    ),
    Act("resume case", "cases", "resume", N_("Follow in Visma again"), MayGiveReason, simply(stopping.resume_case), N_("From the next control on.")),
    Act(
        "write numbers again", "cases", "write-number", N_("Write the case number again"), MayGiveReason, _write_again,
        N_("Visma gets mark and number once more, for each invoice of the case."),
    ),
)  # fmt: skip
