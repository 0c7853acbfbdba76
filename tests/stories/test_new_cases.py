"""New cases come from Visma through the simulator: opened once each, numbered, and their numbers go back."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.simulator import Fault, FaultKind, Habits
from schemas.events import ImportDue, NumbersAsked
from schemas.kid import KidAgreement, Modulus
from schemas.money import kr
from schemas.setup import BankAccount, CasePer, SubLedger
from schemas.transfer import ReadyInvoice
from tests.site import ACCOUNT, Site, kid_of, paid, site, until
from tests.workers.far_side import far_side, http, saying, soap
from workers.facts import invoices
from workers.saves import invoices as invoice_saves
from workers.shell import turns
from workers.store import setup as setup_store

DUE = "2026-01-31"
OTHER_ACCOUNT = "99990000006"


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path, dunning_code="EWS") as made:
        made.set_up_client(case_no_pattern="0221-########")
        for number in ("10", "20", "30"):
            made.set_up(SubLedger("KOM", "100", number, f"15{number}", f"flow {number}"))
        yield made


def come(here: Site) -> None:
    """The clock asks for new cases, and all that is due is done."""
    here.happen(ImportDue("100"))
    here.drain()


def invoice(number: int, **more: object) -> dict[str, object]:
    return {
        "invoice_no": str(number), "customer_no": str(number // 10), "original": "1000.00", "due_on": DUE,
        "kid": kid_of(number), "sub_ledger_type": "10", **more,
    }  # fmt: skip


def numbers_in_visma(here: Site) -> dict[str, str]:
    return {item.invoice.invoice_no: item.case_no for item in here.simulator.invoices("100")}


def numbers_here(here: Site) -> dict[str, str]:
    found = here.all("SELECT i.invoice_no, c.case_no FROM invoice i JOIN kk2_case c ON c.id = i.case_id")
    return {str(row[0]): str(row[1]) for row in found}


def test_all_pages_of_an_approved_proposal_open_cases_and_their_numbers_go_back(here: Site) -> None:
    here.simulator.propose("100", "EWS", count=2_345)
    here.simulator.propose("100", "EWS", count=3, approved=False)

    come(here)

    assert here.parked() == []
    assert here.one("SELECT count(*), count(DISTINCT kid), min(case_no), max(case_no) FROM kk2_case") == (
        2_345, 2_345, "0221-00000001", "0221-00002345",
    )  # fmt: skip
    assert here.all("SELECT DISTINCT state, number_state FROM invoice") == [("opened", "written")]
    told = numbers_in_visma(here)
    assert len(told) == 2_348
    assert {no: case_no for no, case_no in told.items() if case_no} == numbers_here(here)


def test_a_case_begins_with_what_visma_says(here: Site) -> None:
    here.simulator.propose(
        "100", "EWS", invoices=[
            invoice(41, customer_no="77", name="Ola", address=("Gata 1", "6800 X"), fees="76.00", reminders=2, sub_ledger_type="20")
        ],
    )  # fmt: skip

    come(here)

    assert here.one(
        "SELECT client, customer_no, debtor_name, case_flow, sub_ledger_account, state, balance, account FROM kk2_case"
    ) == ("KOM", "77", "Ola", "flow 20", "1520", "open", kr(1_076), ACCOUNT)
    assert here.all("SELECT kk2_id, kind, amount, due_on, invoice_no FROM item ORDER BY id") == [
        ("invoice:41", 1, kr(1_000), date(2026, 1, 31), "41"),
        ("fee:41", 3, kr(76), date(2026, 1, 31), ""),
    ]
    assert {row[0] for row in here.all("SELECT kid FROM case_kid")} == {kid_of(1), kid_of(41)}
    assert here.one("SELECT address, reminders FROM invoice") == (["Gata 1", "6800 X"], 2)


def test_the_sub_ledger_row_that_is_valid_today_says_the_case_flow(here: Site) -> None:
    here.set_up(SubLedger("KOM", "100", "10", "1599", "since long"), date(2026, 1, 1))
    here.set_up(SubLedger("KOM", "100", "10", "1600", "some day"), date(2999, 1, 1))
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])

    come(here)

    assert here.one("SELECT case_flow, sub_ledger_account FROM kk2_case") == ("since long", "1599")


def test_what_is_fetched_twice_opens_one_case(here: Site) -> None:
    here.simulator.set_habits(Habits(consumes=False))
    here.simulator.propose("100", "EWS", invoices=[invoice(n) for n in range(41, 44)])
    come(here)
    come(here)

    assert here.one("SELECT count(*) FROM kk2_case") == (3,)
    assert here.one("SELECT count(*) FROM item") == (3,)


def test_two_messages_for_one_import_and_two_imports_at_once_open_each_case_once(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(n) for n in range(41, 61)])
    here.happen(ImportDue("100"), ImportDue("100"))

    here.drain(seed=7)

    assert here.one("SELECT count(*), count(DISTINCT case_no) FROM kk2_case") == (20, 20)
    assert here.parked() == []


def test_an_invoice_without_a_sub_ledger_row_waits_and_opens_once_it_is_set_up(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41), invoice(42, sub_ledger_type="99")])

    come(here)
    come(here)

    assert here.parked() == ["no_setup"]
    assert here.one("SELECT note FROM work WHERE state = 'parked'") == (
        "client KOM has no sub-ledger row for type 99 that is valid today",
    )
    here.set_up(SubLedger("KOM", "100", "99", "1599", "late"))
    come(here)
    assert here.parked() == []
    assert here.one("SELECT case_no, case_flow FROM kk2_case ORDER BY id DESC LIMIT 1") == (
        "0221-00000002",
        "late",
    )


def test_an_invoice_that_visma_takes_back_waits_for_nobody(here: Site) -> None:
    number = here.simulator.propose("100", "EWS", invoices=[invoice(42, sub_ledger_type="99")])
    come(here)
    assert here.parked() == ["no_setup"]

    here.simulator.approve("100", number, approved=False)
    come(here)

    assert here.parked() == []
    assert here.one("SELECT state FROM invoice") == ("ready",)


def test_one_case_for_all_of_a_debtors_invoices_in_a_proposal(here: Site) -> None:
    here.set_up_client(case_per=CasePer.DEBTOR)
    here.simulator.propose(
        "100", "EWS",
        invoices=[invoice(41), invoice(42, fees="38.00"), invoice(43, sub_ledger_type="20"), invoice(51)],
    )  # fmt: skip
    here.simulator.propose("100", "EWS", invoices=[invoice(44)])

    come(here)

    cases = here.all(
        "SELECT c.balance, array_agg(i.invoice_no ORDER BY i.invoice_no) FROM invoice i JOIN kk2_case c ON c.id = i.case_id "
        "GROUP BY c.id ORDER BY 2"
    )
    assert cases == [(kr(2_038), ["41", "42"]), (kr(1_000), ["43"]), (kr(1_000), ["44"]), (kr(1_000), ["51"])]
    assert numbers_in_visma(here) == numbers_here(here)


def test_a_partly_paid_invoice_begins_with_what_it_was(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41, open_amount="400.00")])

    come(here)

    assert here.one("SELECT amount FROM item") == (kr(1_000),)


def test_an_invoice_on_which_nothing_is_owed_waits_until_visma_says_other(here: Site) -> None:
    number = here.simulator.propose("100", "EWS", invoices=[invoice(41, original="-50.00")])
    come(here)
    assert here.parked() == ["wrong_amount"]

    here.simulator.approve("100", number, approved=False)
    here.simulator.propose("100", "EWS", invoices=[invoice(42)])
    come(here)

    assert here.parked() == []
    assert here.one("SELECT count(*) FROM kk2_case") == (1,)


def test_payments_that_waited_for_the_case_settle_themselves(here: Site) -> None:
    here.case(7, kr(1_000), date(2026, 1, 31))
    here.come(paid(kid_of(7), kr(100)), paid(kid_of(41), kr(300)), paid(kid_of(42), kr(200)))
    assert here.parked() == ["unknown_kid"] * 2
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])

    come(here)
    here.rest()

    assert here.parked() == ["unknown_kid"]
    assert here.one("SELECT balance FROM kk2_case WHERE case_no <> '0221-00000007'") == (kr(700),)
    here.prove()


def test_an_invoice_that_a_case_has_already_opens_none_and_its_number_goes_back(here: Site) -> None:
    here.case(7, kr(1_000), date(2026, 1, 31))
    here.case(8, kr(900), date(2026, 1, 31))
    here.simulator.propose(
        "100", "EWS", invoices=[invoice(1, invoice_no="F7-1"), invoice(2, invoice_no="F8-1")]
    )

    come(here)

    assert here.one("SELECT count(*) FROM kk2_case") == (2,)
    assert here.parked() == ["in_a_case"]
    assert here.one("SELECT state, number_state FROM invoice WHERE invoice_no = 'F7-1'") == (
        "converted",
        "written",
    )
    assert numbers_in_visma(here) == {"F7-1": "0221-00000007", "F8-1": ""}


def test_case_numbers_and_kids_that_are_taken_are_left_out(here: Site) -> None:
    here.case(2, kr(1_000), date(2026, 1, 31))
    here.simulator.propose("100", "EWS", invoices=[invoice(41, kid=""), invoice(42, kid="")])

    come(here)

    assert here.all("SELECT case_no, kid FROM kk2_case ORDER BY case_no") == [
        ("0221-00000002", kid_of(2)), ("0221-00000003", kid_of(1)), ("0221-00000004", kid_of(3)),
    ]  # fmt: skip


def test_a_lost_answer_to_the_numbers_is_asked_for_again_and_no_case_is_touched(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41), invoice(42)])
    here.simulator.fault(Fault(FaultKind.LOSE_ANSWER_AFTER_BOOKING, "UpdateCaseNumbers", times=1))

    come(here)

    assert numbers_in_visma(here) == numbers_here(here)
    assert here.all("SELECT DISTINCT number_state FROM invoice") == [("written",)]


def test_a_page_that_does_not_come_is_asked_for_again(here: Site) -> None:
    here.simulator.propose("100", "EWS", count=1_500)
    here.simulator.fault(Fault(FaultKind.HTTP_500, "GetReadyInvoices", times=3))

    come(here)

    assert here.one("SELECT count(*) FROM kk2_case") == (1_500,)


def test_an_installation_that_lacks_the_operations_parks_the_import_once(here: Site) -> None:
    with here.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    here.set_up(replace(installation, imports=False))

    come(here)
    come(here)

    assert here.parked() == ["not_offered"]


def test_in_shadow_mode_cases_open_and_their_numbers_wait_until_posting_is_on(here: Site) -> None:
    here.set_up_company(posting=False)
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])
    come(here)
    assert here.one("SELECT state, number_state FROM invoice") == ("opened", "waiting")
    assert numbers_in_visma(here) == {"41": ""}

    here.set_up_company(posting=True)
    come(here)

    assert numbers_in_visma(here) == numbers_here(here)


def test_two_workers_at_one_import_open_each_case_once(here: Site) -> None:
    here.simulator.propose("100", "EWS", count=2_500)
    here.simulator.fault(Fault(FaultKind.SLOW, "GetReadyInvoices", seconds=0.5))
    here.happen(ImportDue("100"))
    (work,) = here.due()
    first = threading.Thread(target=here.work, args=work)
    first.start()
    until(lambda: here.one("SELECT count(*) > 0 FROM invoice")[0] is True)

    with here.engine.begin() as connection:
        connection.execute(text("UPDATE work SET due_at = now() WHERE stage = 'import'"))  # its lease is over
    here.work(*work)
    first.join()
    here.drain()

    assert (
        here.one("SELECT count(*), count(DISTINCT case_no), count(DISTINCT kid) FROM kk2_case")
        == (2_500,) * 3
    )
    assert here.one("SELECT count(*) FROM item WHERE kind = 1") == (2_500,)
    assert here.parked() == []


def test_an_import_goes_on_at_the_page_that_was_not_applied(here: Site) -> None:
    here.simulator.propose("100", "EWS", count=2_500)
    here.happen(ImportDue("100"))
    ((work, _),) = here.due()
    with here.engine.begin() as connection:
        turns.remember(connection, work, {"page": "no page of Visma's"})

    here.drain()

    assert here.one("SELECT count(*) FROM kk2_case") == (2_500,)
    assert here.one("SELECT count(*) FROM claim WHERE work_id = :id AND result = 'trouble'", id=work) == (1,)


def test_a_case_number_of_an_invoice_that_visma_does_not_have_is_refused_and_the_others_are_written(
    here: Site,
) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])
    come(here)
    with here.engine.begin() as connection:
        stranger = connection.execute(
            text(
                "INSERT INTO invoice (company, invoice_no, customer_no, state, case_id, number_state) "
                "SELECT '100', '999', '4', 'converted', id, 'waiting' FROM kk2_case RETURNING id"
            )
        ).scalar_one()
        connection.execute(text("UPDATE invoice SET number_state = 'waiting'"))
        mine = connection.execute(text("SELECT id FROM invoice WHERE invoice_no = '41'")).scalar_one()

    here.happen(NumbersAsked("100", (stranger, mine)))
    here.drain()

    assert here.all("SELECT invoice_no, number_state, number_code FROM invoice ORDER BY id") == [
        ("41", "written", ""), ("999", "refused", "UnknownInvoice"),
    ]  # fmt: skip
    assert here.parked() == ["number_refused"]


def test_each_client_has_its_own_numbers_pattern_and_account(here: Site) -> None:
    here.set_up_company(dunning_code="PWS")
    with here.engine.connect() as connection:
        kom = setup_store.current(connection).clients["100", "KOM"].latest().value
    here.set_up(BankAccount(OTHER_ACCOUNT, "100", (KidAgreement(10, Modulus.MOD11),), None))
    here.set_up(replace(kom, code="EIE", case_no_pattern="EIE-####", case_account=OTHER_ACCOUNT))
    here.set_up(replace(kom, code="SFO", case_account=ACCOUNT))
    here.set_up(replace(kom, case_account=ACCOUNT))
    for client in ("EIE", "SFO"):
        here.set_up(SubLedger(client, "100", "10", "1599", client))
    here.simulator.propose(
        "100",
        "PWS",
        invoices=[invoice(41 + n, client=client) for n, client in enumerate(("KOM", "EIE", "SFO", "EIE"))],
    )

    come(here)

    assert here.all("SELECT client, case_no, account, kid FROM kk2_case ORDER BY 1, 2") == [
        ("EIE", "EIE-0001", OTHER_ACCOUNT, "0000000019"),
        ("EIE", "EIE-0002", OTHER_ACCOUNT, "0000000027"),
        ("KOM", "0221-00000001", ACCOUNT, kid_of(1)),
        ("SFO", "0221-00000001", ACCOUNT, kid_of(2)),
    ]
    assert here.one(
        "SELECT count(DISTINCT case_id) FROM case_kid WHERE account = :other", other=OTHER_ACCOUNT
    ) == (4,)


def test_a_kid_that_an_invoice_of_the_same_page_has_is_no_cases_own(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(1), invoice(2)])

    come(here)

    assert {row[0] for row in here.all("SELECT kid FROM kk2_case")} == {kid_of(3), kid_of(4)}


def test_a_company_whose_import_begins_later_imports_nothing_yet(here: Site) -> None:
    with here.engine.connect() as connection:
        company = setup_store.current(connection).companies["100"].latest().value
    here.set_up_company(dunning_code="")
    here.set_up(company, date(2999, 1, 1))
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])

    come(here)

    assert here.one("SELECT count(*) FROM invoice") == (0,)
    assert here.one("SELECT state FROM work WHERE stage = 'import'") == ("done",)


def test_an_invoice_that_stands_twice_on_a_page_is_taken_once(engine: Engine) -> None:
    told = ReadyInvoice(
        "P", "1", "41", "Kari", ("Gata 1", "6800 X"), "", "10", "KOM", "", date(2026, 1, 1), date(2026, 1, 31),
        kr(10), kr(10), 0, 0,
    )  # fmt: skip
    with engine.begin() as connection:
        ids = invoice_saves.take(connection, "100", [told, told, replace(told, invoice_no="2")])
        (first, second) = invoices.lock(connection, ids)

    assert (first.invoice, second.invoice.invoice_no) == (told, "2")


def test_a_number_of_which_visma_says_nothing_waits_alone_and_is_written_again(here: Site) -> None:
    here.set_up_company(posting=False)
    here.simulator.propose("100", "EWS", invoices=[invoice(41), invoice(42)])
    come(here)
    here.set_up_company(posting=True)
    with here.engine.connect() as connection:
        visma = setup_store.current(connection).installations["visma"].latest().value
    row = "<w:result><w:invoiceNo>42</w:invoiceNo><w:customerNo>4</w:customerNo></w:result>"
    half = soap(f"<w:UpdateCaseNumbersResponse>{row}</w:UpdateCaseNumbersResponse>")
    here.happen(NumbersAsked("100", tuple(int(str(r[0])) for r in here.all("SELECT id FROM invoice"))))
    (work,) = here.due()

    with far_side(saying(http("200 OK", half))) as other:
        here.set_up(replace(visma, endpoint=other.url))
        here.work(*work)
    assert here.all("SELECT invoice_no, number_state, number_code FROM invoice ORDER BY id") == [
        ("41", "waiting", "NoRow"), ("42", "written", ""),
    ]  # fmt: skip
    assert here.one("SELECT state, troubled_since IS NOT NULL FROM work WHERE id = :id", id=work[0]) == (
        "due",
        True,
    )
    here.set_up(visma)
    here.drain()

    assert here.all("SELECT DISTINCT number_state FROM invoice") == [("written",)]
    assert {i.invoice.invoice_no: i.case_no for i in here.simulator.invoices("100")} == {
        "41": "0221-00000001",
        "42": "",
    }
