"""Which case a payment is for, and why a person must say when none or several are."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.matching import (
    Candidate,
    Learned,
    LearnFacts,
    Matched,
    MatchFacts,
    OriginalCandidate,
    OriginalFacts,
    OriginalState,
    Outcome,
    PayerRule,
    PossibleCase,
    SeveralFacts,
    Shared,
    SuggestionFacts,
    TakesBack,
    TrialFacts,
    learn,
    match,
    match_each,
    original,
    state_of,
    suggest,
    try_out,
)
from pipeline.stage import Park, Reason
from schemas.case import CaseState
from schemas.kid import KidAgreement, Modulus, mod10
from schemas.money import kr
from schemas.voucher import VoucherState

KID = "1234567890" + mod10("1234567890")
FAILING = "12345678900"
AGREED = (KidAgreement(11, Modulus.MOD10),)
ACCOUNT = "99991042764"


def a_candidate(
    case_id: int,
    client: str = "SKO",
    state: CaseState = CaseState.OPEN,
    company: str = "100",
    main: int | None = None,
) -> Candidate:
    return Candidate(case_id, company, client, state, main)


def facts(
    *candidates: Candidate, kid: str | None = KID, agreements: tuple[KidAgreement, ...] = AGREED
) -> MatchFacts:
    return MatchFacts(kid, agreements, ACCOUNT, "100", candidates)


def reason(decision: object) -> Reason:
    assert isinstance(decision, Park)
    assert decision.note
    return decision.reason


@pytest.mark.parametrize(
    "state", [CaseState.OPEN, CaseState.PAID, CaseState.CLOSED_WITH_REST, CaseState.RECALLED]
)
def test_the_one_case_with_the_kid_is_the_payments_case_whatever_its_state(state: CaseState) -> None:
    assert match(facts(a_candidate(7, state=state))) == Matched(7)


def test_the_kid_of_a_merged_case_leads_to_the_main_case() -> None:
    assert match(facts(a_candidate(7, state=CaseState.MERGED, main=9))) == Matched(9)


def test_two_cases_merged_into_one_are_one_case() -> None:
    merged = a_candidate(7, state=CaseState.MERGED, main=9)

    assert match(facts(merged, a_candidate(9))) == Matched(9)


def test_a_merged_case_without_a_main_case_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="case 7 is merged, but into no case"):
        match(facts(a_candidate(7, state=CaseState.MERGED)))


def test_a_kid_that_fails_its_control_but_has_a_case_is_the_cases() -> None:
    assert match(facts(a_candidate(7), kid=FAILING)) == Matched(7)


def test_an_account_that_no_company_has_parks_before_anything_else() -> None:
    unknown = MatchFacts(None, (), ACCOUNT, None, ())

    assert match(unknown) == Park(
        Reason.UNKNOWN_ACCOUNT, "no company has the account 99991042764: set it up, then release"
    )


@pytest.mark.parametrize("kid", [None, "", " "])
def test_a_payment_without_a_kid_parks(kid: str | None) -> None:
    assert reason(match(facts(kid=kid))) is Reason.BLANK_KID


def test_a_kid_that_no_case_has_parks() -> None:
    assert reason(match(facts())) is Reason.UNKNOWN_KID


def test_a_case_of_another_company_is_no_candidate() -> None:
    assert reason(match(facts(a_candidate(7, company="200")))) is Reason.UNKNOWN_KID


@pytest.mark.parametrize(
    ("kid", "word"),
    [(FAILING, "control digit"), ("1230", "length of 4"), ("12A45678903", "no KID at all")],
)
def test_a_kid_that_fails_its_control_and_has_no_case_says_how_it_fails(kid: str, word: str) -> None:
    decision = match(facts(kid=kid))

    assert reason(decision) is Reason.FAILING_KID
    assert isinstance(decision, Park)
    assert word in decision.note


@pytest.mark.parametrize(
    ("client", "words"), [("SKO", "of the client SKO"), ("VAR", "of the clients SKO, VAR")]
)
def test_two_cases_with_one_kid_park_and_say_whose_they_are(client: str, words: str) -> None:
    decision = match(facts(a_candidate(7), a_candidate(8, client=client)))

    assert reason(decision) is Reason.TWO_CASES
    assert isinstance(decision, Park)
    assert words in decision.note


def an_original(
    payment_id: int, state: OriginalState = OriginalState.FREE, *, taken_back: bool = False
) -> OriginalCandidate:
    return OriginalCandidate(payment_id, state, taken_back)


def a_reversal(*candidates: OriginalCandidate) -> OriginalFacts:
    return OriginalFacts(kr(-500), KID, ACCOUNT, candidates)


@pytest.mark.parametrize("state", [OriginalState.FREE, OriginalState.DELIVERED])
def test_a_reversal_takes_back_the_one_payment_alike(state: OriginalState) -> None:
    assert original(a_reversal(an_original(7, state))) == TakesBack(7)


def test_a_payment_already_taken_back_is_no_original() -> None:
    assert original(a_reversal(an_original(7, taken_back=True), an_original(8))) == TakesBack(8)
    assert reason(original(a_reversal(an_original(7, taken_back=True)))) is Reason.ORIGINAL_NOT_FOUND


@pytest.mark.parametrize(
    ("candidates", "why"),
    [
        ((), Reason.ORIGINAL_NOT_FOUND),
        ((an_original(7), an_original(8)), Reason.TWO_ORIGINALS),
        ((an_original(7, OriginalState.PARKED),), Reason.ORIGINAL_PARKED),
        ((an_original(7, OriginalState.UNDER_WAY),), Reason.ORIGINAL_UNDER_WAY),
        ((an_original(7, OriginalState.WAITING),), Reason.ORIGINAL_UNDER_WAY),
    ],
)
def test_a_reversal_without_one_original_at_rest_parks(
    candidates: tuple[OriginalCandidate, ...], why: Reason
) -> None:
    assert reason(original(a_reversal(*candidates))) is why


@pytest.mark.parametrize(
    ("voucher", "state"),
    [
        (None, OriginalState.FREE),
        (VoucherState.VOID, OriginalState.FREE),
        (VoucherState.APPROVED, OriginalState.UNDER_WAY),
        (VoucherState.SENDING, OriginalState.UNDER_WAY),
        (VoucherState.IN_DOUBT, OriginalState.UNDER_WAY),
        (VoucherState.REFUSED, OriginalState.UNDER_WAY),
        (VoucherState.DELIVERED, OriginalState.DELIVERED),
        (VoucherState.BY_HAND, OriginalState.DELIVERED),
    ],
)
def test_a_payment_has_come_as_far_as_its_voucher(voucher: VoucherState | None, state: OriginalState) -> None:
    assert state_of(voucher) is state


def a_possible_case(
    case_id: int,
    *,
    balance: int = 1,
    invoices: tuple[int, ...] = (),
    paid_before: int = 0,
    near_kid: str | None = None,
    state: CaseState = CaseState.OPEN,
) -> PossibleCase:
    return PossibleCase(case_id, f"0221-{case_id:08}", state, invoices, balance, paid_before, near_kid)


def test_a_case_that_more_points_to_comes_first_with_every_reason_in_words() -> None:
    likely = a_possible_case(7, invoices=(kr(500),), paid_before=2, near_kid=KID)
    other = a_possible_case(8, balance=kr(500))
    none = a_possible_case(9)

    first, second = suggest(SuggestionFacts(kr(500), (none, other, likely)))

    assert (first.case_id, second.case_id) == (7, 8)
    assert first.reasons == (
        "the case has the KID 12345678903, one digit or one swap away",
        "an invoice of the case has exactly 500,00 kr open",
        "the same payer's account has paid on the case 2 times before",
    )
    assert second.reasons == ("the case owes exactly 500,00 kr",)
    assert 99 >= first.confidence > second.confidence > 0


def test_a_sign_that_many_cases_show_is_worth_less_for_each() -> None:
    alone = suggest(SuggestionFacts(kr(500), (a_possible_case(1, balance=kr(500)),)))
    many = suggest(SuggestionFacts(kr(500), tuple(a_possible_case(n, balance=kr(500)) for n in range(1, 10))))

    assert len(many) == 5
    assert all(suggestion.confidence < alone[0].confidence for suggestion in many)


def test_a_paid_case_is_suggested_behind_an_open_one() -> None:
    paid = a_possible_case(1, paid_before=1, near_kid=KID, state=CaseState.PAID)
    open_one = a_possible_case(2, paid_before=1, near_kid=KID)

    assert [s.case_id for s in suggest(SuggestionFacts(kr(500), (paid, open_one)))] == [2, 1]


# --- the rule of a payer ---


@pytest.mark.parametrize("kid", [None, KID, FAILING])
def test_a_rule_of_the_payer_says_the_case_where_the_kid_leads_nowhere(kid: str | None) -> None:
    ruled = facts(kid=kid)._replace(rule=PayerRule(3, a_candidate(7)))

    assert match(ruled) == Matched(7, 3)


def test_a_kid_that_leads_to_a_case_is_stronger_than_a_rule() -> None:
    assert match(facts(a_candidate(8))._replace(rule=PayerRule(3, a_candidate(7)))) == Matched(8)


@pytest.mark.parametrize("state", [state for state in CaseState if state is not CaseState.OPEN])
def test_a_rule_sends_nothing_to_a_case_that_is_not_open(state: CaseState) -> None:
    ruled = facts()._replace(rule=PayerRule(3, a_candidate(7, state=state, main=9)))

    assert reason(match(ruled)) is Reason.UNKNOWN_KID


def test_a_rule_settles_no_dispute_between_two_cases_and_crosses_no_company() -> None:
    two = facts(a_candidate(7), a_candidate(8))._replace(rule=PayerRule(3, a_candidate(7)))
    abroad = facts()._replace(rule=PayerRule(3, a_candidate(7, company="200")))

    assert reason(match(two)) is Reason.TWO_CASES
    assert reason(match(abroad)) is Reason.UNKNOWN_KID


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 3)), max_size=8))
def test_a_rule_is_learned_from_three_assigns_to_one_case_and_none_to_another(
    assigned: list[tuple[int, int]],
) -> None:
    learned = learn(LearnFacts(tuple(assigned)))
    cases = {case_id for _, case_id in assigned}

    if len(assigned) >= 3 and len(cases) == 1:
        assert learned == Learned(cases.pop(), tuple(payment_id for payment_id, _ in assigned))
    else:
        assert learned is None


@pytest.mark.parametrize(
    ("asked", "opened_on", "case_id", "waits", "outcome"),
    [
        (True, date(2026, 1, 1), 7, False, Outcome.AGREES),
        (True, date(2026, 1, 1), 8, False, Outcome.DIFFERS),
        (True, date(2026, 1, 1), None, False, Outcome.DIFFERS),  # refused
        (True, date(2026, 1, 1), None, True, Outcome.WAITS),
        (True, date(2026, 3, 3), 7, False, Outcome.PARKS),
        (False, date(2026, 1, 1), 8, False, Outcome.BY_KID),
    ],
)
def test_the_trial_of_a_rule_says_what_it_would_have_done(
    asked: bool, opened_on: date, case_id: int | None, waits: bool, outcome: Outcome
) -> None:
    assert try_out(TrialFacts(asked, date(2026, 3, 2), case_id, waits, 7, opened_on)) is outcome


def for_several(*parts: tuple[MatchFacts, int | None], amount: int, **states: CaseState) -> SeveralFacts:
    stands = {case.case_id: CaseState.OPEN for part, _ in parts for case in part.candidates}
    return SeveralFacts(amount, parts, stands | {int(case[1:]): state for case, state in states.items()})


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-3, 9) | st.none()), min_size=2, max_size=5))
def test_a_payment_for_several_kids_goes_to_its_cases_whole_or_waits_whole(
    told: list[tuple[int, int | None]],
) -> None:
    amount = sum(share or 0 for _, share in told)
    parts = tuple((facts(a_candidate(case)), share) for case, share in told)

    decision = match_each(for_several(*parts, amount=amount))

    cases = {case for case, _ in told}
    if len(cases) == 1:
        assert decision == Matched(cases.pop())
    elif isinstance(decision, Shared):
        assert set(decision.shares) == cases
        assert sum(decision.shares.values()) == amount
        assert min(decision.shares.values()) > 0
        assert all(share is not None for _, share in told)
    else:
        assert reason(decision) is Reason.SEVERAL_KIDS


def test_a_payment_for_several_kids_waits_for_the_one_that_no_case_has_or_that_is_closed() -> None:
    one, two = facts(a_candidate(1)), facts(a_candidate(2))

    assert reason(match_each(for_several((one, 5), (facts(), 5), amount=10))) is Reason.UNKNOWN_KID
    for state, why in ((CaseState.PAID, Reason.CASE_PAID), (CaseState.RECALLED, Reason.CASE_RECALLED)):
        assert reason(match_each(for_several((one, 5), (two, 5), amount=10, _2=state))) is why
    assert reason(match_each(for_several((one, -5), (two, -5), amount=-10))) is Reason.SEVERAL_KIDS
    assert reason(match_each(for_several((one, 5), (two, 4), amount=10))) is Reason.SEVERAL_KIDS


def test_each_case_of_several_kids_has_what_the_bank_says_down_to_an_ore_and_none_has_nothing() -> None:
    one, two = facts(a_candidate(1)), facts(a_candidate(2))

    assert match_each(for_several((one, 5), (two, 1), (one, 2), amount=8)) == Shared({1: 7, 2: 1})
    for shares in ((8, 0), (8, None), (None, 8)):
        told = zip((one, two), shares, strict=True)
        assert reason(match_each(for_several(*told, amount=8))) is Reason.SEVERAL_KIDS


def test_three_assigns_make_a_rule_and_two_do_not() -> None:
    assert learn(LearnFacts(((11, 7), (12, 7), (13, 7)))) == Learned(7, (11, 12, 13))
    assert learn(LearnFacts(((11, 7), (12, 7)))) is None


def test_a_rule_would_have_matched_on_the_day_on_which_its_case_was_opened() -> None:
    day = date(2026, 3, 2)

    assert try_out(TrialFacts(True, day, 7, False, 7, day)) is Outcome.AGREES


@pytest.mark.parametrize(
    ("case", "confidence"),
    [
        (a_possible_case(1, near_kid=KID), 70),
        (a_possible_case(1, balance=kr(500)), 40),
        (a_possible_case(1, invoices=(kr(500),)), 30),
        (a_possible_case(1, paid_before=1), 50),
        (a_possible_case(1, near_kid=KID, paid_before=1), 85),  # doubts of 30 % and 50 %
        (a_possible_case(1, near_kid=KID, balance=kr(500), paid_before=3), 91),
        (a_possible_case(1, near_kid=KID, state=CaseState.PAID), 40),  # twice the doubt
        (a_possible_case(1, invoices=(kr(500),), state=CaseState.PAID), 1),
    ],
)
def test_two_signs_leave_the_product_of_their_doubts(case: PossibleCase, confidence: int) -> None:
    (found,) = suggest(SuggestionFacts(kr(500), (case,)))

    assert found.confidence == confidence
    assert case.paid_before != 1 or found.reasons[-1].endswith("has paid on the case once before")


def test_what_was_taken_back_already_is_said_only_where_there_was_something() -> None:
    nothing, taken = original(a_reversal()), original(a_reversal(an_original(7, taken_back=True)))

    assert isinstance(nothing, Park)
    assert isinstance(taken, Park)
    assert "there is none: assign" in nothing.note
    assert "there is none that is not already taken back: assign" in taken.note
