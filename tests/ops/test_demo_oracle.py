"""The demo's oracle: repeatable, right by hand, and of one mind with the rules that it shares no line with."""

import io
from collections import defaultdict
from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest

from ops.demo import expected as expectation
from ops.demo.bank_files import to_bytes
from ops.demo.expected import Expected
from ops.demo.oracle import foretell, in_kid_order
from ops.demo.standing import Part, Standing
from ops.demo.town import CLIENTS, PAYMENTS_PER_VOUCHER, Claim, Town, TownCase
from ops.demo.towns import demo_town, kill_town
from pipeline import allocation
from pipeline.allocation import CaseFacts, Incoming, Movement
from pipeline.formats import DEFAULT, Reading, read
from pipeline.rates import RATES, Rates
from schemas.case import KK2_ORDER, CaseState, Kind, OpenItem
from schemas.money import kr

SEED = 20260901
_KINDS = {"principal": Kind.PRINCIPAL, "costs": Kind.COSTS, "fee": Kind.FEE}


@lru_cache(maxsize=1)
def _demo() -> tuple[Town, Expected]:
    town = demo_town(SEED)
    return town, foretell(town)


def _case(*claims: Claim) -> TownCase:
    return TownCase(
        CLIENTS[0],
        "0221-1",
        "1",
        "1",
        "A",
        date(2026, 1, 1),
        recalled=False,
        merged_into="",
        ready=False,
        claims=claims,
    )


def _invoice(amount: int, due_on: date) -> Claim:
    return Claim("F1", "principal", amount, due_on, "1", "2")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first, again, other = demo_town(1), demo_town(1), demo_town(2)

    assert [to_bytes(f, 1) for f in first.files] == [to_bytes(f, 1) for f in again.files]
    assert first.cases == again.cases
    assert [to_bytes(f, 1) for f in first.files] != [to_bytes(f, 1) for f in other.files]


def test_interest_across_a_change_of_rate_is_what_pencil_and_paper_say() -> None:
    # 10 000 kr due on 2026-06-20, paid on 2026-07-20: 10 days of June at 12.00 %, 20 of July at 12.25 %:
    # 1 000 000 øre x (10 x 1200 + 20 x 1225) / 3 650 000 = 36 500 / 3.65 = 10 000 øre exactly
    standing = Standing.of(_case(_invoice(kr(10_000), date(2026, 6, 20))))

    parts = standing.cover(1, kr(10_100), date(2026, 7, 20))

    assert parts == (Part("F1", "principal", kr(10_000)), Part("F1", "interest", kr(100)))
    assert standing.state() == "paid"


def test_half_an_ore_is_rounded_up_once_for_the_whole_time() -> None:
    # 1 825 øre for 8 + 2 days at 12.00 %: 1825 x 10 x 1200 / 3 650 000 = 6 øre; 365 øre alike 1.2 øre
    standing = Standing.of(_case(_invoice(1_825, date(2026, 2, 1))))
    standing.live_to(date(2026, 2, 9))
    first = standing.owed()
    standing.live_to(date(2026, 2, 11))

    assert (first, standing.owed()) == (1_825 + 5, 1_825 + 6)  # 4.8 is 5


def test_what_is_taken_back_bears_no_interest_while_the_money_was_there() -> None:
    standing = Standing.of(_case(_invoice(kr(3_650), date(2026, 2, 1))))
    standing.cover(1, kr(3_650), date(2026, 2, 2))
    standing.give_back(2, 1, date(2026, 2, 20))
    standing.live_to(date(2026, 2, 21))

    assert standing.owed() == kr(3_650) + 240  # the 2nd and the 21st, 1.20 kr each


def test_the_first_file_holds_over_500_payments_and_the_demo_every_trouble() -> None:
    town, expected = _demo()
    of_first = [payment for payment in expected.payments if payment.file == 1]

    assert len(of_first) >= 500
    assert len(town.cases) >= 400
    assert {payment.reason for payment in expected.payments} == {
        "", "unknown_kid", "failing_kid", "unknown_account", "case_paid", "case_recalled", "original_not_found",
        "two_originals", "original_parked", "held_twin",
    }  # fmt: skip
    assert {part.kind for p in expected.payments for part in p.parts} == {*_KINDS, "interest", "rest"}
    assert {case.state for case in expected.cases} == {
        "open",
        "paid",
        "closed_with_rest",
        "recalled",
        "merged",
    }
    assert any(voucher.of > 1 for voucher in expected.vouchers)


def test_every_settled_payment_is_split_to_its_last_ore() -> None:
    _, expected = _demo()

    for payment in expected.payments:
        split = sum(part.amount for part in payment.parts)
        assert split == (payment.amount if payment.outcome == "settled" else 0)


def test_a_held_payment_keeps_its_file_from_being_posted_and_no_voucher_is_too_long() -> None:
    _, expected = _demo()

    assert {voucher.file for voucher in expected.vouchers} == {1, 2}
    assert max(voucher.payments for voucher in expected.vouchers) == PAYMENTS_PER_VOUCHER
    posted = sum(v.payments for v in expected.vouchers)
    assert posted == sum(p.file < 3 and p.reason != "unknown_account" for p in expected.payments)


@pytest.mark.parametrize(
    "town", [demo_town(SEED), demo_town(5), kill_town(7, 6)], ids=["demo", "other", "kills"]
)
def test_the_rules_of_the_product_split_each_case_as_the_oracle_does(town: Town) -> None:
    expected = foretell(town)
    on_case: dict[str, list[tuple[int, Incoming]]] = defaultdict(list)
    parts: dict[int, dict[tuple[str, str], int]] = {}
    back: dict[tuple[str, int], int] = {}
    for number, fate in enumerate(expected.payments):
        payment = town.files[fate.file - 1].payments[fate.place]
        if fate.outcome != "settled":
            continue
        reverses = back.get((payment.kid, -payment.amount)) if payment.amount < 0 else None
        back[payment.kid, payment.amount] = number
        parts[number] = {(part.claim, part.kind): part.amount for part in fate.parts}
        incoming = Incoming(
            number, payment.amount, payment.interest_on, payment.booked_on, fate.file, fate.place, reverses, KK2_ORDER,
            kr(210), frozen=False,
        )  # fmt: skip
        on_case[fate.case_no].append((number, incoming))
    states = {case.case_no: case for case in expected.cases}
    for case in town.cases:
        names = {number: claim.kk2_id for number, claim in enumerate(case.claims)}
        items = tuple(
            OpenItem(number, _KINDS[claim.kind], claim.amount, claim.due_on, claim.invoice_no)
            for number, claim in enumerate(case.claims)
        )
        payments = tuple(incoming for _, incoming in on_case[case.case_no])
        numbers = {name: number for number, name in names.items()}
        moved = tuple(
            Movement(n, numbers[moved.claim], moved.amount, moved.day, kr(210))
            for n, moved in enumerate(town.movements)
            if moved.case_no == case.case_no
        )
        decision = allocation.settle(
            CaseFacts(1, case.case_no, CaseState.OPEN, items, (), moved, payments, Rates(RATES), closed=False)
        )
        for number, _ in on_case[case.case_no]:
            assert parts[number] == {
                (names[s.item_id] if s.item_id is not None else "", s.kind.name.lower()): s.amount
                for s in decision.splits
                if s.payment_id == number
            }
        if states[case.case_no].state not in {"merged", "recalled"}:
            assert states[case.case_no].state == decision.state.value


def test_the_reader_reads_what_the_generator_wrote() -> None:
    town, _ = _demo()
    for number, file in enumerate(town.files, start=1):
        reading = read(io.BytesIO(to_bytes(file, number)), options=DEFAULT)

        assert isinstance(reading, Reading)
        found = [payment for batch in reading.batches() for payment in batch.payments()]
        assert [
            (p.account, p.type, p.booked_on, p.value_on, p.statement_ref, p.amount, p.kid, p.reference)
            for p in found
        ] == [
            (p.account, p.type, p.booked_on, p.value_on, p.statement_ref, p.amount, p.kid, p.reference)
            for p in file.payments
        ]
        by_position = sorted(range(len(found)), key=lambda n: (in_kid_order(file.payments[n]), n))
        assert [int(position) for position in reading.positions()] == _inverse(by_position)


def _inverse(order: list[int]) -> list[int]:
    places = [0] * len(order)
    for position, place in enumerate(order):
        places[place] = position
    return places


def test_what_the_oracle_wrote_is_read_again_as_it_was(tmp_path: Path) -> None:
    _, expected = _demo()
    expectation.write(expected, tmp_path / "oracle.json")

    assert expectation.read(tmp_path / "oracle.json") == expected
