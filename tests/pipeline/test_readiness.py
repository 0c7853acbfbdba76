"""Each thing that Visma would refuse of a setup is found, with its place, what is there, and what to do."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from pipeline.readiness import Lack, ReadinessFacts, Weight, lacks
from schemas.case import KK2_ORDER
from schemas.setup import (
    Client,
    ClosedPeriodPolicy,
    Company,
    Installation,
    OverpaymentPolicy,
    ParkedPolicy,
    PostingAccounts,
    SubLedger,
)
from schemas.transfer import CompanyFacts, DunningRoutine, InstallationFacts

DAY = date(2026, 11, 24)
ACCOUNTS = PostingAccounts("1920", "8050", "3905", "3900", "2990", "2950", "0", ())
INSTALLATION = Installation(
    "main", 1, "https://visma.example.no/ws", "", "", "", "", 5.0, 60.0, 180.0, 1, 1, True, True, False
)
COMPANY = Company(
    "100", "main", "Fjordvik", "OC", "WS-Inf", False, "", ACCOUNTS, ParkedPolicy.SUSPENSE, ClosedPeriodPolicy.PARK,
    True, 0, 0, 0, 500, True, "PWS",
)  # fmt: skip
CLIENT = Client(
    "KOM", "100", "Krav", KK2_ORDER, 0, OverpaymentPolicy.SUSPENSE, None, case_no_pattern="0221-####"
)
SUB_LEDGER = SubLedger("KOM", "100", "10", "1510", "EGEN")
THERE = CompanyFacts(
    "100",
    "Fjordvik",
    frozenset({"KOM"}),
    frozenset({"OC"}),
    frozenset({"WS-Inf"}),
    frozenset({"1510", "1920", "8050", "3905", "3900", "2990", "2950"}),
    frozenset({"10"}),
    frozenset({(2026, 11), (2026, 12)}),
    (DunningRoutine("PWS", ("KOM",)),),
)
CAN = frozenset(
    {"RegisterVouchers", "FindVoucher", "ListVouchers", "GetReadyInvoices", "UpdateCaseNumbers", "GetTransactions",
     "GetBalances"}
)  # fmt: skip


def found(
    *, can: frozenset[str] = CAN, there: tuple[CompanyFacts, ...] = (THERE,), **ours: Any
) -> list[Lack]:
    facts = ReadinessFacts(
        DAY,
        ours.get("installation", INSTALLATION),
        (ours.get("company", COMPANY),),
        (ours.get("client", CLIENT),),
        (ours.get("sub_ledger", SUB_LEDGER),),
        InstallationFacts("1", there, can),
    )
    return list(lacks(facts))


def places(lacks_found: list[Lack]) -> list[tuple[Weight, str, str]]:
    return [(lack.weight, lack.place, lack.key) for lack in lacks_found]


def test_nothing_is_found_where_all_is_there() -> None:
    assert found() == []


def test_an_unknown_company_is_one_finding() -> None:
    assert found(there=(replace(THERE, code="200"),)) == [
        Lack(
            Weight.REFUSED,
            "[[company]] 100",
            "code",
            "100",
            "200",
            "set up company 100 in Visma, or write one that it has",
        )
    ]


@pytest.mark.parametrize(
    ("their", "place", "key"),
    [
        ({"clients": frozenset({"EIE"})}, "[[client]] 100/KOM", "code"),
        ({"voucher_types": frozenset({"BI"})}, "[[company]] 100", "voucher_type"),
        ({"registrars": frozenset({"KARI"})}, "[[company]] 100", "registrar"),
        ({"accounts": THERE.accounts - {"1920"}}, "[[company]] 100", "accounts.bank"),
        ({"accounts": THERE.accounts - {"8050"}}, "[[company]] 100", "accounts.interest"),
        ({"accounts": THERE.accounts - {"3905"}}, "[[company]] 100", "accounts.costs"),
        ({"accounts": THERE.accounts - {"3900"}}, "[[company]] 100", "accounts.fee"),
        ({"accounts": THERE.accounts - {"2990"}}, "[[company]] 100", "accounts.suspense"),
        ({"accounts": THERE.accounts - {"2950"}}, "[[company]] 100", "accounts.overpayment"),
        ({"accounts": THERE.accounts - {"1510"}}, "[[sub_ledger]] 100/KOM/10", "account"),
        ({"sub_ledger_types": frozenset({"20"})}, "[[sub_ledger]] 100/KOM/10", "sub_ledger_type"),
        ({"open_periods": frozenset({(2026, 12)})}, "[[company]] 100", "closed_period_policy"),
        ({"dunning_routines": (DunningRoutine("EWS", ("KOM",)),)}, "[[company]] 100", "dunning_code"),
        ({"dunning_routines": (DunningRoutine("PWS", ()),)}, "[[client]] 100/KOM", "case_no_pattern"),
    ],
)
def test_what_visma_lacks_is_refused_and_nothing_else_is_found(
    their: dict[str, Any], place: str, key: str
) -> None:
    assert places(found(there=(replace(THERE, **their),))) == [(Weight.REFUSED, place, key)]


def test_a_clients_own_accounts_are_looked_for() -> None:
    client = replace(CLIENT, accounts=replace(ACCOUNTS, fee="3999"))

    assert places(found(client=client)) == [(Weight.REFUSED, "[[client]] 100/KOM", "accounts.fee")]


def test_a_closed_period_is_a_hint_where_vouchers_go_to_the_next_open_one() -> None:
    there = (replace(THERE, open_periods=frozenset({(2026, 10), (2026, 12)})),)
    moving = replace(COMPANY, closed_period_policy=ClosedPeriodPolicy.NEXT_OPEN)

    hint = found(there=there, company=moving)

    assert [(lack.weight, lack.visma) for lack in hint] == [(Weight.HINT, "next open 2026-12")]
    assert [lack.weight for lack in found(there=(replace(THERE, open_periods=frozenset({(2026, 10)})),),
                                          company=moving)] == [Weight.REFUSED]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("FindVoucher", "finds"),
        ("ListVouchers", "lists"),
        ("GetReadyInvoices", "imports"),
        ("UpdateCaseNumbers", "imports"),
        ("GetTransactions", "transacts"),
        ("GetBalances", "balances"),
        ("RegisterVouchers", "endpoint"),
    ],
)
def test_a_capability_that_the_setup_claims_and_visma_lacks_is_refused(operation: str, key: str) -> None:
    assert places(found(can=CAN - {operation})) == [(Weight.REFUSED, "[[installation]] main", key)]


def test_to_rely_on_deduplication_that_is_not_there_is_refused() -> None:
    claimed = replace(INSTALLATION, deduplicates=True)

    assert places(found(installation=claimed)) == [(Weight.REFUSED, "[[installation]] main", "deduplicates")]
    assert found(installation=claimed, can=CAN | {"deduplicates"}) == []


def test_what_visma_can_and_the_setup_does_not_use_is_a_hint() -> None:
    assert places(found(can=CAN | {"deduplicates"})) == [
        (Weight.HINT, "[[installation]] main", "deduplicates")
    ]
    half = replace(INSTALLATION, imports=False)
    hints = places(found(installation=half, company=replace(COMPANY, dunning_code="")))
    assert hints == [(Weight.HINT, "[[installation]] main", "imports")]


def test_an_import_that_the_installation_is_not_to_use_is_refused() -> None:
    off = replace(INSTALLATION, imports=False)

    assert (Weight.REFUSED, "[[company]] 100", "dunning_code") in places(found(installation=off))


def test_a_half_set_up_import_is_a_hint() -> None:
    without = replace(CLIENT, case_no_pattern="")

    assert places(found(client=without)) == [
        (Weight.HINT, "[[company]] 100", "dunning_code"),
        (Weight.HINT, "[[client]] 100/KOM", "case_no_pattern"),
    ]


def test_what_visma_does_not_tell_is_unknown_and_never_well() -> None:
    none: frozenset[Any] = frozenset()
    silent = CompanyFacts("100", "", none, none, none, none, none, none, ())

    weights = {(lack.key, lack.weight) for lack in found(there=(silent,), can=frozenset())}

    assert weights == {
        (key, Weight.UNKNOWN)
        for key in ("capabilities", "voucher_type", "registrar", "accounts", "closed_period_policy", "dunning_code",
                    "code", "sub_ledger_type", "account")
    }  # fmt: skip


def test_a_long_list_of_visma_is_cut() -> None:
    there = replace(THERE, accounts=frozenset(str(n) for n in range(5000, 5020)))

    assert found(there=(there,))[0].visma.endswith("5007 and 12 more")
