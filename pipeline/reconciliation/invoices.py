"""An invoice of a case: what is open on it here and in Visma, and the mark and number by which Visma knows the case."""

from itertools import product

from pipeline.reconciliation.facts import Comparison, InvoiceFacts
from schemas.control import ControlPart, Difference, DifferenceKind
from schemas.money import Money, in_kroner
from schemas.transfer import InvoiceBalance


def of(facts: InvoiceFacts) -> Comparison:
    """Hold what the case has open on the invoice against what Visma has, and our number against Visma's mark."""
    if facts.theirs is None:
        cause = "Visma does not know the invoice: it was transferred under another number, or is of another company"
        act = "compare the invoice number with Visma; correct the case in KK2"
        open_ = _ours(facts)
        return Comparison((_differs(facts, DifferenceKind.UNKNOWN_INVOICE, open_, None, cause, act),), ())
    return Comparison((*_open(facts, facts.theirs), *_mark(facts, facts.theirs)), ())


def _ours(facts: InvoiceFacts) -> Money:
    return facts.amount - facts.paid + facts.moved - _waived(facts)


def _open(facts: InvoiceFacts, theirs: InvoiceBalance) -> list[Difference]:
    """A difference for each likely cause; what none of them explains is for the fetch.

    Money in doubt, money that is registered there and not posted, and what was set aside here may or may not count in
    Visma: whichever makes the sum come out is what is said. Where nothing does, it is not guessed.
    """
    ours = _ours(facts)
    left = theirs.open_amount - ours
    if not left and not _waived(facts):
        return []
    certain = facts.under_way + facts.gone + facts.parked + _waived(facts)
    either = next(
        (
            chosen
            for chosen in product((0, facts.aside), (0, facts.unposted), (0, facts.in_doubt))
            if left == certain + sum(chosen)
        ),
        (0, 0, 0),
    )
    aside, unposted, in_doubt = either
    unexplained = left - certain - sum(either)
    named = f": {', '.join(facts.rows)}" if facts.rows else ""
    differing = unexplained if facts.suspects and not facts.gone else 0
    causes = (
        (
            DifferenceKind.PAYMENT_UNDER_WAY,
            facts.under_way,
            f"payments that Visma does not have yet{named}",
            "wait for the vouchers, or see what holds them back: kk2 proposal list, kk2 voucher list",
        ),
        (
            DifferenceKind.NOT_COUNTED,
            unposted,
            f"delivered vouchers that Visma does not count: not posted yet, or taken back there{named}",
            "fetch now: kk2 transaction fetch; if it stays, wait until they are posted in Visma",
        ),
        (
            DifferenceKind.VOUCHER_IN_DOUBT,
            in_doubt,
            f"vouchers in doubt, which Visma has not booked{named}",
            "end the doubt: kk2 voucher list --state in_doubt",
        ),
        (
            DifferenceKind.VOUCHER_DIFFERS,
            facts.gone + differing,
            f"vouchers that Visma has no more, or otherwise than we sent them: {', '.join(facts.suspects)}",
            "see these vouchers first: kk2 visma differences",
        ),
        (
            DifferenceKind.CORRECTION_PARKED,
            facts.parked + aside,
            "transactions of Visma that wait for a person here, or were set aside",
            f"decide about them: kk2 transaction list --invoice {facts.invoice_no}",
        ),
        (
            DifferenceKind.WAIVED_HERE,
            _waived(facts),
            "waived in KK2, and still open in Visma",
            "write it off in Visma",
        ),
        (
            DifferenceKind.CORRECTION_NOT_FETCHED,
            unexplained - differing,
            "nothing here explains it: a payment or correction in Visma that was not fetched",
            f"fetch now: kk2 transaction fetch; if it stays, look in Visma for what kk2 transaction list --invoice "
            f"{facts.invoice_no} has and Visma deleted: kk2 transaction set-aside",
        ),
    )
    return [
        _differs(facts, kind, ours, theirs.open_amount, f"{in_kroner(amount)} kr: {cause}", act)
        for kind, amount, cause, act in causes
        if amount
    ]


def _waived(facts: InvoiceFacts) -> Money:
    """What was let go here and is not written off there; a waiver lets go of at most what is open."""
    left = facts.waived - max(facts.written_off, 0)  # a write-off may be corrected to more than it was
    return max(min(left, facts.amount - facts.paid + facts.moved), 0)


def _mark(facts: InvoiceFacts, theirs: InvoiceBalance) -> list[Difference]:
    if theirs.case_no and theirs.case_no != facts.case_no:
        cause = f"Visma has the invoice with case {theirs.case_no}: it was transferred before, or to another collector"
        act = "find out which case holds; a person takes the other number off in Visma"
        kind = DifferenceKind.OTHER_CASE_NUMBER
        return [_differs(facts, kind, facts.case_no, theirs.case_no, cause, act)]
    if theirs.collection_mark and theirs.case_no:
        return []
    cause, act = _WHY_NO_MARK.get(facts.number_state, _NO_ROW)
    said = f" ({facts.number_note})" if facts.number_note else ""
    there = "marked, without a case number" if theirs.collection_mark else "not marked"
    return [_differs(facts, DifferenceKind.MARK_MISSING, facts.case_no, there, f"{cause}{said}", act)]


_NO_ROW = (
    "the case did not come from Visma by the web service, and its number was never written there",
    "write mark and number for it: kk2 visma convert",
)
_WHY_NO_MARK = {
    "waiting": (
        "our case number is not written yet",
        "wait for the next write, or see what holds it back: kk2 case numbers",
    ),
    "refused": (
        "Visma refused our case number",
        "put it right in Visma, then write it again: kk2 case retry-numbers",
    ),
    "written": (
        "it was written, and a person in Visma took it off",
        "ask who did; write it again with kk2 case retry-numbers --case, or leave the case out with kk2 case stop",
    ),
}


def _differs(
    facts: InvoiceFacts,
    kind: DifferenceKind,
    ours: Money | str | None,
    theirs: Money | str | None,
    cause: str,
    act: str,
) -> Difference:
    return Difference(ControlPart.CASES, kind, facts.subject, ours, theirs, cause, act)
