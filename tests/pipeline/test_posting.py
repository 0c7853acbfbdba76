"""Where a proposal is cut, what stops it, and what its vouchers say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.posting import Cut, CutFacts, PartFacts, PaymentPosting, SplitPosting, approve, cut
from pipeline.stage import Park, Reason
from schemas.case import Kind
from schemas.money import Money, kr
from schemas.setup import Company, OverpaymentPolicy
from schemas.voucher import UnbalancedVoucherError, Voucher, VoucherLine
from tests.builders import a_company, a_posting, a_split, a_voucher, a_voucher_sum

PRINCIPAL, COSTS, FEE, INTEREST, REST, SUSPENSE = Kind


def a_cut(*sizes: int, company: Company | None = None) -> CutFacts:
    vouchers = tuple(a_voucher_sum(size) for size in sizes)
    return CutFacts(company or a_company(), vouchers, 0, sum(sizes), sum(sizes), 0, 0, by_person=False)


def reason(decision: Cut | Park) -> Reason:
    assert isinstance(decision, Park)
    assert decision.note
    return decision.reason


def one(*payments: PaymentPosting, number: int = 1, of: int = 1) -> Voucher:
    (made,) = approve(PartFacts(a_company(), (a_voucher(*payments, number=number, of=of),)))
    return made


def amounts(voucher: Voucher) -> list[tuple[str, Money]]:
    return [(line.account, line.amount) for line in voucher.lines]


def test_vouchers_are_packed_whole_and_in_order_into_parts_of_at_most_5000_payments() -> None:
    assert cut(a_cut(2500, 2500, 1, 4999, 2, 5000)) == Cut(((0, 1), (2, 3), (4,), (5,)))


def test_a_voucher_larger_than_a_part_is_a_part_of_its_own() -> None:
    assert cut(a_cut(1, 6000, 1)) == Cut(((0,), (1,), (2,)))


def test_a_proposal_without_vouchers_has_no_parts() -> None:
    assert cut(a_cut()) == Cut(())


@given(st.lists(st.integers(1, 500), max_size=60))
def test_every_voucher_is_in_one_part(sizes: list[int]) -> None:
    decision = cut(a_cut(*sizes))

    assert isinstance(decision, Cut)
    assert [index for part in decision.parts for index in part] == list(range(len(sizes)))
    assert all(sum(sizes[index] for index in part) <= 5000 for part in decision.parts)


STOPPED = {
    Reason.SENT_BACK: replace(a_cut(1), sent_back_by="kari"),
    Reason.NO_AUTO_APPROVE: a_cut(1, company=a_company(auto_approve=False)),
    Reason.HELD_IN_FILE: replace(a_cut(10), file_held=1),
    Reason.NOTHING_MATCHED: replace(a_cut(10), file_matched=0),
    Reason.FILE_UNUSUAL: replace(a_cut(501), usual_payments=100),
    Reason.ABOVE_VOUCHER_LIMIT: a_cut(1, 1, company=a_company(limit_voucher=kr(999))),
    Reason.ABOVE_DAY_LIMIT: replace(a_cut(1, 1, company=a_company(limit_day=kr(2999))), day_sum=kr(1000)),
}


@pytest.mark.parametrize("why", STOPPED)
def test_what_is_out_of_the_ordinary_waits_for_a_person(why: Reason) -> None:
    assert reason(cut(STOPPED[why])) is why


@pytest.mark.parametrize("why", STOPPED)
def test_a_person_passes_every_limit(why: Reason) -> None:
    assert isinstance(cut(replace(STOPPED[why], by_person=True)), Cut)


@pytest.mark.parametrize(
    "facts",
    [
        replace(a_cut(500), usual_payments=100),
        replace(a_cut(499), usual_payments=1),
        replace(a_cut(5000), usual_payments=0),
        a_cut(1, 1, company=a_company(limit_voucher=kr(1000))),
        replace(a_cut(1, 1, company=a_company(limit_day=kr(3000))), day_sum=kr(1000)),
        replace(a_cut(), usual_payments=10),
    ],
)
def test_what_is_just_within_its_limit_goes_on(facts: CutFacts) -> None:
    assert isinstance(cut(facts), Cut)


def test_among_tiny_files_one_is_unusual_only_from_500_payments_on() -> None:
    assert reason(cut(replace(a_cut(500), usual_payments=3))) is Reason.FILE_UNUSUAL
    assert isinstance(cut(replace(a_cut(20), usual_payments=1)), Cut)


def test_a_payment_is_debited_to_the_bank_and_credited_to_what_it_covered() -> None:
    splits = [
        a_split(PRINCIPAL, kr(1000)),
        a_split(COSTS, 1),
        a_split(FEE, 2),
        a_split(INTEREST, 3),
        a_split(REST, 4),
    ]

    made = one(a_posting(1, *splits))

    assert amounts(made) == [
        ("1920", kr(1000) + 10),
        ("1510", kr(-1000)),
        ("3930", -1),
        ("3940", -2),
        ("8050", -3),
        ("2980", -4),
    ]
    assert made.total == kr(1000) + 10


def test_a_sub_ledger_line_names_customer_invoice_and_kid() -> None:
    made = one(a_posting(1, a_split(PRINCIPAL, kr(1000))))

    assert made.lines[1] == VoucherLine(
        "1510", "Faktura F1", kr(-1000), "0", (), "10001", "F1", "12345678903"
    )


def test_equal_places_are_one_sum_but_not_on_the_sub_ledger() -> None:
    splits = (a_split(PRINCIPAL, kr(100)), a_split(FEE, kr(35)), a_split(INTEREST, kr(2)))

    made = one(*(a_posting(number, *splits) for number in range(3)))

    assert amounts(made) == [
        ("1920", kr(411)),
        *[("1510", kr(-100))] * 3,
        ("3940", kr(-105)),
        ("8050", kr(-6)),
    ]


def test_the_bank_line_carries_the_statements_reference_and_the_part() -> None:
    made = one(a_posting(1, a_split(PRINCIPAL, 1)), number=2, of=3)

    assert made.lines[0].text == "OCR 0112345678 del 2 av 3"
    assert made.text == "KK2 innbetalinger 99991042764 31.03.2025 0112345678 del 2 av 3"


def test_the_only_voucher_of_a_group_names_no_part_and_a_text_that_just_fits_is_whole() -> None:
    facts = a_voucher(a_posting(1, a_split(PRINCIPAL, 1)))
    longest = replace(facts, group=replace(facts.group, statement_ref="1" * 26))

    made, just = approve(PartFacts(a_company(), (facts, longest)))

    assert made.lines[0].text == "OCR 0112345678"
    assert made.text == "KK2 innbetalinger 99991042764 31.03.2025 0112345678"
    assert just.lines[0].text == "OCR " + "1" * 26


def test_each_kind_says_in_norwegian_what_it_is() -> None:
    splits = [a_split(kind, kind) for kind in Kind]

    assert [line.text for line in one(a_posting(1, *splits)).lines[2:]] == [
        "Omkostninger",
        "Gebyr",
        "Forsinkelsesrenter",
        "Overbetaling",
        "Uplassert innbetaling",
    ]


def test_the_total_of_a_voucher_is_the_sum_of_its_debits() -> None:
    assert one(a_posting(1, a_split(PRINCIPAL, 1), a_split(FEE, 2))).total == 3
    assert one(a_posting(1, a_split(SUSPENSE, -1), a_split(PRINCIPAL, 1))).total == 1


def test_of_a_long_statement_reference_the_end_stands_before_the_part() -> None:
    facts = a_voucher(a_posting(1, a_split(PRINCIPAL, 1)), number=12, of=30)
    facts = replace(facts, group=replace(facts.group, statement_ref="123456789012345678901234567890"))

    (made,) = approve(PartFacts(a_company(), (facts,)))

    assert made.lines[0].text == "45678901234567890 del 12 av 30"


def test_a_long_invoice_number_is_cut_to_what_a_text_may_hold() -> None:
    split = a_split(PRINCIPAL, 1)._replace(invoice_no="9" * 40)

    assert one(a_posting(1, split)).lines[1].text == "Faktura " + "9" * 22


@pytest.mark.parametrize(
    ("policy", "account", "customer_no"),
    [
        (OverpaymentPolicy.SUSPENSE, "2980", ""),
        (OverpaymentPolicy.HOLD, "2980", ""),
        (OverpaymentPolicy.CREDIT, "1510", "10001"),
    ],
)
def test_more_than_is_owed_goes_where_the_clients_policy_says(
    policy: OverpaymentPolicy, account: str, customer_no: str
) -> None:
    line = one(a_posting(1, a_split(REST, kr(5), policy=policy))).lines[1]

    assert (line.account, line.customer_no, line.invoice_no, line.amount) == (
        account,
        customer_no,
        "",
        kr(-5),
    )


def test_money_without_a_case_goes_to_suspense() -> None:
    assert amounts(one(a_posting(1, a_split(SUSPENSE, kr(5))))) == [("1920", kr(5)), ("2990", kr(-5))]


def test_a_reversal_is_the_mirror_and_credits_the_bank() -> None:
    made = one(a_posting(1, a_split(PRINCIPAL, kr(-1000)), a_split(FEE, kr(-35))))

    assert amounts(made) == [("1920", kr(-1035)), ("1510", kr(1000)), ("3940", kr(35))]


def test_a_correction_has_no_bank_line() -> None:
    made = one(a_posting(1, a_split(SUSPENSE, kr(-100)), a_split(PRINCIPAL, kr(90)), a_split(REST, kr(10))))

    assert amounts(made) == [("1510", kr(-90)), ("2990", kr(100)), ("2980", kr(-10))]


def test_a_sum_of_nothing_is_left_out() -> None:
    made = one(
        a_posting(1, a_split(PRINCIPAL, kr(100)), a_split(FEE, kr(35))),
        a_posting(2, a_split(PRINCIPAL, kr(50)), a_split(FEE, kr(-35))),
    )

    assert amounts(made) == [("1920", kr(150)), ("1510", kr(-100)), ("1510", kr(-50))]


def test_a_payment_and_its_reversal_that_cancel_are_both_shown() -> None:
    made = one(a_posting(1, a_split(SUSPENSE, kr(100))), a_posting(2, a_split(SUSPENSE, kr(-100))))

    assert amounts(made) == [("2990", kr(-100)), ("2990", kr(100))]


def test_a_voucher_without_splits_cannot_be_made() -> None:
    with pytest.raises(UnbalancedVoucherError):
        one()


def test_a_voucher_looks_as_the_companys_setup_says() -> None:
    made = one(a_posting(1, a_split(PRINCIPAL, 1)))

    assert (made.reference, made.company, made.division) == ("K1-1-1", "100", "1")
    assert (made.voucher_type, made.registrar, made.approve) == ("KK", "WS-Inf", True)


SPLITS = st.builds(
    a_split,
    st.sampled_from(Kind),
    st.integers(-(10**15), 10**15).filter(bool),
    customer_no=st.sampled_from(["10001", "10002"]),
    policy=st.sampled_from(OverpaymentPolicy),
)


@given(st.lists(st.lists(SPLITS, min_size=1, max_size=5), min_size=1, max_size=8))
def test_a_voucher_always_balances_and_its_bank_line_is_the_money_that_moved(
    payments: list[list[SplitPosting]],
) -> None:
    made = one(*(a_posting(number, *splits) for number, splits in enumerate(payments)))

    moved = sum(split.amount for splits in payments for split in splits)
    assert sum(line.amount for line in made.lines) == 0
    assert [line.amount for line in made.lines if line.account == "1920"] == ([moved] if moved else [])
    assert all(line.amount and len(line.text) <= 30 for line in made.lines)


@given(st.lists(SPLITS, min_size=1, max_size=20))
def test_each_account_gets_what_was_split_to_it(splits: list[SplitPosting]) -> None:
    made = one(a_posting(1, *splits))

    credited = -sum(line.amount for line in made.lines if line.account != "1920")
    assert credited == sum(split.amount for split in splits)
    for kind, account in ((COSTS, "3930"), (FEE, "3940"), (INTEREST, "8050"), (SUSPENSE, "2990")):
        in_lines = -sum(line.amount for line in made.lines if line.account == account)
        assert in_lines == sum(split.amount for split in splits if split.kind is kind)
