"""An invoice that comes from two sides at once, from KK2 and from Visma, or in two files: it is one case's, and none waits for ever."""

import threading
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops import repairs
from ops.access import ALL_ROLES
from ops.case_file import apply_records
from ops.case_rows import BadFileError
from ops.repairs.invoices import Numbers
from ops.repairs.invoices import write_again as numbers_again
from schemas.events import ImportDue
from schemas.money import kr
from schemas.setup import SubLedger
from tests.site import ACCOUNT, Site, kid_of, paid, site, until
from tests.stories.test_conversion import begin, in_visma, outcomes, row
from tests.stories.test_new_cases import come, invoice, numbers_in_visma
from workers.shell import turns
from workers.store import cases

DUE = date(2026, 1, 31)
WAITS_FOR_A_LOCK = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def here(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path, dunning_code="EWS") as made:
        made.set_up_client(case_no_pattern="0221-########")
        made.set_up(SubLedger("KOM", "100", "10", "1510", "flow 10"))
        yield made


def test_a_row_whose_invoice_becomes_another_cases_meanwhile_is_refused_and_does_not_wait(here: Site) -> None:
    here.case(1, kr(1000), DUE)
    other = here.case(2, kr(1000), DUE)
    in_visma(here, (1,))
    begin(here, [row(1)])
    ((work, stage),) = here.due()
    worker = threading.Thread(target=here.work, args=(work, stage))

    with here.engine.begin() as connection:  # as whoever gives invoices to cases
        cases.one_at_a_time(connection)
        connection.execute(
            text(
                "INSERT INTO invoice (company, invoice_no, customer_no, state, case_id, number_state) "
                "VALUES ('100', 'F1-1', '1', 'converted', :case, 'written')"
            ),
            {"case": other},
        )
        worker.start()
        until(lambda: here.one(WAITS_FOR_A_LOCK)[0] is True)
    worker.join()
    here.drain()

    assert outcomes(here) == ["refused"]
    assert here.one("SELECT state FROM conversion") == ("done",)


def test_an_invoice_that_kk2_has_already_brings_its_kid_to_the_case(here: Site) -> None:
    here.case(7, kr(1_000), DUE)
    here.case(8, kr(1_000), DUE)
    here.come(paid(kid_of(5), kr(100)), paid(kid_of(8), kr(10)))
    assert here.parked() == ["unknown_kid"]
    here.simulator.propose("100", "EWS", invoices=[invoice(1, invoice_no="F7-1", kid=kid_of(5))])

    come(here)

    assert here.parked() == []
    assert here.one("SELECT balance FROM kk2_case WHERE case_no = '0221-00000007'") == (kr(900),)
    here.rest()
    here.prove()


def from_kk2(here: Site, *records: Mapping[str, object]) -> None:
    """KK2 brings these records of its case 0221-00000900."""
    of = {"company": "100", "client": "KOM", "case_no": "0221-00000900"}
    apply_records(
        here.engine, list(enumerate(({**of, **each} for each in records), 1)), name="kk2", actor="kk2", dry_run=False
    )  # fmt: skip
    here.drain()


CASE = {
    "record": "case", "account": ACCOUNT, "kid": kid_of(900), "kids": [], "sub_ledger_type": "10", "customer_no": "4",
    "debtor": "Kari", "opened_on": "2026-03-02",
}  # fmt: skip
ITEM = {
    "record": "item", "id": "F41", "kind": "principal", "amount": "1000.00", "due_on": "2026-01-31", "invoice_no": "41"
}  # fmt: skip


def test_kk2_opens_no_second_case_for_an_invoice_that_visma_handed_over(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])
    come(here)

    with pytest.raises(BadFileError, match="41, item invoice:41 of case KOM/0221-00000001"):
        from_kk2(here, CASE, ITEM)

    assert here.one("SELECT count(*) FROM kk2_case") == (1,)


def test_kk2_may_move_an_invoice_to_a_case_of_its_own(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])
    come(here)
    away = {"record": "withdrawn_item", "case_no": "0221-00000001", "id": "invoice:41"}

    from_kk2(here, away, CASE, ITEM)
    from_kk2(here, CASE, ITEM)  # the same again changes nothing

    assert here.all("SELECT case_no, balance FROM kk2_case ORDER BY id") == [
        ("0221-00000001", 0), ("0221-00000900", kr(1000)),
    ]  # fmt: skip
    here.prove()


def test_a_case_that_kk2_brought_before_the_import_keeps_its_invoice(here: Site) -> None:
    from_kk2(here, CASE, ITEM)
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])

    come(here)
    from_kk2(here, CASE, ITEM)

    assert here.all("SELECT case_no, number_state FROM kk2_case c JOIN invoice i ON i.case_id = c.id") == [
        ("0221-00000900", "written"),
    ]


RECALLED = {"record": "recalled", "case_no": "0221-00000001"}


def write_again(here: Site) -> str:
    with here.engine.begin() as connection:
        which = Numbers("100", None, None)
        return numbers_again(connection, which, person=repairs.Person("kari", "so", ALL_ROLES)).sentence


def test_the_number_of_a_case_that_was_recalled_in_shadow_mode_never_goes_to_visma(here: Site) -> None:
    here.set_up_company(posting=False)
    here.simulator.propose("100", "EWS", invoices=[invoice(41), invoice(42)])
    come(here)
    assert (
        write_again(here) == "2 case numbers to be written in Visma again; those of 100 wait until it posts"
    )
    from_kk2(here, RECALLED)

    here.set_up_company(posting=True)
    come(here)

    assert numbers_in_visma(here) == {"41": "", "42": "0221-00000002"}
    assert here.all("SELECT number_state, number_code FROM invoice ORDER BY id") == [
        ("refused", "Recalled"), ("written", ""),
    ]  # fmt: skip


def test_a_refused_number_waits_for_nobody_once_its_case_is_recalled(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41)])
    come(here)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE kk2_case SET case_no = 'X-1'"))
    write = Numbers("100", None, 1)
    here.act(numbers_again, write)
    assert here.parked() == ["number_refused"]

    from_kk2(here, {**RECALLED, "case_no": "X-1"})

    assert here.parked() == []
    with pytest.raises(repairs.Refusal, match="no case number"):
        write_again(here)


def test_numbers_written_again_leave_no_row_of_an_attempt_that_was_given_up(here: Site) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41), invoice(42)])
    here.happen(ImportDue("100"))
    here.drain(but=["number"])
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE work SET state = 'parked', reason = 'gave_up', note = '' WHERE stage = 'number'")
        )
    here.act(numbers_again, Numbers("100", None, 1))
    assert here.parked() == ["gave_up"]  # it is about the other one still

    here.act(numbers_again, Numbers("100", None, None))

    assert here.parked() == []
    assert here.all("SELECT DISTINCT number_state FROM invoice") == [("written",)]


def test_an_import_that_is_asked_for_while_one_is_under_way_weighs_again_what_that_one_parked(
    here: Site,
) -> None:
    here.simulator.propose("100", "EWS", invoices=[invoice(41, sub_ledger_type="99"), invoice(42)])
    here.happen(ImportDue("100"))
    ((first, stage),) = here.due()
    with here.engine.begin() as connection:  # it has come as far as its last page, and its worker died
        turns.remember(connection, first, {"page": None, "since": "2026-03-16T06:00:00+00:00"})

    here.happen(ImportDue("100"), ImportDue("100"))
    _, second, third = (work_id for work_id, _ in here.due())
    here.work(second, stage)
    here.work(third, stage)

    assert here.all("SELECT id, state FROM work ORDER BY id") == [
        (first, "due"), (second, "due"), (third, "done"),
    ]  # fmt: skip
    here.drain()
    assert here.one("SELECT count(*) FROM kk2_case") == (1,)
    assert here.parked() == ["no_setup"]
    assert here.one("SELECT state FROM work WHERE id = :id", id=second) == ("done",)


@pytest.mark.parametrize(("moved", "goes_on"), [(True, "0221-00000008"), (False, "0221-00000007")])
def test_an_invoice_of_a_merged_case_is_the_main_cases_if_that_has_it_too(
    here: Site, *, moved: bool, goes_on: str
) -> None:
    merged, main = here.case(7, kr(1_000), DUE), here.case(8, kr(1_000), DUE)
    with here.engine.begin() as connection:
        connection.execute(
            text("UPDATE kk2_case SET state = 'merged', merged_into = :main WHERE id = :merged"),
            {"main": main, "merged": merged},
        )
        if moved:
            connection.execute(
                text(
                    "INSERT INTO item (case_id, kk2_id, kind, amount, due_on, invoice_no) "
                    "SELECT :main, 'moved', kind, amount, due_on, invoice_no FROM item WHERE case_id = :merged"
                ),
                {"main": main, "merged": merged},
            )
    here.simulator.propose("100", "EWS", invoices=[invoice(1, invoice_no="F7-1")])

    come(here)

    assert here.parked() == []
    assert numbers_in_visma(here) == {"F7-1": goes_on}
    assert here.one("SELECT count(*) FROM kk2_case") == (2,)
