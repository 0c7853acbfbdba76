"""Which vouchers of a job are sent again, in which calls, and which are passed over."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.posting import Retries, RetryFacts, retries
from schemas.voucher import VoucherState

REFUSED, APPROVED, IN_DOUBT = VoucherState.REFUSED, VoucherState.APPROVED, VoucherState.IN_DOUBT


def test_a_call_has_vouchers_of_one_company_and_no_more_than_the_installation_takes() -> None:
    companies = ("100", "200", "100", "100", "200")
    vouchers = tuple(RetryFacts(n, company, REFUSED, None, 2) for n, company in enumerate(companies))

    assert retries(vouchers) == Retries(calls=((0, 2), (3,), (1, 4)), rows=(), passed=())


def test_what_gave_up_is_tried_again_by_its_row_once_and_a_doubt_is_asked_and_not_sent() -> None:
    vouchers = (
        RetryFacts(1, "100", APPROVED, 71, 200),
        RetryFacts(2, "100", APPROVED, 71, 200),
        RetryFacts(3, "100", IN_DOUBT, 72, 200),
    )

    assert retries(vouchers) == Retries(calls=(), rows=(71, 72), passed=())


def test_what_has_gone_on_in_other_hands_is_passed_over() -> None:
    vouchers = (RetryFacts(1, "100", APPROVED, None, 200), RetryFacts(2, "100", IN_DOUBT, None, 200))

    assert retries(vouchers) == Retries(calls=(), rows=(), passed=(1, 2))


@given(
    st.lists(
        st.builds(
            RetryFacts,
            st.integers(1, 10**6),
            st.sampled_from(["100", "200"]),
            st.sampled_from(VoucherState),
            st.sampled_from([None, 71, 72]),
            st.integers(1, 5),
        ),
        unique_by=lambda each: each.voucher_id,
    )
)
def test_only_what_is_refused_is_sent_and_nothing_is_in_two_places(vouchers: list[RetryFacts]) -> None:
    decided = retries(tuple(vouchers))

    sent = [voucher_id for call in decided.calls for voucher_id in call]
    assert sorted(sent) == sorted(each.voucher_id for each in vouchers if each.state is REFUSED)
    assert not set(sent) & set(decided.passed)
    assert all(decided.calls)
    assert len(decided.rows) == len(set(decided.rows))
