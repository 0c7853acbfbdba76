"""The golden payments: splits and interest that were worked out by hand, and the working itself."""

import re
import tomllib
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pipeline.allocation import CaseFacts, Incoming, settle
from schemas.case import KK2_ORDER, CaseState, Kind, OpenItem, Waiver
from schemas.money import Money, decimal_text, from_decimal_text, kr
from tests.builders import LEGAL_RATES
from tests.pipeline.test_rates import rate_on

GOLDEN = Path(__file__).parent.parent / "golden" / "payments.toml"
CASES: list[dict[str, Any]] = tomllib.loads(GOLDEN.read_text("utf-8"))["case"]

WORKING = re.compile(
    r"# invoice \d+: ([\d.]+) x ([\d.]+) % x (\d+) days? \((\S+) to (\S+)\) / 365 = ([\d.]+)"
)


def kind(name: str) -> Kind:
    return Kind[name.upper()]


def facts_of(case: dict[str, Any]) -> CaseFacts:
    items = tuple(
        OpenItem(i["id"], kind(i["kind"]), from_decimal_text(i["amount"]), i["due_on"], "")
        for i in case["items"]
    )
    waivers = tuple(
        Waiver(w["id"], w["item"], kind(w["kind"]), from_decimal_text(w["amount"]), w["day"])
        for w in case.get("waivers", ())
    )
    payments = tuple(payment_of(p) for p in case["payments"])
    return CaseFacts(
        1,
        "0221-00000038",
        CaseState(case.get("state", "open")),
        items,
        waivers,
        (),
        payments,
        LEGAL_RATES,
        closed=False,
    )


def payment_of(payment: dict[str, Any]) -> Incoming:
    order = tuple(kind(name) for name in payment["order"]) if "order" in payment else KK2_ORDER
    return Incoming(
        id=payment["id"],
        amount=from_decimal_text(payment["amount"]),
        interest_on=payment["on"],
        booked_on=payment.get("booked_on", payment["on"]),
        file_id=1,
        line=payment["id"],
        reverses=payment.get("reverses"),
        order=order,
        threshold=kr(210),
        frozen=payment.get("frozen", False),
    )


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_golden_payment_is_split_as_it_was_worked_out_by_hand(case: dict[str, Any]) -> None:
    decision = settle(facts_of(case))

    by_hand = [(s["payment"], s.get("item"), kind(s["kind"]), s["amount"]) for s in case["splits"]]
    made = [(s.payment_id, s.item_id, s.kind, decimal_text(s.amount)) for s in decision.splits]
    assert sorted(made, key=str) == sorted(by_hand, key=str)
    assert [(payment_id, park.reason.value) for payment_id, park in decision.parked] == [
        (parked["payment"], parked["reason"]) for parked in case.get("parked", ())
    ]
    assert (decimal_text(decision.balance), decision.state.value) == (case["balance"], case["state_after"])
    assert all(taken.known is case.get("rates_known", True) for taken in decision.interest)


def test_there_are_at_least_thirty_golden_payments_and_no_two_alike() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 30


def test_every_line_of_the_working_is_right() -> None:
    lines = WORKING.findall(GOLDEN.read_text("utf-8"))

    assert len(lines) == GOLDEN.read_text("utf-8").count("/ 365 = ")
    for principal, percent, days, first, last, kroner in lines:
        from_day, to_day = date.fromisoformat(first), date.fromisoformat(last)
        assert int(days) == (to_day - from_day).days + 1, first
        stretch = {rate_on(from_day + timedelta(days=day)) for day in range(int(days))}
        assert stretch == {from_decimal_text(percent)}, first
        exact: Fraction = Fraction(principal) * Fraction(percent) / 100 * int(days) / 365
        assert abs(exact - Fraction(kroner)) <= Fraction(1, 2_000_000), first


def test_the_golden_money_is_whole() -> None:
    for case in CASES:
        parked = {entry["payment"] for entry in case.get("parked", ())}
        for payment in case["payments"]:
            split: Money = sum(
                from_decimal_text(s["amount"]) for s in case["splits"] if s["payment"] == payment["id"]
            )
            assert split == (0 if payment["id"] in parked else from_decimal_text(payment["amount"]))
