"""Shadow mode's comparison: nothing of either side is left out, equal sums meet, and what differs is said."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pipeline.shadowing import Group, Likeness, ShadowDay, ShadowFacts, compare
from schemas.money import Money, kr
from schemas.transfer import LedgerVoucher
from schemas.voucher import LedgerState

DAY = date(2026, 11, 23)


def group(number: int, total: Money) -> Group:
    return Group("97100110427", f"{number:010d}", total, (number,))


def voucher(number: int, total: Money | None, state: LedgerState = LedgerState.POSTED) -> LedgerVoucher:
    return LedgerVoucher("", str(number), state, DAY, total, 2)


def compared(ours: list[Group], theirs: list[LedgerVoucher]) -> ShadowDay:
    return compare(ShadowFacts(DAY, tuple(ours), tuple(theirs)))


def test_groups_and_vouchers_of_equal_sum_agree() -> None:
    found = compared([group(1, kr(100)), group(2, kr(50))], [voucher(8, kr(50)), voucher(9, kr(100))])

    assert (found.likeness, found.ours, found.theirs) == (Likeness.AGREES, kr(150), kr(150))
    assert [row.theirs for row in found.rows] == [("9",), ("8",)]


def test_a_day_that_people_cut_in_other_parts_agrees() -> None:
    found = compared([group(1, kr(100)), group(2, kr(50))], [voucher(9, kr(150))])

    assert (found.likeness, found.says) == (
        Likeness.AGREES,
        "cut in other parts, the day's sums are equal",
    )


def test_what_is_left_on_either_side_is_named_with_the_sum() -> None:
    found = compared([group(1, kr(100)), group(2, kr(50))], [voucher(9, kr(100)), voucher(10, kr(20))])

    assert found.likeness is Likeness.DIFFERS
    assert found.says == "1 group of ours and 1 voucher of Visma's have no counterpart, 30,00 kr more here"
    assert [(row.ours and row.ours.statement_ref, row.theirs) for row in found.rows] == [
        ("0000000001", ("9",)),
        ("0000000002", ()),
        (None, ("10",)),
    ]


def test_a_deleted_voucher_is_not_there() -> None:
    assert compared([], [voucher(9, kr(100), LedgerState.DELETED)]).likeness is Likeness.AGREES


def test_a_voucher_without_a_sum_makes_the_day_unknown() -> None:
    found = compared([group(1, kr(100))], [voucher(9, kr(100)), voucher(10, None)])

    assert (found.likeness, found.theirs) == (Likeness.UNKNOWN, None)


SUMS = st.lists(st.integers(1, 5).map(kr), max_size=8)


@given(SUMS, SUMS)
def test_no_ore_of_either_side_is_left_out(ours: list[Money], theirs: list[Money]) -> None:
    found = compared(
        [group(n, total) for n, total in enumerate(ours)],
        [voucher(n, total) for n, total in enumerate(theirs)],
    )

    assert sum(row.ours.total for row in found.rows if row.ours) == sum(ours) == found.ours
    assert sum(row.total or 0 for row in found.rows) == sum(theirs) == found.theirs
    assert (found.likeness is Likeness.AGREES) == (sum(ours) == sum(theirs))
    assert all(row.ours.total == row.total for row in found.rows if row.ours and row.theirs)
