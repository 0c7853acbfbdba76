"""What an answer from Visma, or none, means for a voucher that was sent."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.posting import AnswerFacts, Conclusion, InquiryFacts, concluded, inquired, next_open
from pipeline.stage import Reason
from schemas.money import Money, kr
from schemas.setup import ClosedPeriodPolicy
from schemas.transfer import DeliveryAnswer, InquiryAnswer, LedgerVoucher, Verdict
from schemas.voucher import MOVES, LedgerState, VoucherState

REF = "K1-1-1"


def an_answer(
    verdict: Verdict,
    voucher_no: str = "",
    *,
    total: Money | None = None,
    lines: int | None = None,
    code: str = "",
    policy: ClosedPeriodPolicy = ClosedPeriodPolicy.PARK,
) -> AnswerFacts:
    answer = DeliveryAnswer(REF, verdict, voucher_no, total, lines, code, "Konto 9999 finnes ikke")
    return AnswerFacts(kr(1000), 3, answer, policy)


def in_visma(
    number: str,
    state: LedgerState = LedgerState.REGISTERED,
    total: Money | None = 100_000,
    lines: int | None = 3,
) -> LedgerVoucher:
    return LedgerVoucher(REF, number, state, date(2026, 3, 2), total, lines)


def an_inquiry(*found: LedgerVoucher, asked: bool = True, absent_before: int = 0) -> InquiryFacts:
    return InquiryFacts(kr(1000), 3, REF, InquiryAnswer(REF, asked, found), absent_before)


def reason(conclusion: Conclusion) -> Reason | None:
    return None if conclusion.park is None else conclusion.park.reason


@pytest.mark.parametrize(("total", "lines"), [(kr(1000), 3), (None, None), (kr(1000), None), (None, 3)])
def test_a_number_with_our_total_and_lines_is_a_delivery(total: Money | None, lines: int | None) -> None:
    conclusion = concluded(an_answer(Verdict.BOOKED, "40017", total=total, lines=lines))

    assert conclusion == Conclusion(VoucherState.DELIVERED, "40017", None, 0, remake=False)


@pytest.mark.parametrize(("total", "lines"), [(kr(1000) - 1, 3), (kr(1000), 2)])
def test_a_number_with_another_total_or_other_lines_is_a_clash(total: Money, lines: int) -> None:
    conclusion = concluded(an_answer(Verdict.BOOKED, "40017", total=total, lines=lines))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.IN_DOUBT, Reason.REFERENCE_CLASH)
    assert conclusion.park is not None
    assert "40017" in conclusion.park.note


def test_a_booking_without_a_number_is_in_doubt() -> None:
    assert concluded(an_answer(Verdict.BOOKED)).state is VoucherState.IN_DOUBT


def test_no_answer_is_in_doubt_and_nobody_need_act_yet() -> None:
    assert concluded(an_answer(Verdict.UNKNOWN)) == Conclusion(
        VoucherState.IN_DOUBT, "", None, 0, remake=False
    )


def test_a_voucher_that_never_left_us_is_sent_again_later() -> None:
    assert concluded(an_answer(Verdict.UNSENT)) == Conclusion(
        VoucherState.APPROVED, "", None, 0, remake=False
    )


def test_a_refusal_parks_with_vismas_own_words() -> None:
    conclusion = concluded(an_answer(Verdict.REFUSED, code="UnknownAccount"))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.REFUSED, Reason.REFUSED)
    assert conclusion.park is not None
    assert "Konto 9999 finnes ikke (UnknownAccount)" in conclusion.park.note


@pytest.mark.parametrize(
    ("policy", "remake"), [(ClosedPeriodPolicy.PARK, False), (ClosedPeriodPolicy.NEXT_OPEN, True)]
)
def test_a_closed_period_parks_or_asks_for_a_new_voucher(policy: ClosedPeriodPolicy, remake: bool) -> None:
    conclusion = concluded(an_answer(Verdict.REFUSED, code="PeriodClosed", policy=policy))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.REFUSED, Reason.PERIOD_CLOSED)
    assert conclusion.remake is remake


@pytest.mark.parametrize("state", [LedgerState.REGISTERED, LedgerState.APPROVED, LedgerState.POSTED])
def test_one_voucher_found_under_our_reference_ends_the_doubt(state: LedgerState) -> None:
    conclusion = inquired(an_inquiry(in_visma("40017", state)))

    assert (conclusion.state, conclusion.voucher_no, conclusion.park) == (
        VoucherState.DELIVERED,
        "40017",
        None,
    )


def test_a_voucher_found_with_another_total_is_a_clash() -> None:
    assert reason(inquired(an_inquiry(in_visma("40017", total=1)))) is Reason.REFERENCE_CLASH


def test_doubles_are_named() -> None:
    conclusion = inquired(an_inquiry(in_visma("40017"), in_visma("40018")))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.IN_DOUBT, Reason.REFERENCE_CLASH)
    assert conclusion.park is not None
    assert "40017, 40018" in conclusion.park.note


def test_a_double_that_a_person_deleted_in_visma_is_none() -> None:
    conclusion = inquired(an_inquiry(in_visma("40017", LedgerState.DELETED), in_visma("40018")))

    assert (conclusion.state, conclusion.voucher_no) == (VoucherState.DELIVERED, "40018")


def test_a_voucher_that_is_only_found_deleted_is_for_a_person() -> None:
    conclusion = inquired(an_inquiry(in_visma("40017", LedgerState.DELETED)))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.IN_DOUBT, Reason.IN_DOUBT)


def test_a_voucher_absent_once_is_asked_for_again() -> None:
    assert inquired(an_inquiry()) == Conclusion(VoucherState.IN_DOUBT, "", None, 1, remake=False)


def test_a_voucher_absent_twice_is_sent_again() -> None:
    assert inquired(an_inquiry(absent_before=1)) == Conclusion(
        VoucherState.APPROVED, "", None, 2, remake=False
    )


def test_a_visma_that_cannot_be_asked_leaves_the_doubt_to_a_person() -> None:
    conclusion = inquired(an_inquiry(asked=False, absent_before=1))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.IN_DOUBT, Reason.IN_DOUBT)


def test_a_voucher_that_lies_unread_waits_and_is_never_absent() -> None:
    facts = InquiryFacts(kr(1000), 3, REF, InquiryAnswer(REF, asked=True, found=(), unread=True), 1)

    assert inquired(facts) == Conclusion(VoucherState.IN_DOUBT, "", None, 0, remake=False)


def test_a_refusal_that_comes_later_ends_the_doubt_with_vismas_own_words() -> None:
    answer = InquiryAnswer(REF, asked=True, found=(), refused=True, note="Konto 9999 finnes ikke")

    conclusion = inquired(InquiryFacts(kr(1000), 3, REF, answer, 0))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.REFUSED, Reason.REFUSED)
    assert conclusion.park is not None
    assert "Konto 9999 finnes ikke: correct and retry, or void the voucher" in conclusion.park.note


def test_why_nobody_can_tell_is_said_to_the_person_who_must_look() -> None:
    answer = InquiryAnswer(REF, asked=False, found=(), note="the file is cleaned away")

    conclusion = inquired(InquiryFacts(kr(1000), 3, REF, answer, 1))

    assert (conclusion.state, reason(conclusion)) == (VoucherState.IN_DOUBT, Reason.IN_DOUBT)
    assert conclusion.park is not None
    assert "got no answer and the file is cleaned away: look there" in conclusion.park.note


def test_how_often_it_was_absent_begins_anew_with_each_sign_of_it_and_with_each_answer() -> None:
    later = InquiryAnswer(REF, asked=True, found=(), refused=True)
    deleted = in_visma("40017", LedgerState.DELETED)
    refused = [an_answer(Verdict.REFUSED, code=code) for code in ("UnknownAccount", "PeriodClosed")]
    clash = an_answer(Verdict.BOOKED, "40017", total=1)

    assert {concluded(answer).absent for answer in (*refused, clash, an_answer(Verdict.BOOKED))} == {0}
    assert inquired(an_inquiry(asked=False, absent_before=1)).absent == 0
    assert inquired(InquiryFacts(kr(1000), 3, REF, later, 1)).absent == 0
    for found in ([deleted], [in_visma("1"), in_visma("2")], [in_visma("1", total=1)], [in_visma("1")]):
        conclusion = inquired(an_inquiry(*found, absent_before=1))
        assert (conclusion.absent, conclusion.remake) == (1, False)


def test_a_clash_says_how_theirs_differs_from_ours() -> None:
    by_sum, by_lines = (
        concluded(an_answer(Verdict.BOOKED, "40017", total=total, lines=lines)).park
        for total, lines in [(kr(999), 3), (kr(1000), 2)]
    )

    assert by_sum is not None
    assert by_lines is not None
    assert "voucher 40017 of 999,00 kr, ours is of 1 000,00 kr: look" in by_sum.note
    assert "voucher 40017 of 2 lines, ours has 3: look" in by_lines.note


@pytest.mark.parametrize(
    ("open_periods", "day"),
    [
        (
            {(2026, 2), (2026, 3), (2026, 5), (2027, 1)},
            date(2026, 5, 1),
        ),  # its own month and those before never
        ({(2026, 12), (2027, 2)}, date(2026, 12, 1)),
        ({(2026, 13), (2027, 1)}, date(2027, 1, 1)),  # a thirteenth period is no month
        ({(2025, 12), (2026, 3), (2026, 13)}, None),
        (set(), None),
    ],
)
def test_the_next_open_day_is_the_first_of_the_first_open_month_after(
    open_periods: set[tuple[int, int]], day: date | None
) -> None:
    assert next_open(date(2026, 3, 31), frozenset(open_periods)) == day


FOUND = st.builds(
    in_visma,
    st.just("40017"),
    st.sampled_from(LedgerState),
    st.sampled_from([None, 1, kr(1000)]),
    st.sampled_from([None, 3]),
)


@given(st.lists(FOUND, max_size=3), st.booleans(), st.booleans(), st.booleans(), st.integers(0, 3))
def test_doubt_ends_only_by_moves_that_knowledge_allows(
    found: list[LedgerVoucher], asked: bool, unread: bool, refused: bool, absent_before: int
) -> None:
    answer = InquiryAnswer(REF, asked, tuple(found), unread, refused, "")
    state = inquired(InquiryFacts(kr(1000), 3, REF, answer, absent_before)).state

    assert state is VoucherState.IN_DOUBT or state in MOVES[VoucherState.IN_DOUBT]


@given(st.sampled_from(Verdict), st.sampled_from(["", "40017"]), st.sampled_from([None, 1, kr(1000)]))
def test_every_answer_ends_the_sending_by_a_possible_move(
    verdict: Verdict, number: str, total: Money | None
) -> None:
    assert concluded(an_answer(verdict, number, total=total)).state in MOVES[VoucherState.SENDING]
