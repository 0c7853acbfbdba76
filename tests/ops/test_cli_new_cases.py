"""A clerk follows new cases at the command line: what waits and why, what Visma refused, and what helps."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ops.health import State, health
from ops.simulator import Fault, FaultKind, Habits
from schemas.setup import SubLedger
from schemas.transfer import CaseNumber
from tests.site import Site, site
from workers.accounting import connect
from workers.secrets import resolve
from workers.store import setup as setup_store

Kk2 = Callable[..., tuple[int, str, str]]


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Site]:
    with site(engine, tmp_path, dunning_code="EWS") as made:
        made.set_up_client(case_no_pattern="0221-########")
        made.set_up(SubLedger("KOM", "100", "10", "1510", "EGEN"))
        yield made


def rows(printed: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in printed.splitlines()]


def propose(town: Site, *numbers: str, **more: object) -> None:
    given = {
        "customer_no": "41",
        "original": "1000.00",
        "due_on": "2026-01-31",
        "sub_ledger_type": "10",
        **more,
    }
    town.simulator.propose("100", "EWS", invoices=[{"invoice_no": number, **given} for number in numbers])


def mark(town: Site, invoice_no: str, case_no: str) -> None:
    """Somebody else writes a case number in Visma."""
    with town.engine.connect() as connection:
        installation = setup_store.current(connection).installations["visma"].latest().value
    accounting = connect(installation, resolve)
    accounting.write_case_numbers("100", [CaseNumber(invoice_no, "41", case_no, date(2026, 1, 1))])


def test_new_cases_are_asked_for_now_and_again_changes_nothing(town: Site, kk2: Kk2) -> None:
    propose(town, "7001")

    status, said, _ = kk2("case", "import", "100", "--reason", "the proposal is approved")
    assert (status, said.strip()) == (0, "Visma is asked for the new invoices of 100")
    assert kk2("case", "import")[0] == 0
    town.drain()

    assert rows(kk2("case", "numbers", "--json")[1])[0]["state"] == "written"
    assert "case number on invoice 7001 in Visma: written" in kk2("case", "show", "0221-00000001")[1]
    assert "(none)" in kk2("case", "ready")[1]
    assert town.one("SELECT count(*) FROM audit WHERE act = 'import'") == (2,)
    assert town.one("SELECT count(*) FROM kk2_case") == (1,)


def test_an_import_that_waits_for_a_silent_visma_goes_on_at_once(town: Site, kk2: Kk2) -> None:
    propose(town, "7001")
    town.simulator.fault(Fault(FaultKind.HTTP_500, "GetReadyInvoices", times=1))
    kk2("case", "import", "100")
    (work,) = town.due()
    town.work(*work)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE work SET due_at = now() + interval '1 hour'"))

    kk2("case", "import", "100")
    town.drain()

    assert town.one("SELECT count(*) FROM work WHERE stage = 'import'") == (1,)
    assert town.one("SELECT count(*) FROM kk2_case") == (1,)


def test_a_company_that_imports_nothing_says_so(town: Site, kk2: Kk2) -> None:
    town.set_up_company(dunning_code="")

    assert kk2("case", "import", "100")[0] == 1
    status, _, said = kk2("case", "import")
    assert (status, "dunning_code" in said) == (1, True)
    assert kk2("case", "import", "999")[0] == 1


def test_a_parked_invoice_is_listed_with_what_helps_and_has_no_other_retry(town: Site, kk2: Kk2) -> None:
    propose(town, "7001", sub_ledger_type="99")
    kk2("case", "import", "100")
    town.drain()

    (found,) = rows(kk2("case", "ready", "--state", "parked", "--json")[1])
    assert found["reason"] == "no_setup"
    assert "kk2 case import" in str(found["repair"])
    waiting = rows(kk2("work", "list", "--state", "parked", "--json")[1])
    assert waiting[0]["about"] == f"invoice {found['id']}"
    status, _, said = kk2("work", "retry", str(waiting[0]["id"]), "--reason", "again")
    assert (status, "import again" in said) == (1, True)


def test_a_refused_number_is_shown_with_vismas_words_and_is_written_once_it_is_put_right(
    town: Site, kk2: Kk2
) -> None:
    town.simulator.set_habits(Habits(consumes=False))
    propose(town, "7001", "7002")
    mark(town, "7001", "OTHER-1")
    kk2("case", "import", "100")
    town.drain()

    assert town.parked() == ["number_refused"]
    (refused,) = rows(kk2("case", "numbers", "--state", "refused", "--json")[1])
    assert (refused["invoice_no"], refused["code"]) == ("7001", "OtherCaseNumber")
    assert "OTHER-1" in str(refused["note"])
    assert [n["state"] for n in rows(kk2("case", "numbers", "--json")[1])] == ["refused", "written"]
    before = town.all("SELECT * FROM kk2_case ORDER BY id")

    kk2("case", "retry-numbers", "--client", "KOM", "--reason", "perhaps it is mended")
    town.drain()
    assert town.parked() == ["number_refused"]
    town.simulator.unmark("100", "7001")
    status, said, _ = kk2("case", "retry-numbers", "--case", "0221-00000001", "--reason", "the mark is off")
    assert (status, said.strip()) == (0, "1 case number to be written in Visma again")
    town.drain()

    assert town.parked() == []
    assert {i.case_no for i in town.simulator.invoices("100")} == {"0221-00000001", "0221-00000002"}
    assert town.all("SELECT * FROM kk2_case ORDER BY id") == before
    assert kk2("case", "retry-numbers")[0] == 1


def test_a_number_that_waits_for_over_a_day_is_a_bad_sign_but_not_in_shadow_mode(
    town: Site, kk2: Kk2
) -> None:
    propose(town, "7001")
    town.simulator.fault(Fault(FaultKind.HTTP_500, "UpdateCaseNumbers"))
    kk2("case", "import", "100")
    for _ in range(3):
        for work in town.due():
            town.work(*work)
    with town.engine.begin() as connection:
        connection.execute(text("UPDATE invoice SET came_at = now() - interval '25 hours'"))

    with town.engine.connect() as connection:
        numbers = health(connection).numbers
    assert (numbers.waiting, numbers.overdue, numbers.state) == (1, 1, State.BAD)
    assert "kk2 case numbers" in numbers.says
    town.set_up_company(posting=False)
    with town.engine.connect() as connection:
        assert health(connection).numbers.state is State.WELL
