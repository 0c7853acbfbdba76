"""When a file is taken in, and which payments are held as perhaps already received."""

from datetime import date

import pytest

from pipeline.intake import Accepted, AcceptFacts, accept, before_cut_over, held
from pipeline.stage import Park, Reason


def test_a_file_goes_on_and_says_which_accounts_nobody_has() -> None:
    decision = accept(AcceptFacts(10, 2, 0, (("11111111111", "100"), ("22222222222", None))))

    assert decision == Accepted(2, ("22222222222",))


def test_a_file_with_half_of_it_held_goes_on() -> None:
    assert isinstance(accept(AcceptFacts(10, 5, 0, ())), Accepted)


def test_a_file_without_payments_goes_on() -> None:
    assert accept(AcceptFacts(0, 0, 0, ())) == Accepted(0, ())


def test_a_file_with_more_than_half_of_it_held_is_held() -> None:
    assert accept(AcceptFacts(11, 6, 0, ())) == Park(
        Reason.FILE_HELD,
        "alike to payments of earlier files: 6 of the file's 11 payments. Has the bank sent them twice? "
        "Release or refuse the file",
    )


@pytest.mark.parametrize(
    ("ordinal", "alike_in_earlier_files", "is_held"),
    [(1, 0, False), (2, 0, False), (1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False), (1, 5, True)],
)
def test_the_nth_alike_is_held_when_n_or_more_came_before(
    ordinal: int, alike_in_earlier_files: int, is_held: bool
) -> None:
    park = held(ordinal, alike_in_earlier_files)

    assert (park is not None) is is_held
    assert park is None or park.reason is Reason.HELD_TWIN


def test_a_held_payment_says_how_many_alike_there_are() -> None:
    assert held(2, 3) == Park(
        Reason.HELD_TWIN,
        "number 2 of the payments alike in this file, and 3 alike came in earlier files: release or refuse it",
    )


def test_a_payment_before_its_accounts_cut_over_is_booked_by_hand_already() -> None:
    park = before_cut_over(date(2026, 10, 31), date(2026, 11, 1))

    assert park is not None
    assert park.reason is Reason.BEFORE_CUT_OVER
    assert before_cut_over(date(2026, 11, 1), date(2026, 11, 1)) is None
    assert before_cut_over(date(2026, 10, 31), None) is None


def test_a_file_whose_every_payment_came_before_in_two_ways_is_held_and_one_more_goes_on() -> None:
    decision = accept(AcceptFacts(10, 3, 7, ()))

    assert isinstance(decision, Park)
    assert decision.reason is Reason.FILE_HELD
    assert "all of the file's 10 payments came before, 7 of them in another format" in decision.note
    assert accept(AcceptFacts(11, 3, 7, ())) == Accepted(10, ())
