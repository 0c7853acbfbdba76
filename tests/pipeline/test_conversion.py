"""Whether an invoice transferred earlier may be marked: what we hold against the file, what Visma says against both."""

import pytest

from pipeline.conversion import ConversionFacts, KnownCase, link
from schemas.case import CaseState
from schemas.conversion import ConversionRow, Outcome
from schemas.money import kr
from schemas.transfer import InvoiceBalance

ROW = ConversionRow(2, "0221-00000038", "10038", "38", "4100000000386", kr(1000))
CASE = KnownCase(7, "10038", CaseState.OPEN, leads=True, principal=kr(1000), expected=kr(1000), holder="")
SEEN = InvoiceBalance("38", kr(1000), collection_mark=False, case_no="")
FACTS = ConversionFacts(ROW, (CASE,), asked=True, seen=SEEN, accepts=False, written=False, by_us=False)


def with_case(**changes: object) -> ConversionFacts:
    return FACTS._replace(cases=(CASE._replace(**changes),))  # type: ignore[arg-type]


def in_visma(open_amount: int, case_no: str = "") -> InvoiceBalance:
    return InvoiceBalance("38", open_amount, bool(case_no), case_no)


def test_an_invoice_that_agrees_is_marked_without_a_word() -> None:
    assert link(FACTS) == (Outcome.WAITING, "")


@pytest.mark.parametrize("state", [CaseState.PAID, CaseState.CLOSED_WITH_REST])
def test_a_case_that_is_closed_is_marked_too_for_its_payments_are_to_be_fetched(state: CaseState) -> None:
    assert link(with_case(state=state)).outcome is Outcome.WAITING


def test_an_invoice_that_visma_does_not_have_is_not_found() -> None:
    assert link(FACTS._replace(seen=None)) == (Outcome.NOT_FOUND, "Visma has no invoice 38")


def test_a_mark_with_our_number_is_already_done_whatever_is_open() -> None:
    done = FACTS._replace(seen=in_visma(kr(1000), ROW.case_no))
    paid = FACTS._replace(seen=in_visma(kr(0), ROW.case_no))

    assert link(done) == (Outcome.ALREADY_DONE, "")
    assert link(paid) == (Outcome.ALREADY_DONE, "Visma has 0,00 kr open, we 1 000,00 kr")


def test_a_mark_with_another_number_is_refused_with_both() -> None:
    assert link(FACTS._replace(seen=in_visma(kr(1000), "0221-9"))) == (
        Outcome.REFUSED,
        "Visma has case number 0221-9 on it, and the file says 0221-00000038",
    )


def test_an_invoice_paid_in_part_is_marked_for_only_then_its_payments_are_told() -> None:
    assert link(FACTS._replace(seen=in_visma(kr(800)))) == (
        Outcome.WAITING,
        "Visma has 800,00 kr open, we 1 000,00 kr: compared again when its payments are fetched",
    )


def test_what_we_and_visma_have_of_it_already_is_expected_to_be_gone() -> None:
    facts = with_case(expected=kr(800))._replace(seen=in_visma(kr(800)))

    assert link(facts) == (Outcome.WAITING, "")


def test_more_open_than_was_transferred_waits_for_a_person_who_may_accept_it() -> None:
    facts = FACTS._replace(seen=in_visma(kr(1000, 1)))

    assert link(facts) == (Outcome.DIFFERS, "Visma has 1 000,01 kr open, we 1 000,00 kr")
    assert link(facts._replace(accepts=True)).outcome is Outcome.WAITING


def test_another_amount_in_the_file_than_on_the_case_is_a_difference_that_may_be_accepted() -> None:
    facts = FACTS._replace(row=ROW._replace(amount=kr(900)))

    assert link(facts) == (Outcome.DIFFERS, "the file says 900,00 kr, the case 1 000,00 kr")
    assert link(facts._replace(accepts=True)).outcome is Outcome.WAITING


def test_what_is_not_ours_is_never_asked_of_visma() -> None:
    """What is wrong here is said even if Visma has nothing against it."""
    said = {
        link(FACTS._replace(cases=())): Outcome.NOT_FOUND,
        link(with_case(principal=None)): Outcome.NOT_FOUND,
        link(FACTS._replace(cases=(CASE, CASE))): Outcome.REFUSED,
        link(with_case(customer_no="1")): Outcome.REFUSED,
        link(with_case(leads=False)): Outcome.REFUSED,
        link(with_case(holder="0221-9")): Outcome.REFUSED,
        link(with_case(state=CaseState.MERGED)): Outcome.REFUSED,
        link(with_case(state=CaseState.RECALLED)): Outcome.REFUSED,
    }

    assert all(decided.outcome is outcome for decided, outcome in said.items())
    assert len({decided.note for decided in said}) == 8


def test_a_visma_that_tells_no_balances_is_written_to_uncompared() -> None:
    facts = FACTS._replace(asked=False, seen=None)

    assert link(facts) == (Outcome.WAITING, "this Visma tells no balances: not compared")


def test_accepting_differences_accepts_nothing_else() -> None:
    for facts in (
        FACTS._replace(seen=None),
        with_case(customer_no="1"),
        with_case(holder="0221-9"),
        FACTS._replace(seen=in_visma(kr(1000), "0221-9")),
    ):
        assert link(facts._replace(accepts=True)) == link(facts)


def test_once_it_is_written_the_amounts_must_agree_with_the_payments_that_were_fetched() -> None:
    written = FACTS._replace(written=True, by_us=True, seen=in_visma(kr(800), ROW.case_no))
    fetched = (CASE._replace(expected=kr(800)),)

    assert link(written) == (
        Outcome.DIFFERS,
        "Visma has 800,00 kr open, we 1 000,00 kr: it is marked, and its payments do not explain it",
    )
    assert link(written._replace(cases=fetched)) == (Outcome.DONE, "")
    assert link(written._replace(cases=fetched, by_us=False)) == (Outcome.ALREADY_DONE, "")
    assert link(written._replace(accepts=True)) == (
        Outcome.DONE,
        "Visma has 800,00 kr open, we 1 000,00 kr",
    )


def test_a_number_that_visma_took_and_lost_is_told() -> None:
    written = FACTS._replace(written=True, by_us=True)

    assert link(written).outcome is Outcome.REFUSED
    assert link(written._replace(seen=None)).outcome is Outcome.REFUSED
    assert link(written._replace(asked=False, seen=None)).outcome is Outcome.DONE
