"""Whether a case may be opened for an invoice, and how it begins: values in, values out."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import opening
from pipeline.opening import CaseFacts, Fit, InvoiceFacts, Linked, Standing
from pipeline.stage import Park, Reason
from schemas.case import KK2_ORDER, Kind
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import BankAccount, Client, OverpaymentPolicy, SubLedger
from schemas.transfer import ReadyInvoice

TODAY = date(2026, 11, 24)
ACCOUNT = BankAccount("99991042764", "100", (KidAgreement(8, Modulus.MOD10),), None)
OTHER = BankAccount("99990000006", "100", (), None)
CLIENT = Client(
    "KOM",
    "100",
    "Lillevik",
    KK2_ORDER,
    kr(210),
    OverpaymentPolicy.SUSPENSE,
    None,
    case_no_pattern="0221-####",
)
LEDGER = SubLedger("KOM", "100", "10", "1510", "EGEN")
INVOICE = ReadyInvoice(
    "P-1", "7001", "41", "Kari", ("Gata 1",), "", "10", "KOM", "12345674", date(2026, 8, 1), date(2026, 8, 22),
    kr(1000), kr(400), 2, kr(76),
)  # fmt: skip
FACTS = InvoiceFacts(INVOICE, CLIENT, LEDGER, ACCOUNT, (), 17, "00000018")
CASE = CaseFacts((INVOICE,), CLIENT, LEDGER, ACCOUNT, (OTHER, ACCOUNT), 17, "00000018", TODAY)


def test_an_invoice_with_its_whole_setup_is_fit() -> None:
    assert opening.weigh(FACTS) == Fit()


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        ({"client": None}, "the setup has no client KOM"),
        ({"sub_ledger": None}, "no sub-ledger row for type 10"),
        ({"account": None}, "no OCR account"),
        ({"kid": None}, "no KID left"),
        ({"number": 10_000}, "no case number left"),
        ({"client": replace(CLIENT, case_no_pattern="")}, "no pattern"),
        ({"client": replace(CLIENT, case_no_pattern="0221-############")}, "no case number left"),
    ],
)
def test_what_the_setup_lacks_parks_with_a_sentence(lacks: dict[str, object], says: str) -> None:
    said = opening.weigh(replace(FACTS, **lacks))  # type: ignore[arg-type]

    assert isinstance(said, Park)
    assert said.reason is Reason.NO_SETUP
    assert says in said.note
    assert INVOICE.name not in said.note


@pytest.mark.parametrize("wrong", [{"original": 0}, {"original": -1}, {"fees": -1}])
def test_an_invoice_on_which_nothing_is_owed_parks(wrong: dict[str, int]) -> None:
    said = opening.weigh(replace(FACTS, invoice=replace(INVOICE, **wrong)))  # type: ignore[arg-type]

    assert isinstance(said, Park)
    assert said.reason is Reason.WRONG_AMOUNT


def test_an_invoice_that_a_case_of_the_client_has_is_that_cases() -> None:
    standing = (Standing(5, "0221-0001", "KOM", kr(1000)),)

    assert opening.weigh(replace(FACTS, standing=standing, client=None)) == Linked(5)


@pytest.mark.parametrize(
    "standing",
    [
        (Standing(5, "A", "KOM", kr(999)),),
        (Standing(5, "A", "SFO", kr(1000)),),
        (Standing(5, "A", "KOM", kr(1000)), Standing(6, "B", "KOM", kr(1000))),
    ],
)
def test_an_invoice_that_a_case_has_otherwise_parks(standing: tuple[Standing, ...]) -> None:
    said = opening.weigh(replace(FACTS, standing=standing))

    assert isinstance(said, Park)
    assert said.reason is Reason.IN_A_CASE
    assert "A" in said.note


def test_a_case_begins_with_the_original_amount_and_the_fees() -> None:
    begun = opening.open_case(CASE)

    assert (begun.case_no, begun.kid, begun.case_flow, begun.sub_ledger_account) == (
        "0221-0017",
        "00000018",
        "EGEN",
        "1510",
    )
    assert [(c.id, c.kind, c.amount, c.due_on, c.invoice_no) for c in begun.claims] == [
        ("invoice:7001", Kind.PRINCIPAL, kr(1000), INVOICE.due_on, "7001"),
        ("fee:7001", Kind.FEE, kr(76), INVOICE.due_on, ""),
    ]
    assert begun.opened_on == TODAY


def test_an_invoices_kid_leads_to_the_case_on_every_account_once() -> None:
    twice = opening.open_case(replace(CASE, invoices=(INVOICE, replace(INVOICE, invoice_no="7002"))))
    without = opening.open_case(replace(CASE, invoices=(replace(INVOICE, kid="", fees=0),)))

    assert twice.kids == (("99991042764", "12345674"), ("99990000006", "12345674"))
    assert (without.kids, len(without.claims)) == ((), 1)


@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**6)), min_size=1, max_size=20))
def test_a_case_owes_what_its_invoices_are_and_what_their_reminders_cost(
    amounts: list[tuple[int, int]],
) -> None:
    invoices = tuple(
        replace(INVOICE, invoice_no=str(n), original=original, fees=fees)
        for n, (original, fees) in enumerate(amounts)
    )

    begun = opening.open_case(replace(CASE, invoices=invoices))

    assert sum(claim.amount for claim in begun.claims) == sum(map(sum, amounts))
    assert len({claim.id for claim in begun.claims}) == len(begun.claims)
    assert all(claim.amount > 0 for claim in begun.claims)


@pytest.mark.parametrize(
    ("pattern", "number", "is_so"),
    [("0221-########", 38, "0221-00000038"), ("#A#", 7, "0A7"), ("K-##", 123, "K-123")],
)
def test_a_number_is_written_into_its_pattern(pattern: str, number: int, is_so: str) -> None:
    assert opening.case_no(pattern, number) == is_so
