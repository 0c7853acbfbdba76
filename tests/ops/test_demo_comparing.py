"""The demo's comparison: what differs from the oracle is named, and nothing that is equal."""

from dataclasses import replace
from datetime import date

from ops.demo import comparing
from ops.demo.expected import ExpectedCase, ExpectedPayment, ExpectedVoucher
from ops.demo.finding import FoundPayment, LedgerRow
from ops.demo.standing import Part

PARTS = (Part("F1", "principal", 900), Part("F1", "interest", 100))
WANTED = ExpectedPayment(1, 0, 1000, "settled", "", "0221-00000001", PARTS, 0, "in full")
FOUND = FoundPayment(1, 0, 1000, "settled", "", "0221-00000001", PARTS, 0, "")
VOUCHER = ExpectedVoucher(1, "97100110427", date(2026, 9, 2), "1202108611", 1, 2, 1000, 3, 1)
ROW = LedgerRow(
    100_001,
    date(2026, 9, 2),
    "K1-1-1",
    "KK2 innbetalinger 97100110427 02.09.2026 1202108611 del 1 av 2",
    1000,
    3,
    "approved",
    1,
)


def test_what_is_equal_is_not_named_whatever_the_order_of_the_parts() -> None:
    turned = replace(WANTED, parts=(PARTS[1], PARTS[0]))

    assert comparing.payments([turned], [FOUND]) == []


def test_a_payment_that_is_not_there_is_lost() -> None:
    assert comparing.payments([WANTED], []) == ["file 1, payment 1 (in full, 10,00 kr): lost"]


def test_a_payment_that_nobody_sent_is_named() -> None:
    assert comparing.payments([], [FOUND]) == ["file 1, payment 1: nobody sent it"]


def test_one_ore_on_another_claim_is_named_with_both_splits() -> None:
    moved = replace(FOUND, parts=(Part("F1", "principal", 901), Part("F1", "interest", 99)))

    (said,) = comparing.payments([WANTED], [moved])

    assert said.endswith(
        "split: expected principal F1 9,00 + interest F1 1,00, found principal F1 9,01 + interest F1 0,99"
    )


def test_another_reason_is_another_outcome() -> None:
    parked = replace(WANTED, outcome="parked", reason="unknown_kid", case_no="", parts=(), suspense=1000)
    other = replace(FOUND, outcome="parked", reason="failing_kid", case_no="", parts=(), suspense=1000)

    (said,) = comparing.payments([parked], [other])

    assert said.endswith("outcome: expected parked: unknown_kid, found parked: failing_kid")


def test_a_case_with_another_balance_or_none_at_all_is_named() -> None:
    wanted = [ExpectedCase("1", "open", 5000), ExpectedCase("2", "paid", 0)]

    assert comparing.cases(wanted, [ExpectedCase("1", "open", 5001)]) == [
        "case 1: expected open, 50,00 kr, found open, 50,01 kr",
        "case 2: lost",
    ]


def test_a_voucher_that_visma_lacks_or_has_too_many_of_is_named() -> None:
    assert comparing.vouchers([VOUCHER], [ROW]) == []
    assert comparing.vouchers([VOUCHER], []) == [
        f"voucher {ROW.text}: Visma has none of 10,00 kr in 3 lines",
    ]
    assert comparing.vouchers([VOUCHER], [ROW, ROW]) == [
        f"voucher {ROW.text}: Visma has one of 10,00 kr in 3 lines too many"
    ]
    assert comparing.booked_twice([ROW, replace(ROW, number=100_002)]) == ["K1-1-1: booked 2 times"]


def test_outcomes_are_counted_in_number_and_ore() -> None:
    parked = replace(FOUND, outcome="parked", reason="unknown_kid", amount=250)

    assert comparing.by_outcome([FOUND, FOUND, parked]) == {
        "settled": (2, 2000),
        "parked: unknown_kid": (1, 250),
    }
