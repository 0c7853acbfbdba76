"""The three sums of a day: every difference is explained to the øre by its rows, and unknown is never nothing."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reconciliation import Between, DayFacts, DayVoucher, Place, balance_of_day
from schemas.voucher import VoucherState

_MONEY = st.integers(-(10**9), 10**9)
_UNSPLIT = (Place.WAITING, Place.PARKED, Place.HELD, Place.REFUSED, Place.KNOWN)
_VOUCHERS = st.lists(
    st.builds(
        DayVoucher, st.integers(1, 10**6), st.just("K1-1-1"), st.sampled_from(sorted(set(VoucherState) - {VoucherState.VOID})),
        st.just("1"), st.just(""), st.just(""), _MONEY, _MONEY, st.none() | _MONEY, st.just(()),
    ),
    max_size=6,
)  # fmt: skip
_FACTS = st.builds(
    DayFacts, st.just("100"), st.just(date(2026, 3, 2)), st.just(1), st.lists(st.tuples(st.just("a"), _MONEY)).map(tuple),
    _MONEY, _MONEY, st.lists(st.tuples(st.sampled_from(_UNSPLIT), _MONEY)).map(tuple), _MONEY, st.just(()), _VOUCHERS.map(tuple),
)  # fmt: skip


@given(_FACTS)
def test_the_differences_lead_from_the_bank_to_visma(facts: DayFacts) -> None:
    balance = balance_of_day(facts)
    amounts = [each.amount for each in balance.differences]

    assert [each.between for each in balance.differences] == list(Between)
    if balance.visma is None:
        assert amounts[2] is None
        assert not balance.differences[2].settled
    else:
        assert balance.bank - balance.visma == sum(amount or 0 for amount in amounts)


@given(_FACTS)
def test_the_rows_of_a_difference_sum_up_to_it(facts: DayFacts) -> None:
    for each in balance_of_day(facts).differences[:2]:
        assert sum(row.amount or 0 for row in each.rows) == each.amount
        assert each.settled == (not each.rows)
