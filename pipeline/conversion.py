"""Whether an invoice that was transferred before the bridge may be marked in Visma with its case's number.

Visma tells of what was paid on an invoice only once it is marked. So an open amount below ours does not keep the mark
back: it is compared again when the payments are fetched. One above what was transferred can never be explained by payments,
and waits for a person.
"""

from typing import NamedTuple

from schemas.case import CaseState
from schemas.conversion import ConversionRow, Outcome
from schemas.money import Money, in_kroner
from schemas.transfer import InvoiceBalance


class KnownCase(NamedTuple):
    """The row's case as we have it.

    `leads`: the row's KID leads to it. `principal`: what was transferred of the row's invoice, None if the invoice is no
    item of the case. `expected`: what should be open of it in Visma, less delivered vouchers and what Visma told.
    `holder`: the number of another case that has the invoice, or "".
    """

    case_id: int
    customer_no: str
    state: CaseState
    leads: bool
    principal: Money | None
    expected: Money
    holder: str


class ConversionFacts(NamedTuple):
    """All that is known of a row.

    `cases`: those of the company, or of the client, that have the number. `asked`: False where this Visma tells no
    balances. `seen`: the invoice in Visma, None if it is not there. `accepts`: a person takes differing amounts as they are.
    `written`: Visma took the number, from us if `by_us`, and its payments were fetched since.
    """

    row: ConversionRow
    cases: tuple[KnownCase, ...]
    asked: bool
    seen: InvoiceBalance | None
    accepts: bool
    written: bool
    by_us: bool


class Link(NamedTuple):
    """WAITING: mark it, with the case's number. DONE, ALREADY_DONE: it is marked. All else is left alone. `note` says why."""

    outcome: Outcome
    note: str


def link(facts: ConversionFacts) -> Link:
    """Decide on one row: what we hold comes first, then what Visma says; once it is written, only the amounts are left."""
    if facts.written:
        return _afterwards(facts)
    return _against_ours(facts) or _against_visma(facts)


def _against_ours(facts: ConversionFacts) -> Link | None:
    row = facts.row
    if not facts.cases:
        return Link(
            Outcome.NOT_FOUND, f"we have no case {row.case_no}: apply it first, with `kk2 case apply`"
        )
    if len(facts.cases) > 1:
        return Link(Outcome.REFUSED, f"several clients have a case {row.case_no}: name one with --client")
    case = facts.cases[0]
    if case.state in (CaseState.MERGED, CaseState.RECALLED):
        return Link(Outcome.REFUSED, f"case {row.case_no} is {case.state.value}")
    if row.customer_no != case.customer_no:
        return Link(
            Outcome.REFUSED, f"case {row.case_no} is customer {case.customer_no}'s, not {row.customer_no}'s"
        )
    if case.principal is None:
        return Link(Outcome.NOT_FOUND, f"invoice {row.invoice_no} is no claim of case {row.case_no}")
    if not case.leads:
        return Link(Outcome.REFUSED, f"the KID does not lead to case {row.case_no}")
    if case.holder:
        return Link(Outcome.REFUSED, f"invoice {row.invoice_no} is on case {case.holder} already")
    if row.amount != case.principal and not facts.accepts:
        return Link(
            Outcome.DIFFERS,
            f"the file says {in_kroner(row.amount)} kr, the case {in_kroner(case.principal)} kr",
        )
    return None


def _against_visma(facts: ConversionFacts) -> Link:
    row, seen, case = facts.row, facts.seen, facts.cases[0]
    if not facts.asked:
        return Link(Outcome.WAITING, "this Visma tells no balances: not compared")
    if seen is None:
        return Link(Outcome.NOT_FOUND, f"Visma has no invoice {row.invoice_no}")
    if seen.case_no and seen.case_no != row.case_no:
        return Link(
            Outcome.REFUSED, f"Visma has case number {seen.case_no} on it, and the file says {row.case_no}"
        )
    note = _difference(seen, case)
    if seen.case_no:
        return Link(Outcome.ALREADY_DONE, note)
    if case.principal is not None and seen.open_amount > case.principal and not facts.accepts:
        return Link(Outcome.DIFFERS, note)
    return Link(Outcome.WAITING, f"{note}: compared again when its payments are fetched" if note else "")


def _afterwards(facts: ConversionFacts) -> Link:
    done = Outcome.DONE if facts.by_us else Outcome.ALREADY_DONE
    if not facts.asked:
        return Link(done, "this Visma tells no balances: not compared")
    if facts.seen is None or facts.seen.case_no != facts.row.case_no:
        return Link(Outcome.REFUSED, "Visma took the number, and does not have it any more")
    note = _difference(facts.seen, facts.cases[0])
    if note and not facts.accepts:
        return Link(Outcome.DIFFERS, f"{note}: it is marked, and its payments do not explain it")
    return Link(done, note)


def _difference(seen: InvoiceBalance, case: KnownCase) -> str:
    if seen.open_amount == case.expected:
        return ""
    return f"Visma has {in_kroner(seen.open_amount)} kr open, we {in_kroner(case.expected)} kr"
